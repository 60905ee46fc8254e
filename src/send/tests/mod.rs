//! The client against real servers on this machine, and the pool over a scripted transport.

mod bad_receivers;
mod https;
mod jobs;
mod names;
mod receivers;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Transport;
use super::http::{HttpOptions, HttpTransport};
use super::names::{Names, TIMES};
use super::own_receiver::OwnReceiver;
use super::tls::Tls;
use crate::domain::address::EgressRule;
use crate::domain::attempt::Request;

/// A receiver with a behaviour of its own; it lives as long as the test process.
struct Server {
    address: SocketAddr,
    /// Connections accepted so far.
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Runs `act` for each connection, on a thread of its own.
    fn start(act: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let act = Arc::new(act);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let number = counter.fetch_add(1, Ordering::SeqCst);
                let act = Arc::clone(&act);
                thread::spawn(move || act(&mut stream, number));
            }
        });
        Self {
            address,
            connections,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn url(&self) -> String {
        format!("http://{}/hook?token=hidden", self.address)
    }
}

/// Reads one request; None when the connection ended before it was complete.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then_some(value)
            });
            if body.len() >= length.map_or(0, |value| value.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

/// Answers every request of the connection with `answer`.
fn answer_all(stream: &mut TcpStream, answer: &str) {
    while read_request(stream).is_some() {
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Waits until the other side closes the connection.
fn hang(stream: &mut TcpStream) {
    let mut sink = [0; 4096];
    while stream.read(&mut sink).is_ok_and(|count| count > 0) {}
}

fn options() -> HttpOptions {
    HttpOptions {
        connect_timeout_ms: 2000,
        egress: EgressRule {
            private: true,
            ..EgressRule::default()
        },
        own_receiver: OwnReceiver::default(),
        ca_pem: None,
        proxy: None,
        user_agent: "ringhook/0".into(),
    }
}

/// A client for which every name is this machine.
fn client() -> HttpTransport {
    let here = |_: &str| Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]);
    HttpTransport::with(options(), Names::with(TIMES, here), Tls::new(None).unwrap())
}

fn request(url: &str, timeout_ms: u32) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        url: url.into(),
        headers: vec![
            header("Content-Type", "application/json"),
            header("User-Agent", "ringhook/1"),
            header("X-CALLTRACKING-SIGNATURE", "59ba45"),
            header("webhook-id", "evt_1"),
        ],
        body: Arc::from(*b"{\"data\":{}}"),
        timeout_ms,
        tls: None,
    }
}

fn send(client: &HttpTransport, url: &str, timeout_ms: u32) -> super::Sent {
    client.send(&request(url, timeout_ms), 4)
}
