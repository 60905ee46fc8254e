//! `replay --endpoint REF`: counts what an endpoint did not get, asks, and has it sent again.

use serde_json::{Map, Value, json};

use super::document::{number, text};
use super::words::{plural, span, time};
use super::{Context, Exit, Failure, Only, What, code, progress, reference};

/// Counts; then asks, starts and follows, unless that was all.
pub fn run(what: &What, context: &Context) -> Result<Exit, Failure> {
    let [endpoint] = what.endpoint.as_slice() else {
        let why = "several endpoints are for replays of events by id; a window has one";
        return Err(Failure::new(Exit::Usage, code::VALUE, why));
    };
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, endpoint)?;
    let path = format!("/v1/endpoints/{}/replay", text(endpoint.value(), "/id"));
    let now = context.clock.now().wall;
    // Both calls speak of the same window.
    let mut fields = fields(what, now);
    fields.insert("dry_run".to_owned(), json!(true));
    let counted = client.post(&path, &Value::Object(fields.clone()).to_string())?;
    if what.dry_run && context.console.machine(&counted)? {
        return Ok(Exit::Done);
    }
    let count = number(counted.value(), "/count").unwrap_or(0);
    let title = text(endpoint.value(), "/title");
    let found = found(what.only, counted.value(), &title, now.0);
    if what.dry_run {
        context.console.line(found)?;
        return Ok(Exit::Done);
    }
    context.console.note(found);
    if count == 0 && !context.console.is_machine() {
        return Ok(Exit::Done);
    }
    context.console.confirm(&question(what, count), what.yes)?;
    fields.remove("dry_run");
    let started = client.post(&path, &Value::Object(fields).to_string())?;
    if context.console.machine(&started)? {
        return Ok(Exit::Done);
    }
    progress::follow(&client, started, context)
}

fn fields(what: &What, now: crate::domain::time::Timestamp) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(since) = what.since {
        fields.insert("since".to_owned(), json!(since.from(now).to_string()));
    }
    let until = what.until.map_or(now, |until| until.from(now));
    fields.insert("until".to_owned(), json!(until.to_string()));
    fields.insert("only".to_owned(), json!(what.only.as_str()));
    if let Some(event) = &what.event {
        fields.insert("event".to_owned(), json!(event));
    }
    if let Some(rate) = what.rate {
        fields.insert("rate_per_s".to_owned(), json!(rate));
    }
    fields
}

/// `312 deliveries of Dialer did not arrive (oldest call:missed 12:04:18).`
fn found(only: Only, counted: &Value, title: &str, now_ms: u64) -> String {
    let count = number(counted, "/count").unwrap_or(0);
    let what = match only {
        Only::Failed => format!("{} of {title} did not arrive", plural(count, "delivery")),
        Only::All => format!("{} would go to {title} again", plural(count, "event")),
    };
    let at = time(&text(counted, "/oldest/received_at"), now_ms);
    match text(counted, "/oldest/event").as_str() {
        "" => format!("{what}."),
        kind => format!("{what} (oldest {kind} {at})."),
    }
}

/// `Send them again at 2/s, about 2.6 min?`
fn question(what: &What, count: u64) -> String {
    match what.rate {
        None => "Send them again, as fast as the endpoint takes them?".to_owned(),
        Some(rate) => {
            let took = span((count as f64 / rate * 1_000.0) as u64);
            format!("Send them again at {rate}/s, about {took}?")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found() {
        let counted = json!({"count": 312, "oldest": {"event": "call:missed",
            "received_at": "then"}});
        assert_eq!(
            found(Only::Failed, &counted, "Dialer", 0),
            "312 deliveries of Dialer did not arrive (oldest call:missed then)."
        );
        let none = json!({"count": 0, "oldest": null});
        assert_eq!(
            found(Only::All, &none, "CRM", 0),
            "0 events would go to CRM again."
        );
    }
}
