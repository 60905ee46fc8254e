//! What an endpoint wants, as it is given with an endpoint and to a preview: a list of event
//! types, each as its code or as an object with a filter.

use crate::domain::endpoint::{FieldError, check_events};
use crate::domain::event::EventType;
use crate::domain::filter::{Filter, NumberPattern, Subscription, Wants, comparable};

use super::super::json::Value;
use super::super::problem::Problem;

type Errors = Vec<FieldError>;

/// The subscriptions of a request that names nothing else of an endpoint: they must be as an
/// endpoint may have them.
pub fn acceptable(value: Value<'_>) -> Result<Vec<Subscription>, Problem> {
    let mut errors = Errors::new();
    let found = subscriptions(value, &mut errors)?;
    // With an item left out, the places of the others no longer hold.
    if errors.is_empty() {
        errors = check_events(&found);
    }
    match errors.is_empty() {
        true => Ok(found),
        false => Err(Problem::not_acceptable(errors)),
    }
}

/// A list of subscriptions; what is well formed and not acceptable goes to `errors`.
pub fn subscriptions(value: Value<'_>, errors: &mut Errors) -> Result<Vec<Subscription>, Problem> {
    let mut found = Vec::new();
    for item in value.list()? {
        found.extend(subscription(item, errors)?);
    }
    Ok(found)
}

/// `"call:missed"`, or an object with a filter.
fn subscription(value: Value<'_>, errors: &mut Errors) -> Result<Option<Subscription>, Problem> {
    if value.is_string() {
        let wants = wants(&value, errors)?;
        let filter = Filter::default();
        return Ok(wants.map(|wants| Subscription { wants, filter }));
    }
    let mut object = value.object()?;
    let wants = wants(&object.require("type")?, errors)?;
    let mut filter = Filter::default();
    if let Some(value) = object.take("accounts").and_then(Value::non_null) {
        filter.accounts = strings(value)?;
    }
    if let Some(value) = object.take("numbers").and_then(Value::non_null) {
        filter.numbers = strings(value)?.into_iter().map(pattern).collect();
    }
    if let Some(value) = object.take("duration").and_then(Value::non_null) {
        let mut bounds = value.object()?;
        let mut bound = |name: &str| {
            let given = bounds.take(name).and_then(Value::non_null);
            given.map(|value| value.number()).transpose()
        };
        (filter.duration_min, filter.duration_max) = (bound("min")?, bound("max")?);
        bounds.finish()?;
    }
    object.finish()?;
    Ok(wants.map(|wants| Subscription { wants, filter }))
}

fn wants(value: &Value<'_>, errors: &mut Errors) -> Result<Option<Wants>, Problem> {
    let code = value.string()?;
    if code == "*" {
        return Ok(Some(Wants::All));
    }
    match EventType::parse(&code) {
        Ok(kind) => Ok(Some(Wants::Type(kind))),
        Err(error) => {
            let message = format!("{code:?} {error}, or \"*\"");
            errors.push(FieldError::new(value.path(), "invalid", message));
            Ok(None)
        }
    }
}

fn strings(value: Value<'_>) -> Result<Vec<String>, Problem> {
    value.list()?.iter().map(Value::string).collect()
}

/// As written, with its comparable form beside it. Whether it is a number is checked with the
/// spec.
fn pattern(written: String) -> NumberPattern {
    let trimmed = written.trim_end();
    let (number, prefix) = match trimmed.strip_suffix('*') {
        Some(number) => (number, true),
        None => (trimmed, false),
    };
    NumberPattern {
        comparable: comparable(number),
        prefix,
        written,
    }
}
