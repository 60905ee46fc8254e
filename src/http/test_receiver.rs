//! The built-in test receiver: a listener on loopback that answers 200 to every delivery and
//! says whether its signatures are right, for who has no receiver yet.
//!
//! There is at most one. It runs for as long as an endpoint leads to it, and is started again
//! with the daemon; should its port be taken then, the endpoint is led to another one.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};

use crate::domain::endpoint::{Endpoint, EndpointSpec};
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::domain::sign;
use crate::engine::directory::Order;
use crate::engine::handle::{Command, Handle};
use crate::send::own_receiver::OwnReceiver;

use super::edge::ask;

/// The path by which its endpoint is known again after a restart.
const PATH: &str = "/ringhook-test-receiver";
/// Connections at a time; others are closed.
const CONNECTIONS_MAX: usize = 64;
/// The largest event, and what is around it.
const BODY_BYTES_MAX: usize = 9 * 1024 * 1024;
/// How long a head may take, and a connection be idle.
const HEAD_FOR: Duration = Duration::from_secs(10);
/// How often it looks whether its endpoint still leads to it.
const LOOK: Duration = Duration::from_secs(1);

/// The receiver, running or not.
pub struct TestReceiver {
    handle: Handle,
    own: OwnReceiver,
    // 0: none, or one that is just being made.
    endpoint: AtomicU32,
    running: Mutex<Option<Running>>,
    /// Held by who makes its endpoint: there is at most one.
    pub making: tokio::sync::Mutex<()>,
}

struct Running {
    port: u16,
    accepting: AbortHandle,
}

impl TestReceiver {
    /// One that does not run yet.
    pub fn new(handle: Handle, own: OwnReceiver) -> Arc<Self> {
        Arc::new(Self {
            handle,
            own,
            endpoint: AtomicU32::new(0),
            running: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        })
    }

    /// Starts again where an endpoint of an earlier run leads to it.
    pub async fn restore(self: Arc<Self>) {
        let _making = self.making.lock().await;
        let handle = self.handle.clone();
        // A walk over all endpoints, which may be many.
        let found = tokio::task::spawn_blocking(move || find(&handle)).await;
        let Ok(Some((endpoint, port))) = found else {
            return;
        };
        match self.start(port).await {
            Ok(port) => self.lead_here(&endpoint, port).await,
            Err(error) => log::error!("the test receiver does not run: {error}"),
        }
    }

    /// The endpoint that leads to it.
    pub fn endpoint(&self) -> Option<Arc<Endpoint>> {
        let number = EndpointNumber(self.endpoint.load(Ordering::Relaxed));
        let endpoint = self.handle.directory().get(number)?;
        let leads_here = port_of(&endpoint.spec.url).is_some();
        leads_here.then_some(endpoint)
    }

