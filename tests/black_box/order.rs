//! Within one call and endpoint events keep their order, and a ringing one can be out of date.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};

/// A gate that holds the receiver's answers until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

fn state_of(daemon: &Daemon, event: &Value, state: &str) -> Value {
    daemon.delivery_in_state(event["id"].as_str().unwrap(), state)
}

#[test]
fn events_of_one_call_wait_for_each_other_and_those_of_others_do_not() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_RETRY_PLAN", "300ms")]);
    let failed = AtomicBool::new(false);
    let receiver = Receiver::scripted(move |number, request| {
        // Proven first, so that more than one request may be in flight; then the first of call
        // A fails once.
        let is_a = request.json()["data"]["id"] == "A";
        if number > 0 && is_a && !failed.swap(true, Ordering::SeqCst) {
            return Reaction::Status(500);
        }
        Reaction::Status(200)
    });
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let proof = daemon.post("pbx:started", &json!({}));
    state_of(&daemon, &proof, "delivered");

    let first = daemon.post("pbx:answered", &json!({"id": "A"}));
    let second = daemon.post("call:completed", &json!({"id": "A"}));
    let other = daemon.post("call:completed", &json!({"id": "B"}));
    for event in [&second, &first, &other] {
        state_of(&daemon, event, "delivered");
    }
    let got: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.json()["event_id"].as_str().unwrap().to_owned())
        .collect();
    let place = |event: &Value| got.iter().rposition(|id| *id == event["id"]).unwrap();
    assert!(place(&first) < place(&second), "{got:?}");
    assert_eq!(
        got.iter().filter(|id| **id == second["id"]).count(),
        1,
        "{got:?}"
    );
}

#[test]
fn a_ringing_event_is_superseded_by_the_end_of_its_call() {
    let daemon = Daemon::start();
    let gate = Gate::default();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, _| {
        held.pass();
        Reaction::Status(200)
    });
    daemon.add_endpoint(&receiver.url(), &json!({}));
    // The first request holds the only place of a new endpoint.
    let first = daemon.post("call:completed", &json!({"id": "before"}));
    receiver_has(&daemon, &first);
    let ringing = daemon.post("call:ringing", &json!({"id": "A"}));
    let completed = daemon.post("call:completed", &json!({"id": "A"}));
    let superseded = state_of(&daemon, &ringing, "superseded");
    assert!(superseded["reason"].is_string(), "{superseded}");
    let late = daemon.post("call:ringing", &json!({"id": "A"}));
    state_of(&daemon, &late, "superseded");
    gate.open();
    state_of(&daemon, &completed, "delivered");
    let types: Vec<_> = receiver
        .received()
        .iter()
        .map(|got| got.header("ringhook-event").to_owned())
        .collect();
    assert_eq!(types, ["call:completed", "call:completed"]);
}

/// Waits until the event is with its receiver.
fn receiver_has(daemon: &Daemon, event: &Value) {
    state_of(daemon, event, "in_flight");
}

#[test]
fn a_ringing_event_expires_and_says_why() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let old = json!({"event": "call:ringing", "data": {"id": "A"},
        "occurred_at": "2026-01-01T00:00:00Z"});
    let event = daemon
        .api("POST", "/v1/events", Some(&old))
        .expect(202)
        .json();
    let delivery = state_of(&daemon, &event, "expired");
    let reason = delivery["reason"].as_str().unwrap();
    assert!(reason.contains("2026-01-01T00:00:00.000Z"), "{reason}");
    assert!(receiver.received().is_empty());
}
