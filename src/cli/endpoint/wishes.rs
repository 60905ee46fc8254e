//! The flags that `add` and `edit` share, and the fields of the API that they become.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::input;
use crate::domain::event::EventType;

/// What an endpoint is to want, and how it is to be treated.
#[derive(Args, Default)]
pub struct Wishes {
    /// Its name, 1 to 200 characters
    #[arg(long)]
    pub title: Option<String>,
    /// A type that it wants, or '*'; several times for several
    #[arg(long, value_name = "TYPE", help_heading = "Events")]
    pub event: Vec<String>,
    /// Only this account's id; several times for several
    #[arg(long, value_name = "ID", help_heading = "Events")]
    pub account: Vec<String>,
    /// Only this called number, or a prefix as '+3318*'; several times for several
    #[arg(long, value_name = "NUMBER", help_heading = "Events")]
    pub number: Vec<String>,
    /// Only calls at least that long; for types that end with a duration
    #[arg(long, value_name = "10s", value_parser = input::seconds, help_heading = "Events")]
    pub min_duration: Option<f64>,
    /// Only calls at most that long
    #[arg(long, value_name = "1h", value_parser = input::seconds, help_heading = "Events")]
    pub max_duration: Option<f64>,
    /// A header of its own; several times for several
    #[arg(long, value_name = "N: V", value_parser = input::header, help_heading = "Requests")]
    pub header: Vec<(String, String)>,
    /// How X-CALLTRACKING-SIGNATURE is written
    #[arg(long, value_enum, help_heading = "Requests")]
    pub encoding: Option<Encoding>,
    /// How long an attempt may take, 1s to 60s
    #[arg(long, value_name = "15s", value_parser = input::milliseconds, help_heading = "Requests")]
    pub timeout: Option<u64>,
    /// How often it is tried, 1 to 25
    #[arg(long, value_name = "N", help_heading = "Requests")]
    pub attempts: Option<u64>,
    /// Whether the events of one call wait for each other
    #[arg(long, value_enum, help_heading = "Requests")]
    pub order: Option<Order>,
    /// Requests at a time, 1 to 256
    #[arg(long, value_name = "N", help_heading = "Requests")]
    pub in_flight_max: Option<u64>,
    /// Requests per second, 0.01 to 1000
    #[arg(long, value_name = "5/s", value_parser = input::rate, help_heading = "Requests")]
    pub rate: Option<f64>,
    /// Also trust the certificates in this PEM file, beside the system's roots
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub ca_file: Option<PathBuf>,
    /// The receiver's key must have this SHA-256, in hex or base64 (of its SPKI)
    #[arg(long, value_name = "SHA256", help_heading = "TLS")]
    pub pin: Option<String>,
    /// Show this certificate to the receiver: a PEM file with the certificate and its key
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub client_cert: Option<PathBuf>,
    /// The key of --client-cert, where it is in a file of its own
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_cert",
        help_heading = "TLS"
    )]
    pub client_key: Option<PathBuf>,
    /// Do not check the receiver's certificate; with --pin only its key is checked
    #[arg(long, help_heading = "TLS")]
    pub insecure: bool,
}

/// How the first signature is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// Lower-case hex
    Hex,
    /// Base64
    Base64,
}

/// Whether events of one call wait for each other.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// An event waits until the earlier ones of its call have ended
    Call,
    /// No waiting
    None,
}

