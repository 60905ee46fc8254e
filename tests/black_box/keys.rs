//! Signature keys: shown, rotated in two steps, tried, replaced at once.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, command};
use crate::support::receiver::{Received, Receiver};
use crate::support::{until, verify};

fn path(endpoint: &str) -> String {
    format!("/v1/endpoints/{endpoint}/key")
}

fn act(daemon: &Daemon, endpoint: &str, body: &Value) -> Value {
    let answer = daemon.api("POST", &path(endpoint), Some(body));
    answer.expect(200).json()
}

/// Sends one more event; the request that it made.
fn sent(daemon: &Daemon, receiver: &Receiver) -> Received {
    let before = receiver.received().len();
    daemon.post("call:missed", &json!({"id": format!("call-{before}")}));
    receiver.wait_for(before + 1).remove(before)
}

/// Which of the keys signed `webhook-signature`, and which the first header.
fn signers<'a>(got: &Received, keys: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (id, at) = (got.header("webhook-id"), got.header("webhook-timestamp"));
    let standard = got.header("webhook-signature");
    let first = got.header("X-CALLTRACKING-SIGNATURE");
    let keys = keys.iter().copied();
    let of_standard = keys
        .clone()
        .filter(|key| key.starts_with("whsec_"))
        .filter(|key| verify::standard(key, standard, id, at, &got.body));
    let of_first = keys
        .clone()
        .filter(|key| verify::calltracking(key, first, &got.body));
    (of_standard.collect(), of_first.collect())
}

#[test]
fn a_rotation_in_two_steps_leaves_no_moment_without_a_known_key() {
    let (mut daemon, receiver) = (Daemon::start(), Receiver::start());
    let id = daemon.add_endpoint(&receiver.url(), &json!({}));
    let read = |daemon: &Daemon| daemon.api("GET", &path(&id), None).expect(200).json();
    let old = read(&daemon)["key"].as_str().unwrap().to_owned();
    for early in [json!({"action": "promote"}), json!({"action": "odd"})] {
        let status = daemon.api("POST", &path(&id), Some(&early)).status;
        assert_eq!(status, if early["action"] == "odd" { 422 } else { 409 });
    }
    let try_next = json!({"event": "call:missed", "key": "next"});
    let test = format!("/v1/endpoints/{id}/test");
    let refused = daemon.api("POST", &test, Some(&try_next)).expect(409);
    assert_eq!(refused.json()["code"], "RH-0342");

    // Step 1: both sign the Standard header, the first header is the old key's.
    let made = act(&daemon, &id, &json!({"action": "next"}));
    assert_eq!(
        (&made["key"], &made["previous"]),
        (&json!(old), &Value::Null)
    );
    let new = made["next"].as_str().unwrap().to_owned();
    assert!(new.starts_with("whsec_") && new != old, "{made}");
    let signature = daemon.endpoint(&id)["signature"].clone();
    assert_eq!(
        (&signature["next"], &signature["previous_until"]),
        (&json!(true), &Value::Null)
    );
    let keys = [old.as_str(), new.as_str()];
    let got = sent(&daemon, &receiver);
    assert_eq!(signers(&got, &keys), (keys.to_vec(), vec![keys[0]]));
    // It is tried alone: a receiver that knows only the old one must not accept that.
    let before = receiver.received().len();
    let attempt = daemon
        .api("POST", &test, Some(&try_next))
        .expect(200)
        .json();
    assert_eq!(attempt["response"]["status"], 200);
    let got = receiver.received().remove(before);
    assert_eq!(got.header("ringhook-test"), "1");
    assert_eq!(signers(&got, &keys), (vec![keys[1]], vec![keys[1]]));

    // Step 2: the first header switches, both go on to sign the other; also after a restart.
    let switched = act(&daemon, &id, &json!({"action": "promote"}));
    assert_eq!(switched, json!({"key": new, "next": null, "previous": old}));
    daemon.kill();
    daemon.start_again();
    assert_eq!(read(&daemon), switched);
    let signature = daemon.endpoint(&id)["signature"].clone();
    assert_eq!(signature["next"], false);
    assert!(signature["previous_until"].is_string(), "{signature}");
    let got = sent(&daemon, &receiver);
    assert_eq!(signers(&got, &keys), (keys.to_vec(), vec![keys[1]]));
    daemon
        .api("POST", &path(&id), Some(&json!({"action": "promote"})))
        .expect(409);

    // At once: from then on one key alone signs.
    let replaced = act(&daemon, &id, &json!({"action": "replace"}));
    let last = replaced["key"].as_str().unwrap();
    assert_eq!(
        replaced,
        json!({"key": last, "next": null, "previous": null})
    );
    let got = sent(&daemon, &receiver);
    let all = [old.as_str(), new.as_str(), last];
    assert_eq!(signers(&got, &all), (vec![last], vec![last]));
}

