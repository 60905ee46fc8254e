//! The receiver that ringhook brings along.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::until;

fn open(daemon: &Daemon, status: u16) -> Value {
    let answer = daemon.api("POST", "/v1/test-receiver", Some(&json!({"title": "Try"})));
    answer.expect(status).json()
}

/// What the receiver said to the last attempt.
fn said(daemon: &Daemon, endpoint: &str) -> Value {
    let attempts = daemon.attempts(endpoint);
    let body = attempts[0]["response"]["body"].as_str().unwrap();
    serde_json::from_str(body).unwrap()
}

#[test]
fn it_takes_deliveries_and_says_whether_they_are_signed() {
    // Also where nothing private may be connected to.
    let mut daemon = Daemon::start_with(&[("RINGHOOK_EGRESS_PRIVATE", "false")]);
    let made = open(&daemon, 201);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&made["title"], &made["state"]),
        (&json!("Try"), &json!("active"))
    );
    assert_eq!(open(&daemon, 200)["id"], made["id"], "there is one");

    let valid = json!({"x-calltracking-signature": "valid", "webhook-signature": "valid"});
    let event = daemon.post("call:missed", &json!({"id": "1"}));
    daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    let answer = said(&daemon, &id);
    assert_eq!(
        (&answer["received"], &answer["signatures"]),
        (&json!("call:missed"), &valid)
    );
    let path = format!("/v1/endpoints/{id}/test");
    let body = json!({"event": "call:completed"});
    let test = daemon.api("POST", &path, Some(&body)).expect(200).json();
    assert_eq!(test["response"]["status"], 200);
    assert_eq!(said(&daemon, &id)["test"], true);

    assert_eq!(daemon.stop(), Some(0));
    daemon.start_again();
    let event = daemon.post("call:missed", &json!({"id": "2"}));
    daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");

    let url = daemon.endpoint(&id)["url"].as_str().unwrap().to_owned();
    daemon
        .api("DELETE", &format!("/v1/endpoints/{id}"), None)
        .expect(204);
    let address = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    until("the receiver to end with its endpoint", || {
        std::net::TcpStream::connect(address).is_err().then_some(())
    });
    assert_ne!(open(&daemon, 201)["id"], made["id"]);
}

#[test]
fn a_port_that_was_taken_meanwhile_is_replaced() {
    let mut daemon = Daemon::start();
    let made = open(&daemon, 201);
    let url = made["url"].as_str().unwrap();
    assert_eq!(daemon.stop(), Some(0));
    let address = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let _taken = std::net::TcpListener::bind(address).unwrap();
    daemon.start_again();
    let id = made["id"].as_str().unwrap();
    until("the endpoint to lead elsewhere", || {
        (daemon.endpoint(id)["url"] != made["url"]).then_some(())
    });
    let event = daemon.post("call:missed", &json!({"id": "1"}));
    daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
}
