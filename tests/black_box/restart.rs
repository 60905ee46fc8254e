//! What outlives a stop, a kill and a second daemon, and what refuses to start.

use serde_json::json;

use crate::support::daemon::{Daemon, command};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

#[test]
fn everything_is_there_again_after_a_stop_and_after_a_kill() {
    let (mut daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    let id = event["id"].as_str().unwrap();
    daemon.delivery_in_state(id, "delivered");
    let token = daemon.token("read");
    let before = daemon.attempts(&endpoint);
    assert_eq!(before.len(), 1);

    assert_eq!(daemon.stop(), Some(0));
    assert!(
        !daemon.socket().exists(),
        "a stopped daemon leaves no socket"
    );
    daemon.start_again();
    assert_eq!(daemon.endpoint(&endpoint)["title"], "CRM");
    assert_eq!(daemon.attempts(&endpoint), before);
    daemon.delivery_in_state(id, "delivered");

    daemon.kill();
    daemon.start_again();
    assert_eq!(daemon.endpoint(&endpoint)["title"], "CRM");
    daemon.delivery_in_state(id, "delivered");
    let mut connection = crate::support::client::Connection::tcp(daemon.address);
    let headers = [("X-Api-Key", token.as_str())];
    connection
        .call("GET", "/v1/endpoints", &headers, None)
        .unwrap()
        .expect(200);
    assert_eq!(
        receiver.received().len(),
        1,
        "what was delivered and committed is not sent again"
    );
}

#[test]
fn what_waits_is_sent_after_a_restart() {
    let receiver = Receiver::start();
    let mut daemon = Daemon::start();
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    daemon
        .api("POST", &format!("/v1/endpoints/{endpoint}/pause"), None)
        .expect(200);
    let events: Vec<_> = (0..20)
        .map(|number| daemon.post("call:missed", &json!({"id": format!("call-{number}")})))
        .collect();
    daemon.kill();
    daemon.start_again();
    assert_eq!(daemon.endpoint(&endpoint)["stats"]["waiting"], 20);
    assert!(receiver.received().is_empty(), "it is still paused");
    daemon
        .api("POST", &format!("/v1/endpoints/{endpoint}/resume"), None)
        .expect(200);
    for event in &events {
        daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    }
    assert_eq!(receiver.received().len(), 20);
}

#[test]
fn a_stop_waits_for_what_is_in_flight_and_cuts_it_at_its_limit_uncounted() {
    let mut daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_STOP_TIMEOUT", "300ms")]);
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Hang,
        _ => Reaction::Status(200),
    });
    daemon.add_endpoint(&receiver.url(), &json!({}));
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    receiver.wait_for(1);
    assert_eq!(daemon.stop(), Some(0));
    daemon.start_again();
    let delivery = daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    assert_eq!(delivery["attempts"], 1, "the cut attempt does not count");
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused() {
    let daemon = Daemon::start();
    let output = command()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(daemon.data.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("in use"), "{words}");
    daemon.api("GET", "/healthz", None).expect(200);
}

#[test]
fn damage_is_never_replaced_by_an_empty_database() {
    for (what, content) in [("empty", &b""[..]), ("foreign", &[b'x'; 100_000][..])] {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("ringhook.redb");
        std::fs::write(&path, content).unwrap();
        let output = command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(65), "{what}: {output:?}");
        assert_eq!(std::fs::read(&path).unwrap(), content, "{what}");
    }
}

#[test]
fn mistakes_in_the_configuration_are_all_reported_before_anything_opens() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("ringhook.toml");
    std::fs::write(
        &file,
        "[delivery]\ntimeout = \"ten\"\n\n[http]\nlisten = 7464\nporrt = 1\n",
    )
    .unwrap();
    let inside = data.path().join("data");
    let output = command()
        .args(["serve", "--config"])
        .arg(&file)
        .arg("--data")
        .arg(&inside)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    for expected in ["line 2", "ten", "line 5", "line 6", "porrt"] {
        assert!(words.contains(expected), "{expected} in {words}");
    }
    assert!(!inside.exists(), "nothing was opened");
}

#[test]
fn the_database_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let daemon = Daemon::start();
    let mode = |name: &str| {
        std::fs::metadata(daemon.data.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("ringhook.redb"), 0o600);
    assert_eq!(mode("ringhook.sock"), 0o660);
}

#[test]
fn an_endpoint_with_an_end_goes_by_itself() {
    let daemon = Daemon::start();
    let at = std::time::SystemTime::now() + std::time::Duration::from_millis(1_500);
    let at = jiff::Timestamp::try_from(at).unwrap().to_string();
    let id = daemon.add_endpoint("http://127.0.0.1:9/", &json!({"expires_at": at}));
    let path = format!("/v1/endpoints/{id}");
    until("the end", || {
        (daemon.api("GET", &path, None).status == 404).then_some(())
    });
}
