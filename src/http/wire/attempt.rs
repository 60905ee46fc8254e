//! An attempt as it is shown: what was sent, what came back, what it meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::domain::attempt::{Attempt, BODY_KEPT_BYTES, Headers, Reply, SendError, Timings};
use crate::domain::id::{Epochs, PublicId};
use crate::domain::time::Timestamp;

use super::Text;

/// `Attempt` of the contract. Keys are not in it; values that carry credentials were masked
/// before it was kept.
#[derive(Serialize)]
pub struct AttemptJson<'a> {
    id: Text<PublicId>,
    delivery: Option<Text<PublicId>>,
    event: Text<PublicId>,
    event_type: &'a str,
    test: bool,
    n: u8,
    at: Text<Timestamp>,
    duration_ms: u32,
    request: RequestJson<'a>,
    response: Option<ResponseJson<'a>>,
    error: Option<ErrorJson<'a>>,
    timings: TimingsJson,
    outcome: &'static str,
    next_at: Option<Text<Timestamp>>,
}

impl<'a> AttemptJson<'a> {
    /// An attempt with its ids.
    pub fn new(attempt: &'a Attempt, epochs: &Epochs) -> Self {
        let exchange = &attempt.exchange;
        let delivery = attempt.delivery.map(|key| Text(epochs.delivery_id(key)));
        Self {
            id: Text(epochs.attempt_id(attempt.endpoint, attempt.number)),
            delivery,
            event: Text(epochs.event_id(attempt.event)),
            event_type: attempt.kind.as_str(),
            test: attempt.delivery.is_none(),
            n: attempt.n,
            at: Text(exchange.at),
            duration_ms: exchange.duration_ms,
            request: RequestJson {
                method: "POST",
                url: &exchange.request.url,
                headers: &exchange.request.headers,
                body: BodyJson::new(&exchange.request.body),
            },
            response: exchange.result.as_ref().ok().map(ResponseJson::new),
            error: exchange.result.as_ref().err().map(ErrorJson::new),
            timings: TimingsJson::new(exchange.timings),
            outcome: attempt.outcome.as_str(),
            next_at: attempt.next_at.map(Text),
        }
    }
}

#[derive(Serialize)]
struct RequestJson<'a> {
    method: &'static str,
    url: &'a str,
    headers: &'a Headers,
    #[serde(flatten)]
    body: BodyJson,
}

#[derive(Serialize)]
struct ResponseJson<'a> {
    status: u16,
    headers: &'a Headers,
    #[serde(flatten)]
    body: BodyJson,
    body_truncated: bool,
}

impl<'a> ResponseJson<'a> {
    fn new(reply: &'a Reply) -> Self {
        Self {
            status: reply.status,
            headers: &reply.headers,
            body: BodyJson::new(&reply.body),
            body_truncated: reply.truncated,
        }
    }
}

/// A body as text, and where that would lie, as base64 beside it. At most what the ring keeps.
#[derive(Serialize)]
struct BodyJson {
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl BodyJson {
    fn new(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(BODY_KEPT_BYTES)];
        let whole = match std::str::from_utf8(kept) {
            Ok(text) => Some(text),
            // A letter that was cut at the end of what is kept is no reason to doubt the rest.
            Err(error) if error.error_len().is_none() && kept.len() == BODY_KEPT_BYTES => {
                std::str::from_utf8(&kept[..error.valid_up_to()]).ok()
            }
            Err(_) => None,
        };
        match whole {
            Some(text) => Self {
                body: text.to_owned(),
                body_base64: None,
            },
            None => Self {
                body: String::from_utf8_lossy(kept).into_owned(),
                body_base64: Some(STANDARD.encode(kept)),
            },
        }
    }
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    kind: &'static str,
    phase: &'static str,
    message: &'a str,
}

impl<'a> ErrorJson<'a> {
    fn new(error: &'a SendError) -> Self {
        Self {
            kind: error.kind.as_str(),
            phase: error.phase.as_str(),
            message: &error.message,
        }
    }
}

#[derive(Serialize)]
struct TimingsJson {
    resolve_ms: Option<u32>,
    connect_ms: Option<u32>,
    tls_ms: Option<u32>,
    wait_ms: Option<u32>,
    read_ms: Option<u32>,
}

impl TimingsJson {
    fn new(timings: Timings) -> Self {
        let Timings {
            resolve_ms,
            connect_ms,
            tls_ms,
            wait_ms,
            read_ms,
        } = timings;
        Self {
            resolve_ms,
            connect_ms,
            tls_ms,
            wait_ms,
            read_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_as_text_or_with_their_bytes_beside() {
        let check = |bytes: &[u8], text: &str, base64: Option<&str>| {
            let got = BodyJson::new(bytes);
            assert_eq!(
                (got.body.as_str(), got.body_base64.as_deref()),
                (text, base64)
            );
        };
        check(b"", "", None);
        check("répondu".as_bytes(), "répondu", None);
        check(b"a\xffb", "a\u{fffd}b", Some("Yf9i"));
        check(b"cut \xc3", "cut \u{fffd}", Some("Y3V0IMM="));
    }

    #[test]
    fn a_letter_cut_at_the_bound_is_left_out() {
        let mut long = "x".repeat(BODY_KEPT_BYTES - 1);
        long.push_str("ééé");
        let got = BodyJson::new(long.as_bytes());
        assert_eq!(got.body.len(), BODY_KEPT_BYTES - 1);
        assert_eq!(got.body_base64, None);
    }
}
