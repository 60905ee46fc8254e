//! `endpoint edit`

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::document::{list, text};
use super::failure::{Exit, Failure, code};
use super::wishes::Wishes;
use super::{Context, in_short, name, reference};

/// `endpoint edit`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    /// Another URL
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    wishes: Wishes,
    /// Back to the default; several times for several
    #[arg(long, value_enum, value_name = "FIELD")]
    unset: Vec<Field>,
}

/// What can be unset.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Field {
    /// All its headers
    Headers,
    /// The filter by account
    Account,
    /// The filter by number
    Number,
    /// The shortest duration
    MinDuration,
    /// The longest duration
    MaxDuration,
    /// How the first signature is written
    Encoding,
    /// How long an attempt may take
    Timeout,
    /// How often it is tried
    Attempts,
    /// Whether the events of one call wait for each other
    Order,
    /// Requests at a time
    InFlightMax,
    /// Requests per second
    Rate,
    /// The certificates that are trusted besides
    CaFile,
    /// The pinned key
    Pin,
    /// The certificate that is shown to the receiver
    ClientCert,
    /// Check the receiver's certificate again
    Insecure,
}

/// Changes what was named, and nothing else.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let patch = patch(arguments, list(endpoint.value(), "/events"))?;
    if patch.is_empty() {
        let what = "nothing to change was named";
        return Err(
            Failure::new(Exit::Usage, code::VALUE, what).try_this("ringhook endpoint edit --help")
        );
    }
    let path = format!("/v1/endpoints/{}", text(endpoint.value(), "/id"));
    let changed = client.patch(&path, &Value::Object(patch))?;
    if !context.console.machine(&changed)? {
        let endpoint = changed.value();
        let line = format!("Changed {}, {}.", name(endpoint), in_short(endpoint));
        context.console.line(line)?;
    }
    Ok(Exit::Done)
}

/// The merge patch.
fn patch(arguments: &Arguments, before: &[Value]) -> Result<Map<String, Value>, Failure> {
    let mut patch = arguments.wishes.fields()?;
    if let Some(url) = &arguments.url {
        patch.insert("url".to_owned(), json!(url));
    }
    let mut events = arguments.wishes.events(before);
    let mut about_events = arguments.wishes.is_about_events();
    for field in &arguments.unset {
        let policy = match field {
            Field::Headers => {
                patch.insert("headers".to_owned(), Value::Null);
                continue;
            }
            Field::Encoding => {
                patch.insert("signature".to_owned(), Value::Null);
                continue;
            }
            Field::Account | Field::Number | Field::MinDuration | Field::MaxDuration => {
                about_events = true;
                let all = events.as_array_mut().into_iter().flatten();
                all.for_each(|subscription| unset(subscription, *field));
                continue;
            }
            Field::Timeout => "timeout_ms",
            Field::Attempts => "attempts",
            Field::Order => "order",
            Field::InFlightMax => "in_flight_max",
            Field::Rate => "rate_per_s",
            Field::CaFile => "tls/ca_pem",
            Field::Pin => "tls/pin_sha256",
            Field::ClientCert => "tls/client_pem",
            Field::Insecure => "tls/insecure",
        };
        let all = patch.entry("policy").or_insert_with(|| json!({}));
        match policy.split_once('/') {
            Some((part, field)) => all[part][field] = Value::Null,
            None => all[policy] = Value::Null,
        }
    }
    if about_events {
        patch.insert("events".to_owned(), events);
    }
    Ok(patch)
}

/// Takes a condition from a subscription.
fn unset(subscription: &mut Value, field: Field) {
    let Value::Object(fields) = subscription else {
        return;
    };
    let bound = match field {
        Field::Account => return drop(fields.remove("accounts")),
        Field::Number => return drop(fields.remove("numbers")),
        Field::MinDuration => "min",
        _ => "max",
    };
    if let Some(Value::Object(duration)) = fields.get_mut("duration") {
        duration.insert(bound.to_owned(), Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_holds_only_what_was_named() {
        let before = [json!({"type": "call:completed", "numbers": ["+331"],
            "duration": {"min": 10, "max": null}})];
        let arguments = Arguments {
            endpoint: String::new(),
            url: None,
            wishes: Wishes::default(),
            unset: vec![
                Field::MinDuration,
                Field::Number,
                Field::Timeout,
                Field::Headers,
                Field::Pin,
                Field::Insecure,
            ],
        };
        assert_eq!(
            Value::Object(patch(&arguments, &before).unwrap()),
            json!({"headers": null,
                "policy": {"timeout_ms": null, "tls": {"pin_sha256": null, "insecure": null}},
                "events": [{"type": "call:completed", "duration": {"min": null, "max": null}}]})
        );
    }
}
