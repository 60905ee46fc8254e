//! The live stream: who hears what, how one goes on where it was, and how it ends.

use serde_json::json;

use crate::support::client::{Connection, request};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;
use crate::support::stream::Stream;

fn listen(daemon: &Daemon, headers: &[(&str, &str)]) -> Stream {
    let stream = Stream::open(Connection::unix(&daemon.socket()), headers);
    assert_eq!(stream.head.status, 200);
    stream
}

#[test]
fn what_happens_is_told_while_it_happens() {
    let daemon = Daemon::start();
    let receiver = Receiver::start();
    let token = daemon.token("read");
    let bearer = format!("Bearer {token}");
    let connection = Connection::tcp(daemon.address);
    let mut stream = Stream::open(connection, &[("Authorization", &bearer)]);
    assert_eq!(stream.head.status, 200);
    let header = |name: &str| stream.head.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("x-accel-buffering"), "no");
    assert_eq!(header("cache-control"), "no-store");

    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    let told = stream.next_of("endpoint");
    assert_eq!(
        (&told["id"], &told["deleted"]),
        (&json!(endpoint), &json!(false))
    );
    assert_eq!(
        (&told["title"], &told["state"]),
        (&json!("CRM"), &json!("active"))
    );

    let event = daemon.post("call:missed", &json!({"id": "1"}))["id"].clone();
    let told = stream.next_of("event");
    assert_eq!((&told["id"], &told["matched"]), (&event, &json!(1)));
    let told = stream.next_of("attempt");
    assert_eq!(
        (&told["event"], &told["endpoint"]),
        (&event, &json!(endpoint))
    );
    assert_eq!(
        (&told["status"], &told["outcome"]),
        (&json!(200), &json!("delivered"))
    );
    // It was written down before it was told.
    let event = event.as_str().unwrap();
    let shown = daemon
        .api("GET", &format!("/v1/events/{event}"), None)
        .json();
    assert_eq!(shown["deliveries"][0]["state"], "delivered");

    let told = stream.next_of("stats");
    assert_eq!(
        told["skipped"],
        json!({"attempt": 0, "event": 0, "endpoint": 0})
    );
    daemon
        .api("DELETE", &format!("/v1/endpoints/{endpoint}"), None)
        .expect(204);
    while stream.next_of("endpoint") != json!({"id": endpoint, "deleted": true}) {}
}

#[test]
fn a_stream_goes_on_where_it_was_or_says_that_it_cannot() {
    let mut daemon = Daemon::start();
    let mut stream = listen(&daemon, &[]);
    let posted = |call: &str| daemon.post("call:missed", &json!({"id": call}))["id"].clone();
    let first = posted("1");
    assert_eq!(stream.next_of("event")["id"], first);
    let id = stream.id.clone();
    drop(stream);
    let (second, third) = (posted("2"), posted("3"));
    let mut stream = listen(&daemon, &[("Last-Event-ID", &id)]);
    assert_eq!(stream.next_of("event")["id"], second);
    assert_eq!(stream.next_of("event")["id"], third);
    let id = stream.id.clone();
    assert_eq!(daemon.stop(), Some(0));
    while stream.next().is_some() {}
    assert!(stream.is_whole, "a stop ends it, and does not cut it");
    daemon.start_again();
    for known in [id.as_str(), "nonsense", "1-2-3"] {
        let mut stream = listen(&daemon, &[("Last-Event-ID", known)]);
        let told = stream.next().unwrap();
        assert_eq!(told.name, "reset", "{known}");
        assert_ne!(stream.id, id);
    }
}

#[test]
fn a_flood_is_told_in_part_and_counted_in_full() {
    let daemon = Daemon::start();
    let mut stream = listen(&daemon, &[]);
    let line = json!({"event": "call:missed", "data": {"id": "1"}}).to_string() + "\n";
    daemon.post_batch(&line.repeat(500)).expect(202);
    let (mut told, mut skipped) = (0, 0);
    while told + skipped < 500 {
        let next = stream.next().unwrap();
        match next.name.as_str() {
            "event" => told += 1,
            "stats" => skipped += next.data["skipped"]["event"].as_u64().unwrap(),
            _ => {}
        }
    }
    assert_eq!(told + skipped, 500);
    assert!(told < 100, "{told} were told");
}

#[test]
fn places_are_bounded_and_come_back_from_those_who_left() {
    let daemon = Daemon::start_with(&[("RINGHOOK_HTTP_STREAMS_MAX", "2")]);
    let kept = [listen(&daemon, &[]), listen(&daemon, &[])];
    let stream = Stream::open(Connection::unix(&daemon.socket()), &[]);
    assert_eq!(stream.head.status, 503);
    assert_eq!(stream.head.header("retry-after"), Some("1"));
    let [one, two] = kept;
    drop(one);
    // Nothing is told, and yet it is found out that nobody reads the first one.
    listen(&daemon, &[]);
    drop(two);
}

#[test]
fn who_may_not_read_hears_nothing() {
    let daemon = Daemon::start();
    let open = |headers: &[(&str, &str)]| {
        Stream::open(Connection::tcp(daemon.address), headers)
            .head
            .status
    };
    assert_eq!(open(&[]), 401);
    let ingest = daemon.token("ingest");
    assert_eq!(open(&[("X-Api-Key", &ingest)]), 403);
    let mut connection = Connection::unix(&daemon.socket());
    assert!(connection.send(&request("POST", "/v1/stream", &[], None)));
    assert_eq!(connection.head().unwrap().status, 405);
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody() {
    let daemon = Daemon::start();
    let mut slow = listen(&daemon, &[]);
    let mut quick = listen(&daemon, &[]);
    for call in 0..15 {
        let event = daemon.post("call:missed", &json!({"id": call.to_string()}))["id"].clone();
        assert_eq!(quick.next_of("event")["id"], event);
    }
    assert!(slow.next().is_some(), "what was told is there for it");
}

#[test]
fn a_revoked_token_ends_its_stream() {
    let daemon = Daemon::start();
    let token = daemon.token("read");
    let connection = Connection::tcp(daemon.address);
    let mut stream = Stream::open(connection, &[("X-Api-Key", &token)]);
    assert_eq!(stream.head.status, 200);
    let tokens = daemon.api("GET", "/v1/tokens", None).json();
    let id = tokens["items"][0]["id"].as_str().unwrap();
    daemon
        .api("DELETE", &format!("/v1/tokens/{id}"), None)
        .expect(204);
    // At the next beat, which comes every 15 s.
    while stream.next().is_some() {}
    assert!(stream.is_whole);
}