#[test]
fn an_imported_key_that_is_not_whsec_can_be_rotated_from_and_to() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let id = daemon.add_endpoint(&receiver.url(), &json!({"key": "imported"}));
    assert_eq!(daemon.endpoint(&id)["signature"]["standard"], false);
    assert_eq!(sent(&daemon, &receiver).header("webhook-signature"), "");
    let made = act(&daemon, &id, &json!({"action": "next"}));
    let new = made["next"].as_str().unwrap().to_owned();
    let keys = ["imported", new.as_str()];
    // The next one can sign the Standard header, and so does alone.
    let got = sent(&daemon, &receiver);
    assert_eq!(signers(&got, &keys), (vec![keys[1]], vec![keys[0]]));
    act(&daemon, &id, &json!({"action": "promote"}));
    assert_eq!(daemon.endpoint(&id)["signature"]["standard"], true);
    let got = sent(&daemon, &receiver);
    assert_eq!(signers(&got, &keys), (vec![keys[1]], vec![keys[1]]));
    // A key of one's own can be the next one as well.
    let made = act(&daemon, &id, &json!({"action": "next", "key": "own-key"}));
    assert_eq!(made["next"], "own-key");
    act(&daemon, &id, &json!({"action": "promote"}));
    let got = sent(&daemon, &receiver);
    let keys = [new.as_str(), "own-key"];
    assert_eq!(signers(&got, &keys), (vec![keys[0]], vec![keys[1]]));
    assert_eq!(daemon.endpoint(&id)["signature"]["standard"], false);
    for bad in [
        json!({"action": "promote", "key": "x"}),
        json!({"action": "next", "key": "two words"}),
    ] {
        let problem = daemon
            .api("POST", &path(&id), Some(&bad))
            .expect(422)
            .json();
        assert_eq!(problem["errors"][0]["field"], "key", "{problem}");
    }
    // What follows from the keys can't be patched.
    let patch = json!({"signature": {"next": true}});
    let endpoint = format!("/v1/endpoints/{id}");
    let problem = daemon
        .api("PATCH", &endpoint, Some(&patch))
        .expect(422)
        .json();
    assert_eq!(problem["errors"][0]["field"], "signature.next", "{problem}");
}

/// The command that verifies a request with the keys of the endpoint CRM.
fn verifying(daemon: &Daemon, got: &Received) -> Vec<String> {
    let body = daemon.data.path().join("got.json");
    std::fs::write(&body, &got.body).unwrap();
    let body = body.to_str().unwrap();
    let mut arguments = ["verify", "--endpoint", "CRM", "--body", body]
        .map(str::to_owned)
        .to_vec();
    for name in [
        "X-CALLTRACKING-SIGNATURE",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ] {
        arguments.extend(["-H".to_owned(), format!("{name}: {}", got.header(name))]);
    }
    arguments
}

#[test]
fn the_command_line_rotates_a_key_and_verify_takes_either() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    let cli = |arguments: &[&str]| {
        let output = daemon.cli(arguments);
        let (said, noted) = (&output.stdout, &output.stderr);
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(said).trim().to_owned(),
            String::from_utf8_lossy(noted).into_owned(),
        )
    };
    let key = |rest: &[&str]| cli(&[&["endpoint", "key", "CRM"], rest].concat());
    let (_, old, _) = key(&[]);
    assert_eq!(
        key(&["rotate", "--promote", "--yes"]).0,
        6,
        "there is no next key"
    );
    assert_eq!(cli(&["test", "CRM", "--next-key"]).0, 6);
    let (exit, new, noted) = key(&["rotate", "--next"]);
    assert_eq!(exit, 0, "{noted}");
    assert!(
        new.starts_with("whsec_") && noted.contains("--promote"),
        "{noted}"
    );
    let (_, shown, noted) = key(&["show"]);
    assert_eq!(shown, old, "a script gets the current key and nothing else");
    assert!(noted.contains(&new), "{noted}");
    assert_eq!(cli(&["test", "CRM", "--next-key"]).0, 0);

    // The request of the test, signed with the next key alone.
    let arguments = verifying(&daemon, &receiver.wait_for(1)[0]);
    let verify: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (exit, said, _) = cli(&verify);
    assert_eq!(
        (exit, said.matches("the next key of CRM").count()),
        (0, 2),
        "{said}"
    );
    assert_eq!(key(&["rotate", "--promote"]).0, 2, "asks --yes");
    let (exit, switched, noted) = key(&["rotate", "--promote", "--yes"]);
    assert_eq!((exit, switched), (0, new.clone()), "{noted}");
    let (exit, said, _) = cli(&verify);
    assert_eq!(
        (exit, said.matches("the current key of CRM").count()),
        (0, 2),
        "{said}"
    );
    let (_, _, noted) = key(&[]);
    assert!(noted.contains(&old) && noted.contains("until 2"), "{noted}");
    let (exit, last, _) = key(&["rotate", "--now", "--yes"]);
    assert!(exit == 0 && last != new, "{last}");
    assert_eq!(cli(&verify).0, 1, "neither key is known any more");
}

#[test]
fn a_listener_learns_of_a_rotation() {
    let daemon = Daemon::start();
    let child = command()
        .args(["listen", "--port", "0", "--output", "json", "--max", "3"])
        .env("RINGHOOK_SOCKET", daemon.socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let id = until("the endpoint of listen", || {
        let listed = daemon.api("GET", "/v1/endpoints", None).expect(200).json();
        Some(listed["items"][0]["id"].as_str()?.to_owned())
    });
    let test = format!("/v1/endpoints/{id}/test");
    let send = |key: &str| {
        let body = json!({"event": "call:missed", "key": key});
        daemon.api("POST", &test, Some(&body)).expect(200);
    };
    send("current");
    act(&daemon, &id, &json!({"action": "next"}));
    send("next");
    act(&daemon, &id, &json!({"action": "promote"}));
    send("current");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(Value::is_object)
        .collect();
    assert_eq!(lines.len(), 3, "{said}");
    for line in &lines {
        let signature = &line["signature"];
        let right = (&signature["sha1"], &signature["standard"]);
        assert_eq!(right, (&json!(true), &json!(true)), "{line}");
    }
}
