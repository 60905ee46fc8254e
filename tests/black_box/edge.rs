//! What the edge does for clients of every age, and pages across events.

use serde_json::{Value, json};

use crate::support::client::{Connection, request};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;

fn event(call: &str) -> String {
    json!({"event": "call:missed", "data": {"id": call}}).to_string()
}

#[test]
fn old_and_impatient_clients_get_their_answer() {
    let daemon = Daemon::start();
    let post = request("POST", "/v1/events", &[], Some(&event("1")));
    // HTTP/1.0 knows no Host.
    let mut connection = Connection::tcp(daemon.address);
    connection.send(b"GET /healthz HTTP/1.0\r\n\r\n");
    connection.answer().unwrap().expect(200);
    assert!(connection.is_closed_by_peer());
    // Many requests in one packet are answered in order.
    let mut connection = Connection::unix(&daemon.socket());
    connection.send(&post.repeat(50));
    let ids: Vec<_> = (0..50)
        .map(|_| connection.answer().unwrap().expect(202).json()["id"].to_string())
        .collect();
    assert!(ids.is_sorted() && ids[0] != ids[1], "{ids:?}");
    // A body in small chunks is one body.
    let mut connection = Connection::unix(&daemon.socket());
    connection.send(
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
          Transfer-Encoding: chunked\r\n\r\n",
    );
    for byte in event("2").bytes() {
        connection.send(format!("1\r\n{}\r\n", char::from(byte)).as_bytes());
    }
    connection.send(b"0\r\n\r\n");
    connection.answer().unwrap().expect(202);
}

#[test]
fn who_asks_under_a_foreign_name_is_refused_in_every_form() {
    let daemon = Daemon::start();
    let check = |head: &str, status: u16| {
        let mut connection = Connection::tcp(daemon.address);
        connection.send(format!("{head}\r\n\r\n").as_bytes());
        let answer = connection.answer().unwrap();
        assert_eq!(answer.status, status, "{head}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    };
    let absolute = "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost";
    check(absolute, 421);
    check("GET /healthz HTTP/1.1\r\nHost: evil.example:80", 421);
    check(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost",
        400,
    );
    check("OPTIONS /healthz HTTP/1.1\r\nHost: localhost", 405);
    check("GET /v2 HTTP/1.1\r\nHost: localhost", 404);
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost", "a".repeat(9000));
    check(&long, 414);
}

/// Every item of a list that is read page by page.
fn paged(daemon: &Daemon, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = daemon.api("GET", &format!("{path}{cursor}"), None);
        let page = page.expect(200).json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[test]
fn pages_leave_nothing_out_and_repeat_nothing() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    for title in ["b", "A", "c"] {
        daemon.add_endpoint(&receiver.url(), &json!({"title": title}));
    }
    let events: Vec<_> = (0..4)
        .map(|call| daemon.post("call:missed", &json!({"id": call.to_string()}))["id"].clone())
        .collect();
    for limit in [1, 2, 5, 12, 13] {
        let found = paged(&daemon, &format!("/v1/deliveries?limit={limit}"));
        let of: Vec<_> = found.iter().map(|delivery| &delivery["event"]).collect();
        let expected: Vec<_> = events.iter().rev().flat_map(|event| [event; 3]).collect();
        assert_eq!(of, expected, "{limit}");
    }
    let one = events[1].as_str().unwrap();
    let found = paged(&daemon, &format!("/v1/deliveries?limit=2&event={one}"));
    assert_eq!(found.len(), 3);
    let titles = |sort: &str| -> Vec<String> {
        let found = paged(&daemon, &format!("/v1/endpoints?limit=1&sort={sort}"));
        let of = |endpoint: &Value| endpoint["title"].as_str().unwrap().to_owned();
        found.iter().map(of).collect()
    };
    assert_eq!(titles("title"), ["A", "b", "c"]);
    assert_eq!(titles("-title"), ["c", "b", "A"]);
    assert_eq!(titles("-created_at"), ["c", "A", "b"]);
}

#[test]
fn a_delivery_shows_the_attempts_that_the_ring_still_has() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let event = daemon.post("call:missed", &json!({"id": "1"}));
    let delivery = daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    let path = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let shown = daemon.api("GET", &path, None).expect(200).json();
    assert_eq!(shown["history"][0]["delivery"], delivery["id"]);
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
    assert_eq!(shown["last"]["at"], shown["history"][0]["at"]);
}
