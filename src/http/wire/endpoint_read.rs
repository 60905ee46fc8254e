//! An endpoint as it is created and patched: a JSON merge patch (RFC 7396) over a spec, in which
//! `null` means the default.
//!
//! A wrong shape ends the reading (400); what is well formed and not acceptable is collected
//! (422). What the values must be is the domain's matter: `EndpointSpec::check`.

use crate::domain::endpoint::{Encoding, EndpointSpec, FieldError, Order, Policy};
use crate::domain::key::SignatureKey;
use crate::domain::time::Timestamp;

use super::super::json::{Object, Value};
use super::super::problem::Problem;
use super::subscription_read::subscriptions;

pub mod tls;

/// Fields that ringhook writes.
const READ_ONLY: [&str; 7] = [
    "id",
    "state",
    "reason",
    "stats",
    "recent",
    "created_at",
    "updated_at",
];

/// What must be given, and can't be reset.
const REQUIRED: [&str; 3] = ["title", "url", "events"];

type Errors = Vec<FieldError>;

/// What a POST brings: a spec, and a key where one is brought along.
pub fn create(
    mut body: Object<'_>,
    now: Timestamp,
) -> Result<(EndpointSpec, Option<SignatureKey>), Problem> {
    let mut spec = EndpointSpec {
        title: String::new(),
        url: String::new(),
        enabled: true,
        events: Vec::new(),
        headers: Vec::new(),
        encoding: Encoding::default(),
        policy: Policy::default(),
        expires_at: None,
    };
    let mut errors = Errors::new();
    let key = match body.take("key").and_then(Value::non_null) {
        Some(value) => import_key(&value, &mut errors)?,
        None => None,
    };
    let given = merge(&mut spec, body, now, &mut errors)?;
    for name in REQUIRED {
        if !given.contains(&name) && !errors.iter().any(|error| error.field == name) {
            errors.push(FieldError::new(name, "required", "is needed"));
        }
    }
    finish(&spec, errors)?;
    Ok((spec, key))
}

/// What a PATCH makes of a spec.
pub fn patch(spec: &mut EndpointSpec, body: Object<'_>, now: Timestamp) -> Result<(), Problem> {
    let mut errors = Errors::new();
    let mut body = body;
    if body.take("key").is_some() {
        let message = "a key is changed with POST …/key";
        errors.push(FieldError::new("key", "read_only", message));
    }
    merge(spec, body, now, &mut errors)?;
    finish(spec, errors)
}

/// A key that is brought along.
pub fn import_key(value: &Value<'_>, errors: &mut Errors) -> Result<Option<SignatureKey>, Problem> {
    let imported = SignatureKey::import(&value.string()?);
    Ok(imported
        .map_err(|error| errors.push(FieldError::new(value.path(), "invalid", error.to_string())))
        .ok())
}

/// Adds what the domain finds, but for fields that already have an error: those are not as the
/// user gave them.
fn finish(spec: &EndpointSpec, mut errors: Errors) -> Result<(), Problem> {
    let spoiled: Vec<_> = errors.iter().map(|error| root(&error.field)).collect();
    let found = spec.check().into_iter();
    let found: Errors = found
        .filter(|error| !spoiled.contains(&root(&error.field)))
        .collect();
    errors.extend(found);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::not_acceptable(errors))
    }
}

/// `events` of `events[0].type`: a list with one bad item is spoiled as a whole, because the
/// places of the others no longer hold. Of `policy.order` it is all.
fn root(field: &str) -> String {
    let end = field.find('[').unwrap_or(field.len());
    field[..end].to_owned()
}

/// Merges the members into the spec; the names of those that were given and not null.
fn merge(
    spec: &mut EndpointSpec,
    mut body: Object<'_>,
    now: Timestamp,
    errors: &mut Errors,
) -> Result<Vec<&'static str>, Problem> {
    for name in READ_ONLY {
        if body.take(name).is_some() {
            let message = "is written by ringhook and can't be set";
            errors.push(FieldError::new(name, "read_only", message));
        }
    }
    let mut given = Vec::new();
    for name in REQUIRED {
        let Some(value) = body.take(name) else {
            continue;
        };
        match (name, value.non_null()) {
            (_, None) => errors.push(FieldError::new(name, "required", "can't be null")),
            (_, Some(value)) => {
                given.push(name);
                match name {
                    "title" => spec.title = value.string()?,
                    "url" => spec.url = value.string()?,
                    _ => spec.events = subscriptions(value, errors)?,
                }
            }
        }
    }
    if let Some(value) = body.take("enabled") {
        spec.enabled = value.non_null().map_or(Ok(true), |value| value.boolean())?;
    }
    if let Some(value) = body.take("headers") {
        merge_headers(&mut spec.headers, value.non_null())?;
    }
    if let Some(value) = body.take("signature") {
        merge_signature(spec, value.non_null(), errors)?;
    }
    if let Some(value) = body.take("policy") {
        merge_policy(&mut spec.policy, value.non_null(), errors)?;
    }
    if let Some(value) = body.take("expires_at") {
        spec.expires_at = match value.non_null() {
            Some(value) => expiry(&value, now, errors)?,
            None => None,
        };
    }
    body.finish()?;
    Ok(given)
}

