//! Prints what a receiver got: in short, in one line, in full, or as JSON.

use std::collections::{HashSet, VecDeque};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::verdict::{Check, Verdict};
use crate::cli::console::{BAD, DIM, GOOD, WAITING, paint};
use crate::cli::document::{clean, text};
use crate::cli::receiver::Received;
use crate::cli::words::{bytes, span, time};

/// How much is printed of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One line, and one about the call
    Short,
    /// One line
    Line,
    /// Headers and body as well
    Full,
    /// One JSON document per line
    Json,
}

/// How many ids are remembered to mark those that come again.
const IDS_MAX: usize = 10_000;

/// The ids that were seen last.
#[derive(Debug, Default)]
pub struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Notes an id; true when it was seen before.
    pub fn again(&mut self, id: &str) -> bool {
        if id.is_empty() {
            return false;
        }
        if !self.ids.insert(id.to_owned()) {
            return true;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        false
    }
}

/// The lines for one delivery. `verdict` is None where there is no key to check with.
pub fn lines(
    output: Output,
    received: &Received,
    verdict: Option<&Verdict>,
    again: bool,
) -> Vec<String> {
    if output == Output::Json {
        return vec![as_json(received, verdict, again).to_string()];
    }
    let mut lines = vec![headline(received, verdict, again)];
    let wrongs = verdict.map(Verdict::wrongs).unwrap_or_default();
    lines.extend(
        wrongs
            .into_iter()
            .map(|why| format!("{INDENT}{}", paint(BAD, why))),
    );
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let about = summary(&body);
    if output != Output::Line && !about.is_empty() {
        lines.push(format!("{INDENT}{about}"));
    }
    if output == Output::Full {
        lines.push(format!(
            "{INDENT}{} {}",
            received.method,
            clean(&received.path)
        ));
        let header = |(name, value): &(String, String)| format!("{INDENT}{name}: {}", clean(value));
        lines.extend(received.headers.iter().map(header));
        lines.push(format!(
            "{INDENT}{}",
            clean(&String::from_utf8_lossy(&received.body))
        ));
    }
    lines
}

/// Below the time of the first line.
const INDENT: &str = "              ";

fn headline(received: &Received, verdict: Option<&Verdict>, again: bool) -> String {
    let header = |name: &str| clean(received.header(name).unwrap_or_default());
    let at = received.at;
    let mut words = vec![
        time(&at.to_string(), at.0),
        match header("ringhook-event") {
            none if none.is_empty() => format!("{} {}", received.method, clean(&received.path)),
            kind => kind,
        },
        bytes(received.body.len() as u64),
        match verdict {
            None => paint(DIM, "signature not checked"),
            Some(verdict) if verdict.wrongs().is_empty() => {
                format!("{} ({})", paint(GOOD, "signature OK"), verdict.right())
            }
            Some(_) => paint(BAD, "signature WRONG"),
        },
    ];
    let id = header("webhook-id");
    if !id.is_empty() {
        words.insert(2, paint(DIM, id));
    }
    if header("ringhook-test") == "1" {
        words.push("test".to_owned());
    }
    match header("ringhook-attempt").as_str() {
        "" | "1" => {}
        n => words.push(format!("try {n}")),
    }
    if again {
        words.push(paint(WAITING, "duplicate"));
    }
    words.push(format!(
        "→ {} in {}",
        received.answer,
        span(received.took_ms)
    ));
    words.join("  ")
}

/// `caller +33612345678  tracked +33988776655  duration 42 s  account "My account"`
fn summary(body: &Value) -> String {
    let fields = [
        ("caller", "/data/caller_number", "", ""),
        ("tracked", "/data/tracked_number", "", ""),
        ("from", "/data/from", "", ""),
        ("duration", "/data/duration", "", " s"),
        ("account", "/data/account/name", "\"", "\""),
    ];
    let words: Vec<_> = fields
        .into_iter()
        .map(|(name, pointer, before, after)| (name, text(body, pointer), before, after))
        .filter(|(_, value, _, _)| !value.is_empty())
        .map(|(name, value, before, after)| format!("{name} {before}{value}{after}"))
        .collect();
    words.join("  ")
}

fn as_json(received: &Received, verdict: Option<&Verdict>, again: bool) -> Value {
    let signature = |check: &Check| match check {
        Check::Right => json!(true),
        Check::Wrong(_) => json!(false),
        Check::Absent => Value::Null,
    };
    let verdict = verdict.map(|verdict| {
        json!({
            "sha1": signature(&verdict.calltracking),
            "standard": signature(&verdict.standard),
            "errors": verdict.wrongs(),
        })
    });
    json!({
        "at": received.at.to_string(),
        "method": received.method,
        "path": received.path,
        "headers": received.headers,
        "body": String::from_utf8_lossy(&received.body),
        "signature": verdict,
        "duplicate": again,
        "status": received.answer.parse::<u16>().ok(),
        "answer": received.answer,
        "ms": received.took_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn received() -> Received {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let data = r#"{"data":{"caller_number":"+336","tracked_number":"+339","duration":42,"#;
        let data = format!(r#"{data}"account":{{"id":"a","name":"My account"}}}}}}"#);
        Received {
            at: Timestamp(0),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers: vec![
                header("ringhook-event", "call:completed"),
                header("webhook-id", "evt_1"),
                header("ringhook-attempt", "2"),
            ],
            body: data.into(),
            answer: "200".to_owned(),
            took_ms: 1,
        }
    }

    fn plain(lines: &[String]) -> Vec<String> {
        let strip = |line: &String| anstream::adapter::strip_str(line).to_string();
        // The time is that of the machine's own zone.
        let cut = |line: String| {
            line.split_once("  ")
                .map_or(line.clone(), |(_, l)| l.to_owned())
        };
        lines.iter().map(strip).map(cut).collect()
    }

    #[test]
    fn a_delivery_in_short() {
        let good = Verdict {
            calltracking: Check::Right,
            standard: Check::Right,
        };
        assert_eq!(
            plain(&lines(Output::Short, &received(), Some(&good), true)),
            [
                "call:completed  evt_1  112 bytes  signature OK (sha1, standard)  try 2  \
                 duplicate  → 200 in 1 ms",
                "            caller +336  tracked +339  duration 42 s  account \"My account\"",
            ]
        );
    }

    #[test]
    fn a_wrong_signature_says_why() {
        let bad = Verdict {
            calltracking: Check::Wrong("It is wrong.".to_owned()),
            standard: Check::Absent,
        };
        let lines = plain(&lines(Output::Line, &received(), Some(&bad), false));
        assert!(lines[0].contains("signature WRONG"), "{lines:?}");
        assert!(lines[1].contains("It is wrong."), "{lines:?}");
    }

    #[test]
    fn as_json_for_programs() {
        let line = &lines(Output::Json, &received(), None, false)[0];
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["headers"][1][1], "evt_1");
        assert_eq!(line["duplicate"], false);
        assert!(line["signature"].is_null());
    }

    #[test]
    fn ids_are_remembered_up_to_a_bound() {
        let mut seen = Seen::default();
        assert!(!seen.again("evt_1"));
        assert!(seen.again("evt_1"));
        for n in 0..IDS_MAX {
            seen.again(&format!("other_{n}"));
        }
        assert!(!seen.again("evt_1"), "forgotten by now");
        assert_eq!(seen.ids.len(), IDS_MAX);
        assert!(!seen.again(""));
        assert!(!seen.again(""));
    }
}
