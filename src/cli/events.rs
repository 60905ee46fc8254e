//! `events`: the list of what came in, and one event with what became of it.

use std::collections::HashMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Context;
use super::columns::{Cell, columns};
use super::console::{DIM, PLAIN, style_of};
use super::deliveries::titles;
use super::document::{list, number, text};
use super::failure::{Exit, Failure};
use super::input::{Moment, query_value};
use super::reference;
use super::words::{span, time};

/// `events`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List events, newest first (the default)
    #[command(alias = "ls")]
    List(List),
    /// Show an event and its deliveries
    Show {
        /// The event: id, or the beginning of a recent one
        #[arg(value_name = "ID")]
        event: String,
        /// Also say why the other endpoints did not match
        #[arg(long)]
        why: bool,
    },
}

#[derive(Args)]
struct List {
    /// Only this type
    #[arg(long, visible_alias = "event", value_name = "TYPE")]
    r#type: Option<String>,
    /// Only this account's id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Only this number, caller or called
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Only with a delivery in this state, or unmatched
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only since then: 2h, or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// Only until then
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    until: Option<Moment>,
    /// An event's id, a data.id or a number, exactly
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
}

/// Lists, or shows one.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        None => listed(&arguments.list, context),
        Some(Command::List(list)) => listed(list, context),
        Some(Command::Show { event, why }) => show(event, *why, context),
    }
}

fn listed(arguments: &List, context: &Context) -> Result<Exit, Failure> {
    let now = context.clock.now().wall;
    let moment = |moment: &Option<Moment>| moment.map(|m| m.from(now).to_string());
    let filters = [
        ("type", arguments.r#type.clone()),
        ("account", arguments.account.clone()),
        ("number", arguments.number.clone()),
        ("state", arguments.state.clone()),
        ("since", moment(&arguments.since)),
        ("until", moment(&arguments.until)),
        ("q", arguments.search.clone()),
    ];
    let mut path = format!("/v1/events?limit={}", arguments.limit);
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", query_value(&value)));
        }
    }
    let client = context.client()?;
    let page = client.get(&path)?;
    if context.console.machine(&page)? {
        return Ok(Exit::Done);
    }
    let headings = [
        "TIME",
        "EVENT",
        "CALLER",
        "CALLED",
        ">S",
        "DELIVERIES",
        "ID",
    ];
    let rows: Vec<_> = page.items().iter().map(|event| row(event, now.0)).collect();
    context.console.lines(&columns(&headings, &rows))?;
    match (rows.len(), page.value()["next"].is_null()) {
        (0, true) => context.console.note("No events."),
        (_, false) => context.console.note("There are more: --limit, --until."),
        (_, true) => {}
    }
    Ok(Exit::Done)
}

fn row(event: &Value, now_ms: u64) -> Vec<Cell> {
    let (states, style) = states(event);
    vec![
        (time(&text(event, "/received_at"), now_ms), PLAIN),
        (text(event, "/event"), PLAIN),
        (text(event, "/summary/caller_number"), PLAIN),
        (text(event, "/summary/tracked_number"), PLAIN),
        (text(event, "/summary/duration"), PLAIN),
        (states, style),
        (text(event, "/id"), DIM),
    ]
}

/// `2 delivered, 1 waiting`, in the colour of the worst.
fn states(event: &Value) -> (String, anstyle::Style) {
    let order = [
        "failed",
        "expired",
        "waiting",
        "in_flight",
        "delivered",
        "superseded",
        "cancelled",
    ];
    let deliveries = list(event, "/deliveries");
    let count = |state: &&str| {
        let of = |delivery: &&Value| delivery["state"] == **state;
        deliveries.iter().filter(of).count()
    };
    let found: Vec<_> = order.iter().map(|state| (count(state), *state)).collect();
    let found: Vec<_> = found.into_iter().filter(|(count, _)| *count > 0).collect();
    match found.first() {
        None => ("unmatched".to_owned(), DIM),
        Some((_, worst)) => {
            let words: Vec<_> = found
                .iter()
                .map(|(n, state)| format!("{n} {state}"))
                .collect();
            (words.join(", "), style_of(worst))
        }
    }
}

