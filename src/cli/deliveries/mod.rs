//! `deliveries`: what is on its way, what arrived and what did not; and one of them in full.

mod actions;

use std::collections::HashMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::columns::{Cell, columns};
use super::console::{DIM, PLAIN, style_of};
use super::document::{list, text};
use super::events::outcome;
use super::failure::{Exit, Failure};
use super::input::query_value;
use super::words::time;
use super::{Context, attempts, reference};

pub use actions::{Action, Arguments as ActionArguments, act};

/// `deliveries`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List deliveries, newest event first (the default)
    #[command(alias = "ls")]
    List(List),
    /// Show a delivery with its last attempts
    Show {
        /// The delivery's id
        #[arg(value_name = "ID")]
        delivery: String,
    },
}

#[derive(Args)]
struct List {
    /// Only to this endpoint: id, beginning of an id, or title
    #[arg(long, value_name = "REF")]
    endpoint: Option<String>,
    /// Only of this event: id, or the beginning of a recent one
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Only in this state: waiting, in_flight, delivered, failed, expired, superseded, cancelled
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
}

const EXAMPLES: &str = "\
Examples:
  ringhook deliveries --endpoint CRM --state failed
  ringhook deliveries --state failed --quiet | xargs ringhook retry
  ringhook deliveries show dlv_01kaqz9c2h…";

/// Lists, or shows one.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        None => listed(&arguments.list, context),
        Some(Command::List(list)) => listed(list, context),
        Some(Command::Show { delivery }) => show(delivery, context),
    }
}

fn listed(arguments: &List, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut path = format!("/v1/deliveries?limit={}", arguments.limit);
    if let Some(endpoint) = &arguments.endpoint {
        let endpoint = reference::endpoint(&client, endpoint)?;
        path.push_str(&format!("&endpoint={}", text(endpoint.value(), "/id")));
    }
    if let Some(event) = &arguments.event {
        path.push_str(&format!("&event={}", reference::event(&client, event)?));
    }
    if let Some(state) = &arguments.state {
        path.push_str(&format!("&state={}", query_value(state)));
    }
    let page = client.get(&path)?;
    if context.console.machine(&page)? {
        return Ok(Exit::Done);
    }
    let titles = titles(&client.all("/v1/endpoints")?);
    let now = context.clock.now().wall.0;
    context.console.lines(&table(page.items(), &titles, now))?;
    match (page.items().is_empty(), page.value()["next"].is_null()) {
        (true, true) => context.console.note("No deliveries."),
        (_, false) => context
            .console
            .note("There are more: --limit, --state, --endpoint."),
        (_, true) => {}
    }
    Ok(Exit::Done)
}

/// The titles of endpoints by their ids.
pub fn titles(endpoints: &[Value]) -> HashMap<String, String> {
    let title = |endpoint: &Value| (text(endpoint, "/id"), text(endpoint, "/title"));
    endpoints.iter().map(title).collect()
}

fn table(deliveries: &[Value], titles: &HashMap<String, String>, now_ms: u64) -> Vec<String> {
    let headings = ["STATE", "ENDPOINT", "TYPE", ">TRIES", "LAST", "WHAT", "ID"];
    let row = |delivery: &Value| -> Vec<Cell> {
        let state = text(delivery, "/state");
        let endpoint = text(delivery, "/endpoint");
        let style = style_of(&state);
        vec![
            (state, style),
            (titles.get(&endpoint).cloned().unwrap_or(endpoint), PLAIN),
            (text(delivery, "/event_type"), PLAIN),
            (text(delivery, "/attempts"), PLAIN),
            (time(&text(delivery, "/last/at"), now_ms), PLAIN),
            (outcome(delivery, now_ms), PLAIN),
            (text(delivery, "/id"), DIM),
        ]
    };
    let rows: Vec<_> = deliveries.iter().map(row).collect();
    columns(&headings, &rows)
}

fn show(delivery: &str, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let shown = client.get(&format!("/v1/deliveries/{}", query_value(delivery)))?;
    if context.console.machine(&shown)? {
        return Ok(Exit::Done);
    }
    let titles = titles(&client.all("/v1/endpoints")?);
    let now = context.clock.now().wall.0;
    let lines = story(shown.value(), &titles, now);
    context.console.lines(&lines)?;
    Ok(Exit::Done)
}

fn story(delivery: &Value, titles: &HashMap<String, String>, now_ms: u64) -> Vec<String> {
    let field = |name: &str| text(delivery, name);
    let endpoint = field("/endpoint");
    let mut lines = vec![
        format!("{}  {}", field("/id"), field("/state")),
        format!("  event     {}  {}", field("/event_type"), field("/event")),
        format!(
            "  endpoint  {}  {endpoint}",
            titles.get(&endpoint).map_or("(removed)", String::as_str)
        ),
    ];
    let outcome = outcome(delivery, now_ms);
    if !outcome.is_empty() {
        lines.push(format!("  outcome   {outcome}"));
    }
    let tried = match field("/attempts").as_str() {
        "0" => "never tried".to_owned(),
        "1" => "tried once".to_owned(),
        times => format!("tried {times} times"),
    };
    lines.push(match field("/ended_at").as_str() {
        "" => format!("  tries     {tried}"),
        ended => format!("  tries     {tried}, ended {}", time(ended, now_ms)),
    });
    let history = list(delivery, "/history");
    if !history.is_empty() {
        let table = attempts::table(history, now_ms);
        lines.extend(table.into_iter().map(|line| format!("  {line}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(lines: &[String]) -> Vec<String> {
        let strip = |line: &String| anstream::adapter::strip_str(line).to_string();
        lines.iter().map(strip).collect()
    }

    #[test]
    fn deliveries_in_rows_and_one_in_full() {
        let titles = HashMap::from([("ep_1".to_owned(), "CRM".to_owned())]);
        let delivery = json!({
            "id": "dlv_1", "event": "evt_1", "event_type": "call:missed", "endpoint": "ep_1",
            "state": "failed", "reason": "11 attempts failed", "attempts": 11, "next_at": null,
            "last": {"status": 500, "error": null, "ms": 3, "at": "then"}, "ended_at": "soon",
        });
        let rows = plain(&table(std::slice::from_ref(&delivery), &titles, 0));
        assert_eq!(
            rows[1],
            "failed  CRM       call:missed     11  then  11 attempts failed (500)  dlv_1"
        );
        assert_eq!(
            plain(&story(&delivery, &titles, 0)),
            [
                "dlv_1  failed",
                "  event     call:missed  evt_1",
                "  endpoint  CRM  ep_1",
                "  outcome   11 attempts failed (500)",
                "  tries     tried 11 times, ended soon",
            ]
        );
        let gone = json!({"id": "dlv_2", "state": "cancelled", "endpoint": "ep_9", "attempts": 0});
        let lines = plain(&story(&gone, &titles, 0));
        assert_eq!(lines[2], "  endpoint  (removed)  ep_9");
        assert_eq!(lines.last().unwrap(), "  tries     never tried");
    }
}
