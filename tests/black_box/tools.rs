//! The tools around the daemon: demo, verify and sign, the configuration and its reload.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::Connection;
use crate::support::daemon::{Daemon, command};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run(arguments: &[&str], exit: i32) -> Output {
    let output = command().args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {told}");
    output
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_demo_shows_what_becomes_of_deliveries_and_leaves_nothing() {
    let folder = TempDir::with_prefix("ringhook-test").unwrap();
    let output = command()
        .args(["demo", "--secs", "4", "--json"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> = out(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let has = |what: &str, receiver: &str| {
        let is = |line: &&Value| line["what"] == what && line["receiver"] == receiver;
        assert!(lines.iter().any(|line| is(&line)), "{what} {receiver}");
    };
    assert_eq!(lines[0]["what"], "started");
    has("delivered", "crm");
    has("retry", "broken");
    has("failed", "broken");
    has("superseded", "slow");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_sign_signs_verify_verifies() {
    let folder = TempDir::with_prefix("ringhook-test").unwrap();
    let (key, body) = (folder.path().join("key"), folder.path().join("body"));
    fs::write(&key, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    fs::write(&body, r#"{"data":{"id":"call-1"},"event":"call:missed"}"#).unwrap();
    let given = ["--key-file", text(&key), "--body", text(&body)];
    let signed = out(&run(&[&["sign"], &given[..]].concat(), 0));
    let headers: Vec<&str> = signed.lines().collect();
    assert_eq!(headers.len(), 4, "{signed}");
    let mut arguments = [&["verify"], &given[..]].concat();
    for header in &headers {
        arguments.extend(["--header", header]);
    }
    let valid = out(&run(&arguments, 0));
    assert_eq!(valid.matches("valid:").count(), 2, "{valid}");

    // The same JSON as a framework writes it again.
    fs::write(
        &body,
        r#"{"data": {"id": "call-1"}, "event": "call:missed"}"#,
    )
    .unwrap();
    let no_match = out(&run(&arguments, 1));
    assert_eq!(no_match.matches("no match").count(), 2, "{no_match}");
    assert!(
        no_match.contains("the same JSON without white space"),
        "{no_match}"
    );
    assert!(no_match.contains("raw bytes"), "{no_match}");

    // An old request is told from a wrong one.
    let mut old = [&["sign", "--now", "1614265330", "--id", "m"], &given[..]].concat();
    let signed = out(&run(&old, 0));
    old = [&["verify"], &given[..]].concat();
    for header in signed.lines().skip(1) {
        old.extend(["--header", header]);
    }
    let late = out(&run(&old, 1));
    assert!(late.contains("before the clock"), "{late}");
    run(&[&old[..], &["--now", "1614265330"]].concat(), 0);
    run(
        &[&["verify"], &given[..], &["-H", "x-other: 1"]].concat(),
        2,
    );
}

#[test]
fn verify_and_sign_know_the_key_of_an_endpoint() {
    let daemon = Daemon::start();
    let receiver = Receiver::start();
    let id = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
    let sent = daemon.post("call:missed", &json!({"id": "call-1"}));
    let received = receiver.wait_for(1).remove(0);
    let body = daemon.data.path().join("got.json");
    fs::write(&body, &received.body).unwrap();
    let header = |name: &str| format!("{name}: {}", received.header(name));
    let names = [
        "X-CALLTRACKING-SIGNATURE",
        "webhook-id",
        "webhook-timestamp",
    ];
    let headers = names.map(header);
    let signature = header("webhook-signature");
    let mut arguments = vec!["verify", "--endpoint", "CRM", "--body", text(&body)];
    for header in headers.iter().chain([&signature]) {
        arguments.extend(["-H", header]);
    }
    let verified = daemon.cli(&arguments);
    let told = out(&verified);
    assert_eq!(verified.status.code(), Some(0), "{told}");
    assert!(told.contains("the current key of CRM"), "{told}");

    daemon.delivery_in_state(sent["id"].as_str().unwrap(), "delivered");
    let shown = daemon.cli(&["deliveries", "--endpoint", "CRM", "--state", "delivered"]);
    assert!(out(&shown).contains("call:missed"), "{}", out(&shown));
    let listed = daemon.cli(&["deliveries", "list", "--endpoint", &id, "--quiet"]);
    let delivery = out(&listed);
    let one = daemon.cli(&["deliveries", "show", delivery.trim()]);
    assert!(out(&one).contains("tried once"), "{}", out(&one));
    let unknown = daemon.cli(&["deliveries", "show", "dlv_1"]);
    assert_eq!(unknown.status.code(), Some(3));
}

#[test]
fn the_default_file_is_written_checked_and_served() {
    let folder = TempDir::with_prefix("ringhook-test").unwrap();
    let file = folder.path().join("etc/ringhook.toml");
    run(&["config", "init", "--config", text(&file)], 0);
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written, out(&run(&["config", "init", "--stdout"], 0)));
    run(&["config", "init", "--config", text(&file)], 6);
    let right = out(&run(&["config", "check", text(&file)], 0));
    assert!(right.contains("is right"), "{right}");

    let changed = written.replace("# timeout = \"15s\"", "timeout = \"20s\"");
    fs::write(&file, &changed).unwrap();
    let place = 1 + changed
        .lines()
        .position(|line| line.starts_with("timeout"))
        .unwrap();
    let shown = command()
        .args(["config", "show", "--origin", "--config", text(&file)])
        .env("RINGHOOK_LOG_LEVEL", "debug")
        .output()
        .unwrap();
    let shown = out(&shown);
    let row = |key: &str| {
        let found = shown.lines().find(|line| line.starts_with(key));
        let words = found.unwrap_or_else(|| panic!("no {key}: {shown}"));
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let origin = format!("delivery.timeout 20s file {}:{place}", text(&file));
    assert_eq!(row("delivery.timeout"), origin);
    assert_eq!(
        row("log.level"),
        "log.level debug environment RINGHOOK_LOG_LEVEL"
    );
    assert_eq!(row("http.listen"), "http.listen 127.0.0.1:7464 default");

    fs::write(&file, changed.replace("\"20s\"", "\"20\"")).unwrap();
    let output = run(&["config", "check", text(&file)], 7);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains(&format!("line {place}")), "{told}");
}

/// A daemon that reads a file of ours.
struct Serving {
    child: Child,
    folder: TempDir,
}

impl Serving {
    fn start(file: &str) -> Self {
        let folder = TempDir::with_prefix("ringhook-test").unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("ringhook.toml"), file).unwrap();
        let child = command()
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(path("ringhook.toml"))
            .arg("--data")
            .arg(folder.path())
            .arg("--socket")
            .arg(path("ringhook.sock"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        let serving = Self { child, folder };
        // The log's first line may be a signal's: the API answers once signals are heard.
        until("the daemon to be ready", || {
            serving
                .folder
                .path()
                .join("ringhook.sock")
                .exists()
                .then_some(())
        });
        until("the daemon to answer", || serving.setting("log.level"));
        serving
    }

    /// A setting as `GET /v1/config` shows it.
    fn setting(&self, key: &str) -> Option<Value> {
        let mut connection = Connection::unix(&self.folder.path().join("ringhook.sock"));
        let shown = connection.call("GET", "/v1/config", &[], None)?.json();
        let items = shown["items"].as_array()?.clone();
        items.into_iter().find(|item| item["key"] == key)
    }

    fn reload(&self, file: &str) {
        fs::write(self.folder.path().join("ringhook.toml"), file).unwrap();
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-HUP", &pid]).status();
        assert!(status.unwrap().success());
    }

    fn wait_for_log(&self, part: &str) {
        until(&format!("the log to say {part}"), || {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            log.contains(part).then_some(())
        });
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_hangup_takes_over_what_is_right_and_nothing_of_a_mistake() {
    let serving = Serving::start("[delivery]\ntimeout = \"60s\"\n");
    let setting = serving.setting("delivery.timeout").unwrap();
    assert_eq!(setting["value"], "1m");
    assert_eq!(setting["reloadable"], true);
    let origin = setting["origin"].as_str().unwrap();
    assert!(origin.ends_with("ringhook.toml:2"), "{origin}");
    let listen = serving.setting("http.listen").unwrap();
    assert_eq!(listen["origin"], "flag --listen");
    assert_eq!(listen["reloadable"], false);

    let receiver = Receiver::scripted(|_, _| Reaction::Hang);
    let body = json!({"title": "Hanging", "url": receiver.url(), "events": ["*"]}).to_string();
    let call = |method: &str, path: &str, body: &str| {
        let mut connection = Connection::unix(&serving.folder.path().join("ringhook.sock"));
        let body = (!body.is_empty()).then_some(body);
        connection.call(method, path, &[], body).unwrap().json()
    };
    let added = call("POST", "/v1/endpoints", &body);
    let path = format!("/v1/endpoints/{}", added["id"].as_str().unwrap());
    assert_eq!(added["policy"]["timeout_ms"], 60_000);

    serving.reload("[delivery]\ntimeout = \"1s\"\nthreads = 7\n[log]\nlevel = \"debug\"\n");
    serving.wait_for_log("delivery.timeout = 1s");
    serving.wait_for_log("delivery.threads has changed and needs a restart");
    assert_eq!(serving.setting("delivery.timeout").unwrap()["value"], "1s");
    assert_eq!(serving.setting("delivery.threads").unwrap()["value"], "64");
    assert_eq!(serving.setting("log.level").unwrap()["value"], "debug");
    assert_eq!(call("GET", &path, "")["policy"]["timeout_ms"], 1_000);
    // The endpoint that was there before is sent to by the new timeout.
    let tested = call(
        "POST",
        &format!("{path}/test"),
        r#"{"event":"call:missed"}"#,
    );
    assert_eq!(tested["error"]["kind"], "timeout", "{tested}");

    serving.reload("[delivery]\ntimeout = \"2\"\nretry_plan = []\n[http]\nport = 1\n");
    serving.wait_for_log("the configuration stays as it was");
    let log = fs::read_to_string(serving.folder.path().join("log")).unwrap();
    for part in ["line 2", "line 3", "line 5"] {
        assert!(log.contains(part), "{log}");
    }
    assert_eq!(serving.setting("delivery.timeout").unwrap()["value"], "1s");
}

#[test]
fn the_service_manager_is_told() {
    let folder = TempDir::with_prefix("ringhook-test").unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let told = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).expect("a notice");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    let mut daemon = Daemon::start_with(&[("NOTIFY_SOCKET", text(&path))]);
    assert_eq!(told(), "READY=1");
    let pid = daemon.pid().to_string();
    let status = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(status.unwrap().success());
    assert_eq!(told(), "RELOADING=1");
    assert_eq!(told(), "READY=1");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(told(), "STOPPING=1");
}
