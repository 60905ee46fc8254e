//! A look at a URL before an endpoint has it.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;

fn check(daemon: &Daemon, url: &str, status: u16) -> Value {
    let body = json!({ "url": url });
    let answer = daemon.api("POST", "/v1/endpoints/check", Some(&body));
    answer.expect(status).json()
}

#[test]
fn a_url_is_resolved_held_against_the_rule_and_tried_over_tls() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let expected = json!({"url": receiver.url(), "valid": true, "resolves": true, "message": null,
        "addresses": [{"address": "127.0.0.1", "allowed": true, "reason": null}],
        "allowed": true, "tls": null});
    assert_eq!(check(&daemon, &receiver.url(), 200), expected);

    let metadata = check(&daemon, "https://169.254.169.254/latest", 200);
    assert_eq!(
        (&metadata["allowed"], &metadata["tls"]),
        (&json!(false), &Value::Null)
    );
    let reason = metadata["addresses"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("169.254.169.254"), "{reason}");
    let own = check(&daemon, &format!("http://{}/", daemon.address), 200);
    assert_eq!(own["allowed"], false);

    let unknown = check(&daemon, "https://nobody.invalid/hook", 200);
    assert_eq!(
        (&unknown["resolves"], &unknown["allowed"]),
        (&json!(false), &json!(false))
    );
    assert!(unknown["message"].is_string(), "{unknown}");

    let refused = check(&daemon, "https://127.0.0.1:1/", 200);
    assert_eq!(refused["tls"]["valid"], false);
    assert!(refused["tls"]["message"].is_string(), "{refused}");
    assert!(receiver.received().is_empty(), "a request was sent");
}

#[test]
fn a_url_that_no_endpoint_may_have_is_422() {
    let daemon = Daemon::start();
    for url in [
        "",
        "ftp://x/",
        "http://user:secret@host/",
        "http://host/#x",
        "http://127.1/",
    ] {
        let problem = check(&daemon, url, 422);
        assert_eq!(problem["errors"][0]["field"], "url", "{url}");
    }
    let missing = daemon.api("POST", "/v1/endpoints/check", Some(&json!({})));
    missing.expect(400);
}
