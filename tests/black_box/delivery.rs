//! An event goes out signed, is retried, and leaves its attempts behind.

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

const FAST_RETRIES: (&str, &str) = ("RINGHOOK_DELIVERY_RETRY_PLAN", "100ms,100ms,100ms");

/// The key of an endpoint.
fn key(daemon: &Daemon, endpoint: &str) -> String {
    let answer = daemon
        .api("GET", &format!("/v1/endpoints/{endpoint}/key"), None)
        .expect(200);
    answer.json()["key"].as_str().unwrap().to_owned()
}

#[test]
fn an_event_arrives_signed_with_every_header_of_the_contract() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"headers": {"X-Env": "prod"}}));
    let data = json!({"id": "call-1", "note": "répondu"});
    let accepted = daemon.post("call:completed", &data);
    assert_eq!(
        (&accepted["matched"], &accepted["duplicate"]),
        (&json!(1), &json!(false))
    );

    let got = receiver
        .wait_for(1)
        .remove(0)
        .verified_with(&key(&daemon, &endpoint));
    assert_eq!(got.header("webhook-id"), accepted["id"]);
    assert_eq!(got.header("ringhook-event"), "call:completed");
    assert_eq!(got.header("ringhook-attempt"), "1");
    assert_eq!(got.header("ringhook-test"), "");
    assert_eq!(got.header("X-Env"), "prod");
    let names: Vec<_> = got
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    assert!(
        !names.iter().any(|name| name == "accept-encoding"),
        "{names:?}"
    );
    let header = |name: &str| {
        let found = got
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        header("user-agent"),
        concat!("ringhook/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(got.json()["data"], data);
    assert_eq!(got.json()["event_id"], accepted["id"]);
    assert_eq!(got.json()["test"], false);

    let delivery = daemon.delivery_in_state(accepted["id"].as_str().unwrap(), "delivered");
    assert_eq!(
        (&delivery["attempts"], &delivery["last"]["status"]),
        (&json!(1), &json!(200))
    );
}

#[test]
fn data_passes_byte_for_byte() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let data = "{ \"id\" :\t\"call-1\",\"n\":1.0e2,\"big\":123456789012345678901234567890,\
                \"s\":\"\\u00e9\\/\\ud83d\\ude00\",\"twice\":1,\"twice\":2,\"z\":{},\"a\":[ ]}";
    let body = format!(
        "{{\"occurred_at\":\"2026-03-04T10:08:22.114+01:00\",\"data\": {data} ,\
                        \"event\":\"call:completed\"}}"
    );
    let mut connection = crate::support::client::Connection::unix(&daemon.socket());
    let answer = connection
        .call("POST", "/v1/events", &[], Some(&body))
        .unwrap()
        .expect(202);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let expected = format!(
        "{{\"data\":{data},\"event\":\"call:completed\",\"event_id\":\"{id}\",\
         \"occurred_at\":\"2026-03-04T09:08:22.114Z\",\"test\":false}}"
    );
    assert_eq!(
        String::from_utf8(receiver.wait_for(1).remove(0).body).unwrap(),
        expected
    );
    let shown = daemon
        .api("GET", &format!("/v1/events/{id}"), None)
        .expect(200)
        .text();
    assert!(shown.contains(data), "{shown}");
}

#[test]
fn a_failed_delivery_is_tried_again_with_the_same_id_and_body() {
    let daemon = Daemon::start_with(&[FAST_RETRIES]);
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Raw(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec()),
        1 => Reaction::Raw(Vec::new()),
        2 => Reaction::Status(302),
        _ => Reaction::Status(204),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let id = daemon.post("call:missed", &json!({"id": "call-1"}))["id"].clone();
    let got = receiver.wait_for(4);
    let key = key(&daemon, &endpoint);
    for (number, request) in got.iter().enumerate() {
        let request = request.clone().verified_with(&key);
        assert_eq!(request.header("webhook-id"), id);
        assert_eq!(request.header("ringhook-attempt"), (number + 1).to_string());
        assert_eq!(request.body, got[0].body);
    }
    let delivery = daemon.delivery_in_state(id.as_str().unwrap(), "delivered");
    assert_eq!(delivery["attempts"], 4);

    let attempts = daemon.attempts(&endpoint);
    let shown: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            (
                attempt["n"].as_u64().unwrap(),
                attempt["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [(4, "delivered"), (3, "retry"), (2, "retry"), (1, "retry")]
    );
    assert_eq!(attempts[0]["response"]["status"], 204);
    assert_eq!(attempts[1]["response"]["status"], 302);
    assert_eq!(attempts[2]["error"]["kind"], "closed", "{}", attempts[2]);
    assert_eq!(attempts[3]["response"]["status"], 500);
    assert!(attempts[3]["next_at"].is_string());
    let request = &attempts[0]["request"];
    assert_eq!(request["body"].as_str().unwrap().as_bytes(), got[0].body);
}

#[test]
fn a_kept_connection_that_the_receiver_closed_is_replaced_within_the_attempt() {
    let (daemon, receiver) = (
        Daemon::start(),
        Receiver::scripted(|number, _| match number {
            // It answers the first request, and hangs up on the second, which came over the
            // connection that was kept.
            1 => Reaction::Raw(Vec::new()),
            _ => Reaction::Status(200),
        }),
    );
    daemon.add_endpoint(&receiver.url(), &json!({}));
    for call in ["call-1", "call-2"] {
        let event = daemon.post("call:missed", &json!({"id": call}));
        let delivery = daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
        assert_eq!(delivery["attempts"], 1);
    }
    let attempts: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.header("ringhook-attempt").to_owned())
        .collect();
    assert_eq!(attempts, ["1", "1", "1"]);
}

