//! `status`: one screen. Exit code 1 when something needs attention.

use clap::Args;
use serde_json::Value;

use super::Context;
use super::columns::columns;
use super::console::{BAD, GOOD, PLAIN, paint, style_of};
use super::document::{list, number, text};
use super::failure::{Exit, Failure};
use super::words::{bytes, plural, span};
use crate::domain::time::Timestamp;

/// `status`
#[derive(Args)]
pub struct Arguments {}

/// Shows the daemon, and the endpoints that need attention.
pub fn run(_: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let status = client.get("/v1/status")?;
    let troubled = list(status.value(), "/attention");
    if !context.console.machine(&status)? {
        let now = context.clock.now().wall;
        let mut lines = screen(status.value(), now);
        lines.extend(attention(troubled));
        lines.extend(beyond(status.value(), troubled.len()));
        context.console.lines(&lines)?;
    }
    let is_well = status.value()["ready"] == true && troubled.is_empty();
    Ok(if is_well { Exit::Done } else { Exit::No })
}

fn screen(status: &Value, now: Timestamp) -> Vec<String> {
    let ready = match status["ready"] == true {
        true => paint(GOOD, "ready"),
        false if status.pointer("/disk_low").is_some_and(|low| *low == true) => {
            paint(BAD, "disk almost full")
        }
        false => paint(BAD, "not ready"),
    };
    let since = |pointer: &str| {
        let at = Timestamp::parse_rfc3339(&text(status, pointer))?;
        Some(span(now.ms_since(at)))
    };
    let count = |pointer: &str| number(status, pointer).unwrap_or(0);
    let mut queue = format!(
        "waiting {}   in flight {}   threads {}",
        count("/waiting"),
        count("/in_flight"),
        count("/threads")
    );
    if let Some(due) = Timestamp::parse_rfc3339(&text(status, "/oldest_due_at")) {
        queue.push_str(&match due > now {
            true => format!("   next due in {}", span(due.ms_since(now))),
            false => format!("   oldest due {} ago", span(now.ms_since(due))),
        });
    }
    vec![
        format!(
            "ringhook {}  up {}  {ready}   database {}   disk {} free",
            text(status, "/version"),
            since("/started_at").unwrap_or_default(),
            bytes(count("/database_bytes")),
            bytes(count("/disk_free_bytes")),
        ),
        format!(
            "accepted {}/min   delivered {}/min",
            count("/accepted_last_minute"),
            count("/delivered_last_minute"),
        ),
        queue,
    ]
}

/// How many more there are than are named.
fn beyond(status: &Value, named: usize) -> Option<String> {
    let count = |state: &str| number(status, &format!("/endpoints/{state}")).unwrap_or(0);
    let more = (count("failing") + count("paused")).saturating_sub(named as u64);
    (more > 0).then(|| {
        format!("! and {more} more. Try: ringhook ep list --state failing, or --state paused")
    })
}

/// A line for each endpoint in trouble, with what to do.
fn attention(troubled: &[Value]) -> Vec<String> {
    let row = |endpoint: &Value| {
        let state = text(endpoint, "/state");
        let verb = if state == "paused" { "resume" } else { "show" };
        let style = style_of(&state);
        let title = text(endpoint, "/title");
        let name = if title.contains(' ') {
            format!("\"{title}\"")
        } else {
            title.clone()
        };
        vec![
            (format!("! {title}"), PLAIN),
            (state, style),
            (
                plural(number(endpoint, "/waiting").unwrap_or(0), "delivery"),
                PLAIN,
            ),
            (text(endpoint, "/reason"), PLAIN),
            (format!("Try: ringhook ep {verb} {name}"), PLAIN),
        ]
    };
    let rows: Vec<_> = troubled.iter().map(row).collect();
    columns(&["", "", "", "", ""], &rows).split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn when_the_next_delivery_is_due_or_was() {
        let check = |due: &str, expected: &str| {
            let status = json!({"oldest_due_at": due});
            let now = Timestamp::parse_rfc3339("2026-03-04T09:08:22.000Z").unwrap();
            let line = screen(&status, now).pop().unwrap();
            assert!(line.ends_with(expected), "{line}");
        };
        check("2026-03-04T09:08:27.000Z", "next due in 5 s");
        check("2026-03-04T09:08:12.000Z", "oldest due 10 s ago");
    }

    #[test]
    fn what_needs_attention_says_what_to_do() {
        let endpoints = [
            json!({"title": "Dialer", "state": "failing", "reason": "its attempts have failed",
                "waiting": 38}),
            json!({"title": "Sheet (n8n)", "state": "paused", "reason": "paused by hand",
                "waiting": 1}),
        ];
        let lines: Vec<_> = attention(&endpoints)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(
            lines,
            [
                "! Dialer       failing  38 deliveries  its attempts have failed  \
                 Try: ringhook ep show Dialer",
                "! Sheet (n8n)  paused   1 delivery     paused by hand            \
                 Try: ringhook ep resume \"Sheet (n8n)\"",
            ]
        );
    }
}