/// Where the key comes from: a flag would show it to everyone on the machine.
#[derive(Args)]
pub struct KeyFile {
    /// A file with an existing signature key; - is stdin
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

impl Wishes {
    /// The fields that were wished for, but for `events`. Files are read for them.
    pub fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let mut fields = Map::new();
        if let Some(title) = &self.title {
            fields.insert("title".to_owned(), json!(title));
        }
        if !self.header.is_empty() {
            let headers: Map<_, _> = self
                .header
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect();
            fields.insert("headers".to_owned(), headers.into());
        }
        if let Some(encoding) = self.encoding {
            let name = match encoding {
                Encoding::Hex => "hex",
                Encoding::Base64 => "base64",
            };
            fields.insert("signature".to_owned(), json!({"encoding": name}));
        }
        let order = self.order.map(|order| match order {
            Order::Call => json!("call"),
            Order::None => json!("none"),
        });
        let tls = self.tls()?;
        let policy: Map<_, _> = [
            ("timeout_ms", self.timeout.map(Value::from)),
            ("attempts", self.attempts.map(Value::from)),
            ("order", order),
            ("in_flight_max", self.in_flight_max.map(Value::from)),
            ("rate_per_s", self.rate.map(whole)),
            ("tls", (!tls.is_empty()).then(|| tls.into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        if !policy.is_empty() {
            fields.insert("policy".to_owned(), policy.into());
        }
        Ok(fields)
    }

    /// The fields of `policy.tls`.
    fn tls(&self) -> Result<Map<String, Value>, Failure> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(input::file).transpose();
        let client = match (read(&self.client_cert)?, read(&self.client_key)?) {
            (Some(certificate), Some(key)) => Some(format!("{certificate}\n{key}")),
            (certificate, _) => certificate,
        };
        let fields = [
            ("ca_pem", read(&self.ca_file)?.map(Value::from)),
            ("pin_sha256", self.pin.clone().map(Value::from)),
            ("client_pem", client.map(Value::from)),
            ("insecure", self.insecure.then_some(Value::Bool(true))),
        ];
        let given = fields.into_iter();
        Ok(given
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect())
    }

    /// Whether something was said about events or their filters.
    pub fn is_about_events(&self) -> bool {
        !(self.event.is_empty() && self.account.is_empty() && self.number.is_empty())
            || self.min_duration.is_some()
            || self.max_duration.is_some()
    }

    /// The subscriptions: those of `before` (none for a new endpoint) with the wishes on top.
    pub fn events(&self, before: &[Value]) -> Value {
        let kind = |subscription: &Value| {
            let kind = subscription.as_str().or(subscription["type"].as_str());
            kind.unwrap_or("*").to_owned()
        };
        let types: Vec<String> = match (self.event.is_empty(), before) {
            (false, _) => self.event.clone(),
            (true, []) => vec!["*".to_owned()],
            (true, _) => before.iter().map(kind).collect(),
        };
        let some_take_duration = types.iter().any(|kind| takes_duration(kind));
        let subscription = |name: &String| {
            let old = before.iter().find(|old| kind(old) == *name);
            let mut new = match old {
                Some(Value::Object(fields)) => fields.clone(),
                _ => Map::new(),
            };
            new.insert("type".to_owned(), json!(name));
            if !self.account.is_empty() {
                new.insert("accounts".to_owned(), json!(self.account));
            }
            if !self.number.is_empty() {
                new.insert("numbers".to_owned(), json!(self.number));
            }
            // A missed call has no duration, so the bound is meant for the others. Where no
            // type takes one, the API says so better than we could.
            if takes_duration(name) || !some_take_duration {
                self.bound(&mut new);
            }
            Value::Object(new)
        };
        types.iter().map(subscription).collect()
    }

    fn bound(&self, subscription: &mut Map<String, Value>) {
        let bounds = [("min", self.min_duration), ("max", self.max_duration)];
        for (name, seconds) in bounds {
            if let Some(seconds) = seconds {
                let duration = subscription.entry("duration").or_insert(Value::Null);
                duration[name] = whole(seconds);
            }
        }
    }
}

/// Whole numbers are written without a point.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number < 1e15 {
        json!(number as u64)
    } else {
        json!(number)
    }
}

fn takes_duration(kind: &str) -> bool {
    EventType::parse(kind).is_ok_and(|kind| kind.may_filter_duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_become_subscriptions() {
        let check = |wishes: Wishes, before: Value, expected: Value| {
            let before = before.as_array().unwrap().clone();
            assert_eq!(wishes.events(&before), expected);
        };
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        check(Wishes::default(), json!([]), json!([{"type": "*"}]));
        check(
            Wishes {
                event: strings(&["call:completed", "call:missed"]),
                min_duration: Some(10.0),
                account: strings(&["acc-1"]),
                ..Wishes::default()
            },
            json!([]),
            json!([{"type": "call:completed", "accounts": ["acc-1"], "duration": {"min": 10}},
                   {"type": "call:missed", "accounts": ["acc-1"]}]),
        );
        check(
            Wishes {
                max_duration: Some(1.5),
                ..Wishes::default()
            },
            json!([{"type": "call:completed", "duration": {"min": 10, "max": null}},
                   {"type": "call:missed"}]),
            json!([{"type": "call:completed", "duration": {"min": 10, "max": 1.5}},
                   {"type": "call:missed"}]),
        );
        check(
            Wishes {
                event: strings(&["call:missed"]),
                min_duration: Some(1.0),
                ..Wishes::default()
            },
            json!([]),
            json!([{"type": "call:missed", "duration": {"min": 1}}]),
        );
    }

    #[test]
    fn only_what_was_said_becomes_a_field() {
        let wishes = Wishes {
            title: Some("CRM".to_owned()),
            header: vec![("X-Env".to_owned(), "prod".to_owned())],
            encoding: Some(Encoding::Base64),
            timeout: Some(5_000),
            order: Some(Order::None),
            rate: Some(5.0),
            ..Wishes::default()
        };
        assert_eq!(
            Value::Object(wishes.fields().unwrap()),
            json!({"title": "CRM", "headers": {"X-Env": "prod"},
                "signature": {"encoding": "base64"},
                "policy": {"timeout_ms": 5000, "order": "none", "rate_per_s": 5}})
        );
        assert!(Wishes::default().fields().unwrap().is_empty());
    }

    #[test]
    fn certificates_are_read_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            Some(path)
        };
        let mut wishes = Wishes {
            ca_file: file("ca"),
            pin: Some("pin".to_owned()),
            client_cert: file("cert"),
            client_key: file("key"),
            insecure: true,
            ..Wishes::default()
        };
        assert_eq!(
            Value::Object(wishes.fields().unwrap()),
            json!({"policy": {"tls": {"ca_pem": "ca", "pin_sha256": "pin",
                "client_pem": "cert\nkey", "insecure": true}}})
        );
        wishes.ca_file = Some(folder.path().join("nothing"));
        assert!(wishes.fields().is_err());
    }
}
