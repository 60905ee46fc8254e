//! `replay EVENT…`: each to the endpoints that are named, or to all that match now.

use serde_json::{Value, json};

use super::deliveries::titles;
use super::document::{Document, list, text};
use super::{Context, Exit, Failure, What, reference};

/// Sends them. An event that goes nowhere makes the exit code 1, and keeps no other back.
pub fn run(what: &What, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut endpoints = Vec::new();
    for named in &what.endpoint {
        let endpoint = reference::endpoint(&client, named)?;
        endpoints.push(text(endpoint.value(), "/id"));
    }
    let mut body = json!({});
    if !endpoints.is_empty() {
        body["endpoints"] = json!(endpoints);
    }
    let mut exit = Exit::Done;
    for event in &what.events {
        let id = reference::event(&client, event)?;
        let sent = client.post(&format!("/v1/events/{id}/replay"), &body.to_string())?;
        if list(sent.value(), "/items").is_empty() {
            exit = Exit::No;
        }
        if context.console.machine(&sent)? {
            continue;
        }
        let titles = titles(&client.all("/v1/endpoints")?);
        let title = |one: &Value| {
            let endpoint = text(one, "/endpoint");
            titles.get(&endpoint).cloned().unwrap_or(endpoint)
        };
        context.console.lines(&lines(&id, &sent, title))?;
    }
    Ok(exit)
}

fn lines(event: &str, sent: &Document, title: impl Fn(&Value) -> String) -> Vec<String> {
    let goes = list(sent.value(), "/items").iter().map(|delivery| {
        let id = text(delivery, "/id");
        format!("{event}  goes to {} as {id}", title(delivery))
    });
    let skipped = list(sent.value(), "/skipped").iter().map(|skipped| {
        let why = text(skipped, "/reason");
        format!("{event}  is not sent to {}: {why}", title(skipped))
    });
    let mut lines: Vec<_> = goes.chain(skipped).collect();
    if lines.is_empty() {
        lines.push(format!(
            "{event}  matches no endpoint now; ringhook events show {event} --why says why"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_an_event() {
        let said = |sent: Value| {
            let sent = Document::new(sent.to_string()).unwrap();
            lines("evt_1", &sent, |one| text(one, "/endpoint"))
        };
        let sent = json!({"items": [{"id": "dlv_1", "endpoint": "CRM"}],
            "skipped": [{"endpoint": "Dialer", "code": "in_flight", "reason": "it is in flight"}]});
        assert_eq!(
            said(sent),
            [
                "evt_1  goes to CRM as dlv_1",
                "evt_1  is not sent to Dialer: it is in flight"
            ]
        );
        let nobody = said(json!({"items": [], "skipped": []}));
        assert!(nobody[0].contains("--why"), "{nobody:?}");
    }
}
