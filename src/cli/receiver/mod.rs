//! The receiver of `listen`, `demo` and the tests of the client: a small program over plain
//! sockets that answers by a script, or misbehaves by it, and hands on what it got. It verifies
//! nothing and prints nothing.

mod script;
mod wire;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use rustls::ServerConfig;

use crate::clock::Clock;
use crate::domain::time::Timestamp;
pub use script::{Act, Script, Step};
use wire::{End, NoRequest, Request, Wire};

/// Connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long open connections may take to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long nothing is accepted when there are no descriptors left.
const BREATH: Duration = Duration::from_millis(50);
/// Ports that are tried after the usual one.
const PORTS: u16 = 20;
/// Requests are small, and so is what is done with them.
const STACK_BYTES: usize = 256 * 1024;

/// One request as it came, and how it was answered.
#[derive(Clone, Debug)]
pub struct Received {
    /// When it had arrived.
    pub at: Timestamp,
    /// `POST`
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: Bytes,
    /// The status of the answer, or another word for what was done: `timeout`.
    pub answer: String,
    /// From its arrival to the answer.
    pub took_ms: u64,
}

impl Received {
    /// The first header of that name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the receiver does with requests.
#[derive(Clone)]
pub struct Manner {
    /// One step for each.
    pub script: Script,
    /// How long each answer waits.
    pub delay: Duration,
    /// How many are taken; later ones get 503, so that none is answered and not shown.
    pub max: u64,
    /// For the times.
    pub clock: Clock,
    /// Speaks TLS with that.
    pub tls: Option<Arc<ServerConfig>>,
}

/// A receiver, running on threads of its own.
pub struct Receiver {
    address: SocketAddr,
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
}

/// Takes a loopback port: the one that is named, or the usual one or the next that is free.
pub fn bind(named: Option<u16>, usual: u16) -> std::io::Result<TcpListener> {
    let ports = match named {
        Some(port) => port..=port,
        None => usual..=usual + PORTS,
    };
    let mut last = None;
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

impl Receiver {
    /// Starts to answer. `deliver` is called for each request before its answer goes out; when
    /// nobody takes what it sends, answering waits.
    pub fn start<T: Send + 'static>(
        listener: TcpListener,
        manner: Manner,
        inbox: SyncSender<T>,
        wrap: fn(Received) -> T,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            manner,
            taken: AtomicU64::new(0),
            // A receiver whose printer has gone has nobody to answer for; it ends with it.
            deliver: Box::new(move |received| drop(inbox.send(wrap(received)))),
            end: End::default(),
            lines: Mutex::default(),
            ended: Condvar::new(),
        });
        let own = Arc::clone(&desk);
        let thread = thread::Builder::new()
            .name("receiver".into())
            .spawn(move || own.accept(&listener))?;
        Ok(Self {
            address,
            desk,
            thread,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.desk.lines().accepted
    }

    /// Requests that were read so far.
    pub fn requests(&self) -> u64 {
        self.desk.taken.load(Ordering::Relaxed)
    }

    /// Lets open connections end, for a second, and ends.
    pub fn stop(self) {
        self.desk.end.come();
        // Wakes the thread that accepts; it looks at the end before it serves.
        drop(TcpStream::connect(self.address));
        // It fails only when it has ended already.
        let _ = self.thread.join();
        let lines = self.desk.lines();
        lines.open.values().for_each(wire::read_no_more);
        let waited = self
            .desk
            .ended
            .wait_timeout_while(lines, FAREWELL, |lines| !lines.open.is_empty());
        let lines = waited.unwrap_or_else(PoisonError::into_inner).0;
        lines.open.values().for_each(wire::cut);
    }
}

struct Desk {
    manner: Manner,
    taken: AtomicU64,
    deliver: Box<dyn Fn(Received) + Send + Sync>,
    end: End,
    lines: Mutex<Lines>,
    /// A connection has ended.
    ended: Condvar,
}

#[derive(Default)]
struct Lines {
    accepted: u64,
    open: HashMap<u64, TcpStream>,
}

impl Desk {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let is_full = |lines: &mut Lines| lines.open.len() >= CONNECTIONS_MAX;
            let place = self.ended.wait_while(self.lines(), is_full);
            drop(place);
            let accepted = listener.accept();
            if self.end.is_here() {
                return;
            }
            match accepted {
                Ok((stream, _)) => self.welcome(stream),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                // Out of descriptors: the next one may do better.
                Err(_) => drop(self.ended.wait_timeout(self.lines(), BREATH)),
            }
        }
    }

    /// Serves a connection on a thread of its own.
    fn welcome(self: &Arc<Self>, stream: TcpStream) {
        let Ok(own) = stream.try_clone() else {
            return;
        };
        let mut lines = self.lines();
        lines.accepted += 1;
        let number = lines.accepted;
        lines.open.insert(number, own);
        drop(lines);
        let desk = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("receiver-line".into())
            .stack_size(STACK_BYTES);
        let begun = thread.spawn(move || {
            desk.serve(stream);
            desk.leave(number);
        });
        if begun.is_err() {
            self.leave(number);
        }
    }

    fn leave(&self, number: u64) {
        self.lines().open.remove(&number);
        self.ended.notify_all();
    }

    fn serve(&self, stream: TcpStream) {
        let tls = self.manner.tls.as_ref();
        // A connection that breaks is the sender's to notice, and to try again.
        let Ok(mut wire) = Wire::new(stream, tls, self.end.clone()) else {
            return;
        };
        while !self.end.is_here() {
            let script = &self.manner.script;
            if !script.next().reads {
                let step = script.take();
                if !step.acts.iter().all(|act| wire.act(act)) {
                    return;
                }
                continue;
            }
            let request = match wire.request() {
                Ok(request) => request,
                Err(NoRequest::Ended) => return,
                Err(NoRequest::Refused(status)) => {
                    let answer = Step::status(status);
                    answer.acts.iter().all(|act| wire.act(act));
                    return;
                }
            };
            if !self.answer(request, &mut wire) {
                return;
            }
        }
    }

    /// Takes a request; whether the connection is still there for another.
    fn answer(&self, request: Request, wire: &mut Wire) -> bool {
        let begun = self.manner.clock.now();
        let is_last = request
            .headers
            .iter()
            .any(|(name, value)| name == "connection" && value.eq_ignore_ascii_case("close"));
        let is_beyond = self.taken.fetch_add(1, Ordering::Relaxed) >= self.manner.max;
        let step = match is_beyond {
            true => Step::status(503),
            false => self.manner.script.take(),
        };
        if !is_beyond {
            let is_on = self.manner.delay.is_zero() || wire.act(&Act::Rest(self.manner.delay));
            let now = self.manner.clock.now();
            (self.deliver)(Received {
                at: begun.wall,
                method: request.method,
                path: request.path,
                headers: request.headers,
                body: request.body,
                answer: step.name.into_owned(),
                took_ms: now.tick.ms_since(begun.tick),
            });
            if !is_on {
                return false;
            }
        }
        step.acts.iter().all(|act| wire.act(act)) && !is_last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Tick;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::sync::mpsc::sync_channel;

    fn post(address: SocketAddr, body: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST /hooks?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Case: Kept\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    }

    #[test]
    fn it_answers_hands_on_and_stops_at_its_limit() {
        let (sender, inbox) = sync_channel(8);
        let manner = Manner {
            script: Script::parse("202").unwrap(),
            delay: Duration::ZERO,
            max: 1,
            clock: Clock::system(Tick(0)),
            tls: None,
        };
        let listener = bind(Some(0), 0).unwrap();
        let receiver = Receiver::start(listener, manner, sender, |received| received).unwrap();
        assert_eq!(post(receiver.address(), "{}"), "HTTP/1.1 202 Accepted");
        let received: Received = inbox.recv().unwrap();
        assert_eq!(&received.body[..], b"{}");
        assert_eq!(received.path, "/hooks?a=1");
        assert_eq!(received.header("x-case"), Some("Kept"));
        assert_eq!(
            post(receiver.address(), "{}"),
            "HTTP/1.1 503 Service Unavailable"
        );
        let address = receiver.address();
        receiver.stop();
        assert!(TcpStream::connect(address).is_err());
        assert!(inbox.recv().is_err());
    }

    #[test]
    fn a_taken_port_leads_to_the_next() {
        let first = bind(Some(0), 0).unwrap();
        let taken = first.local_addr().unwrap().port();
        assert!(bind(Some(taken), 0).is_err());
        // The last ports have no successor.
        if taken < u16::MAX - PORTS {
            let second = bind(None, taken).unwrap();
            assert!(second.local_addr().unwrap().port() > taken);
        }
    }
}
