//! Finds the few facts in `data` that filters and order read, and checks them.
//!
//! Everything else in `data` is none of ringhook's business: its grammar is checked by the scan,
//! its content is never looked at.

use std::borrow::Cow;

use super::raw::{Raw, Value};
use super::scan::{Fault, Scan, Scanned};
use crate::domain::endpoint::FieldError;
use crate::domain::event::{EventType, Facts};
use crate::domain::filter;

/// The most characters of `data.id`.
pub const ID_CHARS_MAX: usize = 128;

/// The facts as they stand in `data`, not yet checked: of duplicate keys the last.
#[derive(Default)]
pub(super) struct Found<'a> {
    id: Option<Raw<'a>>,
    account: Option<Raw<'a>>,
    account_id: Option<Raw<'a>>,
    tracked_number: Option<Raw<'a>>,
    caller_number: Option<Raw<'a>>,
    duration: Option<Raw<'a>>,
}

/// A string that can't be read as text, and the path of its field.
pub(super) type HalfText = (&'static str, Box<Fault>);

impl<'a> Found<'a> {
    /// Walks over the object that begins here; `outside` levels are open around it.
    pub(super) fn scan(scan: &mut Scan<'a>, outside: usize) -> Result<Self, Box<Fault>> {
        let inside = outside + 1;
        let mut found = Self::default();
        scan.object(|scan, key| {
            match key.name().as_ref() {
                "id" => found.id = Some(scan.value(inside)?),
                "account" => found.scan_account(scan, inside)?,
                "tracked_number" => found.tracked_number = Some(scan.value(inside)?),
                "caller_number" => found.caller_number = Some(scan.value(inside)?),
                "duration" => found.duration = Some(scan.value(inside)?),
                _ => scan.skip(inside)?,
            }
            Ok::<_, Box<Fault>>(())
        })?;
        Ok(found)
    }

    /// The account and its id: the last `id` of the last `account`.
    fn scan_account(&mut self, scan: &mut Scan<'a>, outside: usize) -> Scanned {
        let start = scan.offset();
        self.account_id = None;
        if scan.is_object() {
            scan.object(|scan, key| {
                let value = scan.value(outside + 1)?;
                if key.name() == "id" {
                    self.account_id = Some(value);
                }
                Ok::<_, Box<Fault>>(())
            })?;
        } else {
            scan.skip(outside)?;
        }
        self.account = Some(scan.since(start));
        Ok(())
    }

    /// The facts; what is wrong with them is added to `errors`. Without a type it is not known
    /// whether an id is needed, so its absence passes.
    pub(super) fn check(
        &self,
        kind: Option<&EventType>,
        errors: &mut Vec<FieldError>,
    ) -> Result<Facts, HalfText> {
        Ok(Facts {
            id: self.id(kind, errors)?,
            account: self.account(errors)?,
            tracked_number: self.tracked_number(errors)?,
            caller_number: self.caller_number(),
            duration: self.duration(errors)?,
        })
    }

    fn id(
        &self,
        kind: Option<&EventType>,
        errors: &mut Vec<FieldError>,
    ) -> Result<Option<String>, HalfText> {
        const FIELD: &str = "data.id";
        let Some(id) = text(FIELD, self.id, errors)? else {
            let is_absent = self.id.is_none_or(|raw| raw.text == "null");
            if let Some(kind) = kind.filter(|kind| is_absent && kind.needs_id()) {
                let message = format!("{kind} needs the id of its call, email or lead");
                errors.push(FieldError::new(FIELD, "required", message));
            }
            return Ok(None);
        };
        if id.is_empty() || id.chars().nth(ID_CHARS_MAX).is_some() {
            let message = format!("must have 1 to {ID_CHARS_MAX} characters");
            errors.push(FieldError::new(FIELD, "out_of_range", message));
        }
        Ok(Some(id.into_owned()))
    }

    fn account(&self, errors: &mut Vec<FieldError>) -> Result<Option<String>, HalfText> {
        const FIELD: &str = "data.account";
        match read(FIELD, self.account)? {
            Value::Null => Ok(None),
            Value::Object => {
                let id = text("data.account.id", self.account_id, errors)?;
                Ok(id.map(Cow::into_owned))
            }
            _ => {
                let message = "must be an object with id and name, or null";
                errors.push(FieldError::new(FIELD, "wrong_type", message));
                Ok(None)
            }
        }
    }

    fn tracked_number(&self, errors: &mut Vec<FieldError>) -> Result<Option<String>, HalfText> {
        const FIELD: &str = "data.tracked_number";
        let Some(written) = text(FIELD, self.tracked_number, errors)? else {
            return Ok(None);
        };
        let number = filter::comparable(&written);
        if !filter::is_number(&number) {
            let message = format!(
                "{} is not a phone number: it must be digits, with a + before them or not; \
                 send null when there is none",
                super::quoted(&written)
            );
            errors.push(FieldError::new(FIELD, "invalid", message));
        }
        Ok(Some(number))
    }

    /// Only lists show it, so whatever is no number ("anonymous", an object) is just no number.
    fn caller_number(&self) -> Option<String> {
        let Ok(Value::Text(written)) = self.caller_number?.read() else {
            return None;
        };
        let number = filter::comparable(&written);
        filter::is_number(&number).then_some(number)
    }

    fn duration(&self, errors: &mut Vec<FieldError>) -> Result<Option<f64>, HalfText> {
        const FIELD: &str = "data.duration";
        let written = match read(FIELD, self.duration)? {
            Value::Null => return Ok(None),
            Value::Number(written) => written,
            _ => {
                let message = "must be a number of seconds, or null when it is not known";
                errors.push(FieldError::new(FIELD, "wrong_type", message));
                return Ok(None);
            }
        };
        let seconds = written.parse().unwrap_or(f64::INFINITY);
        if !seconds.is_finite() || seconds < 0.0 {
            let message = format!(
                "{} is not a number of seconds from 0 up; send null when it is not known",
                super::shortened(written)
            );
            errors.push(FieldError::new(FIELD, "out_of_range", message));
        }
        // The sum turns -0 into 0.
        Ok(Some(seconds + 0.0))
    }
}

/// The text of an optional field; another type than text is an error.
fn text<'a>(
    field: &'static str,
    raw: Option<Raw<'a>>,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Cow<'a, str>>, HalfText> {
    match read(field, raw)? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        _ => {
            errors.push(FieldError::new(field, "wrong_type", "must be a string"));
            Ok(None)
        }
    }
}

fn read<'a>(field: &'static str, raw: Option<Raw<'a>>) -> Result<Value<'a>, HalfText> {
    match raw {
        None => Ok(Value::Null),
        Some(raw) => raw.read().map_err(|fault| (field, fault)),
    }
}
