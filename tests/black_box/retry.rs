//! What a person does with one delivery: retry it now, send it once more, cancel it.

use serde_json::{Value, json};

use crate::support::client::Answer;
use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

/// A second try that nobody waits for.
const LATE: (&str, &str) = ("RINGHOOK_DELIVERY_RETRY_PLAN", "1h");

fn act(daemon: &Daemon, delivery: &Value, verb: &str) -> Answer {
    let id = delivery["id"].as_str().unwrap();
    daemon.api("POST", &format!("/v1/deliveries/{id}/{verb}"), None)
}

fn of_endpoint(daemon: &Daemon, endpoint: &str, verb: &str) {
    let path = format!("/v1/endpoints/{endpoint}/{verb}");
    daemon.api("POST", &path, None).expect(200);
}

/// The deliveries of an event, by round.
fn deliveries(daemon: &Daemon, event: &Value) -> Vec<Value> {
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let shown = daemon.api("GET", &path, None).expect(200).json();
    shown["deliveries"].as_array().unwrap().clone()
}

/// The only delivery of an event, once it waits again after its first try.
fn after_a_try(daemon: &Daemon, event: &Value) -> Value {
    until("the first try", || {
        let delivery = deliveries(daemon, event).remove(0);
        (delivery["attempts"] == 1 && delivery["state"] == "waiting").then_some(delivery)
    })
}

#[test]
fn a_waiting_one_is_sent_now_also_while_its_endpoint_is_paused() {
    let daemon = Daemon::start_with(&[LATE]);
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Status(500),
        _ => Reaction::Status(200),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    let waiting = after_a_try(&daemon, &event);
    of_endpoint(&daemon, &endpoint, "pause");
    let shown = act(&daemon, &waiting, "retry").expect(200).json();
    assert_eq!(shown["id"], waiting["id"]);
    let delivered = daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    assert_eq!(delivered["attempts"], 2);
    assert_eq!(daemon.endpoint(&endpoint)["state"], "paused");
    let got = receiver.received();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(got[1].header("ringhook-attempt"), "2");
    // Nothing is left to be done with it.
    for verb in ["retry", "cancel"] {
        let problem = act(&daemon, &waiting, verb).expect(409).json();
        assert!(
            problem["detail"].as_str().unwrap().contains("delivered"),
            "{problem}"
        );
    }
}

#[test]
fn a_failed_one_gets_a_new_round_with_the_same_webhook_id() {
    let mut daemon = Daemon::start_with(&[LATE]);
    let receiver = Receiver::scripted(|number, _| match number {
        0 | 1 => Reaction::Status(500),
        _ => Reaction::Status(200),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"policy": {"attempts": 1}}));
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    let failed = daemon.delivery_in_state(event["id"].as_str().unwrap(), "failed");
    let answer = act(&daemon, &failed, "retry").expect(201);
    let second = answer.json();
    assert_ne!(second["id"], failed["id"]);
    assert_eq!(second["event"], event["id"]);
    let location = format!("/v1/deliveries/{}", second["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let state_of = |daemon: &Daemon, place: usize, state: &str| {
        until(state, || {
            let all = deliveries(daemon, &event);
            (all.get(place)?["state"] == state).then(|| all[place].clone())
        })
    };
    assert_eq!(state_of(&daemon, 1, "failed")["id"], second["id"]);
    // The next one is sent also while the endpoint is paused, and is known after a restart.
    of_endpoint(&daemon, &endpoint, "pause");
    let third = act(&daemon, &failed, "retry").expect(201).json();
    let delivered = state_of(&daemon, 2, "delivered");
    assert_eq!(
        (&delivered["id"], &delivered["attempts"]),
        (&third["id"], &json!(1))
    );
    daemon.kill();
    daemon.start_again();
    let states: Vec<_> = deliveries(&daemon, &event);
    let states: Vec<_> = states.iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["failed", "failed", "delivered"]);
    let got = receiver.received();
    assert_eq!(got.len(), 3);
    for one in &got {
        assert_eq!(one.header("webhook-id"), event["id"]);
        assert_eq!(
            (one.header("ringhook-attempt"), &one.body),
            ("1", &got[0].body)
        );
    }
}

#[test]
fn a_cancelled_one_is_not_sent_and_may_be_sent_again() {
    let daemon = Daemon::start_with(&[LATE]);
    let receiver = Receiver::start();
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    of_endpoint(&daemon, &endpoint, "pause");
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    let waiting = deliveries(&daemon, &event).remove(0);
    let cancelled = act(&daemon, &waiting, "cancel").expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["reason"], "cancelled by hand");
    act(&daemon, &waiting, "cancel").expect(409);
    of_endpoint(&daemon, &endpoint, "resume");
    let other = daemon.post("call:missed", &json!({"id": "call-2"}));
    daemon.delivery_in_state(other["id"].as_str().unwrap(), "delivered");
    assert_eq!(receiver.received().len(), 1);
    act(&daemon, &waiting, "retry").expect(201);
    assert_eq!(receiver.wait_for(2)[1].header("webhook-id"), event["id"]);
}

#[test]
fn what_can_not_be_retried_says_why() {
    let daemon = Daemon::start_with(&[LATE, ("RINGHOOK_DELIVERY_TIMEOUT", "60s")]);
    let receiver = Receiver::scripted(|_, _| Reaction::Hang);
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let first = daemon.post("call:completed", &json!({"id": "call-1"}));
    let second = daemon.post("lead:created", &json!({"id": "call-1"}));
    let third = daemon.post("call:missed", &json!({"id": "call-2"}));
    receiver.wait_for(1);
    let code = |event: &Value, verb: &str| {
        let delivery = deliveries(&daemon, event).remove(0);
        let problem = act(&daemon, &delivery, verb).expect(409).json();
        problem["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&first, "retry"), "RH-0345");
    assert_eq!(code(&first, "cancel"), "RH-0345");
    assert_eq!(code(&second, "retry"), "RH-0346");
    of_endpoint(&daemon, &endpoint, "disable");
    assert_eq!(code(&third, "retry"), "RH-0347");
    // What is held, or waits for an endpoint that is disabled, can be cancelled.
    for event in [&second, &third] {
        let delivery = deliveries(&daemon, event).remove(0);
        act(&daemon, &delivery, "cancel").expect(200);
        assert_eq!(code(event, "cancel"), "RH-0349");
    }
    let third = deliveries(&daemon, &third).remove(0);
    daemon
        .api("DELETE", &format!("/v1/endpoints/{endpoint}"), None)
        .expect(204);
    let gone = act(&daemon, &third, "retry").expect(409).json();
    assert_eq!(gone["code"], "RH-0348");
    daemon
        .api("POST", "/v1/deliveries/dlv_nobody/retry", None)
        .expect(404);
    daemon
        .api("POST", "/v1/deliveries/dlv_nobody/cancel", None)
        .expect(404);
    let odd = daemon.api(
        "POST",
        &format!("/v1/deliveries/{}/retry", third["id"].as_str().unwrap()),
        Some(&json!({"odd": 1})),
    );
    odd.expect(400);
}
