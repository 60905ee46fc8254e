//! The table "What bad input gets" of the contract, over raw sockets where a client library
//! would not send it.

use serde_json::{Value, json};

use crate::support::client::{Answer, Connection, request};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;

/// One call over TCP with a token.
fn call(daemon: &Daemon, token: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    Connection::tcp(daemon.address)
        .call(method, path, &headers, body)
        .expect("an answer")
}

fn assert_problem(answer: &Answer, status: u16) {
    let problem = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem["status"], status);
    assert!(
        problem["code"].as_str().unwrap().starts_with("RH-"),
        "{problem}"
    );
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
}

#[test]
fn a_body_that_is_malformed_is_400_with_the_field_and_the_offset() {
    let daemon = Daemon::start();
    let deep = format!(
        "{{\"event\":\"call:missed\",\"data\":{{\"id\":\"1\",\"x\":{}{}}}}}",
        "[".repeat(128),
        "]".repeat(128)
    );
    let cases: &[(&str, &str)] = &[
        ("", ""),
        ("nonsense", ""),
        ("{\"event\":\"call:missed\",\"data\":{\"id\":\"1\"}", ""),
        ("{\"event\":\"call:missed\",\"data\":{\"id\":NaN}}", ""),
        ("[]", ""),
        ("{\"event\":7,\"data\":{\"id\":\"1\"}}", "event"),
        ("{\"event\":\"call:missed\",\"data\":[]}", "data"),
        ("{\"event\":\"call:missed\"}", "data"),
        (
            "{\"event\":\"call:missed\",\"data\":{\"id\":\"1\"},\"oops\":1}",
            "oops",
        ),
        (&deep, ""),
    ];
    for (body, field) in cases {
        let answer = daemon_post(&daemon, body.as_bytes());
        assert_problem(&answer, 400);
        let error = &answer.json()["errors"][0];
        assert!(error["offset"].is_u64(), "{body}: {}", answer.text());
        if !field.is_empty() {
            assert_eq!(error["field"], *field, "{body}");
        }
    }
    let answer = daemon_post(
        &daemon,
        b"{\"event\":\"call:missed\",\"data\":{\"id\":\"\xff\"}}",
    );
    assert_problem(&answer, 400);
    assert_eq!(answer.json()["errors"][0]["offset"], 37);
    let listed = daemon.api("GET", "/v1/events", None).json();
    assert_eq!(listed["items"], json!([]), "nothing is stored");
}

fn daemon_post(daemon: &Daemon, body: &[u8]) -> Answer {
    let mut connection = Connection::unix(&daemon.socket());
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(&[head.as_bytes(), body].concat());
    connection.answer().expect("an answer")
}

fn assert_unacceptable(daemon: &Daemon, path: &str, body: &Value, expected: &[&str]) {
    let answer = daemon.api("POST", path, Some(body));
    assert_problem(&answer, 422);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let mut fields: Vec<_> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, expected, "{}", answer.text());
}

#[test]
fn what_is_not_acceptable_is_422_with_every_error_at_once() {
    let daemon = Daemon::start();
    let check = |path: &str, body: &Value, expected: &[&str]| {
        assert_unacceptable(&daemon, path, body, expected);
    };
    check(
        "/v1/events",
        &json!({"event": "call:missed", "data": {}}),
        &["data.id"],
    );
    check(
        "/v1/events",
        &json!({"event": "call:completed", "occurred_at": "noon",
            "data": {"id": 7, "duration": -1, "tracked_number": "none", "account": {"id": 1}}}),
        &[
            "data.account.id",
            "data.duration",
            "data.id",
            "data.tracked_number",
            "occurred_at",
        ],
    );
    check(
        "/v1/events",
        &json!({"event": "Call", "data": {"id": "1"}}),
        &["event"],
    );
    check(
        "/v1/events",
        &json!({"event": "endpoint:paused", "data": {}}),
        &["event"],
    );
    check(
        "/v1/endpoints",
        &json!({"title": "", "url": "ftp://x/", "policy": {"timeout_ms": 5, "in_flight_max": 0},
            "events": [{"type": "call:ringing", "duration": {"min": 1}}]}),
        &[
            "events[0].duration",
            "policy.in_flight_max",
            "policy.timeout_ms",
            "title",
            "url",
        ],
    );
}