    /// Starts, at that port where it is free (0: at any), and says where.
    pub async fn start(self: &Arc<Self>, wanted: u16) -> io::Result<u16> {
        if let Some(running) = &*self.lock() {
            return Ok(running.port);
        }
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
            }
            bound => bound?,
        };
        let port = listener.local_addr()?.port();
        self.own.opened(port);
        let accepting = tokio::spawn(Arc::clone(self).accept(listener)).abort_handle();
        *self.lock() = Some(Running { port, accepting });
        log::info!("the test receiver listens on 127.0.0.1:{port}");
        Ok(port)
    }

    /// That endpoint leads to it from now on.
    pub fn is_led_to_by(&self, number: EndpointNumber) {
        self.endpoint.store(number.0, Ordering::Relaxed);
    }

    /// Stops.
    pub fn stop(&self) {
        self.own.closed();
        self.endpoint.store(0, Ordering::Relaxed);
        if let Some(running) = self.lock().take() {
            running.accepting.abort();
        }
    }

    /// Leads the endpoint to the port that there was.
    async fn lead_here(&self, endpoint: &Endpoint, port: u16) {
        self.is_led_to_by(endpoint.number);
        let url = url_of(port);
        if endpoint.spec.url == url {
            return;
        }
        let spec = EndpointSpec {
            url,
            ..endpoint.spec.clone()
        };
        let command = Command::EditEndpoint {
            endpoint: endpoint.number,
            revision: endpoint.revision,
            spec: Box::new(spec),
        };
        if let Ok(Err(refusal)) = ask(|reply| self.handle.write(command, reply)).await {
            log::warn!("the test receiver's endpoint leads to its old port: {refusal}");
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let place = Arc::clone(&places).try_acquire_owned();
                    if let (Ok((stream, _)), Ok(place)) = (accepted, place) {
                        let receiver = Arc::clone(&self);
                        connections.spawn(async move {
                            receiver.serve(stream).await;
                            drop(place);
                        });
                    }
                }
                _ = look.tick() => {
                    // While an endpoint is being made, nothing leads here yet.
                    let is_unused = self.endpoint().is_none() && self.making.try_lock().is_ok();
                    if is_unused {
                        log::info!("the test receiver has no endpoint any more, and ends");
                        return self.stop();
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(&self, stream: TcpStream) {
        let service =
            service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await) });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_FOR);
        let served = builder
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            log::debug!("a connection to the test receiver ended: {error}");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let mut answer = Response::new(Full::default());
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return answer;
        };
        let seen = Seen::of(self.endpoint().as_deref(), &head.headers, &body.to_bytes());
        let json = serde_json::to_vec(&seen).expect("texts and numbers are JSON");
        let media = http::HeaderValue::from_static("application/json");
        answer
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, media);
        *answer.body_mut() = Full::new(Bytes::from(json));
        answer
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it is reached.
pub fn url_of(port: u16) -> String {
    format!("http://127.0.0.1:{port}{PATH}")
}

/// The port in a URL of the test receiver.
fn port_of(url: &str) -> Option<u16> {
    let rest = url.strip_prefix("http://127.0.0.1:")?;
    rest.strip_suffix(PATH)?.parse().ok()
}

fn find(handle: &Handle) -> Option<(Arc<Endpoint>, u16)> {
    let mut found = None;
    handle
        .directory()
        .walk((Order::Added, false), None, &mut |(_, endpoint)| {
            found = port_of(&endpoint.spec.url).map(|port| (endpoint, port));
            found.is_none()
        });
    found
}

/// What it answers.
#[derive(Serialize)]
struct Seen {
    received: String,
    attempt: String,
    test: bool,
    body_bytes: usize,
    signatures: Signatures,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Signatures {
    x_calltracking_signature: &'static str,
    webhook_signature: &'static str,
}

impl Seen {
    fn of(endpoint: Option<&Endpoint>, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default()
        };
        let keys = endpoint.map(|endpoint| &endpoint.keys);
        let keys = keys.map(|keys| {
            let previous = keys.previous.as_ref().map(|(key, _)| key);
            [Some(&keys.current), keys.next.as_ref(), previous]
        });
        let keys: Vec<&SignatureKey> = keys.into_iter().flatten().flatten().collect();
        let is_valid = |name: &str, verify: &dyn Fn(&SignatureKey, &str) -> bool| {
            let signature = text(name);
            match keys.iter().any(|key| verify(key, signature)) {
                _ if signature.is_empty() => "missing",
                true => "valid",
                false => "invalid",
            }
        };
        let (id, seconds) = (text("webhook-id"), text("webhook-timestamp"));
        Self {
            received: text("ringhook-event").to_owned(),
            attempt: text("ringhook-attempt").to_owned(),
            test: text("ringhook-test") == "1",
            body_bytes: body.len(),
            signatures: Signatures {
                x_calltracking_signature: is_valid("x-calltracking-signature", &|key, given| {
                    sign::verify_calltracking(key, given, body)
                }),
                webhook_signature: is_valid("webhook-signature", &|key, given| {
                    sign::verify_standard(key, given, id, seconds, body)
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_urls_are_known_again() {
        assert_eq!(port_of(&url_of(7000)), Some(7000));
        for other in [
            "http://127.0.0.1:7000/",
            "http://127.0.0.2:7000/ringhook-test-receiver",
            "https://127.0.0.1:7000/ringhook-test-receiver",
            "http://127.0.0.1:70000/ringhook-test-receiver",
            "http://127.0.0.1/ringhook-test-receiver",
        ] {
            assert_eq!(port_of(other), None, "{other}");
        }
    }
}
