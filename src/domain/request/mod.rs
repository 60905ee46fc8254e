//! Builds a request: the frozen body, freshly signed with the key, URL and headers of the moment.
//!
//! It is on the way of every attempt: the body is signed once and never copied.

use std::sync::Arc;

use super::attempt::{Headers, Request};
use super::endpoint::{Encoding, Endpoint, Keys, TlsTerms};
use super::event::EventType;
use super::id::{EndpointNumber, PublicId};
use super::key::SignatureKey;
use super::sign;
use super::time::Timestamp;

/// `ringhook/VERSION`, as receivers see it.
pub const USER_AGENT: &str = concat!("ringhook/", env!("CARGO_PKG_VERSION"));

/// The first signature; receivers of the original look for it in this letter case.
pub const CALLTRACKING_SIGNATURE: &str = "X-CALLTRACKING-SIGNATURE";

/// The three headers of Standard Webhooks 1.0: id, timestamp, signature.
pub const STANDARD_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Ours by name, in lower case.
const OWN: [&str; 3] = ["content-type", "user-agent", "x-calltracking-signature"];

/// Those of the connection, in lower case. The contract names most; the last three belong to
/// the hop as well (RFC 9110 §7.6.1, §11.7).
const HOP: [&str; 11] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "upgrade",
    "trailer",
    "te",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
];

/// Families that are ours as a whole, so that a header of a later version is free.
const OWN_BEGINNINGS: [&str; 2] = ["webhook-", "ringhook-"];

/// What the name of a header that carries a credential contains, in lower case.
const CREDENTIAL_WORDS: [&str; 10] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "api-key",
    "api_key",
    "apikey",
    "credential",
];

/// Stands for a masked value.
const MASK: &str = "***";

/// The most idle connections that are kept for one endpoint: as many as there are threads that
/// are kept, or each burst would close some that the next has to make again.
const IDLE_MAX: u16 = 64;

/// Headers of ours in a request: `Content-Type` to `ringhook-test`.
const OWN_HEADERS: usize = 9;

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
    /// Idle connections worth keeping: min(in-flight limit, 64).
    pub idle_max: u8,
    /// How TLS differs from what holds for all.
    pub tls: Option<Arc<TlsTerms>>,
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
        let spec = &endpoint.spec;
        let in_flight_max = spec.policy.in_flight_max.unwrap_or(in_flight_max_default);
        Self {
            endpoint: endpoint.number,
            url: spec.url.as_str().into(),
            headers: spec.headers.clone(),
            keys: endpoint.keys.clone(),
            encoding: spec.encoding,
            timeout_ms: spec.policy.timeout_ms.unwrap_or(timeout_ms_default),
            idle_max: u8::try_from(in_flight_max.min(IDLE_MAX)).unwrap_or(u8::MAX),
            tls: spec.policy.tls.terms().map(Arc::new),
        }
    }
}

/// The request as it goes out now.
pub fn build(target: &Target, message: &Message, body: Arc<[u8]>, now: Timestamp) -> Request {
    let mut headers = Headers::with_capacity(OWN_HEADERS + target.headers.len());
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    let [id_name, timestamp_name, signature_name] = STANDARD_HEADERS;
    let id = message.event_id.as_str();
    let seconds = now.unix_seconds().to_string();
    let keys = signing(&target.keys, message.next_key, now);
    let calltracking = sign::calltracking(keys[0], target.encoding, &body);
    let standard = sign::standard_at(&keys, id, &seconds, &body);

    add("Content-Type", "application/json".to_owned());
    add("User-Agent", USER_AGENT.to_owned());
    add(CALLTRACKING_SIGNATURE, calltracking);
    add(id_name, id.to_owned());
    add(timestamp_name, seconds);
    if let Some(standard) = standard {
        add(signature_name, standard);
    }
    add("ringhook-event", message.kind.as_str().to_owned());
    add("ringhook-attempt", message.attempt.to_string());
    if message.test {
        add("ringhook-test", "1".to_owned());
    }
    headers.extend(target.headers.iter().cloned());
    Request {
        url: Arc::clone(&target.url),
        headers,
        body,
        timeout_ms: target.timeout_ms,
        tls: target.tls.clone(),
    }
}

/// The keys that sign this request; the first of them signs `X-CALLTRACKING-SIGNATURE`. A next
/// key is tried alone: a receiver that knows only the old one must not accept the test.
fn signing(keys: &Keys, next_key: bool, now: Timestamp) -> Vec<&SignatureKey> {
    match &keys.next {
        Some(next) if next_key => vec![next],
        _ => sign::signing_keys(keys, now),
    }
}

/// Masks the values that carry credentials (`Authorization`, `Cookie`, `X-Api-Key` …), as the
/// history keeps them. Signatures are shown.
pub fn mask(headers: &mut Headers) {
    for (name, value) in headers {
        if carries_credential(name) {
            MASK.clone_into(value);
        }
    }
}

fn carries_credential(name: &str) -> bool {
    // Our own headers, which are most of them, carry none; this spares the search.
    !is_own_header(name) && CREDENTIAL_WORDS.iter().any(|word| contains(name, word))
}

/// Whether `name` contains `word`, which is in lower case; without a copy of the name.
fn contains(name: &str, word: &str) -> bool {
    name.as_bytes()
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether an endpoint may not set this header itself: ours, and those of the connection.
pub fn is_reserved_header(name: &str) -> bool {
    is_own_header(name) || HOP.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_own_header(name: &str) -> bool {
    let begins = |beginning: &&str| {
        name.get(..beginning.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(beginning))
    };
    OWN.iter().any(|known| name.eq_ignore_ascii_case(known)) || OWN_BEGINNINGS.iter().any(begins)
}

#[cfg(test)]
mod tests;
