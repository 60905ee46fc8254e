//! Deadlines and bounds of the edge: slow clients, many connections, the socket's owner.

use std::time::Instant;

use serde_json::json;

use crate::support::client::{Connection, request};
use crate::support::daemon::{Daemon, command};
use crate::support::until;

#[test]
fn slow_headers_and_slow_bodies_are_closed_at_their_deadline() {
    let daemon = Daemon::start_with(&[
        ("RINGHOOK_HTTP_HEADER_TIMEOUT", "1s"),
        ("RINGHOOK_HTTP_BODY_TIMEOUT", "1s"),
    ]);
    let slow: &[&[u8]] = &[
        b"GET /healthz HTTP/1.1\r\nHost:",
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
          Content-Length: 100\r\n\r\n{\"event\"",
    ];
    for bytes in slow {
        let begun = Instant::now();
        let mut connection = Connection::unix(&daemon.socket());
        connection.send(bytes);
        assert!(connection.is_closed_by_peer());
        assert!(begun.elapsed().as_millis() >= 900, "{:?}", begun.elapsed());
    }
    daemon.api("GET", "/healthz", None).expect(200);
}

#[test]
fn connections_beyond_the_limit_get_503_and_places_come_back() {
    let daemon = Daemon::start_with(&[("RINGHOOK_HTTP_CONNECTIONS_MAX", "4")]);
    let hello = request("GET", "/healthz", &[], None);
    let mut kept: Vec<_> = (0..4)
        .map(|_| {
            let mut connection = Connection::tcp(daemon.address);
            connection.send(&hello);
            connection.answer().unwrap().expect(200);
            connection
        })
        .collect();
    let mut refused = Connection::tcp(daemon.address);
    refused.send(&hello);
    let answer = refused.answer().expect("an answer");
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    kept.pop();
    until("a free place", || {
        let mut connection = Connection::tcp(daemon.address);
        connection.send(&hello);
        connection.answer().filter(|answer| answer.status == 200)
    });
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_refused() {
    let mut daemon = Daemon::start();
    daemon.kill();
    assert!(
        daemon.socket().exists(),
        "a killed daemon leaves its socket"
    );
    daemon.start_again();
    let other = tempfile::tempdir().unwrap();
    let output = command()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(other.path())
        .arg("--socket")
        .arg(daemon.socket())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    daemon.api("GET", "/healthz", None).expect(200);
}

#[test]
fn a_stopping_daemon_says_503_and_when_to_come_again() {
    let receiver = crate::support::receiver::Receiver::scripted(|_, _| {
        crate::support::receiver::Reaction::Hang
    });
    let mut daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_STOP_TIMEOUT", "20s")]);
    daemon.add_endpoint(&receiver.url(), &json!({}));
    daemon.post("call:missed", &json!({"id": "1"}));
    receiver.wait_for(1);
    let pid = daemon.pid().to_string();
    let signal = || {
        assert!(
            std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    };
    signal();
    let event = json!({"event": "call:missed", "data": {"id": "2"}});
    let answer = until("intake to be refused", || {
        let answer = daemon.api("POST", "/v1/events", Some(&event));
        (answer.status != 202).then_some(answer)
    });
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(daemon.api("GET", "/readyz", None).status, 503);
    // The second signal does not wait for what hangs.
    assert_eq!(daemon.stop(), Some(0));
}
