//! `endpoint add --preview`: what the filter would make of the events that came last.

use serde_json::{Value, json};

use super::Context;
use super::columns::columns;
use super::console::{BAD, DIM, GOOD, PLAIN};
use super::document::{list, number, text};
use super::failure::{Exit, Failure};
use super::words::{plural, time};

/// Shows it; nothing is added.
pub fn run(events: &Value, context: &Context) -> Result<Exit, Failure> {
    let body = json!({"events": events}).to_string();
    let shown = context.client()?.post("/v1/filters/preview", &body)?;
    if context.console.machine(&shown)? {
        return Ok(Exit::Done);
    }
    let now = context.clock.now().wall.0;
    context.console.lines(&table(shown.value(), now))?;
    context.console.note(summary(shown.value()));
    Ok(Exit::Done)
}

fn table(preview: &Value, now_ms: u64) -> Vec<String> {
    let headings = [
        "", "TIME", "EVENT", "CALLER", "CALLED", ">S", "ACCOUNT", "WHY",
    ];
    let row = |sample: &Value| {
        let (mark, style) = mark(sample);
        let field = |pointer: &str| (text(sample, pointer), PLAIN);
        let at = time(&text(sample, "/event/received_at"), now_ms);
        vec![
            (mark.to_owned(), style),
            (at, PLAIN),
            field("/event/event"),
            field("/event/summary/caller_number"),
            field("/event/summary/tracked_number"),
            field("/event/summary/duration"),
            field("/event/summary/account/name"),
            (text(sample, "/reason"), DIM),
        ]
    };
    let rows: Vec<_> = list(preview, "/samples").iter().map(row).collect();
    columns(&headings, &rows)
}

fn mark(sample: &Value) -> (&'static str, anstyle::Style) {
    match sample["matched"] == true {
        true => ("sent", GOOD),
        false => ("left out", BAD),
    }
}

/// `Of the last 200 events 12 would be sent. Nothing was added.`
fn summary(preview: &Value) -> String {
    let count = |pointer: &str| number(preview, pointer).unwrap_or(0);
    let (total, matched) = (count("/total"), count("/matched"));
    let of = match text(preview, "/source").as_str() {
        "samples" => format!("No events are stored yet. Of the {total} samples"),
        _ => format!("Of the last {}", plural(total, "event")),
    };
    format!("{of} {matched} would be sent. Nothing was added.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_in_words() {
        let preview = json!({"source": "events", "total": 2, "matched": 1, "samples": [
            {"event": {"id": "evt_1", "event": "call:completed", "received_at": "soon",
                "summary": {"duration": 42, "account": {"id": "a", "name": "Lyon"}}},
             "matched": true, "reason": null},
            {"event": {"event": "call:completed", "summary": {"duration": 4}},
             "matched": false, "reason": "duration 4 s is below its minimum of 10 s"},
        ]});
        let plain = |line: &String| anstream::adapter::strip_str(line).to_string();
        let lines: Vec<_> = table(&preview, 0).iter().map(plain).collect();
        assert!(
            lines[1].starts_with("sent      soon  call:completed"),
            "{lines:?}"
        );
        assert!(lines[1].ends_with("42  Lyon"), "{lines:?}");
        assert!(lines[2].ends_with("below its minimum of 10 s"), "{lines:?}");
        assert_eq!(
            summary(&preview),
            "Of the last 2 events 1 would be sent. Nothing was added."
        );
        let samples = json!({"source": "samples", "total": 5, "matched": 2});
        let said = "No events are stored yet. Of the 5 samples 2 would be sent. Nothing was added.";
        assert_eq!(summary(&samples), said);
    }
}