fn show(event: &str, why: bool, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let id = reference::event(&client, event)?;
    let shown = client.get(&format!("/v1/events/{id}"))?;
    if context.console.machine(&shown)? {
        return Ok(Exit::Done);
    }
    let endpoints = client.all("/v1/endpoints")?;
    let titles = titles(&endpoints);
    let now = context.clock.now().wall.0;
    context
        .console
        .lines(&story(shown.value(), &titles, why, now))?;
    Ok(Exit::Done)
}

fn story(event: &Value, titles: &HashMap<String, String>, why: bool, now_ms: u64) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  {}  {}",
        text(event, "/event"),
        time(&text(event, "/received_at"), now_ms),
        text(event, "/id"),
    )];
    let origin = text(event, "/origin");
    if !origin.is_empty() {
        lines[0].push_str(&format!("  from {origin}"));
    }
    if !why {
        lines.push(format!("  {}", text(event, "/data")));
    }
    let named = |value: &Value| {
        let id = text(value, "/endpoint");
        let title = titles.get(&id).cloned();
        (title.unwrap_or(id), PLAIN)
    };
    let sent = list(event, "/deliveries").iter().map(|delivery| {
        let state = text(delivery, "/state");
        let style = style_of(&state);
        vec![
            named(delivery),
            (state, style),
            (outcome(delivery, now_ms), PLAIN),
        ]
    });
    let missed = list(event, "/not_matched")
        .iter()
        .filter(|_| why)
        .map(|miss| {
            vec![
                named(miss),
                ("not sent".to_owned(), DIM),
                (text(miss, "/reason"), PLAIN),
            ]
        });
    let rows: Vec<_> = sent.chain(missed).collect();
    let table = columns(&["", "", ""], &rows);
    lines.extend(table.into_iter().skip(1).map(|line| format!("  {line}")));
    if rows.is_empty() {
        lines.push("  It matched no endpoint.".to_owned());
    }
    let more = number(event, "/not_matched_more").filter(|more| why && *more > 0);
    lines.extend(more.map(|more| {
        let id = text(event, "/id");
        format!("  … and {more} more; GET /v1/events/{id}?endpoint=ep_… says why for one of them.")
    }));
    lines
}

/// What became of a delivery: `200  183 ms`, `3rd try at 14:06:12 (500)`, or the reason.
pub fn outcome(delivery: &Value, now_ms: u64) -> String {
    let last = match (
        number(delivery, "/last/status").filter(|status| *status > 0),
        text(delivery, "/last/error"),
    ) {
        (Some(status), _) => status.to_string(),
        (None, error) => error,
    };
    let took = number(delivery, "/last/ms").map(span).unwrap_or_default();
    let reason = text(delivery, "/reason");
    match text(delivery, "/state").as_str() {
        "delivered" => format!("{last}  {took}"),
        "waiting" => {
            let next = time(&text(delivery, "/next_at"), now_ms);
            let n = number(delivery, "/attempts").unwrap_or(0) + 1;
            let last = if last.is_empty() {
                last
            } else {
                format!(" ({last})")
            };
            match next.as_str() {
                "" => format!("try {n}{last} {reason}").trim_end().to_owned(),
                _ => format!("try {n} at {next}{last}"),
            }
        }
        _ if reason.is_empty() => last,
        _ if last.is_empty() => reason,
        _ => format!("{reason} ({last})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_tells_what_became_of_it() {
        let event = json!({
            "id": "evt_1", "event": "call:completed", "received_at": "soon",
            "deliveries": [
                {"endpoint": "ep_1", "state": "delivered", "last": {"status": 200, "ms": 183}},
                {"endpoint": "ep_2", "state": "waiting", "attempts": 2, "next_at": "later",
                 "last": {"status": 500, "ms": 3}},
                {"endpoint": "ep_9", "state": "failed", "reason": "backlog_full"},
            ],
            "not_matched": [{"endpoint": "ep_3", "code": "type", "reason": "its events are x"}],
        });
        let titles = [("ep_1", "CRM"), ("ep_2", "Dialer"), ("ep_3", "Sheet")];
        let titles = titles.map(|(id, title)| (id.to_owned(), title.to_owned()));
        let lines: Vec<_> = story(&event, &titles.into(), true, 0)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(
            lines,
            [
                "call:completed  soon  evt_1",
                "  CRM     delivered  200  183 ms",
                "  Dialer  waiting    try 3 at later (500)",
                "  ep_9    failed     backlog_full",
                "  Sheet   not sent   its events are x",
            ]
        );
        assert_eq!(states(&event).0, "1 failed, 1 waiting, 1 delivered");
    }
}
