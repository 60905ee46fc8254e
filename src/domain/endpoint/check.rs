//! What an endpoint has to be before it is kept: every error at once, each with its field, its
//! value and what to do. Nothing here looks anything up.

use std::fmt::Display;
use std::ops::RangeInclusive;

use http::{HeaderName, HeaderValue};

use super::{EndpointSpec, FieldError, url};
use crate::domain::filter::Subscription;
use crate::domain::request::is_reserved_header;

/// The longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 200;
/// The most subscriptions of one endpoint.
pub const EVENTS_MAX: usize = 100;
/// The most headers that an endpoint sets itself.
pub const HEADERS_MAX: usize = 32;
/// Names and values of these headers together, in bytes.
pub const HEADERS_BYTES_MAX: usize = 8 * 1024;
/// What `policy.timeout_ms` may be.
pub const TIMEOUT_MS: RangeInclusive<u32> = 1_000..=60_000;
/// What `policy.in_flight_max` may be.
pub const IN_FLIGHT_MAX: RangeInclusive<u16> = 1..=256;
/// What `policy.rate_per_s` may be: from one request in 100 s.
pub const RATE_PER_S: RangeInclusive<f64> = 0.01..=1_000.0;
/// What `policy.attempts` may be.
pub const ATTEMPTS: RangeInclusive<u8> = 1..=25;

impl EndpointSpec {
    /// Everything that is wrong with it, each with its field; empty when it may be kept.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors: Vec<_> = check_title(&self.title).into_iter().collect();
        errors.extend(url::check(&self.url));
        errors.extend(check_events(&self.events));
        self.check_headers(&mut errors);
        let policy = &self.policy;
        errors.extend(check_range(
            "policy.timeout_ms",
            policy.timeout_ms,
            &TIMEOUT_MS,
        ));
        errors.extend(check_range(
            "policy.in_flight_max",
            policy.in_flight_max,
            &IN_FLIGHT_MAX,
        ));
        errors.extend(check_range(
            "policy.rate_per_s",
            policy.rate_per_s,
            &RATE_PER_S,
        ));
        errors.extend(check_range("policy.attempts", policy.attempts, &ATTEMPTS));
        errors.extend(policy.tls.check());
        errors
    }

    fn check_headers(&self, errors: &mut Vec<FieldError>) {
        if self.headers.len() > HEADERS_MAX {
            let count = self.headers.len();
            let message = format!("has {count} headers; {HEADERS_MAX} are allowed");
            errors.push(FieldError::new("headers", "too_many", message));
        }
        let bytes = |(name, value): &(String, String)| name.len() + value.len();
        let total: usize = self.headers.iter().map(bytes).sum();
        if total > HEADERS_BYTES_MAX {
            let message = format!(
                "has {total} bytes of names and values; {HEADERS_BYTES_MAX} are allowed in all"
            );
            errors.push(FieldError::new("headers", "too_long", message));
        }
        for (place, (name, value)) in self.headers.iter().take(HEADERS_MAX).enumerate() {
            let is_same = |(other, _): &(String, String)| other.eq_ignore_ascii_case(name);
            let repeated = self.headers[..place].iter().any(is_same);
            if let Some((code, message)) = check_header(name, value, repeated) {
                let field = format!("headers.{}", name.escape_debug());
                errors.push(FieldError::new(field, code, message));
            }
        }
    }
}

/// What is wrong with what an endpoint wants, each with its field.
pub fn check_events(events: &[Subscription]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if events.is_empty() {
        let message = "is empty: name at least one event type, or \"*\" for all";
        errors.push(FieldError::new("events", "required", message));
    }
    if events.len() > EVENTS_MAX {
        let message = format!(
            "has {} subscriptions; {EVENTS_MAX} are allowed: put the accounts or numbers of one \
             event type into one subscription",
            events.len()
        );
        errors.push(FieldError::new("events", "too_many", message));
    }
    for (place, subscription) in events.iter().take(EVENTS_MAX).enumerate() {
        errors.extend(subscription.check(&format!("events[{place}]")));
    }
    errors
}

fn check_title(title: &str) -> Option<FieldError> {
    let characters = title.chars().count();
    let (code, message) = if title.trim().is_empty() {
        (
            "required",
            "is empty: give the endpoint a name of 1 to 200 characters".to_owned(),
        )
    } else if characters > TITLE_CHARACTERS_MAX {
        (
            "too_long",
            format!("has {characters} characters; {TITLE_CHARACTERS_MAX} are allowed"),
        )
    } else if let Some(wrong) = title.chars().find(|c| c.is_control()) {
        (
            "invalid",
            format!("contains the control character {wrong:?}: remove it"),
        )
    } else {
        return None;
    };
    Some(FieldError::new("title", code, message))
}

/// What is wrong with one header. A value is never repeated in a message: it may be a secret.
fn check_header(name: &str, value: &str, repeated: bool) -> Option<(&'static str, String)> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some((
            "invalid",
            format!("{name:?} is no header name: use letters, digits and -, as in X-Env"),
        ));
    }
    if is_reserved_header(name) {
        return Some((
            "not_allowed",
            format!(
                "{name} is set by ringhook or by the connection: remove it, or choose a name \
                     that begins with X-"
            ),
        ));
    }
    if repeated {
        return Some((
            "duplicate",
            format!("{name} is there twice (letter case does not count): keep one of them"),
        ));
    }
    let unfit = value
        .chars()
        .find(|c| !c.is_ascii() || c.is_ascii_control() && *c != '\t');
    if let Some(wrong) = unfit {
        return Some((
            "invalid",
            format!("the value of {name} contains {wrong:?}: use printable ASCII characters"),
        ));
    }
    if value.trim() != value || HeaderValue::from_str(value).is_err() {
        return Some((
            "invalid",
            format!(
                "the value of {name} begins or ends with white space, which gets lost on \
                     the way: remove it"
            ),
        ));
    }
    None
}

fn check_range<T: PartialOrd + Display>(
    field: &str,
    value: Option<T>,
    range: &RangeInclusive<T>,
) -> Option<FieldError> {
    let value = value.filter(|value| !range.contains(value))?;
    let (first, last) = (range.start(), range.end());
    let message =
        format!("{value} is out of range: give {first} to {last}, or null for the default");
    Some(FieldError::new(field, "out_of_range", message))
}

#[cfg(test)]
mod tests;
