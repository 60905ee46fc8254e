//! The HTTP client: one request, its answer's status line and the beginning of its body.
//!
//! The status line decides; whatever happens to the body afterwards changes nothing. Nothing is
//! retried here, but for a kept connection that turns out to be dead.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::{HeaderMap, Response, Uri};

use super::agents::Agents;
use super::check::Checker;
use super::connect::Shared;
use super::names::Names;
use super::own_receiver::OwnReceiver;
use super::phases::{self, Call};
use super::tls::Tls;
use super::{Sent, Transport, errors};
use crate::domain::address::{EgressRule, Proxy};
use crate::domain::attempt::{BODY_KEPT_BYTES, Headers, Reply, Request, SendError};

/// How long the body is read after the status line, for the history only.
const BODY_TIME: Duration = Duration::from_secs(2);

/// How requests go out.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// `delivery.connect_timeout`: from the first address tried to the end of the TLS handshake.
    pub connect_timeout_ms: u32,
    /// Which addresses are allowed.
    pub egress: EgressRule,
    /// The one exception to that.
    pub own_receiver: OwnReceiver,
    /// Certificates in PEM that are trusted beside the system's roots: `egress.ca_file`.
    pub ca_pem: Option<String>,
    /// The one way out, where there is one: `egress.proxy`.
    pub proxy: Option<Proxy>,
    /// `ringhook/VERSION`, for requests that name none themselves.
    pub user_agent: String,
}

/// Sends over the real network.
pub struct HttpTransport {
    shared: Arc<Shared>,
    agents: Agents,
}

impl HttpTransport {
    /// A client without connections yet. The system's root certificates are read when the first
    /// https request needs them, so that a machine without any still delivers over http.
    pub fn new(options: HttpOptions) -> Result<Self, String> {
        let tls = Tls::new(options.ca_pem.as_deref())?;
        Ok(Self::with(options, Names::of_system(), tls))
    }

    /// A client that asks `look_up` for the addresses of names instead of the system, and hardly
    /// remembers the answers: the seam at which a test plays a resolver.
    pub fn with_look_up(
        options: HttpOptions,
        look_up: impl Fn(&str) -> std::io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let tls = Tls::new(options.ca_pem.as_deref())?;
        Ok(Self::with(options, Names::forgetful(look_up), tls))
    }

    /// A client with names and TLS of its own.
    pub(super) fn with(options: HttpOptions, names: Names, tls: Tls) -> Self {
        let shared = Arc::new(Shared {
            names,
            own_receiver: options.own_receiver,
            egress: RwLock::new(Arc::new(options.egress)),
            proxy: options.proxy,
            connect_timeout: Duration::from_millis(options.connect_timeout_ms.into()),
            tls,
        });
        Self {
            agents: Agents::new(Arc::clone(&shared), options.user_agent),
            shared,
        }
    }

    /// Holds all that follows against another rule, also on connections that are open: those are
    /// not used again.
    pub fn set_egress(&self, rule: EgressRule) {
        let mut egress = self
            .shared
            .egress
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *egress = Arc::new(rule);
        drop(egress);
        self.agents.use_fresh();
    }

    /// Checks URLs by the same rules, with the same names.
    pub fn checker(&self) -> Checker {
        Checker::new(Arc::clone(&self.shared))
    }

    fn exchange(&self, request: &Request, idle_max: u8) -> Result<Reply, ureq::Error> {
        let uri: Uri = request.url.parse().map_err(ureq::http::Error::from)?;
        let lease = self.agents.of(&uri, idle_max, request.tls.as_ref());
        let lease = lease.ok_or_else(|| errors::carried(errors::stopping()))?;
        let agent = lease.agent();
        let response = match post(agent, uri.clone(), request) {
            Err(error) if replace_connection(&error) => post(agent, uri, request)?,
            result => result?,
        };
        phases::with(|call| {
            call.answered = true;
            call.deadline = Instant::now() + BODY_TIME;
        });
        Ok(read(response))
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &Request, idle_max: u8) -> Sent {
        phases::begin(Duration::from_millis(request.timeout_ms.into()));
        let result = self.exchange(request, idle_max);
        let ended = Instant::now();
        let call = phases::end().expect("begun above, on this thread");
        sent(result, &call, ended)
    }

