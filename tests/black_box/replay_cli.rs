//! `ringhook replay` as an operator types it.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An endpoint CRM for which three calls failed.
fn after_an_outage(daemon: &Daemon) -> (Receiver, Vec<String>) {
    let receiver = Receiver::scripted(|number, _| match number < 3 {
        true => Reaction::Status(500),
        false => Reaction::Status(200),
    });
    let fields = json!({"title": "CRM", "policy": {"attempts": 1}});
    daemon.add_endpoint(&receiver.url(), &fields);
    let ids = ["1", "2", "3"].map(|call| {
        let posted = daemon.post("call:missed", &json!({"id": call}));
        let id = posted["id"].as_str().unwrap().to_owned();
        daemon.delivery_in_state(&id, "failed");
        id
    });
    (receiver, ids.to_vec())
}

#[test]
fn a_window_is_counted_asked_for_and_followed_to_its_end() {
    let daemon = Daemon::start();
    let (receiver, _) = after_an_outage(&daemon);
    let replay = |rest: &[&str]| daemon.cli(&[&["replay", "--endpoint", "CRM"], rest].concat());
    let counted = replay(&["--dry-run", "--since", "1h"]);
    assert_eq!(counted.status.code(), Some(0), "{}", err(&counted));
    let said = out(&counted);
    assert!(
        said.starts_with("3 deliveries of CRM did not arrive (oldest call:missed"),
        "{said}"
    );
    let machine = replay(&["--dry-run", "--json"]);
    let machine: Value = serde_json::from_str(&out(&machine)).unwrap();
    assert_eq!(machine["count"], 3);
    assert_eq!(receiver.received().len(), 3, "a dry run sends nothing");
    assert_eq!(replay(&[]).status.code(), Some(2), "asks --yes");
    let done = replay(&["--yes", "--rate", "50/s"]);
    assert_eq!(done.status.code(), Some(0), "{}{}", out(&done), err(&done));
    assert!(
        out(&done).contains("3 of 3  ok 3  failed 0  waiting 0"),
        "{}",
        out(&done)
    );
    receiver.wait_for(6);
    let nothing = replay(&["--yes"]);
    assert_eq!(nothing.status.code(), Some(0));
    assert!(err(&nothing).contains("0 deliveries"), "{}", err(&nothing));
    let listed = daemon.cli(&["replay", "list"]);
    assert!(
        out(&listed).contains("done") && out(&listed).contains("CRM"),
        "{}",
        out(&listed)
    );
    let id = daemon.cli(&["replay", "list", "--quiet"]);
    let id = out(&id).trim().to_owned();
    let shown = daemon.cli(&["replay", "show", &id]);
    assert_eq!(shown.status.code(), Some(0), "{}", err(&shown));
    let stopped = daemon.cli(&["replay", "stop", &id]);
    assert!(
        err(&stopped).contains("It had ended: done"),
        "{}",
        err(&stopped)
    );
    assert_eq!(
        daemon.cli(&["replay", "show", "rpl_1"]).status.code(),
        Some(3)
    );
}

#[test]
fn a_replay_is_stopped_from_another_terminal() {
    let daemon = Daemon::start();
    let (_receiver, _) = after_an_outage(&daemon);
    let slow = [
        "replay",
        "--endpoint",
        "CRM",
        "--rate",
        "1/h",
        "--yes",
        "--quiet",
    ];
    let started = daemon.cli(&slow);
    assert_eq!(
        started.status.code(),
        Some(7),
        "1/h is too slow: {}",
        err(&started)
    );
    let slow = [
        "replay",
        "--endpoint",
        "CRM",
        "--rate",
        "1/min",
        "--yes",
        "--quiet",
    ];
    let id = out(&daemon.cli(&slow)).trim().to_owned();
    assert!(id.starts_with("rpl_"), "{id}");
    let again = daemon.cli(&slow);
    assert_eq!(
        again.status.code(),
        Some(6),
        "one is running: {}",
        err(&again)
    );
    let stopped = daemon.cli(&["replay", "stop", &id]);
    assert_eq!(stopped.status.code(), Some(0), "{}", err(&stopped));
    assert!(
        err(&stopped).contains("stopped by hand"),
        "{}",
        err(&stopped)
    );
    let shown = daemon.cli(&["replay", "show", &id]);
    assert_eq!(shown.status.code(), Some(1), "not all of it arrived");
}

#[test]
fn events_go_again_by_their_ids() {
    let daemon = Daemon::start();
    let (receiver, ids) = after_an_outage(&daemon);
    let sent = daemon.cli(&["replay", &ids[0], &ids[1], "--endpoint", "CRM"]);
    assert_eq!(sent.status.code(), Some(0), "{}", err(&sent));
    assert_eq!(
        out(&sent).matches("goes to CRM as dlv_").count(),
        2,
        "{}",
        out(&sent)
    );
    receiver.wait_for(5);
    daemon.cli(&["endpoint", "edit", "CRM", "--event", "lead:created"]);
    let sent = daemon.cli(&["replay", &ids[2]]);
    assert_eq!(sent.status.code(), Some(1));
    assert!(
        out(&sent).contains("matches no endpoint now"),
        "{}",
        out(&sent)
    );
    daemon.cli(&["endpoint", "disable", "CRM"]);
    let sent = daemon.cli(&["replay", &ids[2], "--endpoint", "CRM"]);
    assert!(out(&sent).contains("is disabled"), "{}", out(&sent));
    assert_eq!(daemon.cli(&["replay", "evt_1"]).status.code(), Some(3));
}
