//! Reads a posted event: what is wrong with it, or an `Incoming`.
//!
//! One pass over the body finds the four fields of the envelope and the few facts in `data`;
//! nothing of `data` is ever parsed to a value and written again. This is the hot path of
//! intake, so text is borrowed until the event is known to be good.

mod envelope;
mod facts;
mod lines;
mod raw;
mod scan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::digest;
use super::endpoint::FieldError;
use super::event::{EventType, Facts, Incoming, Origin};
use super::payload::Draft;
use super::time::Timestamp;
use envelope::{Envelope, malformed};
use facts::Found;
pub use facts::ID_CHARS_MAX;
pub use lines::{LINES_MAX, UnreadableLines, read_lines};
use scan::{Fault, Scan};

/// The deepest nesting of a posted body: the envelope is the first level, `data` the second.
pub const DEPTH_MAX: usize = 128;

/// The most characters of an idempotency key.
pub const KEY_CHARS_MAX: usize = 128;

/// Why a body is not accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Not JSON, not UTF-8, too deep, wrong shape or an unknown field: 400.
    Malformed {
        /// The path of the field, empty for the body as a whole.
        field: String,
        /// Where in the body, in bytes.
        offset: usize,
        /// A word for programs: `not_json`, `not_utf8`, `too_deep`, `unknown_field`,
        /// `missing_field`, `wrong_type`, `duplicate_field`.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// Well formed, not acceptable: 422, every error at once.
    Unacceptable(Vec<FieldError>),
    /// The key of the header and the key of the body differ: 400.
    KeysDiffer,
}

/// Reads `{"event":…,"data":…,"occurred_at":…,"idempotency_key":…}`, the last two of which may
/// be absent or null. `header_key` is the value of `Idempotency-Key`.
pub fn read(body: &[u8], header_key: Option<&str>, origin: Origin) -> Result<Incoming, Unreadable> {
    let envelope = Envelope::read(body)?;
    let (key_field, key) = match (envelope.idempotency_key.as_deref(), header_key) {
        (Some(body), Some(header)) if body != header => return Err(Unreadable::KeysDiffer),
        (Some(key), _) => ("idempotency_key", Some(key)),
        (None, key) => ("Idempotency-Key", key),
    };
    let mut errors = Vec::new();
    let kind = check_type(&envelope.event, &mut errors);
    let facts = envelope.data.found.check(kind.as_ref(), &mut errors);
    let facts = facts.map_err(|(field, fault)| malformed(field, &fault))?;
    let occurred_text = envelope.occurred_at.as_deref();
    let occurred_at = occurred_text.and_then(|text| check_time(text, &mut errors));
    check_key(key_field, key, &mut errors);
    let Some(kind) = kind.filter(|_| errors.is_empty()) else {
        return Err(Unreadable::Unacceptable(errors));
    };
    let data = envelope.data.text;
    Ok(Incoming {
        draft: Draft::render(&kind, data, occurred_at, false),
        content: key.map_or(0, |_| content(&kind, data, occurred_at)),
        idempotency_key: key.map(|key| digest::long(&[key.as_bytes()])),
        kind,
        occurred_at,
        facts,
        origin,
    })
}

/// Checks an object that is to be the `data` of an event of that type (for tests of an
/// endpoint): the facts in it, or every error in it. What passes here may also be posted, so
/// its nesting counts as if it stood in an envelope.
pub fn read_data(kind: &EventType, data: &str) -> Result<Facts, Vec<FieldError>> {
    let refuse = |field: &str, fault: &Fault| {
        let message = format!("at byte {}: {}", fault.offset, fault.message());
        vec![FieldError::new(field, fault.code(), message)]
    };
    let mut scan = Scan::new(data);
    if !scan.is_object() {
        let whole = scan.skip(1).and_then(|()| scan.end());
        whole.map_err(|fault| refuse("data", &fault))?;
        let message = "must be an object";
        return Err(vec![FieldError::new("data", "wrong_type", message)]);
    }
    let found = Found::scan(&mut scan, 1);
    let found = found.and_then(|found| scan.end().map(|()| found));
    let found = found.map_err(|fault| refuse("data", &fault))?;
    let mut errors = Vec::new();
    let facts = found.check(Some(kind), &mut errors);
    let facts = facts.map_err(|(field, fault)| refuse(field, &fault))?;
    if errors.is_empty() {
        Ok(facts)
    } else {
        Err(errors)
    }
}

fn check_type(code: &str, errors: &mut Vec<FieldError>) -> Option<EventType> {
    match EventType::parse(code) {
        Err(error) => {
            let message = format!("{} {error}", quoted(code));
            errors.push(FieldError::new("event", "invalid", message));
            None
        }
        Ok(kind) if kind.is_notice() => {
            let message = format!("{kind} is a notice of ringhook itself and can't be posted");
            errors.push(FieldError::new("event", "reserved", message));
            None
        }
        Ok(kind) => Some(kind),
    }
}

fn check_time(text: &str, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
    let time = Timestamp::parse_rfc3339(text);
    if time.is_none() {
        let message = format!(
            "{} is not a time of RFC 3339 such as 2026-03-04T10:08:22+01:00, from 1970 on",
            quoted(text)
        );
        errors.push(FieldError::new("occurred_at", "invalid", message));
    }
    time
}

fn check_key(field: &str, key: Option<&str>, errors: &mut Vec<FieldError>) {
    let Some(key) = key else { return };
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("must be 1 to {KEY_CHARS_MAX} visible ASCII characters, no spaces");
        errors.push(FieldError::new(field, "invalid", message));
    }
}

/// The digest by which the same event, posted again, is known. The time counts as the moment it
/// names, however it was written.
fn content(kind: &EventType, data: &str, occurred_at: Option<Timestamp>) -> u128 {
    let time = occurred_at.map(|at| at.to_string()).unwrap_or_default();
    digest::long(&[kind.as_str().as_bytes(), data.as_bytes(), time.as_bytes()])
}

/// A value from outside, for a message: quoted, and never long.
fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 64;
    match text.char_indices().nth(CHARS_MAX) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
