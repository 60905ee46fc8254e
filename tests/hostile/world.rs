//! What all of these tests are made of: a client, its requests, and receivers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ringhook::cli::receiver::{Manner, Receiver, Script};
use ringhook::clock::Clock;
use ringhook::domain::address::{EgressEntry, EgressRule};
use ringhook::domain::attempt::Request;
use ringhook::domain::endpoint::TlsTerms;
use ringhook::domain::time::Tick;
use ringhook::send::http::{HttpOptions, HttpTransport};
use rustls::ServerConfig;

use crate::certificates::CA;

/// A whole attempt of these tests may take so long, and connecting half of it.
pub const LIMIT_MS: u32 = 3_000;

/// Everything on this machine is open.
pub fn options() -> HttpOptions {
    HttpOptions {
        connect_timeout_ms: LIMIT_MS / 2,
        egress: rule(true, &[]),
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

/// A client for which every name is this machine.
pub fn client(options: HttpOptions) -> HttpTransport {
    HttpTransport::with_look_up(options, |name| match name {
        "nobody.example" => Err(io::Error::other("Name or service not known")),
        "empty.example" => Ok(Vec::new()),
        _ => Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]),
    })
    .unwrap()
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