#[test]
fn an_endpoint_that_would_not_work_is_422() {
    let daemon = Daemon::start();
    let check = |body: &Value, expected: &[&str]| {
        assert_unacceptable(&daemon, "/v1/endpoints", body, expected);
    };
    for url in [
        "http://u:p@host/",
        "http://host/#part",
        "http://127.1/",
        "http:///",
        "host",
    ] {
        check(
            &json!({"title": "A", "url": url, "events": ["*"]}),
            &["url"],
        );
    }
    for name in [
        "Host",
        "webhook-id",
        "X-CALLTRACKING-SIGNATURE",
        "Content-Length",
        "Bad Name",
    ] {
        let body = json!({"title": "A", "url": "http://127.0.0.1:9/", "events": ["*"],
            "headers": {name: "x"}});
        let answer = daemon.api("POST", "/v1/endpoints", Some(&body));
        assert_problem(&answer, 422);
    }
    let policy = json!({"title": "A", "url": "http://127.0.0.1:9/", "events": ["*"],
        "policy": {"rate_per_s": 5000, "tls": {"ca_pem": "x"}}});
    assert_problem(&daemon.api("POST", "/v1/endpoints", Some(&policy)), 422);
}

#[test]
fn who_may_do_what_is_401_and_403() {
    let daemon = Daemon::start();
    let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
    let event = json!({"event": "call:missed", "data": {"id": "1"}}).to_string();
    let without = Connection::tcp(daemon.address)
        .call("GET", "/v1/events", &[], None)
        .unwrap();
    assert_problem(&without, 401);
    assert!(without.header("www-authenticate").is_some());
    assert_problem(&call(&daemon, "rh_0000", "GET", "/v1/events", None), 401);
    assert_problem(&call(&daemon, &ingest, "GET", "/v1/events", None), 403);
    assert_problem(
        &call(&daemon, &read, "POST", "/v1/events", Some(&event)),
        403,
    );
    assert_problem(&call(&daemon, &read, "GET", "/v1/tokens", None), 403);
    assert_eq!(
        call(&daemon, &ingest, "POST", "/v1/events", Some(&event)).status,
        202
    );
    assert_eq!(call(&daemon, &read, "GET", "/v1/events", None).status, 200);
    let listed = daemon.api("GET", "/v1/tokens", None).expect(200);
    assert!(!listed.text().contains(&ingest), "a token is shown once");
    let id = listed.json()["items"][0]["id"].as_str().unwrap().to_owned();
    daemon
        .api("DELETE", &format!("/v1/tokens/{id}"), None)
        .expect(204);
    assert_problem(
        &call(&daemon, &ingest, "POST", "/v1/events", Some(&event)),
        401,
    );
}

#[test]
fn unknown_paths_ids_and_methods_are_404_and_405() {
    let daemon = Daemon::start();
    for path in [
        "/v2",
        "/v1/nothing",
        "/v1/endpoints/ep_1",
        "/v1/events/evt_x",
        "/v1/deliveries/1",
    ] {
        assert_problem(&daemon.api("GET", path, None), 404);
    }
    let answer = daemon.api("DELETE", "/v1/events", None);
    assert_problem(&answer, 405);
    let allow = answer.header("allow").unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[test]
fn the_wrong_media_type_is_415_and_a_foreign_host_421() {
    let daemon = Daemon::start();
    let token = format!("Bearer {}", daemon.token("admin"));
    let event = json!({"event": "call:missed", "data": {"id": "1"}}).to_string();
    let with = |headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", token.as_str())], headers].concat();
        Connection::tcp(daemon.address)
            .call("POST", "/v1/events", &headers, Some(&event))
            .unwrap()
    };
    assert_problem(&with(&[("Content-Type", "text/plain")]), 415);
    assert_eq!(
        with(&[("Content-Type", "application/json; charset=utf-8")]).status,
        202
    );
    assert_problem(&with(&[("Host", "evil.example")]), 421);
    let own = daemon.address.to_string();
    for host in [
        "localhost",
        "localhost:9",
        "127.0.0.1",
        "[::1]:7464",
        own.as_str(),
    ] {
        assert_eq!(with(&[("Host", host)]).status, 202, "{host}");
    }
}

