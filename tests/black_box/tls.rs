//! TLS by endpoint, from the flag of a command to what a receiver sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Inbox, sync_channel};
use std::time::Duration;

use ringhook::cli::receiver::{Manner, Received, Receiver, Script, bind};
use ringhook::clock::Clock;
use ringhook::domain::time::Tick;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::support::daemon::Daemon;

const CA: &str = include_str!("../hostile/certificates/ca.pem");
const GOOD: &str = include_str!("../hostile/certificates/good.pem");
const CLIENT: &str = include_str!("../hostile/certificates/client.pem");

/// A receiver whose certificate is of a private CA, what it gets, and its URL.
fn receiver() -> (Receiver, Inbox<Received>, String) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_slice(GOOD.as_bytes()).unwrap();
    let own = CertificateDer::from_pem_slice(GOOD.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own], key)
        .unwrap();
    let manner = Manner {
        script: Script::parse("200").unwrap(),
        delay: Duration::ZERO,
        max: u64::MAX,
        clock: Clock::system(Tick(0)),
        tls: Some(Arc::new(config)),
    };
    let (sender, inbox) = sync_channel(64);
    let receiver = Receiver::start(bind(Some(0), 0).unwrap(), manner, sender, |got| got).unwrap();
    let url = format!("https://127.0.0.1:{}/hook", receiver.address().port());
    (receiver, inbox, url)
}

fn file(daemon: &Daemon, name: &str, text: &str) -> String {
    let path: PathBuf = daemon.data.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The exit code of a command, and all that it printed.
fn run(daemon: &Daemon, arguments: &[&str]) -> (Option<i32>, String) {
    let output = daemon.cli(arguments);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_private_ca_is_trusted_by_the_endpoint_that_names_it() {
    let (mut daemon, (receiver, inbox, url)) = (Daemon::start(), receiver());
    let (code, said) = run(&daemon, &["endpoint", "add", &url, "--title", "PBX"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&daemon, &["test", "PBX"]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "unknown issuer \"Test CA\"",
        "it is for crm.example, 127.0.0.1",
        "--ca-file",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let ca = file(&daemon, "ca.pem", CA);
    let (code, said) = run(&daemon, &["endpoint", "edit", "PBX", "--ca-file", &ca]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&daemon, &["test", "PBX"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, shown) = run(&daemon, &["endpoint", "show", "PBX"]);
    assert!(shown.contains("trusts 1 certificate of its own"), "{shown}");
    // It is kept, and deliveries use it, too.
    assert_eq!(daemon.stop(), Some(0));
    daemon.start_again();
    let event = daemon.post("call:missed", &json!({"id": "call-1"}));
    daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    assert_eq!(inbox.iter().take(2).count(), 2);
    receiver.stop();
}

#[test]
fn what_is_not_checked_is_said_for_as_long_as_it_is_so() {
    let (daemon, (receiver, _inbox, url)) = (Daemon::start(), receiver());
    let add = ["endpoint", "add", &url, "--title", "PBX", "--insecure"];
    let (code, said) = run(&daemon, &add);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("TLS NOT CHECKED"), "{said}");
    let (code, said) = run(&daemon, &["test", "PBX"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, list) = run(&daemon, &["endpoint", "list"]);
    assert!(list.contains("TLS IS NOT CHECKED"), "{list}");
    let reason = |daemon: &Daemon| {
        let page = daemon.api("GET", "/v1/endpoints", None).expect(200).json();
        page["items"][0]["reason"].clone()
    };
    assert!(
        reason(&daemon)
            .as_str()
            .unwrap()
            .contains("policy.tls.insecure")
    );
    let (code, said) = run(&daemon, &["endpoint", "edit", "PBX", "--unset", "insecure"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(reason(&daemon), Value::Null);
    assert_eq!(run(&daemon, &["test", "PBX"]).0, Some(1));
    receiver.stop();
}

#[test]
fn a_client_certificate_goes_in_and_never_comes_out() {
    let daemon = Daemon::start();
    let tls = json!({"client_pem": CLIENT, "pin_sha256": "ab".repeat(32)});
    let id = daemon.add_endpoint("https://127.0.0.1:1/", &json!({"policy": {"tls": tls}}));
    let path = format!("/v1/endpoints/{id}");
    let shown = daemon.endpoint(&id);
    assert_eq!(shown["policy"]["tls"]["client_pem"], "set");
    assert_eq!(shown["policy"]["tls"]["pin_sha256"], "ab".repeat(32));
    // What was read may be written back.
    let same = json!({"policy": {"tls": shown["policy"]["tls"]}});
    daemon.api("PATCH", &path, Some(&same)).expect(200);
    assert_eq!(daemon.endpoint(&id)["policy"]["tls"]["client_pem"], "set");
    let (certificate, _) = CLIENT.split_once("-----BEGIN PRIVATE").unwrap();
    let (_, key) = GOOD.split_once("-----BEGIN PRIVATE").unwrap();
    for (wrong, field) in [
        (json!({"client_pem": certificate}), "client_pem"),
        (
            json!({"client_pem": format!("{certificate}-----BEGIN PRIVATE{key}")}),
            "client_pem",
        ),
        (json!({"ca_pem": "nothing"}), "ca_pem"),
        (json!({"ca_pem": GOOD}), "ca_pem"),
        (json!({"pin_sha256": "ab"}), "pin_sha256"),
    ] {
        let patch = json!({"policy": {"tls": wrong}});
        let problem = daemon.api("PATCH", &path, Some(&patch)).expect(422).json();
        assert_eq!(
            problem["errors"][0]["field"],
            format!("policy.tls.{field}"),
            "{problem}"
        );
        assert!(!problem.to_string().contains("PRIVATE KEY"), "{problem}");
    }
    let none = json!({"policy": {"tls": null}});
    let after = daemon.api("PATCH", &path, Some(&none)).expect(200).json();
    assert_eq!(after["policy"]["tls"]["client_pem"], Value::Null);
}

#[test]
fn a_check_shows_the_certificate_and_takes_the_settings() {
    let (daemon, (receiver, _inbox, url)) = (Daemon::start(), receiver());
    let check = |tls: Value| {
        let body = json!({"url": url, "tls": tls});
        let answer = daemon.api("POST", "/v1/endpoints/check", Some(&body));
        answer.expect(200).json()["tls"].clone()
    };
    let unknown = check(Value::Null);
    assert_eq!(unknown["valid"], false);
    assert_eq!(unknown["certificate"]["issuer"], "Test CA");
    assert_eq!(
        unknown["certificate"]["names"],
        json!(["crm.example", "127.0.0.1"])
    );
    let pin = unknown["certificate"]["pin_sha256"].clone();
    let trusted = check(json!({"ca_pem": CA, "pin_sha256": pin}));
    assert_eq!(trusted["valid"], true, "{trusted}");
    assert_eq!(trusted["certificate"]["pin_sha256"], pin);
    assert_eq!(
        check(json!({"ca_pem": CA, "pin_sha256": "ab".repeat(32)}))["valid"],
        false
    );
    assert_eq!(receiver.requests(), 0, "nothing is sent");
    receiver.stop();
}
