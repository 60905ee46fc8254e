//! One HTTP request made for a delivery or a test: what was sent, what came back, what it meant.

use std::sync::Arc;

use super::endpoint::TlsTerms;
use super::event::EventType;
use super::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber};
use super::time::Timestamp;

/// The most that is kept of a body, sent or received, in bytes.
pub const BODY_KEPT_BYTES: usize = 16 * 1024;

/// Header fields in the order and letter case of the wire.
pub type Headers = Vec<(String, String)>;

/// A request, ready to send. The letter case of its header names is kept on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to; http or https.
    pub url: Arc<str>,
    /// All but `Host` and `Content-Length`, which the client writes.
    pub headers: Headers,
    /// The frozen bytes.
    pub body: Arc<[u8]>,
    /// The whole attempt: resolving, connecting, TLS, sending, waiting for the status line.
    pub timeout_ms: u32,
    /// How TLS differs from what holds for all; of a stored request it is not kept.
    pub tls: Option<Arc<TlsTerms>>,
}

/// An answer whose status line arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// 100–999.
    pub status: u16,
    /// As received; values that are not UTF-8 with replacement characters.
    pub headers: Headers,
    /// At most `BODY_KEPT_BYTES` of what arrived in time.
    pub body: Vec<u8>,
    /// Whether there was, or may have been, more.
    pub truncated: bool,
}

/// Why no status line arrived.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// The kind, for programs.
    pub kind: ErrorKind,
    /// How far it got.
    pub phase: Phase,
    /// A sentence for people: `no answer in 15 s (connected in 40 ms)`.
    pub message: String,
}

/// The kinds of failure of the contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The name could not be resolved.
    Dns,
    /// The address is not allowed by the egress rule.
    Blocked,
    /// No connection.
    Connect,
    /// No agreement on TLS.
    Tls,
    /// The attempt's time was up.
    Timeout,
    /// The connection ended before the status line.
    Closed,
    /// What came is not HTTP.
    Protocol,
    /// The answer's head is larger than 16 KiB.
    TooLarge,
    /// Our own fault: a panic, a damaged record, the end of the daemon.
    Internal,
}

/// How far an attempt got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Before anything.
    Start,
    /// Looking up the name.
    Resolve,
    /// Connecting.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Sending the request.
    Request,
    /// Waiting for the status line.
    Response,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::Blocked,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Closed,
        Self::Protocol,
        Self::TooLarge,
        Self::Internal,
    ];

    /// `dns`, `blocked`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Blocked => "blocked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
        }
    }
}

impl Phase {
    /// `start`, `resolve`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Milliseconds per phase; None for a phase that did not happen (a reused connection neither
/// resolves nor connects).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timings {
    /// Looking up the name.
    pub resolve_ms: Option<u32>,
    /// Connecting.
    pub connect_ms: Option<u32>,
    /// Agreeing on TLS.
    pub tls_ms: Option<u32>,
    /// From the connection being there to the status line.
    pub wait_ms: Option<u32>,
    /// From the status line to the end of reading.
    pub read_ms: Option<u32>,
}

/// One request and what came of it: what a delivery thread brings back.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it began.
    pub at: Timestamp,
    /// From the beginning to the status line or the failure. It is what "slow" looks at.
    pub duration_ms: u32,
    /// As sent.
    pub request: Request,
    /// What came back.
    pub result: Result<Reply, SendError>,
    /// Where the time went.
    pub timings: Timings,
    /// The daemon is stopping and cut the connection: the attempt does not count.
    pub cut: bool,
}

/// What an attempt meant, as it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttemptOutcome {
    /// 200–299.
    Delivered,
    /// Failed, and tried again at `next_at`.
    Retry,
    /// Failed for the last time.
    Failed,
    /// 410: the endpoint was paused.
    Paused,
    /// A test, whatever came of it.
    Test,
}

impl AttemptOutcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Retry,
        Self::Failed,
        Self::Paused,
        Self::Test,
    ];

    /// `delivered`, `retry`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Test => "test",
        }
    }
}

/// An attempt as the history keeps it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number.
    pub number: AttemptNumber,
    /// Where it went.
    pub endpoint: EndpointNumber,
    /// What it was for; None for a test.
    pub delivery: Option<DeliveryKey>,
    /// The event, of a test's own kind for a test.
    pub event: EventNumber,
    /// The event's type.
    pub kind: EventType,
    /// 1 for the first attempt of a delivery.
    pub n: u8,
    /// Request, answer and timings. The request's values that carry credentials are masked.
    pub exchange: Exchange,
    /// What it meant.
    pub outcome: AttemptOutcome,
    /// When the delivery is tried again.
    pub next_at: Option<Timestamp>,
}

/// An attempt in short, for lists and the strip of the last 10.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recent {
    /// When it began.
    pub at: Timestamp,
    /// What it meant.
    pub outcome: AttemptOutcome,
    /// The status, 0 where none came.
    pub status: u16,
    /// How long it took.
    pub ms: u32,
    /// The slot of the ring that holds the whole attempt.
    pub slot: u8,
}

/// How many attempts the ring of an endpoint keeps.
pub const RING_SLOTS: u8 = 10;
