//! The receiver of `listen` and `demo`: an HTTP server on a loopback port that answers every
//! request with one status and hands it on. It verifies nothing and prints nothing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::{Semaphore, oneshot};

use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// The largest body that is taken.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long a request may take to arrive, its head and its body each.
const ARRIVAL: Duration = Duration::from_secs(15);
/// How long open connections may take to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// Ports that are tried after the usual one.
const PORTS: u16 = 20;

/// One request as it came, and how it was answered.
#[derive(Clone, Debug)]
pub struct Received {
    /// When its head had arrived.
    pub at: Timestamp,
    /// `POST`
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: Bytes,
    /// The status of the answer.
    pub status: u16,
    /// From the head's arrival to the answer.
    pub took_ms: u64,
}

impl Received {
    /// The first header of that name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the receiver does with a request.
#[derive(Clone)]
pub struct Manner {
    /// The status of every answer.
    pub status: Status,
    /// How long each answer waits.
    pub delay: Duration,
    /// How many are taken; later ones get 503, so that none is answered and not shown.
    pub max: u64,
    /// For the times.
    pub clock: Clock,
}

/// The status of a receiver's answers; clones are the same switch.
#[derive(Clone, Debug)]
pub struct Status(Arc<AtomicU16>);

impl Status {
    /// Answers with that.
    pub fn new(status: StatusCode) -> Self {
        Self(Arc::new(AtomicU16::new(status.as_u16())))
    }

    /// Answers with that from now on.
    pub fn set(&self, status: StatusCode) {
        self.0.store(status.as_u16(), Ordering::Relaxed);
    }

    /// What it answers with.
    pub fn get(&self) -> StatusCode {
        StatusCode::from_u16(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

/// A receiver, running on a thread of its own.
pub struct Receiver {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
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
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let taken = AtomicU64::new(0);
        let desk = Arc::new(Desk {
            manner,
            taken,
            // A receiver whose printer has gone has nobody to answer for; it ends with it.
            deliver: Box::new(move |received| drop(inbox.send(wrap(received)))),
        });
        let thread = std::thread::Builder::new()
            .name("receiver".into())
            .spawn(move || runtime.block_on(serve(listener, desk, stopped)))?;
        Ok(Self {
            address,
            stop,
            thread,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets open connections end, for a second, and ends.
    pub fn stop(self) {
        // Both fail only when it has ended already.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

struct Desk {
    manner: Manner,
    taken: AtomicU64,
    deliver: Box<dyn Fn(Received) + Send + Sync>,
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = async {
            let place = place.await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            _ = &mut stopped => break,
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => (stream, place),
                // Out of descriptors, or the peer has gone already: the next one may do better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let desk = Arc::clone(&desk);
        let answer = hyper::service::service_fn(move |request| {
            let desk = Arc::clone(&desk);
            async move { desk.answer(request).await }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(ARRIVAL)
            .serve_connection(TokioIo::new(stream), answer);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // A connection that breaks is the sender's to notice, and to try again.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

type Answer = Response<Empty<Bytes>>;

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, hyper::Error> {
        let begun = self.manner.clock.now();
        let (head, body) = request.into_parts();
        let arriving = Limited::new(body, BODY_BYTES_MAX).collect();
        let body = match tokio::time::timeout(ARRIVAL, arriving).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return Ok(bare(StatusCode::PAYLOAD_TOO_LARGE)),
            Err(_) => return Ok(bare(StatusCode::REQUEST_TIMEOUT)),
        };
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.manner.max {
            return Ok(bare(StatusCode::SERVICE_UNAVAILABLE));
        }
        if !self.manner.delay.is_zero() {
            tokio::time::sleep(self.manner.delay).await;
        }
        let status = self.manner.status.get();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        };
        let now = self.manner.clock.now();
        (self.deliver)(Received {
            at: begun.wall,
            method: head.method.to_string(),
            path: head.uri.to_string(),
            headers: head.headers.iter().map(header).collect(),
            body,
            status: status.as_u16(),
            took_ms: now.tick.ms_since(begun.tick),
        });
        Ok(bare(status))
    }
}

fn bare(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = status;
    answer
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
            status: Status::new(StatusCode::ACCEPTED),
            delay: Duration::ZERO,
            max: 1,
            clock: Clock::system(Tick(0)),
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