    fn shut_down(&self) {
        self.shared.names.stop();
        self.agents.stop();
    }
}

/// Sends the request and waits for the head of the answer.
fn post(agent: &ureq::Agent, uri: Uri, request: &Request) -> Result<Response<Body>, ureq::Error> {
    let mut builder = agent.post(uri);
    // At once for all, as the list is put in order anew each time it grows.
    if let Some(headers) = builder.headers_mut() {
        headers.reserve(request.headers.len());
    }
    for (name, value) in &request.headers {
        // Names in another letter case take the client a list of their own, gone through again
        // for every header; in lower case they leave as they are anyway.
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        builder = match is_lower {
            true => builder.header(name.as_str(), value.as_bytes()),
            false => builder.header_raw(name, value.as_bytes()),
        };
    }
    builder.send(&*request.body)
}

/// Whether the request may be sent once more, and prepares that: the connection had been kept,
/// and its end came before the first byte of an answer. Only a fresh one is used then.
fn replace_connection(error: &ureq::Error) -> bool {
    phases::with(|call| {
        let may_go_again = errors::is_stale(error, call) && !call.refuse_idle && !call.is_over();
        call.refuse_idle |= may_go_again;
        may_go_again
    })
    .unwrap_or(false)
}

/// Reads what the history keeps. A body that is read to its end leaves the connection fit for
/// the next request; any other one ends it.
fn read(response: Response<Body>) -> Reply {
    let status = response.status().as_u16();
    let headers = headers_of(response.headers());
    let head_ended = Instant::now();
    phases::with(|call| call.timings.wait_ms = Some(wait_ms(call, head_ended)));
    let body = response.into_body();
    let (body, truncated) = read_body(body);
    phases::with(|call| {
        call.timings.read_ms = Some(phases::whole_ms(head_ended.elapsed()));
    });
    Reply {
        status,
        headers,
        body,
        truncated,
    }
}

/// At most `BODY_KEPT_BYTES`, and whether there was, or may have been, more.
fn read_body(body: Body) -> (Vec<u8>, bool) {
    let expected = body.content_length().unwrap_or(0);
    let expected = usize::try_from(expected).unwrap_or(BODY_KEPT_BYTES);
    let mut kept = Vec::with_capacity(expected.min(BODY_KEPT_BYTES));
    let mut reader = body.into_reader();
    let limit = BODY_KEPT_BYTES as u64 + 1;
    let complete = reader.by_ref().take(limit).read_to_end(&mut kept).is_ok();
    let truncated = !complete || kept.len() > BODY_KEPT_BYTES;
    kept.truncate(BODY_KEPT_BYTES);
    (kept, truncated)
}

fn headers_of(map: &HeaderMap) -> Headers {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}

fn sent(result: Result<Reply, ureq::Error>, call: &Call, ended: Instant) -> Sent {
    let result: Result<Reply, SendError> = result.map_err(|error| errors::explain(error, call));
    // The body came after the status line, and does not count.
    let read_ms = call.timings.read_ms.unwrap_or(0);
    let whole_ms = phases::whole_ms(ended.duration_since(call.begun));
    let mut timings = call.timings;
    if result.is_err() && call.connected_at.is_some() {
        timings.wait_ms = Some(wait_ms(call, ended));
    }
    Sent {
        result,
        timings,
        duration_ms: whole_ms.saturating_sub(read_ms),
    }
}

/// From the connection being there, which it was from the beginning where it had been kept.
fn wait_ms(call: &Call, until: Instant) -> u32 {
    let from = call.connected_at.unwrap_or(call.begun);
    phases::whole_ms(until.duration_since(from))
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}
