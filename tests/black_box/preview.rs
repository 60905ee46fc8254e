//! Why: what a filter would make of the events that came, and why an endpoint did not get one.

use serde_json::{Value, json};

use crate::support::client::Connection;
use crate::support::daemon::Daemon;
use crate::support::until;

fn preview(daemon: &Daemon, body: &Value) -> Value {
    let answer = daemon.api("POST", "/v1/filters/preview", Some(body));
    answer.expect(200).json()
}

/// What is said of each sample: type, whether it is sent, code.
fn said(preview: &Value) -> Vec<(&str, bool, Option<&str>)> {
    let samples = preview["samples"].as_array().unwrap();
    let has_words = |sample: &Value| sample["reason"].is_string() != (sample["matched"] == true);
    assert!(samples.iter().all(has_words), "{preview}");
    samples
        .iter()
        .map(|sample| {
            (
                sample["event"]["event"].as_str().unwrap(),
                sample["matched"].as_bool().unwrap(),
                sample["code"].as_str(),
            )
        })
        .collect()
}

#[test]
fn without_stored_events_the_samples_are_judged_and_it_says_so() {
    let daemon = Daemon::start();
    let wanted = json!({"events": [
        {"type": "call:completed", "duration": {"min": 10}}, "call:missed"]});
    let shown = preview(&daemon, &wanted);
    assert_eq!(
        (&shown["source"], &shown["total"], &shown["matched"]),
        (&json!("samples"), &json!(5), &json!(2))
    );
    let sent: Vec<_> = said(&shown)
        .into_iter()
        .filter(|(_, sent, _)| *sent)
        .collect();
    assert_eq!(sent.len(), 2, "{shown}");
    assert!(shown["samples"][0]["event"]["id"].is_null(), "{shown}");
    let problem = daemon.api("POST", "/v1/filters/preview", Some(&json!({"events": []})));
    assert_eq!(problem.expect(422).json()["errors"][0]["field"], "events");
    let many = json!({"events": ["*"], "last": 501});
    let problem = daemon.api("POST", "/v1/filters/preview", Some(&many));
    assert_eq!(problem.expect(422).json()["errors"][0]["field"], "last");
    // Who may read may ask; who may only post may not.
    for (role, status) in [("read", 200), ("ingest", 403)] {
        let token = format!("Bearer {}", daemon.token(role));
        let answer = Connection::tcp(daemon.address).call(
            "POST",
            "/v1/filters/preview",
            &[("Authorization", token.as_str())],
            Some(&wanted.to_string()),
        );
        answer.unwrap().expect(status);
    }
}

/// Nine events, of which `narrow` wants the first and the seventh.
fn events() -> Vec<(&'static str, Value)> {
    let call = |id: &str, account: &str, duration: Value| {
        let account = json!({"id": account, "name": account});
        (
            "call:completed",
            json!({"id": id, "account": account, "duration": duration}),
        )
    };
    vec![
        call("1", "paris", json!(42)),
        call("2", "paris", json!(4)),
        call("3", "paris", json!(700)),
        call("4", "paris", Value::Null),
        call("5", "nantes", json!(42)),
        ("call:completed", json!({"id": "6", "duration": 42})),
        (
            "call:missed",
            json!({"id": "7", "tracked_number": "+33 1 23"}),
        ),
        (
            "call:missed",
            json!({"id": "8", "tracked_number": "+44 1 23"}),
        ),
        ("lead:created", json!({"id": "9"})),
    ]
}

fn narrow() -> Value {
    json!([
        {"type": "call:completed", "accounts": ["paris"], "duration": {"min": 10, "max": 600}},
        {"type": "call:missed", "numbers": ["+331*"]}])
}

#[test]
fn stored_events_are_judged_newest_first_with_a_reason_for_each_miss() {
    let daemon = Daemon::start();
    for (kind, data) in events() {
        daemon.post(kind, &data);
    }
    let shown = preview(&daemon, &json!({"events": narrow()}));
    assert_eq!(shown["source"], "events");
    assert_eq!((&shown["total"], &shown["matched"]), (&json!(9), &json!(2)));
    assert_eq!(
        said(&shown),
        [
            ("lead:created", false, Some("type")),
            ("call:missed", false, Some("number")),
            ("call:missed", true, None),
            ("call:completed", false, Some("account")),
            ("call:completed", false, Some("account")),
            ("call:completed", false, Some("duration")),
            ("call:completed", false, Some("duration")),
            ("call:completed", false, Some("duration")),
            ("call:completed", true, None),
        ]
    );
    let reason = |place: usize| shown["samples"][place]["reason"].as_str().unwrap();
    assert_eq!(reason(3), "the event has no account, it wants paris");
    assert_eq!(reason(4), "account nantes is not wanted, it wants paris");
    assert_eq!(reason(5), "the event has no duration, its minimum is 10 s");
    assert_eq!(reason(6), "duration 700 s is above its maximum of 600 s");
    assert_eq!(reason(7), "duration 4 s is below its minimum of 10 s");
    assert_eq!(shown["samples"][8]["event"]["summary"]["duration"], 42);
    let few = preview(&daemon, &json!({"events": narrow(), "last": 2}));
    assert_eq!((&few["total"], &few["matched"]), (&json!(2), &json!(0)));
}

