//! Answers that say yes.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// What every handler makes. The body is whole: nothing of the store is held while it is sent.
pub type Answer = Response<Full<Bytes>>;

/// A body of JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    bytes(
        status,
        serde_json::to_vec(body).expect("wire forms have text keys and finite numbers"),
    )
}

/// A body of JSON that is already written.
pub fn bytes(status: StatusCode, json: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(json)));
    *answer.status_mut() = status;
    let value = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, value);
    answer
}

/// 201 with the object, and where it can be read again.
pub fn created(location: &str, body: &impl Serialize) -> Answer {
    let mut answer = json(StatusCode::CREATED, body);
    if let Ok(value) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(LOCATION, value);
    }
    answer
}

/// 204.
pub fn gone() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// 200 with a line of text.
pub fn text(line: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(line.as_bytes())));
    let value = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, value);
    answer
}
