//! `endpoint`: one file per verb below it.

mod add;
mod edit;
mod key;
mod list;
mod preview;
mod remove;
mod show;
mod switch;
mod wishes;

use clap::Subcommand;
use serde_json::Value;

use super::document::{list as items, text};
use super::failure::{Exit, Failure};
use super::words::plural;
use super::{Context, columns, console, document, failure, input, reference, words};

/// `endpoint`
#[derive(Subcommand)]
pub enum Command {
    /// Add an endpoint
    Add(add::Arguments),
    /// List the endpoints
    #[command(alias = "ls")]
    List(list::Arguments),
    /// Show an endpoint
    Show(show::Arguments),
    /// Change an endpoint
    Edit(edit::Arguments),
    /// Remove an endpoint, with what waits for it
    #[command(alias = "rm")]
    Remove(remove::Arguments),
    /// Let events queue and send none
    Pause(switch::Arguments),
    /// Send again, oldest first
    Resume(switch::Arguments),
    /// Let new events match again
    Enable(switch::Arguments),
    /// Let no new event match, and send nothing
    Disable(switch::Arguments),
    /// Show, rotate or set the signature key
    Key(key::Arguments),
}

/// Does what the verb says.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Add(arguments) => add::run(arguments, context),
        Command::List(arguments) => list::run(arguments, context),
        Command::Show(arguments) => show::run(arguments, context),
        Command::Edit(arguments) => edit::run(arguments, context),
        Command::Remove(arguments) => remove::run(arguments, context),
        Command::Pause(arguments) => switch::run("pause", arguments, context),
        Command::Resume(arguments) => switch::run("resume", arguments, context),
        Command::Enable(arguments) => switch::run("enable", arguments, context),
        Command::Disable(arguments) => switch::run("disable", arguments, context),
        Command::Key(arguments) => key::run(arguments, context),
    }
}

/// `CRM (ep_…)`
fn name(endpoint: &Value) -> String {
    format!("{} ({})", text(endpoint, "/title"), text(endpoint, "/id"))
}

/// `call:completed, call:missed`
fn types(endpoint: &Value) -> String {
    let kind = |wanted: &Value| match wanted {
        Value::String(kind) => document::clean(kind),
        _ => text(wanted, "/type"),
    };
    let types: Vec<_> = items(endpoint, "/events").iter().map(kind).collect();
    types.join(", ")
}

/// `active, 2 events, duration ≥ 10 s`
fn in_short(endpoint: &Value) -> String {
    let wanted = items(endpoint, "/events");
    let mut words = vec![text(endpoint, "/state")];
    words.push(match types(endpoint).as_str() {
        "*" => "all events".to_owned(),
        _ => plural(wanted.len() as u64, "event"),
    });
    for subscription in wanted {
        for condition in conditions(subscription) {
            if !words.contains(&condition) {
                words.push(condition);
            }
        }
    }
    if endpoint["policy"]["tls"]["insecure"] == true {
        words.push("TLS NOT CHECKED".to_owned());
    }
    words.join(", ")
}

/// `duration ≥ 10 s`, `account acc-1 or acc-2` …
fn conditions(subscription: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for (field, noun) in [("/accounts", "account"), ("/numbers", "number")] {
        let any: Vec<_> = items(subscription, field)
            .iter()
            .filter_map(Value::as_str)
            .map(document::clean)
            .collect();
        if !any.is_empty() {
            words.push(format!("{noun} {}", any.join(" or ")));
        }
    }
    for (field, sign) in [("/duration/min", "≥"), ("/duration/max", "≤")] {
        let bound = text(subscription, field);
        if !bound.is_empty() {
            words.push(format!("duration {sign} {bound} s"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_endpoint_in_one_line() {
        let check = |events: Value, expected: &str| {
            assert_eq!(
                in_short(&json!({"state": "active", "events": events})),
                expected
            );
        };
        check(json!([{"type": "*"}]), "active, all events");
        check(
            json!([{"type": "call:completed", "duration": {"min": 10, "max": null}},
                   {"type": "call:missed", "accounts": [], "numbers": ["+331*", "+332"]}]),
            "active, 2 events, duration ≥ 10 s, number +331* or +332",
        );
        check(json!(["call:missed"]), "active, 1 event");
    }
}
