//! The command line as a new user types it.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, command};
use crate::support::receiver::{Reaction, Receiver};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json_of(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", out(output)))
}

#[test]
fn listen_send_and_a_verified_delivery_is_printed() {
    let daemon = Daemon::start();
    let mut listen = command()
        .args(["listen", "--port", "0", "--max", "1"])
        .env("RINGHOOK_SOCKET", daemon.socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listen.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let greeting: Vec<_> = lines
        .by_ref()
        .take_while(|line| !line.contains("Waiting"))
        .collect();
    assert!(
        greeting
            .iter()
            .any(|line| line.contains("http://127.0.0.1:")),
        "{greeting:?}"
    );

    let sent = daemon.cli(&["send", "call:completed", "--sample"]);
    assert_eq!(sent.status.code(), Some(0), "{}", err(&sent));
    assert!(out(&sent).contains("matched 1 endpoint"), "{}", out(&sent));
    let rest = lines.collect::<Vec<_>>().join("\n");
    assert!(rest.contains("signature OK"), "{rest}");
    assert!(rest.contains("call:completed"), "{rest}");
    assert_eq!(listen.wait().unwrap().code(), Some(0));
    let left = json_of(&daemon.cli(&["endpoint", "list", "--json"]));
    assert_eq!(left["items"], json!([]), "the temporary endpoint is gone");
}

#[test]
fn an_endpoint_is_added_shown_edited_tested_and_removed() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let added = daemon.cli(&[
        "endpoint",
        "add",
        &receiver.url(),
        "--title",
        "CRM",
        "--event",
        "call:completed",
        "--event",
        "call:missed",
        "--min-duration",
        "10s",
    ]);
    assert_eq!(added.status.code(), Some(0), "{}", err(&added));
    assert!(out(&added).contains("whsec_"), "{}", out(&added));

    let shown = json_of(&daemon.cli(&["ep", "show", "CRM", "--json"]));
    assert_eq!(shown["events"][0]["duration"]["min"], 10);
    let id = shown["id"].as_str().unwrap();
    let tested = daemon.cli(&["test", &id[..20]]);
    assert_eq!(tested.status.code(), Some(0), "{}", err(&tested));
    assert!(out(&tested).contains("200"), "{}", out(&tested));

    let edited = daemon.cli(&[
        "endpoint",
        "edit",
        "CRM",
        "--title",
        "CRM 2",
        "--timeout",
        "5s",
    ]);
    assert_eq!(edited.status.code(), Some(0), "{}", err(&edited));
    let shown = json_of(&daemon.cli(&["ep", "show", "CRM 2", "--json"]));
    assert_eq!(shown["policy"]["timeout_ms"], 5000);
    for verb in ["pause", "resume", "disable", "enable"] {
        let done = daemon.cli(&["endpoint", verb, "CRM 2"]);
        assert_eq!(done.status.code(), Some(0), "{verb}: {}", err(&done));
    }
    let key = daemon.cli(&["endpoint", "key", "CRM 2", "show"]);
    assert!(out(&key).contains("whsec_"), "{}{}", out(&key), err(&key));
    assert_eq!(
        daemon.cli(&["endpoint", "remove", "CRM 2"]).status.code(),
        Some(2),
        "asks --yes"
    );
    assert_eq!(
        daemon
            .cli(&["endpoint", "rm", "CRM 2", "--yes"])
            .status
            .code(),
        Some(0)
    );
    assert_eq!(
        daemon.cli(&["endpoint", "show", "CRM 2"]).status.code(),
        Some(3)
    );
}

#[test]
fn events_attempts_status_and_tokens_have_words_and_json() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    daemon.add_endpoint(
        &receiver.url(),
        &json!({"title": "Leads", "events": ["lead:created"]}),
    );
    let sent = json_of(&daemon.cli(&["send", "call:missed", "--sample", "--json"]));
    let id = sent["id"].as_str().unwrap();
    daemon.delivery_in_state(id, "delivered");
    let listed = json_of(&daemon.cli(&["events", "--json"]));
    assert_eq!(listed["items"][0]["id"], id);
    let why = out(&daemon.cli(&["events", "show", id, "--why"]));
    assert!(why.contains("CRM") && why.contains("delivered"), "{why}");
    assert!(
        why.contains("Leads") && why.contains("lead:created"),
        "{why}"
    );
    let attempts = json_of(&daemon.cli(&["attempts", "CRM", "--json"]));
    assert_eq!(attempts["items"][0]["outcome"], "delivered");
    assert!(out(&daemon.cli(&["attempts", "CRM"])).contains("200"));
    let status = daemon.cli(&["status"]);
    assert_eq!(status.status.code(), Some(0), "{}", err(&status));
    assert!(out(&status).contains("ready"), "{}", out(&status));
    assert!(json_of(&daemon.cli(&["status", "--json"]))["version"].is_string());

    let made = json_of(&daemon.cli(&["token", "create", "pbx", "--role", "ingest", "--json"]));
    assert!(made["token"].as_str().unwrap().starts_with("rh_"));
    let listed = out(&daemon.cli(&["token", "list"]));
    assert!(
        listed.contains("pbx") && listed.contains("ingest"),
        "{listed}"
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        daemon.cli(&["token", "revoke", id, "--yes"]).status.code(),
        Some(0)
    );
}

#[test]
fn exit_codes_say_what_happened() {
    let daemon = Daemon::start();
    let receiver = Receiver::scripted(|_, _| Reaction::Status(500));
    daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    let check = |arguments: &[&str], expected: i32| {
        let output = daemon.cli(arguments);
        let said = format!("{}{}", out(&output), err(&output));
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{arguments:?}: {said}"
        );
    };
    check(&["test", "CRM"], 1);
    check(&["endpoint"], 2);
    check(&["endpoint", "show", "Nobody"], 3);
    check(&["send", "Bad Type", "--sample"], 7);
    check(
        &[
            "endpoint", "add", "ftp://x/", "--title", "X", "--event", "*",
        ],
        7,
    );
    let nobody = command()
        .args(["status", "--socket", "/nowhere/x.sock"])
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(4), "{nobody:?}");
    assert!(err(&nobody).contains("Try:"), "{}", err(&nobody));

    let read = daemon.token("read");
    let denied = command()
        .args([
            "token",
            "list",
            "--server",
            &format!("http://{}", daemon.address),
        ])
        .env("RINGHOOK_TOKEN", read)
        .output()
        .unwrap();
    assert_eq!(denied.status.code(), Some(5), "{denied:?}");
}
