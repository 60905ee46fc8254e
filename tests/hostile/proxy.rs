//! `egress.proxy`: tunnels for https, whole URLs for http, and a proxy that does not do its part.

use std::sync::mpsc::{Receiver as Inbox, sync_channel};
use std::time::Duration;

use ringhook::cli::receiver::{self, Act, Manner, Received, Receiver, Script, Step};
use ringhook::clock::Clock;
use ringhook::domain::address::Proxy;
use ringhook::domain::attempt::ErrorKind::{self, Blocked, Connect, Timeout};
use ringhook::domain::time::Tick;
use ringhook::send::Transport as _;
use ringhook::send::http::HttpTransport;

use crate::world::{client, options, request, rule};

/// A proxy by script, what it was asked, and a client that goes through it.
fn through(script: Script, credentials: &str) -> (Receiver, Inbox<Received>, HttpTransport) {
    let (sender, inbox) = sync_channel(64);
    let manner = Manner {
        script,
        delay: Duration::ZERO,
        max: u64::MAX,
        clock: Clock::system(Tick(0)),
        tls: None,
    };
    let listener = receiver::bind(Some(0), 0).unwrap();
    let proxy = Receiver::start(listener, manner, sender, |received| received).unwrap();
    let mut options = options();
    let url = format!("http://{credentials}proxy.lan:{}", proxy.address().port());
    options.proxy = Some(Proxy::parse(&url).unwrap());
    options.egress = rule(true, &[]);
    (proxy, inbox, client(options))
}

#[test]
fn a_request_over_http_names_its_whole_url() {
    let (proxy, asked, client) = through(Script::always(Step::status(200)), "ana:b%40c@");
    for _ in 0..2 {
        let sent = client.send(&request("http://nobody.example:81/hook?a=b", None), 4);
        assert_eq!(sent.result.unwrap().status, 200);
        let got = asked.recv().unwrap();
        assert_eq!(
            (&*got.method, &*got.path),
            ("POST", "http://nobody.example:81/hook?a=b")
        );
        assert_eq!(got.header("host"), Some("nobody.example:81"));
        assert_eq!(
            got.header("proxy-authorization"),
            Some("Basic YW5hOmJAYw==")
        );
        assert_eq!(&got.body[..], b"{\"data\":{}}");
    }
    assert_eq!(proxy.connections(), 1);
    proxy.stop();
}

/// What a proxy answers, the kind that comes of it, and words to expect.
type Failing = (fn() -> Step, ErrorKind, &'static str);

#[test]
fn a_receiver_over_https_is_reached_through_a_tunnel_or_not() {
    let cases: [Failing; 5] = [
        (
            || Step::status(407),
            Connect,
            "wants a user name and password",
        ),
        (|| Step::status(503), Connect, "answered 503"),
        (
            || Step::after_request("…").then(Act::Close),
            Connect,
            "closed the connection",
        ),
        (
            || Step::after_request("…").say(b"hello\r\n\r\n"),
            Connect,
            "not HTTP/1.1",
        ),
        (
            || Step::after_request("…").then(Act::Hang),
            Connect,
            "did not answer in time",
        ),
    ];
    for (step, kind, words) in cases {
        let (proxy, asked, client) = through(Script::always(step()), "ana:secret@");
        let sent = client.send(&request("https://nobody.example/hook", None), 4);
        let error = sent.result.unwrap_err();
        assert!([kind, Timeout].contains(&error.kind), "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
        assert!(
            error.message.contains("nobody.example:443"),
            "{}",
            error.message
        );
        assert!(!error.message.contains("secret"), "{}", error.message);
        let got = asked.recv().unwrap();
        assert_eq!(
            (&*got.method, &*got.path),
            ("CONNECT", "nobody.example:443")
        );
        assert!(got.header("proxy-authorization").is_some());
        proxy.stop();
    }
}

#[test]
fn the_egress_rule_holds_for_the_proxy_and_for_literal_targets() {
    let (proxy, _asked, client) = through(Script::always(Step::status(200)), "");
    for url in [
        "http://169.254.169.254/latest",
        "https://[ff02::1]/",
        "http://[::ffff:169.254.169.254]/",
    ] {
        let error = client.send(&request(url, None), 4).result.unwrap_err();
        assert_eq!(error.kind, Blocked, "{url}: {}", error.message);
    }
    client.set_egress(rule(false, &[]));
    let error = client
        .send(&request("http://crm.example/", None), 4)
        .result
        .unwrap_err();
    assert_eq!(error.kind, Blocked, "{}", error.message);
    assert!(
        error.message.starts_with("the proxy http://proxy.lan:"),
        "{}",
        error.message
    );
    assert_eq!(proxy.connections(), 0);
    proxy.stop();
}
