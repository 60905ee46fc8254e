//! Several events in one request: all of them, or none.

use serde_json::{Value, json};

use crate::support::client::{Connection, request};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;

const PATH: &str = "/v1/events/batch";
const TYPE: (&str, &str) = ("Content-Type", "application/x-ndjson");

fn line(call: &str, key: Option<&str>) -> String {
    let mut event = json!({"event": "call:missed", "data": {"id": call}});
    if let Some(key) = key {
        event["idempotency_key"] = key.into();
    }
    format!("{event}\n")
}

fn lines(count: u32) -> String {
    (0..count)
        .map(|n| line(&format!("call-{n}"), None))
        .collect()
}

/// How many events there are.
fn stored(daemon: &Daemon) -> usize {
    let mut path = "/v1/events?limit=500".to_owned();
    let mut count = 0;
    loop {
        let page = daemon.api("GET", &path, None).expect(200).json();
        count += page["items"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else {
            return count;
        };
        path = format!("/v1/events?limit=500&cursor={next}");
    }
}

fn items(daemon: &Daemon, lines: &str) -> Vec<Value> {
    let answer = daemon.post_batch(lines).expect(202).json();
    answer["items"].as_array().unwrap().clone()
}

#[test]
fn a_thousand_lines_arrive_in_their_order() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let items = items(&daemon, &lines(1_000));
    assert_eq!(items.len(), 1_000);
    let ids: Vec<_> = items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "they are not numbered in their order");
    assert!(
        items
            .iter()
            .all(|item| item["matched"] == 1 && item["duplicate"] == false)
    );
    let shown = daemon.api("GET", &format!("/v1/events/{}", ids[41]), None);
    assert_eq!(shown.json()["data"]["id"], "call-41");
    let got = receiver.wait_for(1_000);
    let mut arrived: Vec<_> = got.iter().map(|one| one.header("webhook-id")).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, ids);
    let more = daemon.post_batch(&lines(1_001)).expect(422).json();
    assert_eq!(more["errors"][0]["code"], "too_many");
    assert_eq!(stored(&daemon), 1_000);
}

#[test]
fn what_is_wrong_is_named_line_by_line_and_nothing_is_stored() {
    let daemon = Daemon::start();
    let good = line("call-1", None);
    let check = |lines: &[&str], status: u16, fields: &[&str]| {
        let problem = daemon.post_batch(&lines.concat()).expect(status).json();
        let named = problem["errors"].as_array().unwrap().iter();
        let named: Vec<_> = named
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(named, fields, "{problem}");
        problem
    };
    let no_id = "{\"event\":\"call:missed\",\"data\":{}}\n";
    check(
        &[&good, no_id, &good, no_id],
        422,
        &["lines[1].data.id", "lines[3].data.id"],
    );
    let odd = "{\"event\":\"call:missed\",\"odd\":1}\n";
    let problem = check(
        &[no_id, &good, odd],
        400,
        &["lines[0].data.id", "lines[2].odd"],
    );
    assert_eq!(problem["errors"][1]["offset"], 23);
    check(&[&good, "\n", &good], 400, &["lines[1]"]);
    check(&[&good, "\n"], 400, &["lines[1]"]);
    check(&["\n"], 400, &[""]);
    check(&[""], 400, &[""]);
    check(&["nonsense"], 400, &["lines[0]"]);
    check(&[good.trim_end(), &good], 400, &["lines[0]"]);
    let large = line(&"x".repeat(1 << 20), None);
    check(&[&good, &large], 422, &["lines[1]"]);
    assert_eq!(stored(&daemon), 0);
    // What is right needs no line feed at its end, and may have carriage returns.
    let last = [good.trim_end(), "\r\n", good.trim_end()].concat();
    assert_eq!(items(&daemon, &last).len(), 2);
}