#[test]
fn a_delivery_fails_when_its_attempts_are_used_up() {
    let daemon = Daemon::start_with(&[FAST_RETRIES]);
    let receiver = Receiver::scripted(|_, _| Reaction::Status(503));
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"policy": {"attempts": 2}}));
    let id = daemon.post("call:missed", &json!({"id": "call-1"}))["id"].clone();
    let delivery = daemon.delivery_in_state(id.as_str().unwrap(), "failed");
    assert_eq!(delivery["attempts"], 2);
    assert_eq!(delivery["last"]["status"], 503);
    assert!(delivery["reason"].is_string(), "{delivery}");
    assert_eq!(daemon.attempts(&endpoint)[0]["outcome"], "failed");
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_receiver_that_answers_410_pauses_its_endpoint_until_it_is_resumed() {
    let daemon = Daemon::start();
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Status(410),
        _ => Reaction::Status(200),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let id = daemon.post("call:missed", &json!({"id": "call-1"}))["id"].clone();
    let paused = until("the pause", || {
        let shown = daemon.endpoint(&endpoint);
        (shown["state"] == "paused").then_some(shown)
    });
    assert!(
        paused["reason"].as_str().unwrap().contains("410"),
        "{paused}"
    );
    assert_eq!(paused["stats"]["waiting"], 1);
    assert_eq!(daemon.attempts(&endpoint)[0]["outcome"], "paused");

    daemon
        .api("POST", &format!("/v1/endpoints/{endpoint}/resume"), None)
        .expect(200);
    daemon.delivery_in_state(id.as_str().unwrap(), "delivered");
    assert_eq!(daemon.endpoint(&endpoint)["state"], "active");
}

#[test]
fn a_paused_endpoint_keeps_its_events_and_a_disabled_one_gets_none() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let act = |verb: &str| {
        daemon
            .api("POST", &format!("/v1/endpoints/{endpoint}/{verb}"), None)
            .expect(200)
            .json()
    };
    assert_eq!(act("pause")["state"], "paused");
    let first = daemon.post("call:missed", &json!({"id": "call-1"}));
    assert_eq!(first["matched"], 1);
    assert_eq!(act("disable")["state"], "disabled");
    let second = daemon.post("call:missed", &json!({"id": "call-2"}));
    assert_eq!(second["matched"], 0);
    let shown = daemon.api(
        "GET",
        &format!("/v1/events/{}", second["id"].as_str().unwrap()),
        None,
    );
    assert_eq!(shown.json()["not_matched"][0]["code"], "disabled");
    assert_eq!(act("enable")["state"], "paused");
    assert_eq!(act("resume")["state"], "active");
    daemon.delivery_in_state(first["id"].as_str().unwrap(), "delivered");
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn a_hanging_receiver_delays_no_other() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_TIMEOUT", "60s")]);
    let hanging = Receiver::scripted(|_, _| Reaction::Hang);
    let healthy = Receiver::start();
    daemon.add_endpoint(&hanging.url(), &json!({"title": "Hanging"}));
    daemon.add_endpoint(&healthy.url(), &json!({"title": "Healthy"}));
    for number in 0..50 {
        daemon.post("call:missed", &json!({"id": format!("call-{number}")}));
    }
    healthy.wait_for(50);
    assert_eq!(
        hanging.received().len(),
        1,
        "a new endpoint gets one request at a time"
    );
}
