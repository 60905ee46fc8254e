//! Names, connections and handshakes that fail, and what the settings of TLS make of them.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringhook::cli::receiver::{Act, Script, Step};
use ringhook::domain::attempt::ErrorKind::{self, Blocked, Connect, Dns, Protocol, Timeout, Tls};
use ringhook::domain::attempt::Phase;
use ringhook::domain::certificate::Certificate;
use ringhook::domain::endpoint::Tls as Settings;
use ringhook::domain::pem;
use ringhook::send::Transport as _;
use ringhook::send::http::HttpTransport;
use rustls::ServerConfig;

use crate::certificates::{
    CA, CLIENT, EARLY, EXPIRED, FOREIGN, GOOD, OTHER, SELF_SIGNED, server,
    server_for_known_clients, terms, without_key,
};
use crate::world::{LIMIT_MS, client, options, receiver, request};

/// Ends the test unless a request ends with that kind and these words, in time.
fn check(client: &HttpTransport, url: &str, tls: &Settings, kind: ErrorKind, words: &[&str]) {
    let begun = Instant::now();
    let error = client
        .send(&request(url, terms(tls)), 4)
        .result
        .unwrap_err();
    let took = begun.elapsed();
    assert!(
        took < Duration::from_millis(u64::from(LIMIT_MS) + 4_000),
        "{url}: {took:?}"
    );
    assert_eq!(error.kind, kind, "{words:?}: {}", error.message);
    for part in words {
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }
}

/// Whether a request arrives.
fn arrives(client: &HttpTransport, url: &str, tls: &Settings) -> Result<u16, String> {
    let sent = client.send(&request(url, terms(tls)), 4);
    sent.result
        .map(|reply| reply.status)
        .map_err(|error| error.message)
}

#[test]
fn names_and_connections_that_fail_say_how() {
    let (client, none) = (client(options()), Settings::default());
    let check = |url: &str, kind, words: &[&str]| check(&client, url, &none, kind, words);
    check(
        "http://nobody.example/",
        Dns,
        &["the name nobody.example does not exist"],
    );
    check(
        "https://nobody.example/",
        Dns,
        &["the name nobody.example does not exist"],
    );
    check(
        "http://empty.example/",
        Dns,
        &["the name empty.example has no address"],
    );
    check("http://169.254.169.254/latest", Blocked, &["metadata"]);
    check("http://[ff02::1]/", Blocked, &["multicast"]);
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let refused = format!("connection refused by {address}");
    check(&format!("http://{address}/"), Connect, &[&refused]);
    check(&format!("https://{address}/"), Connect, &[&refused]);
}

#[test]
fn a_host_that_takes_no_connection_is_left_in_time() {
    // A listener whose queue is full drops what comes: it looks like a host that is off.
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let address = full.local_addr().unwrap();
    let patience = Duration::from_millis(200);
    let waiting: Vec<_> = (0..64)
        .map_while(|_| TcpStream::connect_timeout(&address, patience).ok())
        .collect();
    let client = client(options());
    let error = client
        .send(&request(&format!("http://{address}/"), None), 4)
        .result;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind, error.phase),
        (Connect, Phase::Connect),
        "{}",
        error.message
    );
    assert!(
        error.message.contains("no connection to"),
        "{}",
        error.message
    );
    drop(waiting);
}

#[test]
fn a_name_that_takes_long_ends_with_the_attempt() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = HttpTransport::with_look_up(options(), move |_| {
        // Until the test ends.
        let _ = held.lock().unwrap().recv();
        Ok(Vec::new())
    })
    .unwrap();
    let none = Settings::default();
    check(
        &client,
        "http://slow.example/",
        &none,
        Timeout,
        &["slow.example", "in time"],
    );
    drop(hold);
}