#[test]
fn what_is_previewed_is_what_happens_and_in_the_same_words() {
    let daemon = Daemon::start();
    for (kind, data) in events() {
        daemon.post(kind, &data);
    }
    let shown = preview(&daemon, &json!({"events": narrow()}));
    let samples = shown["samples"].as_array().unwrap();
    let endpoint = daemon.add_endpoint("http://127.0.0.1:9/", &json!({"events": narrow()}));
    for ((kind, data), sample) in events().into_iter().zip(samples.iter().rev()) {
        let posted = daemon.post(kind, &data);
        assert_eq!(sample["matched"], posted["matched"] == 1, "{sample}");
        let path = format!("/v1/events/{}", posted["id"].as_str().unwrap());
        let event = daemon.api("GET", &path, None).expect(200).json();
        match event["not_matched"].as_array().unwrap().first() {
            None => assert_eq!(sample["matched"], true),
            Some(miss) => {
                assert_eq!(miss["endpoint"], endpoint.as_str());
                let said = (&miss["code"], &miss["reason"]);
                assert_eq!(said, (&sample["code"], &sample["reason"]));
            }
        }
    }
}

#[test]
fn every_endpoint_without_a_delivery_says_why() {
    let daemon = Daemon::start();
    let add = |fields: Value| daemon.add_endpoint("http://127.0.0.1:9/", &fields);
    let disabled = add(json!({"enabled": false}));
    let leads = add(json!({"events": ["lead:created"]}));
    let event = daemon.post("call:missed", &json!({"id": "1"}));
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    // Times have milliseconds: the next endpoint must not be of the same one.
    let received_at = daemon.api("GET", &path, None).expect(200).json()["received_at"].clone();
    until("the next millisecond", || {
        let other = daemon.post("call:ringing", &json!({"id": "2"}));
        let path = format!("/v1/events/{}", other["id"].as_str().unwrap());
        let shown = daemon.api("GET", &path, None).expect(200).json();
        (shown["received_at"] != received_at).then_some(())
    });
    let newer = add(json!({}));
    let both = add(json!({"events": ["lead:created"]}));
    let shown = daemon.api("GET", &path, None).expect(200).json();
    let misses = shown["not_matched"].as_array().unwrap();
    let of = |id: &str| {
        let miss = misses.iter().find(|miss| miss["endpoint"] == id).unwrap();
        (
            miss["code"].as_str().unwrap(),
            miss["reason"].as_str().unwrap(),
        )
    };
    assert_eq!(misses.len(), 4, "{shown}");
    assert_eq!(of(&disabled), ("disabled", "the endpoint is disabled"));
    assert_eq!(
        of(&leads),
        (
            "type",
            "type call:missed is not wanted, it wants lead:created"
        )
    );
    let (code, reason) = of(&newer);
    assert!(
        code == "newer" && reason.contains("added after the event"),
        "{reason}"
    );
    let (code, reason) = of(&both);
    assert!(
        code == "type" && reason.contains("added after the event"),
        "{reason}"
    );
}

#[test]
fn the_command_line_previews_and_adds_nothing() {
    let daemon = Daemon::start();
    let cli = |rest: &[&str]| {
        let add = ["endpoint", "add", "http://127.0.0.1:9/", "--preview"];
        let output = daemon.cli(&[&add[..], rest].concat());
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (said, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (_, noted) = cli(&["--event", "call:missed"]);
    assert!(
        noted.contains("Of the 5 samples 1 would be sent"),
        "{noted}"
    );
    daemon.post("call:completed", &json!({"id": "1", "duration": 4}));
    let (said, noted) = cli(&["--event", "call:completed", "--min-duration", "10s"]);
    assert!(said.contains("below its minimum of 10 s"), "{said}");
    assert!(
        noted.contains("Of the last 1 event 0 would be sent"),
        "{noted}"
    );
    let listed = daemon.api("GET", "/v1/endpoints", None).expect(200).json();
    assert_eq!(listed["items"], json!([]));
}
