//! What went wrong, in the contract's kinds and in a sentence for people.
//!
//! No message repeats a URL or a header: both may hold credentials.

use std::io;
use std::time::Duration;

use super::line::HEAD_BYTES_MAX;
use super::phases::Call;
use super::tls;
use crate::domain::attempt::{ErrorKind, Phase, SendError};

/// Our own error, to be carried through the client.
pub(super) fn carried(error: SendError) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// The client is shut down.
pub(super) fn stopping() -> SendError {
    SendError {
        kind: ErrorKind::Internal,
        phase: Phase::Start,
        message: "ringhook is stopping".into(),
    }
}

/// Whether the connection ended, as opposed to being used wrongly.
pub(super) fn is_end(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// Whether `error` is the end of a kept connection that nobody had noticed: no byte of an answer
/// came, so a fresh connection may take its place.
pub(super) fn is_stale(error: &ureq::Error, call: &Call) -> bool {
    let is_end = matches!(error, ureq::Error::Io(error) if is_end(error.kind()));
    is_end && !call.fresh && call.heard_bytes == 0
}

/// The error of a call that got as far as `call` says.
pub(super) fn explain(error: ureq::Error, call: &Call) -> SendError {
    let (kind, message) = match error {
        ureq::Error::Other(inner) => return ours(inner),
        ureq::Error::Timeout(_) => (ErrorKind::Timeout, timeout_words(call)),
        ureq::Error::Io(error) => on_the_wire(&error, call),
        ureq::Error::LargeResponseHeader(..) => (ErrorKind::TooLarge, too_large_words()),
        ureq::Error::Protocol(_) if call.phase != Phase::Response => unsendable(),
        ureq::Error::Protocol(why) => (
            ErrorKind::Protocol,
            format!("the answer is not HTTP/1.1 as it should be: {why}"),
        ),
        // Their texts may repeat the URL.
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => unsendable(),
        other => (
            ErrorKind::Internal,
            format!("the HTTP client gave up: {other}"),
        ),
    };
    SendError {
        kind,
        phase: call.phase,
        message,
    }
}

/// An error of ours that the client carried, or one of the client's own boxes.
fn ours(inner: Box<dyn std::error::Error + Send + Sync>) -> SendError {
    match inner.downcast::<SendError>() {
        Ok(error) => *error,
        Err(other) => SendError {
            kind: ErrorKind::Internal,
            phase: Phase::Start,
            message: format!("the HTTP client gave up: {other}"),
        },
    }
}

fn on_the_wire(error: &io::Error, call: &Call) -> (ErrorKind, String) {
    if let Some(fault) = tls::fault_within(error) {
        return (ErrorKind::Tls, format!("TLS: {}", tls::words(fault, None)));
    }
    let message = match error.kind() {
        io::ErrorKind::NotConnected => return (ErrorKind::Internal, stopping().message),
        kind if !is_end(kind) => format!("the connection broke: {error}"),
        _ if call.heard_bytes > 0 => {
            "the receiver closed the connection in the middle of its answer's head".into()
        }
        _ => "the receiver closed the connection before answering".into(),
    };
    (ErrorKind::Closed, message)
}

fn timeout_words(call: &Call) -> String {
    let limit = span(call.limit);
    let how = match call.connected_at {
        Some(at) => format!("connected in {}", span(at.duration_since(call.begun))),
        None => "on a connection that was open".into(),
    };
    match call.phase {
        Phase::Request => format!("the receiver did not take the request in {limit} ({how})"),
        Phase::Response if call.heard_bytes > 0 => {
            format!("the answer was not complete in {limit} ({how})")
        }
        Phase::Response => format!("no answer in {limit} ({how})"),
        Phase::Start | Phase::Resolve | Phase::Connect | Phase::Tls => {
            format!("no connection in {limit}")
        }
    }
}

fn too_large_words() -> String {
    let kib = HEAD_BYTES_MAX / 1024;
    format!("the head of the answer is larger than {kib} KiB")
}

fn unsendable() -> (ErrorKind, String) {
    let message = "the request can't be sent: its URL or one of its headers is not valid";
    (ErrorKind::Internal, message.into())
}

/// `40 ms`, `15 s`, `1.5 s`
pub(super) fn span(duration: Duration) -> String {
    let ms = duration.as_millis();
    let tenths = (ms + 50) / 100;
    match ms {
        0..1000 => format!("{ms} ms"),
        _ if tenths.is_multiple_of(10) => format!("{} s", tenths / 10),
        _ => format!("{}.{} s", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_people_say_them() {
        for (ms, expected) in [
            (0, "0 ms"),
            (40, "40 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (1540, "1.5 s"),
            (4_998, "5 s"),
            (15_000, "15 s"),
        ] {
            assert_eq!(span(Duration::from_millis(ms)), expected);
        }
    }
}
