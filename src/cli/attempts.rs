//! `attempts`: the last ten requests to an endpoint, tests included.

use clap::Args;
use serde_json::Value;

use super::Context;
use super::columns::{Cell, columns};
use super::console::{DIM, PLAIN, style_of};
use super::document::{number, text};
use super::failure::{Exit, Failure};
use super::reference;
use super::test::redirect;
use super::words::{first, span, time};

/// `attempts`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
}

/// Shows them, newest first.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let id = text(endpoint.value(), "/id");
    let attempts = client.get(&format!("/v1/endpoints/{id}/attempts"))?;
    if context.console.machine(&attempts)? {
        return Ok(Exit::Done);
    }
    context
        .console
        .lines(&table(attempts.items(), context.clock.now().wall.0))?;
    if attempts.items().is_empty() {
        context.console.note("No attempts yet.");
    }
    Ok(Exit::Done)
}

/// The attempts in columns.
pub fn table(attempts: &[Value], now_ms: u64) -> Vec<String> {
    let headings = [
        "TIME", "OUTCOME", "ANSWER", ">TOOK", ">TRY", "TYPE", "EVENT", "NEXT",
    ];
    let rows: Vec<_> = attempts
        .iter()
        .map(|attempt| row(attempt, now_ms))
        .collect();
    columns(&headings, &rows)
}

fn row(attempt: &Value, now_ms: u64) -> Vec<Cell> {
    let outcome = text(attempt, "/outcome");
    let style = style_of(&outcome);
    let answer = match number(attempt, "/response/status") {
        Some(status) => match redirect(attempt) {
            Some(place) => format!("{status} to {}", first(&place, 60)),
            None => status.to_string(),
        },
        None => first(&text(attempt, "/error/message"), 60),
    };
    vec![
        (time(&text(attempt, "/at"), now_ms), PLAIN),
        (outcome, style),
        (answer, PLAIN),
        (span(number(attempt, "/duration_ms").unwrap_or(0)), PLAIN),
        (text(attempt, "/n"), PLAIN),
        (text(attempt, "/event_type"), PLAIN),
        (text(attempt, "/event"), DIM),
        (time(&text(attempt, "/next_at"), now_ms), PLAIN),
    ]
}