#[test]
fn type_size_role_and_key_of_a_batch() {
    let daemon = Daemon::start_with(&[("RINGHOOK_HTTP_BATCH_BYTES_MAX", "4KiB")]);
    let good = line("call-1", None);
    let call = |headers: &[(&str, &str)], body: &str| {
        let mut connection = Connection::unix(&daemon.socket());
        connection.call("POST", PATH, headers, Some(body)).unwrap()
    };
    call(&[("Content-Type", "application/json")], &good).expect(415);
    call(
        &[("Content-Type", "application/x-ndjson; charset=utf-8")],
        &good,
    )
    .expect(202);
    call(&[TYPE, ("Idempotency-Key", "k")], &good).expect(400);
    let large = call(&[TYPE], &lines(100)).expect(413);
    assert!(
        large.text().contains("http.batch_bytes_max"),
        "{}",
        large.text()
    );
    daemon.api("GET", PATH, None).expect(405);

    let tcp = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [TYPE, ("Authorization", bearer.as_str())];
        let mut connection = Connection::tcp(daemon.address);
        connection
            .call("POST", PATH, &headers, Some(&good))
            .unwrap()
    };
    tcp(&daemon.token("ingest")).expect(202);
    tcp(&daemon.token("read")).expect(403);
    assert_eq!(stored(&daemon), 2);
}

#[test]
fn idempotency_keys_hold_within_a_batch_and_between() {
    let daemon = Daemon::start();
    let first = items(&daemon, &[line("1", Some("a")), line("2", None)].concat());
    let again = [
        line("3", Some("b")),
        line("1", Some("a")),
        line("3", Some("b")),
    ]
    .concat();
    let second = items(&daemon, &again);
    let told: Vec<_> = second.iter().map(|item| &item["duplicate"]).collect();
    assert_eq!(told, [false, true, true]);
    assert_eq!(second[1]["id"], first[0]["id"]);
    assert_eq!(second[2]["id"], second[0]["id"]);
    let third = items(&daemon, &again);
    assert!(third.iter().all(|item| item["duplicate"] == true));
    assert_eq!(stored(&daemon), 3);

    let clash = [line("9", Some("c")), line("9", Some("a")), line("9", None)].concat();
    let problem = daemon.post_batch(&clash).expect(409).json();
    assert_eq!(problem["errors"][0]["field"], "lines[1].idempotency_key");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1);
    assert_eq!(stored(&daemon), 3);
    // The key of the refused batch is free, for a single event as well.
    let alone = json!({"event": "call:missed", "data": {"id": "8"}, "idempotency_key": "c"});
    let accepted = daemon.api("POST", "/v1/events", Some(&alone)).expect(202);
    assert_eq!(accepted.json()["duplicate"], false);
}

#[test]
fn a_kill_at_any_moment_leaves_all_of_a_batch_or_nothing() {
    let mut daemon = Daemon::start();
    let body = lines(500);
    let mut whole = 0;
    for round in 0..6 {
        let mut connection = Connection::unix(&daemon.socket());
        assert!(connection.send(&request("POST", PATH, &[TYPE], Some(&body))));
        // Killed at once, a little later, and after the answer.
        let answered = round % 3 == 2 && connection.answer().unwrap().status == 202;
        if round % 3 == 1 {
            daemon.api("GET", "/v1/status", None);
        }
        daemon.kill();
        daemon.start_again();
        let now = stored(&daemon);
        let stored_now = now.checked_sub(whole * 500).unwrap();
        assert!(
            stored_now == 0 && !answered || stored_now == 500,
            "{now} in round {round}"
        );
        whole += stored_now / 500;
    }
    assert!(whole >= 2, "what was answered is there");
}

#[test]
fn sixteen_mebibytes_are_one_batch() {
    let daemon = Daemon::start();
    let filler = "x".repeat((1 << 20) - 256);
    let large = |n: u32| {
        let event = json!({"event": "pbx:own", "data": {"n": n, "text": &filler}});
        format!("{event}\n")
    };
    let body: String = (0..16).map(large).collect();
    assert_eq!(items(&daemon, &body).len(), 16);
    assert_eq!(stored(&daemon), 16);
}