#[test]
fn a_body_over_the_limit_is_413_and_the_connection_ends() {
    let daemon = Daemon::start_with(&[("RINGHOOK_HTTP_BODY_BYTES_MAX", "10KiB")]);
    let body = "x".repeat(10 * 1024 + 1);
    let mut connection = Connection::unix(&daemon.socket());
    let answer = connection
        .call("POST", "/v1/events", &[], Some(&body))
        .unwrap();
    assert_problem(&answer, 413);
    assert!(connection.is_closed_by_peer());

    // A chunked body does not say its length beforehand.
    let mut connection = Connection::unix(&daemon.socket());
    connection.send(
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
          Transfer-Encoding: chunked\r\n\r\n",
    );
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..3 {
        connection.send(chunk.as_bytes());
    }
    assert_problem(&connection.answer().unwrap(), 413);
}

#[test]
fn the_same_idempotency_key_is_one_event_or_409() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let post = |call: &str, headers: &[(&str, &str)], key: Option<&str>| {
        let mut body = json!({"event": "call:missed", "data": {"id": call}});
        if let Some(key) = key {
            body["idempotency_key"] = json!(key);
        }
        let mut connection = Connection::unix(&daemon.socket());
        connection
            .call("POST", "/v1/events", headers, Some(&body.to_string()))
            .unwrap()
    };
    let first = post("A", &[], Some("k1")).expect(202).json();
    let again = post("A", &[("Idempotency-Key", "k1")], None)
        .expect(202)
        .json();
    assert_eq!(
        again,
        json!({"id": first["id"], "matched": 1, "duplicate": true})
    );
    assert_problem(&post("B", &[], Some("k1")), 409);
    assert_problem(&post("A", &[("Idempotency-Key", "k2")], Some("k1")), 400);
    daemon.delivery_in_state(first["id"].as_str().unwrap(), "delivered");
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn requests_that_no_client_sends_do_no_harm() {
    let daemon = Daemon::start();
    let event = json!({"event": "call:missed", "data": {"id": "1"}}).to_string();
    let good = request("POST", "/v1/events", &[], Some(&event));
    let long_uri = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let big = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "a".repeat(40_000)
    );
    let cases: &[(&str, &[u8], &[u16])] = &[
        ("garbage", b"\x16\x03\x01\x02\x00\r\n\r\n", &[400]),
        ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", &[400]),
        (
            "two lengths",
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\
          Content-Length: 2\r\n\r\nxx",
            &[400],
        ),
        (
            "bad chunk",
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
          Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            &[400],
        ),
        (
            "NUL in a header",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
            &[400],
        ),
        (
            "folded header",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
            &[400],
        ),
        ("long URI", long_uri.as_bytes(), &[414, 431]),
        ("many headers", many.as_bytes(), &[431]),
        ("big header", big.as_bytes(), &[431]),
    ];
    for (what, bytes, expected) in cases {
        let mut connection = Connection::unix(&daemon.socket());
        connection.send(bytes);
        let status = connection
            .answer()
            .unwrap_or_else(|| panic!("{what}: no answer"))
            .status;
        assert!(expected.contains(&status), "{what}: {status}");
    }
    // Two requests in one packet are answered in order.
    let mut connection = Connection::unix(&daemon.socket());
    connection.send(&[good.as_slice(), good.as_slice()].concat());
    let ids = [(); 2].map(|()| connection.answer().unwrap().expect(202).json()["id"].clone());
    assert_ne!(ids[0], ids[1]);
    // HEAD has no body, and the connection goes on.
    connection.send(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.send(&good);
    assert_eq!(connection.answer().map(|answer| answer.status), Some(200));
}
