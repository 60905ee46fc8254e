//! What all of these tests are made of: a client, its requests, and receivers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use ringhook::cli::receiver::{Manner, Receiver, Script, Step};
use ringhook::clock::Clock;
use ringhook::domain::address::{EgressEntry, EgressRule};
use ringhook::domain::attempt::Request;
use ringhook::domain::endpoint::TlsTerms;
use ringhook::domain::time::Tick;
use ringhook::send::Transport as _;
use ringhook::send::http::{HttpOptions, HttpTransport};
use ringhook::send::own_receiver::OwnReceiver;
use rustls::ServerConfig;

use crate::certificates::{CA, GOOD, server};

/// A whole attempt of these tests may take so long, and connecting a little less.
pub const LIMIT_MS: u32 = 3_000;

/// Everything on this machine is open.
pub fn options() -> HttpOptions {
    HttpOptions {
        connect_timeout_ms: LIMIT_MS - 500,
        egress: rule(true, &[]),
        own_receiver: OwnReceiver::default(),
        ca_pem: Some(CA.to_owned()),
        proxy: None,
        user_agent: "ringhook/0".to_owned(),
    }
}

pub fn rule(private: bool, allow: &[&str]) -> EgressRule {
    let parse = |line: &&str| EgressEntry::parse(line).unwrap();
    EgressRule {
        private,
        allow: allow.iter().map(parse).collect(),
        ..EgressRule::default()
    }
}

/// A client for which every name is this machine. It has read the system's roots already, which
/// takes its time in a test and would be a part of the first attempt.
pub fn client(options: HttpOptions) -> HttpTransport {
    let is_direct = options.proxy.is_none();
    let client = HttpTransport::with_look_up(options, |name| match name {
        "nobody.example" => Err(io::Error::other("Name or service not known")),
        "empty.example" => Ok(Vec::new()),
        _ => Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]),
    })
    .unwrap();
    if is_direct {
        let secure = receiver(Script::always(Step::status(200)), Some(server(GOOD)));
        arrives_in_the_end(&client, &format!("https://{}/", secure.address()));
        secure.stop();
    }
    client
}

/// Sends until it arrives.
pub fn arrives_in_the_end(client: &HttpTransport, url: &str) {
    let begun = Instant::now();
    while client.send(&request(url, None), 4).result.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{url}");
    }
}

pub fn request(url: &str, tls: Option<Arc<TlsTerms>>) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        url: url.into(),
        headers: vec![
            header("Content-Type", "application/json"),
            header("webhook-id", "evt_1"),
        ],
        body: Arc::from(*b"{\"data\":{}}"),
        timeout_ms: LIMIT_MS,
        tls,
    }
}

/// A receiver on a free port of that address; what it gets is nobody's.
pub fn receiver_at(address: &str, script: Script, tls: Option<Arc<ServerConfig>>) -> Receiver {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let manner = Manner {
        script,
        delay: Duration::ZERO,
        max: u64::MAX,
        clock: Clock::system(Tick(0)),
        tls,
    };
    let (sender, _) = sync_channel(1);
    Receiver::start(listener, manner, sender, |received| received).unwrap()
}

pub fn receiver(script: Script, tls: Option<Arc<ServerConfig>>) -> Receiver {
    receiver_at("127.0.0.1", script, tls)
}
