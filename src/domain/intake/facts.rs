//! Finds the few facts in `data` that filters and order read, and checks them.
//!
//! Everything else in `data` is none of ringhook's business: its grammar is checked by the scan,
//! its content is never looked at.

use std::borrow::Cow;

use super::scan::{Fault, Scan, Value};
use crate::domain::endpoint::FieldError;
use crate::domain::event::{EventType, Facts};
use crate::domain::filter;

/// The most characters of `data.id`.
pub const ID_CHARS_MAX: usize = 128;

/// The facts as they stand in `data`, not yet checked: of duplicate keys the last.
#[derive(Default)]
pub(super) struct Found<'a> {
    id: Value<'a>,
    account: Value<'a>,
    account_id: Value<'a>,
    tracked_number: Value<'a>,
    caller_number: Value<'a>,
    duration: Value<'a>,
}

/// A string that can't be read as text, and the path of its field.
pub(super) type HalfText = (&'static str, Fault);

impl<'a> Found<'a> {
    /// Walks over the object that begins here; `outside` levels are open around it.
    pub(super) fn scan(scan: &mut Scan<'a>, outside: usize) -> Result<Self, Fault> {
        let inside = outside + 1;
        let mut found = Self::default();
        let mut first = true;
        scan.enter_object()?;
        while let Some(key) = scan.next_key(first)? {
            first = false;
            match key.name().as_ref() {
                "id" => found.id = scan.value(inside)?,
                "account" => {
                    (found.account, found.account_id) = scan_account(scan, inside)?;
                }
                "tracked_number" => found.tracked_number = scan.value(inside)?,
                "caller_number" => found.caller_number = scan.value(inside)?,
                "duration" => found.duration = scan.value(inside)?,
                _ => {
                    scan.value(inside)?;
                }
            }
        }
        Ok(found)
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
            duration: self.duration(errors),
        })
    }

    fn id(
        &self,
        kind: Option<&EventType>,
        errors: &mut Vec<FieldError>,
    ) -> Result<Option<String>, HalfText> {
        const FIELD: &str = "data.id";
        let Some(id) = text(FIELD, self.id, errors)? else {
            if let Some(kind) = kind.filter(|kind| kind.needs_id())
                && matches!(self.id, Value::Null)
            {
                let message = format!("{kind} needs the id of its call, email or lead");
                errors.push(FieldError::new(FIELD, "required", message));
            }
            return Ok(None);
        };
        let chars = chars_up_to(&id, ID_CHARS_MAX + 1);
        if chars == 0 || chars > ID_CHARS_MAX {
            let message = format!("must have 1 to {ID_CHARS_MAX} characters");
            errors.push(FieldError::new(FIELD, "out_of_range", message));
        }
        Ok(Some(id.into_owned()))
    }

    fn account(&self, errors: &mut Vec<FieldError>) -> Result<Option<String>, HalfText> {
        match self.account {
            Value::Null => Ok(None),
            Value::Object => {
                let id = text("data.account.id", self.account_id, errors)?;
                Ok(id.map(Cow::into_owned))
            }
            _ => {
                let message = "must be an object with id and name, or null";
                errors.push(FieldError::new("data.account", "wrong_type", message));
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
        let Value::Text(text) = self.caller_number else {
            return None;
        };
        let number = filter::comparable(&text.read().ok()?);
        filter::is_number(&number).then_some(number)
    }

    fn duration(&self, errors: &mut Vec<FieldError>) -> Option<f64> {
        const FIELD: &str = "data.duration";
        let written = match self.duration {
            Value::Null => return None,
            Value::Number(written) => written,
            _ => {
                let message = "must be a number of seconds, or null when it is not known";
                errors.push(FieldError::new(FIELD, "wrong_type", message));
                return None;
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
        Some(seconds + 0.0)
    }
}

/// The account and its id: the last `id` of the last `account`.
fn scan_account<'a>(scan: &mut Scan<'a>, outside: usize) -> Result<(Value<'a>, Value<'a>), Fault> {
    if !scan.is_object() {
        return Ok((scan.value(outside)?, Value::Null));
    }
    let mut id = Value::Null;
    let mut first = true;
    scan.enter_object()?;
    while let Some(key) = scan.next_key(first)? {
        first = false;
        let value = scan.value(outside + 1)?;
        if key.name() == "id" {
            id = value;
        }
    }
    Ok((Value::Object, id))
}

/// The text of an optional field; another type than text is an error.
fn text<'a>(
    field: &'static str,
    value: Value<'a>,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Cow<'a, str>>, HalfText> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => text.read().map(Some).map_err(|fault| (field, fault)),
        _ => {
            errors.push(FieldError::new(field, "wrong_type", "must be a string"));
            Ok(None)
        }
    }
}

fn chars_up_to(text: &str, max: usize) -> usize {
    text.chars().take(max).count()
}