/// What a receiver does instead of agreeing, and words to expect.
type Failing = (fn() -> Step, &'static str);

#[test]
fn handshakes_that_fail_say_how() {
    const ALERT: &[u8] = b"\x15\x03\x03\0\x02\x02";
    fn say(bytes: &'static [u8]) -> Step {
        Step::at_once("…").say(bytes).then(Act::Hang)
    }
    let cases: [Failing; 9] = [
        (
            || say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "is not TLS; is it plain http?",
        ),
        (|| say(b"220 mail.example ESMTP\r\n"), "is not TLS"),
        (|| say(ALERT).say(b"\x28"), ""),
        (
            || say(b"\x15\x03\x03\0\x02\x02\x28"),
            "nothing that is safe enough (HandshakeFailure)",
        ),
        (
            || say(b"\x15\x03\x01\0\x02\x02\x46"),
            "nothing that is safe enough (ProtocolVersion)",
        ),
        (|| say(b"\x16\x03\x03\0\x04\x02\0\0\0"), "not TLS"),
        (
            || Step::at_once("…").then(Act::Close),
            "closed the connection instead of agreeing",
        ),
        (
            || Step::at_once("…").then(Act::Deaf),
            "no agreement with 127.0.0.1:",
        ),
        (
            || {
                Step::at_once("…").then(Act::Drip(
                    b"\x16\x03\x03\x20\0".into(),
                    Duration::from_millis(100),
                ))
            },
            "",
        ),
    ];
    let (client, none) = (client(options()), Settings::default());
    for (step, words) in cases {
        let receiver = receiver(Script::always(step()), None);
        let url = format!("https://{}/", receiver.address());
        check(&client, &url, &none, Tls, &["TLS: ", words]);
        receiver.stop();
    }
    // And TLS where http is spoken.
    let secure = receiver(Script::always(Step::status(200)), Some(server(GOOD)));
    let url = format!("http://{}/", secure.address());
    check(
        &client,
        &url,
        &none,
        Protocol,
        &["the answer is not HTTP/1.1"],
    );
    secure.stop();
}

/// A receiver with that certificate, and its URL.
fn secure(config: Arc<ServerConfig>) -> (ringhook::cli::receiver::Receiver, String) {
    let receiver = receiver(Script::always(Step::status(200)), Some(config));
    let url = format!("https://127.0.0.1:{}/", receiver.address().port());
    (receiver, url)
}

#[test]
fn certificates_that_do_not_hold_are_named() {
    let (client, none) = (client(options()), Settings::default());
    let cases: [(&str, &[&str]); 5] = [
        (
            EXPIRED,
            &[
                "the certificate expired on 2021-01-01",
                "issued by \"Test CA\"",
            ],
        ),
        (
            EARLY,
            &["is not valid before 2120-01-01", "check the clocks"],
        ),
        (
            OTHER,
            &["for another name than 127.0.0.1", "it is for other.example"],
        ),
        (
            SELF_SIGNED,
            &[
                "it signed itself",
                "trust it with policy.tls.ca_pem (--ca-file)",
            ],
        ),
        (
            FOREIGN,
            &["unknown issuer \"Foreign CA\"", "a private CA of yours"],
        ),
    ];
    for (pem, words) in cases {
        let (receiver, url) = secure(server(pem));
        check(&client, &url, &none, Tls, words);
        // What is not checked is taken.
        let insecure = Settings {
            insecure: true,
            ..Settings::default()
        };
        assert_eq!(arrives(&client, &url, &insecure), Ok(200), "{words:?}");
        receiver.stop();
    }
}

/// The hash of the key of the first certificate of a PEM.
fn pin(text: &str) -> String {
    let shown = Certificate::read(&pem::blocks(text).unwrap()[0].der).unwrap();
    shown
        .key_sha256
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn an_endpoint_trusts_what_it_is_told_to_and_no_more() {
    let client = client(options());
    let text = |text: &str| Some(text.to_owned());
    // Its own certificate, which no chain would lead to.
    let own = Settings {
        ca_pem: Some(without_key(SELF_SIGNED)),
        ..Settings::default()
    };
    let (signed_itself, url) = secure(server(SELF_SIGNED));
    assert_eq!(arrives(&client, &url, &own), Ok(200));
    signed_itself.stop();
    let (expired, url) = secure(server(EXPIRED));
    let known = Settings {
        ca_pem: Some(without_key(EXPIRED)),
        ..Settings::default()
    };
    check(&client, &url, &known, Tls, &["expired on 2021-01-01"]);
    expired.stop();

    // A pin counts on top of everything else, and alone where nothing else does.
    let (good, url) = secure(server(GOOD));
    let pinned = |hash: String, insecure| Settings {
        pin_sha256: Some(hash),
        insecure,
        ..Settings::default()
    };
    assert_eq!(arrives(&client, &url, &pinned(pin(GOOD), false)), Ok(200));
    assert_eq!(
        arrives(&client, &url, &own),
        Ok(200),
        "the CA of all still counts"
    );
    for insecure in [false, true] {
        let wrong = pinned(pin(OTHER), insecure);
        check(
            &client,
            &url,
            &wrong,
            Tls,
            &["not the pinned one", &pin(GOOD)],
        );
    }
    good.stop();
    let (foreign, url) = secure(server(FOREIGN));
    assert_eq!(arrives(&client, &url, &pinned(pin(FOREIGN), true)), Ok(200));
    check(
        &client,
        &url,
        &pinned(pin(FOREIGN), false),
        Tls,
        &["unknown issuer"],
    );
    foreign.stop();

    // A receiver that wants to know who comes.
    let (asking, url) = secure(server_for_known_clients(GOOD));
    let as_client = |pem: &str| Settings {
        client_pem: text(pem),
        ..Settings::default()
    };
    assert_eq!(arrives(&client, &url, &as_client(CLIENT)), Ok(200));
    assert!(arrives(&client, &url, &Settings::default()).is_err());
    assert!(arrives(&client, &url, &as_client(FOREIGN)).is_err());
    asking.stop();
}

#[test]
fn connections_are_shared_by_the_same_settings_only() {
    let client = client(options());
    let (receiver, url) = secure(server(GOOD));
    let settings = [
        Settings::default(),
        Settings {
            ca_pem: Some(CA.to_owned()),
            ..Settings::default()
        },
        Settings {
            insecure: true,
            ..Settings::default()
        },
    ];
    for _ in 0..3 {
        for tls in &settings {
            assert_eq!(arrives(&client, &url, &tls.clone()), Ok(200));
        }
    }
    assert_eq!(receiver.connections(), 3);
    receiver.stop();
}

#[test]
fn settings_that_cannot_be_used_are_found_when_they_are_saved() {
    let checker = client(options()).checker();
    let mixed = format!(
        "{}{}",
        without_key(CLIENT),
        &GOOD[without_key(GOOD).len()..]
    );
    for (tls, expected) in [
        (
            Settings {
                client_pem: Some(CLIENT.to_owned()),
                ..Settings::default()
            },
            None,
        ),
        (
            Settings {
                ca_pem: Some(CA.to_owned()),
                ..Settings::default()
            },
            None,
        ),
        (
            Settings {
                client_pem: Some(mixed),
                ..Settings::default()
            },
            Some(("policy.tls.client_pem", "not that of its first certificate")),
        ),
    ] {
        assert_eq!(tls.check(), []);
        let found = checker.check_tls(&tls);
        let got = found
            .first()
            .map(|error| (error.field.as_str(), error.message.as_str()));
        match (got, expected) {
            (None, None) => {}
            (Some((field, message)), Some((expected, words))) => {
                assert_eq!(field, expected);
                assert!(message.contains(words), "{message}");
            }
            (got, _) => panic!("{got:?}"),
        }
    }
}
