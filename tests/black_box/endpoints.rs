//! Endpoints: created, read, patched, listed, removed; their keys; their tests.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};

const NOWHERE: &str = "http://127.0.0.1:9/";

#[test]
fn an_endpoint_has_every_field_of_the_contract() {
    let daemon = Daemon::start();
    let body = json!({"title": "CRM", "url": "https://crm.example.fr/hooks/calls", "headers":
        {"X-Env": "prod"}, "events": [{"type": "call:completed", "accounts": ["acc-1"],
        "numbers": ["+33988776655", "+3318*"], "duration": {"min": 10}}, "call:missed"]});
    let answer = daemon.api("POST", "/v1/endpoints", Some(&body)).expect(201);
    let made = answer.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        answer.header("location"),
        Some(format!("/v1/endpoints/{id}").as_str())
    );
    assert_eq!(made, daemon.endpoint(id));
    assert_eq!(
        made["events"],
        json!([
            {"type": "call:completed", "accounts": ["acc-1"], "numbers": ["+33988776655", "+3318*"],
                "duration": {"min": 10, "max": null}},
            {"type": "call:missed"}
        ])
    );
    assert_eq!(
        made["policy"],
        json!({"timeout_ms": 15000, "in_flight_max": 4,
        "rate_per_s": null, "attempts": null, "order": "call", "tls": {"ca_pem": null,
        "pin_sha256": null, "client_pem": null, "insecure": false}})
    );
    assert_eq!(made["signature"]["encoding"], "hex");
    assert_eq!(
        (&made["state"], &made["reason"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(
        made["stats"],
        json!({"waiting": 0, "oldest_due_at": null, "delivered_24h": 0,
        "failed_24h": 0, "p95_ms": null})
    );
    assert_eq!(made["recent"], json!([]));
    for field in [
        "title",
        "url",
        "enabled",
        "headers",
        "expires_at",
        "created_at",
        "updated_at",
    ] {
        assert!(made.get(field).is_some(), "{field} in {made}");
    }
    assert!(made.get("key").is_none(), "the key has a route of its own");
}

#[test]
fn a_patch_is_a_merge_and_null_resets() {
    let daemon = Daemon::start();
    let id = daemon.add_endpoint(
        NOWHERE,
        &json!({"headers": {"A": "1", "B": "2"},
        "policy": {"attempts": 3, "timeout_ms": 2000}}),
    );
    let path = format!("/v1/endpoints/{id}");
    let patch = |body: Value| daemon.api("PATCH", &path, Some(&body));
    let made = patch(json!({"title": "New", "headers": {"A": null, "C": "3"},
        "policy": {"attempts": null}}))
    .expect(200)
    .json();
    assert_eq!(made["title"], "New");
    assert_eq!(made["headers"], json!({"B": "2", "C": "3"}));
    assert_eq!(
        (&made["policy"]["attempts"], &made["policy"]["timeout_ms"]),
        (&Value::Null, &json!(2000))
    );
    assert_eq!(
        patch(json!({"policy": null})).expect(200).json()["policy"]["timeout_ms"],
        15000
    );
    for (body, status) in [
        (json!({"state": "active"}), 422),
        (json!({"id": "ep_1"}), 422),
        (json!({"title": null}), 422),
        (json!({"url": "nowhere"}), 422),
        (json!({"odd": 1}), 400),
        (json!({"title": 7}), 400),
    ] {
        let answer = patch(body.clone());
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert_eq!(daemon.endpoint(&id)["title"], "New");
}

#[test]
fn endpoints_are_searched_filtered_sorted_and_removed() {
    let daemon = Daemon::start();
    let ids: Vec<_> = ["Beta", "alpha", "Gamma"]
        .iter()
        .map(|title| daemon.add_endpoint(NOWHERE, &json!({"title": title})))
        .collect();
    daemon
        .api("POST", &format!("/v1/endpoints/{}/disable", ids[2]), None)
        .expect(200);
    let titles = |query: &str| -> Vec<String> {
        let page = daemon
            .api("GET", &format!("/v1/endpoints{query}"), None)
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(titles("?q=ALPH"), ["alpha"]);
    assert_eq!(titles("?state=disabled"), ["Gamma"]);
    assert_eq!(titles("?sort=title"), ["alpha", "Beta", "Gamma"]);
    daemon
        .api("DELETE", &format!("/v1/endpoints/{}", ids[0]), None)
        .expect(204);
    daemon
        .api("GET", &format!("/v1/endpoints/{}", ids[0]), None)
        .expect(404);
    daemon
        .api("DELETE", &format!("/v1/endpoints/{}", ids[0]), None)
        .expect(404);
    assert_eq!(titles("?sort=title"), ["alpha", "Gamma"]);
}

#[test]
fn a_key_can_be_brought_along_read_and_replaced() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let id = daemon.add_endpoint(&receiver.url(), &json!({"key": "old-system-key"}));
    let path = format!("/v1/endpoints/{id}/key");
    let read = daemon.api("GET", &path, None).expect(200).json();
    assert_eq!(
        read,
        json!({"key": "old-system-key", "next": null, "previous": null})
    );
    let event = daemon.post("call:missed", &json!({"id": "1"}));
    let got = receiver.wait_for(1).remove(0);
    assert_eq!(
        got.header("webhook-signature"),
        "",
        "such a key signs the first header only"
    );
    let first = got.header("X-CALLTRACKING-SIGNATURE");
    assert!(crate::support::verify::calltracking(
        "old-system-key",
        first,
        &got.body
    ));
    daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");

    let made = daemon
        .api("POST", &path, Some(&json!({"action": "replace"})))
        .expect(200)
        .json();
    let key = made["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("whsec_"), "{key}");
    daemon.post("call:missed", &json!({"id": "2"}));
    receiver.wait_for(2).remove(1).verified_with(&key);
}

#[test]
fn a_test_is_answered_with_the_attempt_whatever_the_receiver_said() {
    let daemon = Daemon::start();
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Raw(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno".to_vec()),
        _ => Reaction::Status(410),
    });
    let id = daemon.add_endpoint(&receiver.url(), &json!({}));
    let path = format!("/v1/endpoints/{id}/test");
    daemon
        .api("POST", &format!("/v1/endpoints/{id}/pause"), None)
        .expect(200);
    let body = json!({"event": "call:completed"});
    let attempt = daemon.api("POST", &path, Some(&body)).expect(200).json();
    assert_eq!(
        (&attempt["test"], &attempt["outcome"]),
        (&json!(true), &json!("test"))
    );
    assert_eq!(attempt["response"]["status"], 500);
    assert_eq!(attempt["response"]["body"], "no");
    assert_eq!(attempt["delivery"], Value::Null);
    let got = receiver.wait_for(1).remove(0);
    assert_eq!(got.header("ringhook-test"), "1");
    assert_eq!(got.json()["test"], true);
    let event = attempt["event"].as_str().unwrap();
    daemon
        .api("GET", &format!("/v1/events/{event}"), None)
        .expect(404);

    let body = json!({"event": "pbx:own", "data": {"id": "mine", "x": 1}});
    let attempt = daemon.api("POST", &path, Some(&body)).expect(200).json();
    assert_eq!(attempt["response"]["status"], 410);
    assert_eq!(
        receiver.received()[1].json()["data"],
        json!({"id": "mine", "x": 1})
    );
    let shown = daemon.endpoint(&id);
    assert!(
        shown["reason"].as_str().unwrap().contains("by hand"),
        "a test pauses nothing"
    );
    assert_eq!(shown["stats"]["failed_24h"], 0, "a test is not counted");
    assert_eq!(daemon.attempts(&id).len(), 2);

    let key = daemon
        .api("GET", &format!("/v1/endpoints/{id}/key"), None)
        .json();
    let shown = format!("{:?}", daemon.attempts(&id));
    assert!(
        !shown.contains(key["key"].as_str().unwrap()),
        "the key is never in the history"
    );
}

#[test]
fn one_test_at_a_time_for_each_endpoint() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_TIMEOUT", "3s")]);
    let receiver = Receiver::scripted(|_, _| Reaction::Hang);
    let id = daemon.add_endpoint(&receiver.url(), &json!({}));
    let path = format!("/v1/endpoints/{id}/test");
    let body = json!({"event": "call:missed"});
    std::thread::scope(|scope| {
        let first = scope.spawn(|| daemon.api("POST", &path, Some(&body)));
        receiver.wait_for(1);
        daemon.api("POST", &path, Some(&body)).expect(409);
        let attempt = first.join().unwrap().expect(200).json();
        assert_eq!(attempt["error"]["kind"], "timeout", "{attempt}");
        let words = attempt["error"]["message"].as_str().unwrap();
        assert!(words.contains("3 s"), "{words}");
    });
}

#[test]
fn the_ring_keeps_the_last_ten_attempts() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let id = daemon.add_endpoint(&receiver.url(), &json!({}));
    let events: Vec<_> = (0..15)
        .map(|n| daemon.post("call:missed", &json!({"id": n.to_string()}))["id"].clone())
        .collect();
    for event in &events {
        daemon.delivery_in_state(event.as_str().unwrap(), "delivered");
    }
    let attempts = daemon.attempts(&id);
    assert_eq!(attempts.len(), 10);
    let shown: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt["event"].clone())
        .collect();
    for event in &shown {
        assert!(events[5..].contains(event), "only the last ten: {shown:?}");
    }
    assert_eq!(daemon.endpoint(&id)["recent"].as_array().unwrap().len(), 10);
    let times: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
}

#[test]
fn the_test_receiver_is_there_again_after_a_restart() {
    let mut daemon = Daemon::start();
    let body = json!({"title": "Try me"});
    let added = daemon
        .api("POST", "/v1/test-receiver", Some(&body))
        .expect(201);
    assert_eq!(added.json()["title"], "Try me");
    let id = added.json()["id"].as_str().unwrap().to_owned();
    let second = daemon.api("POST", "/v1/test-receiver", None).expect(201);
    assert_eq!(second.json()["url"], added.json()["url"], "there is one");
    let path = format!("/v1/endpoints/{id}/test");
    let test = json!({"event": "call:completed"});
    let works = |daemon: &Daemon| {
        let attempt = daemon.api("POST", &path, Some(&test)).expect(200).json();
        assert_eq!(attempt["response"]["status"], 200, "{attempt}");
    };
    works(&daemon);
    daemon.stop();
    daemon.start_again();
    works(&daemon);
}
