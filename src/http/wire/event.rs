//! Events as they are shown, and event types.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::change::Head;
use crate::domain::event::{EventType, Origin};
use crate::domain::filter::Miss;
use crate::domain::id::{EndpointNumber, Epochs, EventNumber, PublicId};
use crate::domain::payload;
use crate::domain::time::Timestamp;
use crate::domain::token::Token;

use super::Text;
use super::delivery::DeliveryJson;

/// The longest value that a summary repeats, in bytes; a longer one reads as null there.
const SUMMARY_BYTES_MAX: usize = 1024;

/// `Event` of the contract, in a list or alone.
#[derive(Serialize)]
pub struct EventJson<'a> {
    id: Text<PublicId>,
    event: &'a str,
    occurred_at: Text<Timestamp>,
    received_at: Text<Timestamp>,
    #[serde(flatten)]
    content: Content<'a>,
    origin: String,
    deliveries: Vec<DeliveryJson>,
    #[serde(flatten)]
    misses: Option<Misses>,
}

/// Why endpoints did not get the event, and how many more there are that did not.
#[derive(Serialize)]
pub struct Misses {
    /// Those of which it is said.
    #[serde(rename = "not_matched")]
    pub told: Vec<MissJson>,
    /// The others.
    #[serde(rename = "not_matched_more")]
    pub more: usize,
}

/// The data, or what a list shows of it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content<'a> {
    /// Byte for byte; None when it can't be read from the database.
    Data(Option<&'a RawValue>),
    /// In short.
    Summary(&'a Summary),
}

/// Why an endpoint did not get the event.
#[derive(Serialize)]
pub struct MissJson {
    endpoint: Text<PublicId>,
    code: &'static str,
    reason: String,
}

impl MissJson {
    /// A miss of that endpoint.
    pub fn new(endpoint: EndpointNumber, miss: Miss, epochs: &Epochs) -> Self {
        Self {
            endpoint: Text(epochs.endpoint_id(endpoint)),
            code: miss.code,
            reason: miss.reason,
        }
    }
}

impl<'a> EventJson<'a> {
    /// `misses` only for one event alone.
    pub fn new(
        (number, head): (EventNumber, &'a Head),
        content: Content<'a>,
        deliveries: Vec<DeliveryJson>,
        misses: Option<Misses>,
        names: &Names<'_>,
    ) -> Self {
        Self {
            id: Text(names.epochs.event_id(number)),
            event: head.kind.as_str(),
            occurred_at: Text(head.occurred_at),
            received_at: Text(head.received_at),
            content,
            origin: names.origin(head.origin),
            deliveries,
            misses,
        }
    }
}

/// What origins are named with.
pub struct Names<'a> {
    /// Numbers to ids.
    pub epochs: &'a Epochs,
    /// Every token, ascending.
    pub tokens: Vec<std::sync::Arc<Token>>,
}

impl Names<'_> {
    /// `token "pbx"`, `uid 1000`, `ringhook`; a revoked token by its id.
    pub fn origin(&self, origin: Origin) -> String {
        match origin {
            Origin::Own => "ringhook".to_owned(),
            Origin::Socket(uid) => format!("uid {uid}"),
            Origin::Token(number) => {
                let found = self
                    .tokens
                    .binary_search_by_key(&number, |token| token.number);
                match found {
                    Ok(place) => format!("token {:?}", self.tokens[place].name),
                    Err(_) => format!("token {}", self.epochs.token_id(number)),
                }
            }
        }
    }
}

/// What a list shows of an event's data, each value as the producer wrote it.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    id: Option<Box<RawValue>>,
    account: Option<Box<RawValue>>,
    caller_number: Option<Box<RawValue>>,
    tracked_number: Option<Box<RawValue>>,
    duration: Option<Box<RawValue>>,
}

impl Summary {
    /// Of the `data` object; of duplicate keys the last one counts.
    pub fn of(data: &str) -> Self {
        let Ok(mut fields) = serde_json::from_str::<HashMap<String, &RawValue>>(data) else {
            return Self::default();
        };
        let mut take = |name: &str| {
            let value = fields.remove(name)?;
            (value.get().len() <= SUMMARY_BYTES_MAX).then(|| value.to_owned())
        };
        Self {
            id: take("id"),
            account: take("account"),
            caller_number: take("caller_number"),
            tracked_number: take("tracked_number"),
            duration: take("duration"),
        }
    }
}

/// A built-in type.
#[derive(Serialize)]
pub struct EventTypeJson {
    code: &'static str,
    label: LabelJson,
    sample: &'static RawValue,
}

#[derive(Serialize)]
struct LabelJson {
    en: &'static str,
    fr: &'static str,
}

impl EventTypeJson {
    /// The built-in types, in the order in which they are listed.
    pub fn all() -> Vec<Self> {
        const BUILT_IN: &[EventType] = &EventType::BUILT_IN;
        let of = |kind: &'static EventType| {
            let (en, fr) = payload::labels(kind)?;
            let sample = serde_json::from_str(payload::sample(kind)).ok()?;
            Some(Self {
                code: kind.as_str(),
                label: LabelJson { en, fr },
                sample,
            })
        };
        BUILT_IN.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_summary_repeats_what_was_written() {
        let check = |data: &str, parts: &[&str]| {
            let got = serde_json::to_string(&Summary::of(data)).unwrap();
            for part in parts {
                assert!(got.contains(part), "{got}");
            }
        };
        let check_text = |data: &str, expected: Value| {
            let got = serde_json::to_value(Summary::of(data)).unwrap();
            assert_eq!(got, expected, "{data}");
        };
        let nothing = json!({"id": null, "account": null, "caller_number": null,
            "tracked_number": null, "duration": null});
        check_text("{}", nothing.clone());
        check_text("not JSON", nothing.clone());
        check(
            r#"{"id":"1","account":{"id":"a", "name":"\u00e9"},"duration":1.0,"id":"2","x":[]}"#,
            &[
                r#""id":"2""#,
                r#"{"id":"a", "name":"\u00e9"}"#,
                r#""duration":1.0"#,
            ],
        );
        let long = format!("{{\"id\":\"{}\"}}", "x".repeat(SUMMARY_BYTES_MAX));
        check_text(&long, nothing);
    }

    #[test]
    fn every_built_in_type_has_a_label_and_a_sample() {
        let types: Value = serde_json::to_value(EventTypeJson::all()).unwrap();
        let codes: Vec<_> = types
            .as_array()
            .unwrap()
            .iter()
            .map(|t| &t["code"])
            .collect();
        let expected: Vec<_> = EventType::BUILT_IN.iter().map(EventType::as_str).collect();
        assert_eq!(json!(codes), json!(expected));
    }
}
