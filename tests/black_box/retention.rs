//! How long events are kept, and what a disk without space means, seen from outside.

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;
use crate::support::until;

fn count(daemon: &Daemon) -> usize {
    let answer = daemon.api("GET", "/v1/events?limit=500", None).expect(200);
    answer.json()["items"].as_array().unwrap().len()
}

fn body_bytes(daemon: &Daemon) -> u64 {
    let answer = daemon.api("GET", "/v1/status", None).expect(200);
    answer.json()["body_bytes"].as_u64().unwrap()
}

#[test]
fn old_events_go_and_waiting_ones_expire_first() {
    let receiver = Receiver::start();
    let daemon = Daemon::start_with(&[("RINGHOOK_RETENTION_AGE", "2s")]);
    let paused = daemon.add_endpoint(&receiver.url(), &json!({"events": ["lead:created"]}));
    daemon
        .api("POST", &format!("/v1/endpoints/{paused}/pause"), None)
        .expect(200);
    daemon.add_endpoint(&receiver.url(), &json!({"events": ["call:missed"]}));
    let id = |kind: &str| {
        let posted = daemon.post(kind, &json!({"id": kind}));
        posted["id"].as_str().unwrap().to_owned()
    };
    let (unmatched, sent, waits) = (id("call:completed"), id("call:missed"), id("lead:created"));
    let expired = daemon.delivery_in_state(&waits, "expired");
    let reason = expired["reason"].as_str().unwrap();
    assert!(reason.starts_with("waited_too_long: "), "{reason}");
    for gone in [unmatched, sent, waits] {
        until("the event to go", || {
            let answer = daemon.api("GET", &format!("/v1/events/{gone}"), None);
            (answer.status == 404).then_some(())
        });
    }
    assert_eq!(count(&daemon), 0);
    until("nothing to be left", || {
        (body_bytes(&daemon) == 0).then_some(())
    });
    let requests = receiver.wait_for(1);
    assert_eq!(requests.len(), 1, "what waited was not sent");
}

#[test]
fn beyond_the_bytes_the_oldest_go_and_the_total_survives_a_kill() {
    let mut daemon = Daemon::start_with(&[("RINGHOOK_RETENTION_BYTES", "16KiB")]);
    let data = |n: usize| json!({"id": n.to_string(), "note": "x".repeat(1000)});
    for n in 0..60 {
        daemon.post("call:completed", &data(n));
    }
    until("the bytes to be within their bound", || {
        (body_bytes(&daemon) <= 16 * 1024).then_some(())
    });
    let left = count(&daemon);
    assert!((10..16).contains(&left), "{left}");
    let newest = daemon
        .api("GET", "/v1/events?limit=1", None)
        .expect(200)
        .json();
    assert_eq!(newest["items"][0]["summary"]["id"], "59");
    let before = body_bytes(&daemon);
    daemon.kill();
    daemon.start_again();
    assert_eq!(body_bytes(&daemon), before);
    assert_eq!(count(&daemon), left);
}

#[test]
fn an_almost_full_disk_refuses_events_and_goes_on_delivering() {
    let receiver = Receiver::start();
    let mut daemon = Daemon::start();
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    daemon
        .api("POST", &format!("/v1/endpoints/{endpoint}/pause"), None)
        .expect(200);
    daemon.post("call:missed", &json!({"id": "1"}));
    assert_eq!(daemon.stop(), Some(0));
    daemon.set("RINGHOOK_STORE_FREE_BYTES_MIN", "1PiB");
    daemon.start_again();
    let event = json!({"event": "call:missed", "data": {"id": "2"}});
    let refused = daemon.api("POST", "/v1/events", Some(&event)).expect(507);
    assert_eq!(refused.json()["code"], "RH-0354");
    let ready = daemon.api("GET", "/readyz", None).expect(503);
    assert!(
        ready.text().contains("disk is almost full"),
        "{}",
        ready.text()
    );
    let status = daemon.api("GET", "/v1/status", None).expect(200).json();
    assert_eq!(
        (&status["ready"], &status["disk_low"]),
        (&json!(false), &json!(true))
    );
    let shown = daemon.cli(&["status"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("disk almost full"));
    daemon
        .api("POST", &format!("/v1/endpoints/{endpoint}/resume"), None)
        .expect(200);
    assert_eq!(receiver.wait_for(1).len(), 1);
}

#[test]
fn a_ballast_lies_beside_the_database() {
    let daemon = Daemon::start();
    let ballast = daemon.data.path().join("ringhook.redb.ballast");
    assert_eq!(ballast.metadata().unwrap().len(), 4 << 20);
}
