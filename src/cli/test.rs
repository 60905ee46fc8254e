//! `test`: one signed sample to one endpoint, its answer shown at once. Exit code 1 when it was
//! not delivered.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Context;
use super::console::{BAD, GOOD, PLAIN, paint};
use super::document::{list, number, text};
use super::failure::{Exit, Failure};
use super::send::event_type;
use super::words::{bytes, first, span};
use super::{input, reference};

/// `test`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    /// The type of the sample [default: the first that the endpoint wants]
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// Data instead of the built-in sample, a JSON object; - is stdin
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Sign with the next key alone, to try it before the switch
    #[arg(long)]
    next_key: bool,
    /// Show more of the exchange
    #[arg(long, value_enum, value_delimiter = ',')]
    show: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Both bodies.
    Body,
    /// The headers of request and answer.
    Headers,
    /// Where the time went.
    Timing,
}

/// Sends it.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let kind = match &arguments.event {
        Some(kind) => event_type(kind)?.to_string(),
        None => wanted(endpoint.value()),
    };
    let data = match &arguments.data {
        Some(path) => format!(",\"data\":{}", input::json(path)?),
        None => String::new(),
    };
    let path = format!("/v1/endpoints/{}/test", text(endpoint.value(), "/id"));
    let key = if arguments.next_key {
        ",\"key\":\"next\""
    } else {
        ""
    };
    let body = format!("{{\"event\":{}{data}{key}}}", Value::from(kind));
    let attempt = client.post(&path, &body)?;
    let exit = match number(attempt.value(), "/response/status") {
        Some(200..=299) => Exit::Done,
        _ => Exit::No,
    };
    if !context.console.machine(&attempt)? {
        let what = if arguments.data.is_some() {
            ""
        } else {
            "sample "
        };
        let lines = lines(attempt.value(), what, &arguments.show);
        context.console.lines(&lines)?;
    }
    Ok(exit)
}

/// The first type that the endpoint names, or the end of a call.
fn wanted(endpoint: &Value) -> String {
    let types = list(endpoint, "/events").iter().map(|wanted| match wanted {
        Value::String(kind) => kind.clone(),
        _ => text(wanted, "/type"),
    });
    let named = types.into_iter().find(|kind| event_type(kind).is_ok());
    named.unwrap_or_else(|| "call:completed".to_owned())
}

fn lines(attempt: &Value, what: &str, show: &[Part]) -> Vec<String> {
    let shows = |part: Part| show.contains(&part);
    let body = text(attempt, "/request/body");
    let size = attempt.pointer("/request/body").and_then(Value::as_str);
    let mut lines = vec![format!(
        "{} {}   {what}{}, {}",
        text(attempt, "/request/method"),
        text(attempt, "/request/url"),
        text(attempt, "/event_type"),
        bytes(size.map_or(0, |body| body.len() as u64)),
    )];
    if shows(Part::Headers) {
        lines.extend(headers(attempt, "/request/headers"));
    }
    if shows(Part::Body) {
        lines.push(format!("  {body}"));
    }
    lines.push(answer(attempt));
    if shows(Part::Headers) {
        lines.extend(headers(attempt, "/response/headers"));
    }
    let answered = text(attempt, "/response/body");
    if shows(Part::Body) && !answered.is_empty() {
        lines.push(format!("  {answered}"));
    }
    if shows(Part::Timing) {
        lines.push(timing(attempt));
    }
    lines
}

/// `← 200 OK   183 ms   application/json   {"ok":true}`, or why there was no answer.
pub fn answer(attempt: &Value) -> String {
    let took = span(number(attempt, "/duration_ms").unwrap_or(0));
    let Some(status) = number(attempt, "/response/status") else {
        let why = format!(
            "no answer: {} ({})",
            text(attempt, "/error/message"),
            text(attempt, "/error/kind")
        );
        return format!("← {}   {took}", paint(BAD, why));
    };
    let style = if (200..300).contains(&status) {
        GOOD
    } else {
        BAD
    };
    let known = u16::try_from(status).ok();
    let known = known.and_then(|status| http::StatusCode::from_u16(status).ok());
    let name = known.and_then(|status| status.canonical_reason());
    let kind = list(attempt, "/response/headers").iter().find_map(|pair| {
        let is_kind = text(pair, "/0").eq_ignore_ascii_case("content-type");
        is_kind.then(|| format!("   {}", text(pair, "/1")))
    });
    let place = redirect(attempt).map(|place| format!("   redirects to {place}, not followed"));
    let body = first(&text(attempt, "/response/body"), 200);
    let gap = if body.is_empty() { "" } else { "   " };
    format!(
        "← {}   {took}{}{}{gap}{body}",
        paint(
            style,
            format!("{status} {}", name.unwrap_or_default()).trim_end()
        ),
        place.unwrap_or_default(),
        kind.unwrap_or_default(),
    )
}

/// Where a redirect leads; None for any other answer.
pub fn redirect(attempt: &Value) -> Option<String> {
    let status = number(attempt, "/response/status")?;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let place = list(attempt, "/response/headers").iter().find_map(|pair| {
        let is_place = text(pair, "/0").eq_ignore_ascii_case("location");
        is_place.then(|| first(&text(pair, "/1"), 200))
    });
    Some(place.unwrap_or_else(|| "nowhere".to_owned()))
}

fn headers(attempt: &Value, pointer: &str) -> Vec<String> {
    let line = |pair: &Value| format!("  {}: {}", text(pair, "/0"), text(pair, "/1"));
    list(attempt, pointer).iter().map(line).collect()
}

fn timing(attempt: &Value) -> String {
    let phase = |name: &str| {
        let ms = number(attempt, &format!("/timings/{name}_ms"))?;
        Some(format!("{name} {}", span(ms)))
    };
    let phases = ["resolve", "connect", "tls", "wait", "read"];
    let known: Vec<_> = phases.into_iter().filter_map(phase).collect();
    format!("  {}", paint(PLAIN, known.join("  ")))
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
    fn an_answer_and_its_absence() {
        let mut attempt = json!({
            "event_type": "call:completed", "duration_ms": 183,
            "request": {"method": "POST", "url": "https://crm.example.fr/hooks",
                "headers": [["X-A", "b"]], "body": "x".repeat(1_134)},
            "response": {"status": 200, "headers": [["Content-Type", "application/json"]],
                "body": "{\"ok\":true}"},
            "timings": {"resolve_ms": 1, "connect_ms": null, "wait_ms": 170},
        });
        assert_eq!(
            plain(&lines(&attempt, "sample ", &[Part::Timing])),
            [
                "POST https://crm.example.fr/hooks   sample call:completed, 1.1 kB",
                "← 200 OK   183 ms   application/json   {\"ok\":true}",
                "  resolve 1 ms  wait 170 ms",
            ]
        );
        attempt["response"] = Value::Null;
        attempt["error"] = json!({"kind": "timeout", "message": "no answer in 15 s"});
        assert_eq!(
            plain(&[answer(&attempt)]),
            ["← no answer: no answer in 15 s (timeout)   183 ms"]
        );
    }

    #[test]
    fn the_sample_is_of_a_type_that_is_wanted() {
        let check = |events: Value, expected: &str| {
            assert_eq!(wanted(&json!({"events": events})), expected);
        };
        check(json!([{"type": "call:missed"}]), "call:missed");
        check(json!(["lead:created", "*"]), "lead:created");
        check(json!([{"type": "*"}]), "call:completed");
    }
}
