//! Reads the body of a request: capped, within its deadline, and copied only where it came in
//! pieces.
//!
//! A body that nobody read to its end is read and dropped for a moment after the answer, so
//! that a client that is still sending gets to see it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::problem::{Code, Problem};

/// What a client may still send after it was refused.
const DROPPED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// For how long.
const DROPPED_FOR: Duration = Duration::from_secs(1);

/// What bodies may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// `http.body_bytes_max`, or that of batches.
    pub bytes_max: usize,
    /// Which setting that is.
    pub setting: &'static str,
    /// `http.body_timeout`
    pub timeout: Duration,
}

/// The body of one request.
#[derive(Debug)]
pub struct Body {
    incoming: Option<Incoming>,
    awaits_continue: bool,
}

impl Body {
    /// A body of which nothing is read yet.
    pub fn new(incoming: Incoming, headers: &HeaderMap) -> Self {
        Self {
            incoming: Some(incoming).filter(|body| !body.is_end_stream()),
            awaits_continue: headers.contains_key(EXPECT),
        }
    }

    /// The whole body of a request that must bring JSON.
    pub async fn json(
        &mut self,
        headers: &HeaderMap,
        limits: BodyLimits,
    ) -> Result<Bytes, Problem> {
        check_media_type(headers, JSON)?;
        self.read(headers, limits).await
    }

    /// The body of a request that needs none: empty, or JSON.
    pub async fn optional_json(
        &mut self,
        headers: &HeaderMap,
        limits: BodyLimits,
    ) -> Result<Bytes, Problem> {
        if self.incoming.is_none() {
            return Ok(Bytes::new());
        }
        self.json(headers, limits).await
    }

    /// The whole body, whatever its type.
    pub async fn read(
        &mut self,
        headers: &HeaderMap,
        limits: BodyLimits,
    ) -> Result<Bytes, Problem> {
        let Some(incoming) = self.incoming.as_mut() else {
            return Ok(Bytes::new());
        };
        let declared = declared_bytes(headers);
        if declared.is_some_and(|bytes| bytes > limits.bytes_max) {
            return Err(too_large(limits));
        }
        self.awaits_continue = false;
        let read = collect(incoming, declared.unwrap_or(0), limits);
        match tokio::time::timeout(limits.timeout, read).await {
            Ok(Ok(bytes)) => {
                self.incoming = None;
                Ok(bytes)
            }
            Ok(Err(problem)) => Err(problem),
            Err(_) => {
                self.incoming = None;
                let seconds = limits.timeout.as_secs_f32();
                let detail = format!("it was not complete within {seconds} s");
                Err(Problem::new(Code::BodySlow, detail).closing())
            }
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // A client that waits for "100 Continue" sends nothing after a refusal.
        if self.awaits_continue {
            return;
        }
        if let Some(rest) = self.incoming.take() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(DROPPED_FOR, drop_rest(rest)).await;
            });
        }
    }
}

async fn drop_rest(mut rest: Incoming) {
    let mut dropped = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        dropped += frame.data_ref().map_or(0, Bytes::len);
        if dropped > DROPPED_BYTES_MAX {
            break;
        }
    }
}

/// All frames as one buffer. The usual body comes in one frame, which is handed on as it is.
async fn collect(
    body: &mut Incoming,
    declared: usize,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(declared.max(first.len() + data.len()));
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
        if first.len().max(rest.len()) > limits.bytes_max {
            return Err(too_large(limits));
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

fn declared_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn broken(error: hyper::Error) -> Problem {
    log::debug!("a request body broke off: {error}");
    let message = "the body broke off, or its chunks are malformed";
    Problem::malformed("", "not_http", message, None).closing()
}

fn too_large(limits: BodyLimits) -> Problem {
    let BodyLimits {
        bytes_max, setting, ..
    } = limits;
    let detail = format!("a body may have {bytes_max} bytes ({setting})");
    Problem::new(Code::BodyTooLarge, detail).closing()
}

/// The media types that are read.
pub const JSON: &str = "application/json";
pub const NDJSON: &str = "application/x-ndjson";

/// The expected type, in UTF-8 where a charset is named; else 415.
pub fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str());
    match given {
        Some(Ok(text)) if text == expected || is_of_type(text, expected) => Ok(()),
        None => Err(Problem::new(
            Code::MediaType,
            format!("the header Content-Type is missing: it must be {expected}"),
        )),
        Some(text) => Err(Problem::new(
            Code::MediaType,
            format!(
                "Content-Type is {:?}: it must be {expected}",
                text.unwrap_or("?")
            ),
        )),
    }
}

fn is_of_type(media_type: &str, expected: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let in_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    essence.eq_ignore_ascii_case(expected) && in_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let check = |text: Option<&str>, expected: bool| {
            let mut headers = HeaderMap::new();
            if let Some(text) = text {
                headers.insert(CONTENT_TYPE, text.parse().unwrap());
            }
            assert_eq!(
                check_media_type(&headers, JSON).is_ok(),
                expected,
                "{text:?}"
            );
        };
        check(Some("application/json"), true);
        check(Some("application/json; charset=utf-8"), true);
        check(Some("Application/JSON;charset=\"UTF-8\""), true);
        check(Some("application/json; charset=latin1"), false);
        check(Some("application/json-patch+json"), false);
        check(Some("text/plain"), false);
        check(Some("application/x-www-form-urlencoded"), false);
        check(Some(""), false);
        check(None, false);
    }

    #[test]
    fn declared_lengths() {
        let check = |text: &str, expected: Option<usize>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, text.parse().unwrap());
            assert_eq!(declared_bytes(&headers), expected, "{text}");
        };
        check("0", Some(0));
        check("1048577", Some(1_048_577));
        check("-1", None);
        check("99999999999999999999999", None);
    }
}
