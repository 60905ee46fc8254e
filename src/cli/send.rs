//! `send`: posts an event as the phone system would.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::console::{DIM, paint};
use super::document::{number, text};
use super::failure::{Exit, Failure, code};
use super::input;
use super::words::plural;
use crate::domain::event::EventType;
use crate::domain::payload;

/// `send`
#[derive(Args)]
pub struct Arguments {
    /// The event's type, as call:completed
    #[arg(value_name = "TYPE")]
    kind: String,
    #[command(flatten)]
    data: Data,
    /// An idempotency key: the same event sent again with it is not queued twice
    #[arg(long, value_name = "KEY")]
    id: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Data {
    /// The event's data, a JSON object; - is stdin
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The built-in sample of the type, as a call of its own
    #[arg(long)]
    sample: bool,
}

/// Posts it, and says how many endpoints it matched.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let kind = event_type(&arguments.kind)?;
    let data = match &arguments.data.data {
        Some(path) => input::json(path)?.get().to_owned(),
        None => fresh_sample(payload::sample(&kind), &random_letters()?),
    };
    let client = context.client()?;
    let accepted = client.post("/v1/events", &body(&kind, &data, arguments.id.as_deref()))?;
    if context.console.machine(&accepted)? {
        return Ok(Exit::Done);
    }
    let accepted = accepted.value();
    let (id, matched) = (text(accepted, "/id"), number(accepted, "/matched"));
    let word = if accepted["duplicate"] == true {
        "duplicate of an earlier one"
    } else {
        "accepted"
    };
    context.console.line(format!(
        "{}  {word}  matched {}",
        paint(DIM, &id),
        plural(matched.unwrap_or(0), "endpoint")
    ))?;
    if matched == Some(0) {
        context
            .console
            .note(format!("  Why none?  ringhook events show {id} --why"));
    }
    Ok(Exit::Done)
}

/// A type that may be posted.
pub fn event_type(text: &str) -> Result<EventType, Failure> {
    EventType::parse(text).map_err(|error| {
        let what = format!("not an event type: {text}");
        let known = EventType::BUILT_IN.map(|kind| kind.to_string()).join(", ");
        Failure::new(Exit::Invalid, code::VALUE, what)
            .why(format!("It {error}."))
            .try_this(format!("one of {known}, or an own one"))
    })
}

/// The body of the request, with the data byte for byte.
fn body(kind: &EventType, data: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!(",\"idempotency_key\":{}", serde_json::Value::from(key)));
    let key = key.unwrap_or_default();
    format!("{{\"event\":\"{kind}\",\"data\":{data}{key}}}")
}

/// A sample with an id of its own: two samples are two calls, or the second would wait for the
/// first, or be out of date because of it.
pub fn fresh_sample(sample: &str, letters: &str) -> String {
    let marker = "\"id\":\"";
    let replaced = sample.find(marker).and_then(|at| {
        let start = at + marker.len();
        let end = start + sample[start..].find('"')?;
        let word = sample[start..end].split(['-', '_']).next()?;
        Some(format!(
            "{}{word}-{letters}{}",
            &sample[..start],
            &sample[end..]
        ))
    });
    replaced.unwrap_or_else(|| sample.to_owned())
}

/// Letters for an id of our own.
pub fn random_letters() -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        let what = format!("the system gives no random numbers: {error}");
        Failure::new(Exit::Bug, code::VALUE, what)
    })?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_passes_byte_for_byte() {
        let body = body(&EventType::CallMissed, "{ \"id\" : 1.0 }", Some("a\"b"));
        assert_eq!(
            body,
            r#"{"event":"call:missed","data":{ "id" : 1.0 },"idempotency_key":"a\"b"}"#
        );
    }

    #[test]
    fn two_samples_are_two_calls() {
        let check = |sample: &str, expected: &str| {
            assert_eq!(fresh_sample(sample, "ff"), expected);
        };
        check(
            r#"{"id":"call-0c5a","account":{"id":"acc-1"}}"#,
            r#"{"id":"call-ff","account":{"id":"acc-1"}}"#,
        );
        check(r#"{"number":1}"#, r#"{"number":1}"#);
    }

    #[test]
    fn a_fresh_sample_differs_in_its_own_id_only() {
        let own = EventType::parse("pbx:queue_left").unwrap();
        for kind in EventType::BUILT_IN.iter().chain([&own]) {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            let mut before = read(payload::sample(kind));
            let mut fresh = read(&fresh_sample(payload::sample(kind), "ff"));
            let ids = (before["id"].take(), fresh["id"].take());
            assert_ne!(ids.0, ids.1, "{kind}");
            assert!(ids.1.as_str().unwrap().ends_with("-ff"), "{kind}");
            assert_eq!(before, fresh, "{kind}");
        }
    }

    #[test]
    fn a_type_that_can_not_be_one_is_invalid_input() {
        assert_eq!(event_type("Bad Type").unwrap_err().exit(), Exit::Invalid);
        assert!(event_type("pbx:queue_left").is_ok());
    }
}
