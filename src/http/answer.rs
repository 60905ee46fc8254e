//! Answers that say yes, and what their bodies are made of.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use serde::Serialize;
use tokio::sync::mpsc;

/// What every handler makes.
pub type Answer = Response<AnswerBody>;

/// The body of an answer: nothing of the store is held while it is sent.
#[derive(Debug)]
pub enum AnswerBody {
    /// All of it is there: every answer but the few that go on.
    Whole(Full<Bytes>),
    /// Piece by piece, as they come, until their sender is gone. The channel is bounded, so that
    /// a peer who does not read holds up the sender and takes no memory.
    Fed(mpsc::Receiver<Bytes>),
}

impl AnswerBody {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(context),
            Self::Fed(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Fed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Fed(_) => SizeHint::default(),
        }
    }
}

/// A body of JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    bytes(
        status,
        serde_json::to_vec(body).expect("wire forms have text keys and finite numbers"),
    )
}

/// A body of JSON that is already written.
pub fn bytes(status: StatusCode, json: Vec<u8>) -> Answer {
    let mut answer = Response::new(AnswerBody::whole(json));
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
    let mut answer = Response::new(AnswerBody::whole(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// 200 with a line of text.
pub fn text(line: &'static str) -> Answer {
    let mut answer = Response::new(AnswerBody::whole(line));
    let value = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, value);
    answer
}
