//! The daemon's log lines: for people, for the journal, or as JSON. Always to stderr.

use std::io::Write as _;

use log::kv::{Error, Key, Value as KvValue, VisitSource};
use log::{Level, LevelFilter, Record};
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::config::{Identity, LogFormat, LogSettings};

/// Starts logging. Other crates are heard from `warn` on only: their details are not ours.
pub fn start(settings: &LogSettings, identity: &Identity, clock: Clock) {
    let under_systemd = identity.environment.contains_key("JOURNAL_STREAM");
    let format = settings.format;
    env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("ringhook", LevelFilter::Trace)
        // It would log an error for every certificate that fails; the attempt says so already.
        .filter_module("rustls_platform_verifier", LevelFilter::Off)
        .format(move |out, record| {
            let at = || clock.now().wall.to_string();
            let line = match format {
                LogFormat::Json => json(record, &at()),
                LogFormat::Auto if under_systemd => journal(record),
                LogFormat::Auto | LogFormat::Text => text(record, &at()),
            };
            writeln!(out, "{line}")
        })
        .init();
    // The one level that a reload can change; the filters above only hold others back.
    log::set_max_level(settings.level);
}

/// `2026-03-04T09:08:22.114Z warn  message key=value`
fn text(record: &Record<'_>, at: &str) -> String {
    let level = record.level().as_str().to_lowercase();
    format!("{at} {level:<5} {}", message(record))
}

/// The form of sd-daemon(3): a syslog level in angle brackets; the journal adds the time.
fn journal(record: &Record<'_>) -> String {
    let level = match record.level() {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    format!("<{level}>{}", message(record))
}

/// One line: whatever a message quotes can't begin a second one.
fn message(record: &Record<'_>) -> String {
    let mut line = record.args().to_string();
    for (key, value) in pairs(record) {
        line.push_str(&match value {
            Value::String(text) => format!(" {key}={text}"),
            other => format!(" {key}={other}"),
        });
    }
    line.replace(['\n', '\r'], " ")
}

fn json(record: &Record<'_>, at: &str) -> String {
    let mut object = pairs(record);
    let mut set = |key: &str, value: String| object.insert(key.to_owned(), Value::String(value));
    set("at", at.to_owned());
    set("level", record.level().as_str().to_lowercase());
    set("room", record.target().to_owned());
    set("message", record.args().to_string());
    Value::Object(object).to_string()
}

fn pairs(record: &Record<'_>) -> Map<String, Value> {
    let mut pairs = Pairs(Map::new());
    // Our own visitor never fails.
    let _ = record.key_values().visit(&mut pairs);
    pairs.0
}

struct Pairs(Map<String, Value>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: KvValue<'kvs>) -> Result<(), Error> {
        let value = match (value.to_u64(), value.to_bool()) {
            (Some(number), _) => Value::from(number),
            (None, Some(switch)) => Value::from(switch),
            (None, None) => Value::from(value.to_string()),
        };
        self.0.insert(key.as_str().to_owned(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_of_one_line() {
        let pairs = [
            ("endpoint", KvValue::from("CRM")),
            ("ms", KvValue::from(9u64)),
        ];
        let record = Record::builder()
            .level(Level::Warn)
            .target("ringhook::engine")
            .args(format_args!("it\nfailed"))
            .key_values(&pairs)
            .build();
        let at = "2026-03-04T09:08:22.114Z";
        assert_eq!(
            text(&record, at),
            "2026-03-04T09:08:22.114Z warn  it failed endpoint=CRM ms=9"
        );
        assert_eq!(journal(&record), "<4>it failed endpoint=CRM ms=9");
        let line: Value = serde_json::from_str(&json(&record, at)).unwrap();
        assert_eq!(line["level"], "warn");
        assert_eq!(line["message"], "it\nfailed");
        assert_eq!(line["ms"], 9);
    }
}
