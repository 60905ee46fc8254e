//! `endpoint list`

use clap::Args;
use serde_json::Value;

use super::columns::{Cell, columns};
use super::console::{DIM, PLAIN, style_of};
use super::document::{number, text};
use super::failure::{Exit, Failure};
use super::input::query_value;
use super::words::{first, span};
use super::{Context, types};

/// `endpoint list`
#[derive(Args)]
pub struct Arguments {
    /// Only in this state: active, failing, paused or disabled
    #[arg(long, visible_alias = "status", value_name = "STATE")]
    state: Option<String>,
    /// Only those that want this type
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// Only those with this in title or URL
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// Lists them, at most 500.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut path = "/v1/endpoints?limit=500".to_owned();
    for (name, value) in [
        ("state", &arguments.state),
        ("type", &arguments.event),
        ("q", &arguments.search),
    ] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", query_value(value)));
        }
    }
    let endpoints = context.client()?.get(&path)?;
    if context.console.machine(&endpoints)? {
        return Ok(Exit::Done);
    }
    context.console.lines(&table(endpoints.items()))?;
    if endpoints.items().is_empty() {
        context
            .console
            .note("No endpoints.  Try: ringhook endpoint add URL --title NAME");
    }
    if !endpoints.value()["next"].is_null() {
        context.console.note("There are more: --search, --state.");
    }
    Ok(Exit::Done)
}

/// Endpoints in columns.
fn table(endpoints: &[Value]) -> Vec<String> {
    let headings = [
        "STATUS", "TITLE", "EVENTS", ">24 H", ">P95", ">WAITING", "ID", "",
    ];
    let rows: Vec<_> = endpoints.iter().map(row).collect();
    columns(&headings, &rows)
}

fn row(endpoint: &Value) -> Vec<Cell> {
    let state = text(endpoint, "/state");
    let style = style_of(&state);
    let p95 = number(endpoint, "/stats/p95_ms").map(span);
    vec![
        (state, style),
        (text(endpoint, "/title"), PLAIN),
        (first(&types(endpoint), 40), PLAIN),
        (success(endpoint), PLAIN),
        (p95.unwrap_or_else(|| "–".to_owned()), PLAIN),
        (text(endpoint, "/stats/waiting"), PLAIN),
        (text(endpoint, "/id"), DIM),
        (text(endpoint, "/reason"), PLAIN),
    ]
}

/// How many of a hundred went well in the last 24 hours.
pub fn success(endpoint: &Value) -> String {
    let delivered = number(endpoint, "/stats/delivered_24h").unwrap_or(0);
    let failed = number(endpoint, "/stats/failed_24h").unwrap_or(0);
    match (delivered * 100).checked_div(delivered + failed) {
        Some(percent) => format!("{percent} %"),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_in_columns() {
        let endpoints = [
            json!({"id": "ep_1", "title": "CRM", "state": "active",
                "events": [{"type": "call:completed"}], "reason": null,
                "stats": {"waiting": 0, "delivered_24h": 12, "failed_24h": 0, "p95_ms": 210}}),
            json!({"id": "ep_2", "title": "Dialer", "state": "failing",
                "events": [{"type": "*"}], "reason": "its attempts have failed",
                "stats": {"waiting": 38, "delivered_24h": 0, "failed_24h": 0, "p95_ms": null}}),
        ];
        let lines: Vec<_> = table(&endpoints)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .map(|line| line.trim_end().to_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "STATUS   TITLE   EVENTS           24 H     P95  WAITING  ID",
                "active   CRM     call:completed  100 %  210 ms        0  ep_1",
                "failing  Dialer  *                   –       –       38  ep_2  \
                 its attempts have failed",
            ]
        );
    }
}
