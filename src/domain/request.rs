//! Builds a request: the frozen body, freshly signed with the key, URL and headers of the moment.

use std::sync::Arc;

use super::attempt::{Headers, Request};
use super::endpoint::{Encoding, Endpoint, Keys};
use super::event::EventType;
use super::id::{EndpointNumber, PublicId};
use super::time::Timestamp;

/// What requests to an endpoint are made from; replaced as a whole when the endpoint changes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The endpoint.
    pub endpoint: EndpointNumber,
    /// Its URL.
    pub url: Arc<str>,
    /// Its own headers.
    pub headers: Headers,
    /// Its keys.
    pub keys: Keys,
    /// How the first signature is written.
    pub encoding: Encoding,
    /// The whole attempt.
    pub timeout_ms: u32,
    /// Idle connections worth keeping: min(in-flight limit, 8).
    pub idle_max: u8,
}

/// What one request says.
#[derive(Clone, Debug)]
pub struct Message {
    /// `webhook-id`
    pub event_id: PublicId,
    /// `ringhook-event`
    pub kind: EventType,
    /// `ringhook-attempt`: 1, 2, 3 …
    pub attempt: u8,
    /// `ringhook-test: 1`
    pub test: bool,
    /// Sign with the next key instead of the current one, to try it in a test.
    pub next_key: bool,
}

impl Target {
    /// What requests to `endpoint` are made from; the defaults are the daemon's.
    pub fn of(endpoint: &Endpoint, timeout_ms_default: u32, in_flight_max_default: u16) -> Self {
        todo!("{endpoint:?} {timeout_ms_default} {in_flight_max_default}")
    }
}

/// The request as it goes out now.
pub fn build(target: &Target, message: &Message, body: Arc<[u8]>, now: Timestamp) -> Request {
    todo!("{target:?} {message:?} {body:?} {now}")
}

/// The same headers with values that carry credentials masked (`Authorization`, `Cookie`,
/// `X-Api-Key` …), as the history keeps them. Signatures are shown.
pub fn masked(headers: &Headers) -> Headers {
    todo!("{headers:?}")
}

/// Whether an endpoint may not set this header itself: ours, and those of the connection.
pub fn is_reserved_header(name: &str) -> bool {
    todo!("{name}")
}
