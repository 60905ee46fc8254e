//! `endpoint show`

use clap::Args;
use serde_json::Value;

use super::columns::columns;
use super::console::{DIM, PLAIN, paint, style_of};
use super::document::{clean, list, number, text};
use super::failure::{Exit, Failure};
use super::words::{plural, span, time};
use super::{Context, conditions, reference};
use crate::cli::attempts;

/// `endpoint show`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    /// Also show its last attempts, at most 10
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10")]
    history: Option<usize>,
}

/// Shows all there is to say of it but its key.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    if context.console.machine(&endpoint)? {
        return Ok(Exit::Done);
    }
    let now = context.clock.now().wall.0;
    context.console.lines(&portrait(endpoint.value(), now))?;
    if let Some(count) = arguments.history {
        let id = text(endpoint.value(), "/id");
        let history = client.get(&format!("/v1/endpoints/{id}/attempts"))?;
        let items = history.items();
        let shown = &items[..items.len().min(count)];
        context.console.lines(&attempts::table(shown, now))?;
    }
    Ok(Exit::Done)
}

fn portrait(endpoint: &Value, now_ms: u64) -> Vec<String> {
    let state = text(endpoint, "/state");
    let style = style_of(&state);
    let reason = text(endpoint, "/reason");
    let gap = if reason.is_empty() { "" } else { "  " };
    let mut rows = vec![
        ("url", text(endpoint, "/url")),
        ("state", format!("{}{gap}{reason}", paint(style, &state))),
    ];
    for wanted in list(endpoint, "/events") {
        let kind = wanted.as_str().map_or_else(|| text(wanted, "/type"), clean);
        let conditions = conditions(wanted);
        rows.push(("wants", [vec![kind], conditions].concat().join(", ")));
    }
    for (name, value) in endpoint["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map(clean).unwrap_or_default();
        rows.push(("header", format!("{}: {value}", clean(name))));
    }
    rows.extend([
        ("signature", signature(endpoint)),
        ("policy", policy(endpoint)),
        ("tls", tls(endpoint)),
        ("waiting", text(endpoint, "/stats/waiting")),
        ("last 24 h", last_day(endpoint)),
        ("expires", time(&text(endpoint, "/expires_at"), now_ms)),
        ("added", time(&text(endpoint, "/created_at"), now_ms)),
        ("changed", time(&text(endpoint, "/updated_at"), now_ms)),
    ]);
    let cells: Vec<_> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![(name.to_owned(), DIM), (value, PLAIN)])
        .collect();
    let head = format!(
        "{}  {}",
        text(endpoint, "/title"),
        paint(DIM, text(endpoint, "/id"))
    );
    let body = columns(&["", ""], &cells);
    let body = body.into_iter().skip(1).map(|line| format!("  {line}"));
    [head].into_iter().chain(body).collect()
}

fn signature(endpoint: &Value) -> String {
    let encoding = text(endpoint, "/signature/encoding");
    if endpoint["signature"]["standard"] == false {
        format!("{encoding}, first header only: the key is not whsec_ and base64")
    } else {
        encoding
    }
}

fn policy(endpoint: &Value) -> String {
    let timeout = number(endpoint, "/policy/timeout_ms").map_or("–".to_owned(), span);
    let attempts = match text(endpoint, "/policy/attempts") {
        all if all.is_empty() => "attempts as planned".to_owned(),
        count => format!("{count} attempts"),
    };
    let rate = match text(endpoint, "/policy/rate_per_s") {
        none if none.is_empty() => none,
        rate => format!(", {rate} per second"),
    };
    format!(
        "timeout {timeout}, {} at a time{rate}, {attempts}, order {}",
        text(endpoint, "/policy/in_flight_max"),
        text(endpoint, "/policy/order"),
    )
}

/// What TLS differs in; nothing where it is as for all.
fn tls(endpoint: &Value) -> String {
    let tls = &endpoint["policy"]["tls"];
    let mut words = Vec::new();
    if let Some(pem) = tls["ca_pem"].as_str() {
        let count = pem.matches("-----BEGIN ").count() as u64;
        words.push(format!(
            "trusts {} of its own",
            plural(count, "certificate")
        ));
    }
    if let Some(pin) = tls["pin_sha256"].as_str() {
        words.push(format!("key pinned to {}", clean(pin)));
    }
    if !tls["client_pem"].is_null() {
        words.push("shows a client certificate".to_owned());
    }
    if tls["insecure"] == true {
        words.push("CERTIFICATE NOT CHECKED".to_owned());
    }
    words.join(", ")
}

fn last_day(endpoint: &Value) -> String {
    let p95 = number(endpoint, "/stats/p95_ms");
    let p95 = p95.map(|ms| format!(", p95 {}", span(ms)));
    format!(
        "{} delivered, {} failed{}",
        text(endpoint, "/stats/delivered_24h"),
        text(endpoint, "/stats/failed_24h"),
        p95.unwrap_or_default()
    )
}
