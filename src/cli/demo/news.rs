//! What has become of deliveries since the last look, in plain words. Pure.

use std::collections::HashMap;

use anstyle::Style;
use serde_json::{Value, json};

use crate::cli::console::{paint, style_of};
use crate::cli::document::{number, text};
use crate::cli::words::{plural, span, time};
use crate::domain::time::Timestamp;

/// What is known already, of the deliveries of the last look: how many attempts each had, and
/// whether its end was told. Those that are no longer looked at are forgotten.
pub struct News {
    titles: HashMap<String, String>,
    known: HashMap<String, (u64, bool)>,
}

/// One thing that happened to a delivery.
pub struct Item {
    delivery: Value,
    receiver: String,
    /// `retry`, or the state in which it ended.
    what: String,
}

impl News {
    /// Nothing is known yet. `titles` of endpoints by their ids.
    pub fn new(titles: HashMap<String, String>) -> Self {
        Self {
            titles,
            known: HashMap::new(),
        }
    }

    /// What is new in a list of deliveries, in the order in which it happened.
    pub fn of(&mut self, deliveries: &[Value]) -> Vec<Item> {
        let before = std::mem::take(&mut self.known);
        let mut items = Vec::new();
        for delivery in deliveries.iter().rev() {
            let id = text(delivery, "/id");
            let (known, told) = before.get(&id).copied().unwrap_or_default();
            let attempts = number(delivery, "/attempts").unwrap_or(0);
            let state = text(delivery, "/state");
            let is_open = matches!(state.as_str(), "waiting" | "in_flight");
            let what = match is_open {
                true if attempts > known => Some("retry".to_owned()),
                false if !told => Some(state),
                _ => None,
            };
            self.known.insert(id, (attempts, !is_open));
            if let Some(what) = what {
                let endpoint = text(delivery, "/endpoint");
                let receiver = self.titles.get(&endpoint).cloned();
                items.push(Item {
                    delivery: delivery.clone(),
                    receiver: receiver.unwrap_or(endpoint),
                    what,
                });
            }
        }
        items.sort_by_key(Item::at);
        items
    }
}

impl Item {
    /// `14:02:11.204  crm     call:completed  delivered   200 in 1 ms`
    pub fn line(&self, now_ms: u64) -> String {
        let style = match self.what.as_str() {
            "superseded" => Style::new(),
            word => style_of(word),
        };
        format!(
            "{:<12}  {:<6}  {:<14}  {}  {}",
            self.shown_at(now_ms),
            self.receiver,
            text(&self.delivery, "/event_type"),
            paint(style, format!("{:<10}", self.what)),
            self.why()
        )
    }

    /// After a burst the ring no longer holds the attempt; then it was just now.
    fn shown_at(&self, now_ms: u64) -> String {
        match self.at() {
            unknown if unknown.is_empty() => time(&Timestamp(now_ms).to_string(), now_ms),
            at => time(&at, now_ms),
        }
    }

    /// When it happened; empty where that is no longer known.
    fn at(&self) -> String {
        match text(&self.delivery, "/ended_at") {
            ended if ended.is_empty() => text(&self.delivery, "/last/at"),
            ended => ended,
        }
    }

    fn why(&self) -> String {
        let delivery = &self.delivery;
        let answer = match number(delivery, "/last/status") {
            Some(status) => status.to_string(),
            None => text(delivery, "/last/error"),
        };
        let attempts = number(delivery, "/attempts").unwrap_or(0);
        match self.what.as_str() {
            "delivered" => {
                let took = number(delivery, "/last/ms").map(span).unwrap_or_default();
                format!("{answer} in {took}")
            }
            "retry" => {
                let at = |pointer: &str| Timestamp::parse_rfc3339(&text(delivery, pointer));
                let next = match (at("/last/at"), at("/next_at")) {
                    (Some(last), Some(next)) => format!(" in {}", span(next.ms_since(last))),
                    _ => String::new(),
                };
                let answer = match answer.as_str() {
                    "" => answer,
                    _ => format!(" ({answer})"),
                };
                format!("try {attempts} failed{answer}, again{next}")
            }
            "failed" => format!("{answer} after {}", plural(attempts, "try")),
            _ => short(&text(delivery, "/reason")),
        }
    }

    /// The same for programs.
    pub fn document(&self) -> Value {
        json!({
            "what": self.what,
            "at": self.at(),
            "receiver": self.receiver,
            "event_type": self.delivery["event_type"],
            "event": self.delivery["event"],
            "delivery": self.delivery["id"],
            "attempts": self.delivery["attempts"],
            "status": self.delivery["last"]["status"],
            "ms": self.delivery["last"]["ms"],
            "next_at": self.delivery["next_at"],
            "reason": self.delivery["reason"],
        })
    }
}

/// A reason without its code and its details: `call_ended: the call has ended, and …`.
fn short(reason: &str) -> String {
    let sentence = reason.split_once(": ").map_or(reason, |(_, rest)| rest);
    let end = sentence.find([',', ';']).unwrap_or(sentence.len());
    sentence[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told, without the time in front, which is that of the machine's zone.
    fn told(news: &mut News, delivery: &Value) -> Vec<String> {
        let plain = |item: Item| {
            let line = anstream::adapter::strip_str(&item.line(0)).to_string();
            let words: Vec<_> = line.split_whitespace().collect();
            let start = words.iter().position(|word| *word == "broken");
            words[start.unwrap()..].join(" ")
        };
        let items = news.of(std::slice::from_ref(delivery)).into_iter();
        items.map(plain).collect()
    }

    #[test]
    fn each_thing_is_told_once() {
        let titles = HashMap::from([("ep_1".to_owned(), "broken".to_owned())]);
        let mut news = News::new(titles);
        let mut delivery = json!({
            "id": "dlv_1", "event": "evt_1", "event_type": "call:missed", "endpoint": "ep_1",
            "state": "in_flight", "reason": null, "attempts": 0, "next_at": null, "last": null,
            "ended_at": null,
        });
        let mut check = |delivery: &Value, expected: &[&str]| {
            assert_eq!(told(&mut news, delivery), expected);
            assert_eq!(told(&mut news, delivery), [""; 0]);
        };
        check(&delivery, &[]);
        delivery["state"] = json!("waiting");
        delivery["attempts"] = json!(1);
        delivery["last"] = json!({"status": 500, "ms": 2, "at": "1970-01-01T00:00:00.000Z"});
        delivery["next_at"] = json!("1970-01-01T00:00:00.430Z");
        let retry = "broken call:missed retry try 1 failed (500), again in 430 ms";
        check(&delivery, &[retry]);
        delivery["state"] = json!("failed");
        delivery["attempts"] = json!(3);
        check(&delivery, &["broken call:missed failed 500 after 3 tries"]);
        let superseded = json!({
            "id": "dlv_2", "event_type": "call:ringing", "endpoint": "ep_1",
            "state": "superseded", "reason": "call_ended: the call has ended, and more",
            "attempts": 0,
        });
        check(
            &superseded,
            &["broken call:ringing superseded the call has ended"],
        );
    }
}
