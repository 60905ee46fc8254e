//! A receiver on loopback that keeps what it gets and answers as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

use super::{PATIENCE, verify};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path of the request line.
    pub path: String,
    /// Names in the letter case of the wire.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Vec<u8>,
}

impl Received {
    /// The header of exactly that letter case.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Ends the test unless both signatures are right.
    pub fn verified_with(self, key: &str) -> Self {
        let first = self.header("X-CALLTRACKING-SIGNATURE");
        assert!(verify::calltracking(key, first, &self.body), "{self:?}");
        let (id, seconds) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let second = self.header("webhook-signature");
        assert!(
            verify::standard(key, second, id, seconds, &self.body),
            "{self:?}"
        );
        self
    }
}

/// What to answer: a whole HTTP answer, or nothing at all.
pub enum Reaction {
    /// A status with an empty body.
    Status(u16),
    /// These bytes; then the connection is closed.
    Raw(Vec<u8>),
    /// No answer; the connection stays open until the receiver is dropped.
    Hang,
}

type Script = dyn Fn(usize, &Received) -> Reaction + Send + Sync;

struct Inside {
    received: Mutex<Vec<Received>>,
    changed: Condvar,
    script: Box<Script>,
    keeps: bool,
    hanging: Mutex<Vec<TcpStream>>,
}

/// A receiver on a free port.
pub struct Receiver {
    inside: Arc<Inside>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Receiver {
    /// Answers 200 to everything.
    pub fn start() -> Self {
        Self::scripted(|_, _| Reaction::Status(200))
    }

    /// Asks the script for each request: its number from 0, and what arrived.
    pub fn scripted(script: impl Fn(usize, &Received) -> Reaction + Send + Sync + 'static) -> Self {
        Self::with(true, script)
    }

    /// Shows each request to `see` and forgets it, for many of them. Answers 200.
    pub fn forgetful(see: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        Self::with(false, move |_, request| {
            see(request);
            Reaction::Status(200)
        })
    }

    fn with(
        keeps: bool,
        script: impl Fn(usize, &Received) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Inside {
            received: Mutex::default(),
            changed: Condvar::new(),
            script: Box::new(script),
            keeps,
            hanging: Mutex::default(),
        });
        let shared = Arc::clone(&inside);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { inside, address }
    }

    /// A URL of it.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What has arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.inside.received.lock().unwrap().clone()
    }

    /// Waits until at least `count` requests have arrived.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let received = self.inside.received.lock().unwrap();
        let (received, timeout) = self
            .inside
            .changed
            .wait_timeout_while(received, PATIENCE, |received| received.len() < count)
            .unwrap();
        let arrived = received.len();
        assert!(
            !timeout.timed_out(),
            "{arrived} of {count} requests arrived in {PATIENCE:?}"
        );
        received.clone()
    }
}

impl Inside {
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(request) = read_request(&mut reader) {
            let number = {
                let mut received = self.received.lock().unwrap();
                if self.keeps {
                    received.push(request.clone());
                }
                received.len().saturating_sub(1)
            };
            let reaction = (self.script)(number, &request);
            self.changed.notify_all();
            match reaction {
                Reaction::Status(status) => {
                    let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n");
                    if stream.write_all(head.as_bytes()).is_err() {
                        return;
                    }
                }
                Reaction::Raw(bytes) => {
                    // The daemon may have hung up already, which is its right.
                    let _ = stream.write_all(&bytes);
                    return;
                }
                Reaction::Hang => return self.hanging.lock().unwrap().push(stream),
            }
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}