fn expiry(
    value: &Value<'_>,
    now: Timestamp,
    errors: &mut Errors,
) -> Result<Option<Timestamp>, Problem> {
    let text = value.string()?;
    let at = Timestamp::parse_rfc3339(&text);
    let message = match at {
        Some(at) if at > now => return Ok(Some(at)),
        Some(_) => format!("{text:?} is over"),
        None => format!("{text:?} is not a time such as 2026-03-04T10:08:22+01:00"),
    };
    errors.push(FieldError::new(value.path(), "invalid", message));
    Ok(None)
}

/// A header that is there, in any letter case, takes its new name and value; null removes it.
fn merge_headers(
    headers: &mut Vec<(String, String)>,
    value: Option<Value<'_>>,
) -> Result<(), Problem> {
    let Some(value) = value else {
        headers.clear();
        return Ok(());
    };
    let before = headers.len();
    let mut removed = Vec::new();
    for (name, value) in value.object()?.members() {
        let known = headers[..before]
            .iter()
            .position(|(known, _)| known.eq_ignore_ascii_case(&name));
        match (known, value.is_null()) {
            (Some(place), true) => removed.push(place),
            (None, true) => {}
            (Some(place), false) => headers[place] = (name, value.string()?),
            (None, false) => headers.push((name, value.string()?)),
        }
    }
    let mut place = 0;
    headers.retain(|_| {
        place += 1;
        !removed.contains(&(place - 1))
    });
    Ok(())
}

fn merge_signature(
    spec: &mut EndpointSpec,
    value: Option<Value<'_>>,
    errors: &mut Errors,
) -> Result<(), Problem> {
    let Some(value) = value else {
        spec.encoding = Encoding::default();
        return Ok(());
    };
    let mut object = value.object()?;
    for name in ["standard", "next", "previous_until"] {
        if let Some(value) = object.take(name) {
            let message = "follows from the keys and can't be set";
            errors.push(FieldError::new(value.path(), "read_only", message));
        }
    }
    if let Some(value) = object.take("encoding") {
        let known = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
        spec.encoding = one_of(value, &known, errors)?;
    }
    object.finish()
}

fn merge_policy(
    policy: &mut Policy,
    value: Option<Value<'_>>,
    errors: &mut Errors,
) -> Result<(), Problem> {
    let Some(value) = value else {
        *policy = Policy::default();
        return Ok(());
    };
    let mut object = value.object()?;
    if let Some(value) = object.take("timeout_ms") {
        policy.timeout_ms = whole(value, errors)?;
    }
    if let Some(value) = object.take("in_flight_max") {
        policy.in_flight_max = whole(value, errors)?;
    }
    if let Some(value) = object.take("attempts") {
        policy.attempts = whole(value, errors)?;
    }
    if let Some(value) = object.take("order") {
        let known = [("call", Order::Call), ("none", Order::None)];
        policy.order = one_of(value, &known, errors)?;
    }
    if let Some(value) = object.take("rate_per_s") {
        let rate = value.non_null().map(|value| value.number());
        policy.rate_per_s = rate.transpose()?;
    }
    if let Some(value) = object.take("tls") {
        tls::merge(&mut policy.tls, value.non_null(), errors)?;
    }
    object.finish()
}

/// One of the names; null is the default.
fn one_of<T: Copy + Default>(
    value: Value<'_>,
    known: &[(&str, T)],
    errors: &mut Errors,
) -> Result<T, Problem> {
    let Some(value) = value.non_null() else {
        return Ok(T::default());
    };
    let text = value.string()?;
    if let Some((_, found)) = known.iter().find(|(name, _)| *name == text) {
        return Ok(*found);
    }
    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    let message = format!("{text:?} is not one of {}", names.join(", "));
    errors.push(FieldError::new(value.path(), "invalid", message));
    Ok(T::default())
}

/// A whole number that its type can hold; its real bounds are checked with the spec. Null is the
/// default.
fn whole<T: TryFrom<i64>>(value: Value<'_>, errors: &mut Errors) -> Result<Option<T>, Problem> {
    let Some(value) = value.non_null() else {
        return Ok(None);
    };
    let number = value.number()?;
    let fits = number.fract() == 0.0 && number.abs() < 1e15;
    let found = fits
        .then_some(number as i64)
        .and_then(|n| T::try_from(n).ok());
    if found.is_none() {
        let message = format!("{} is not a whole number in its range", value.raw());
        errors.push(FieldError::new(value.path(), "out_of_range", message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
