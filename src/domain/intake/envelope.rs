//! The envelope of a posted event: its four fields, each in its shape.
//!
//! What is wrong here is wrong with the form of the body and stops at the first mistake; whether
//! the values are acceptable is not asked here.

use std::borrow::Cow;

use super::facts::Found;
use super::raw::Value;
use super::scan::{Fault, Key, Scan};
use super::{Unreadable, quoted};

/// The fields of a body that is well formed.
pub(super) struct Envelope<'a> {
    pub(super) event: Cow<'a, str>,
    pub(super) data: Data<'a>,
    pub(super) occurred_at: Option<Cow<'a, str>>,
    pub(super) idempotency_key: Option<Cow<'a, str>>,
}

/// The object of the producer.
pub(super) struct Data<'a> {
    /// As it stands in the body, byte for byte.
    pub(super) text: &'a str,
    /// What ringhook looks at.
    pub(super) found: Found<'a>,
}

impl<'a> Envelope<'a> {
    /// Reads a whole body.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Unreadable> {
        let mut scan = Scan::new(as_text(body)?);
        if !scan.is_object() {
            return Err(not_an_object(scan));
        }
        let (mut event, mut data, mut occurred_at, mut idempotency_key) = (None, None, None, None);
        scan.object(|scan, key| {
            let name = key.name();
            let given_before = match name.as_ref() {
                "event" => event.replace(string("event", scan)?).is_some(),
                "data" => data.replace(object(scan)?).is_some(),
                "occurred_at" => {
                    let time = optional_string("occurred_at", scan)?;
                    occurred_at.replace(time).is_some()
                }
                "idempotency_key" => {
                    let text = optional_string("idempotency_key", scan)?;
                    idempotency_key.replace(text).is_some()
                }
                _ => return Err(unknown(key)),
            };
            if given_before {
                let message = "is given twice";
                return Err(shape(&name, key.raw.offset, "duplicate_field", message));
            }
            Ok(())
        })?;
        let closed_at = scan.offset() - 1;
        scan.end()?;
        let missing = |field| shape(field, closed_at, "missing_field", "is missing");
        Ok(Self {
            event: event.ok_or_else(|| missing("event"))?,
            data: data.ok_or_else(|| missing("data"))?,
            occurred_at: occurred_at.flatten(),
            idempotency_key: idempotency_key.flatten(),
        })
    }
}

/// A fault outside the fields is one of the body.
impl From<Box<Fault>> for Unreadable {
    fn from(fault: Box<Fault>) -> Self {
        malformed("", &fault)
    }
}

/// An answer about something that can't be scanned.
pub(super) fn malformed(field: &str, fault: &Fault) -> Unreadable {
    shape(field, fault.offset, fault.code(), fault.message())
}

fn shape(field: &str, offset: usize, code: &'static str, message: impl Into<String>) -> Unreadable {
    Unreadable::Malformed {
        field: field.to_owned(),
        offset,
        code,
        message: message.into(),
    }
}

fn as_text(body: &[u8]) -> Result<&str, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("byte {:#04x} is not UTF-8 here", body[at]);
        shape("", at, "not_utf8", message)
    })?;
    if text.starts_with('\u{feff}') {
        let message = "begins with a byte order mark; send UTF-8 without one";
        return Err(shape("", 0, "not_json", message));
    }
    if text.is_empty() {
        let message = "the body is empty; send an object with event and data";
        return Err(shape("", 0, "not_json", message));
    }
    Ok(text)
}

/// Another value than an object is of the wrong type only if it is JSON at all.
fn not_an_object(mut scan: Scan<'_>) -> Unreadable {
    let start = scan.offset();
    match scan.skip(0).and_then(|()| scan.end()) {
        Err(fault) => malformed("", &fault),
        Ok(()) => {
            let message = "the body must be an object with event and data";
            shape("", start, "wrong_type", message)
        }
    }
}

fn unknown(key: &Key<'_>) -> Unreadable {
    let name = super::shortened(&key.name()).into_owned();
    let message = format!(
        "there is no field {}; an event has event, data, occurred_at and idempotency_key",
        quoted(&name)
    );
    shape(&name, key.raw.offset, "unknown_field", message)
}

fn object<'a>(scan: &mut Scan<'a>) -> Result<Data<'a>, Unreadable> {
    let start = scan.offset();
    let in_field = |fault: Box<Fault>| malformed("data", &fault);
    if !scan.is_object() {
        scan.skip(1).map_err(in_field)?;
        return Err(shape("data", start, "wrong_type", "must be an object"));
    }
    let found = Found::scan(scan, 1).map_err(in_field)?;
    let text = scan.since(start).text;
    Ok(Data { text, found })
}

fn string<'a>(field: &str, scan: &mut Scan<'a>) -> Result<Cow<'a, str>, Unreadable> {
    let start = scan.offset();
    optional_string(field, scan)?
        .ok_or_else(|| shape(field, start, "wrong_type", "must be a string"))
}

fn optional_string<'a>(
    field: &str,
    scan: &mut Scan<'a>,
) -> Result<Option<Cow<'a, str>>, Unreadable> {
    let start = scan.offset();
    let value = scan.value(1).and_then(|raw| raw.read());
    match value.map_err(|fault| malformed(field, &fault))? {
        Value::Text(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        _ => Err(shape(field, start, "wrong_type", "must be a string")),
    }
}
