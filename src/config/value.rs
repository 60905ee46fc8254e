//! From what was written to a value within its range, or what is wrong with it. Pure.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::LogFormat;
use super::mistake::{FORM, RANGE};
use super::nearest::nearest;
use super::raw::Raw;
use super::table::{DELAY_MS, DELAYS_MAX, Kind, LIFE_MS};
use super::units::{bytes, milliseconds, spell_bytes, spell_milliseconds};
use crate::domain::address::{EgressEntry, Proxy};
use crate::domain::event::EventType;

/// A value that holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// An address with a port.
    Address(SocketAddr),
    /// A path, a URL or a name.
    Text(String),
    /// Names.
    Texts(Vec<String>),
    /// A boolean.
    Switch(bool),
    /// A count, bytes or milliseconds.
    Number(u64),
    /// Delays in milliseconds.
    Numbers(Vec<u64>),
    /// Lives in milliseconds.
    Lives(BTreeMap<String, u64>),
    /// Lines of the egress lists.
    Egress(Vec<EgressEntry>),
    /// A proxy.
    Proxy(Proxy),
    /// A log level.
    Level(log::LevelFilter),
    /// A log format.
    Format(LogFormat),
}

/// What is wrong with a value: a code, a part of a sentence after the name and the value, and
/// what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// `RH-0022` or `RH-0023`.
    pub code: &'static str,
    /// The value, or the part of it that is wrong.
    pub value: String,
    /// `is not a duration`
    pub why: String,
    /// What to do.
    pub advice: String,
}

/// Reads a value of that kind; every part of it that is wrong, at once.
pub fn read(kind: Kind, raw: &Raw) -> Result<Value, Vec<Wrong>> {
    let one = |result: Result<Value, Wrong>| result.map_err(|wrong| vec![wrong]);
    match kind {
        Kind::Address => one(address(raw)),
        Kind::Path => one(path(raw)),
        Kind::Url => one(url(raw)),
        Kind::Switch => one(switch(raw)),
        Kind::Bytes(min, max) => one(size(raw, min, max).map(Value::Number)),
        Kind::Milliseconds(min, max) => one(duration(raw, min, max).map(Value::Number)),
        Kind::Count(min, max) => one(count(raw, min, max)),
        Kind::Hosts => each(raw, host).map(Value::Texts),
        Kind::Egress => each(raw, egress).map(Value::Egress),
        Kind::Proxy => one(proxy(raw)),
        Kind::Plan => plan(raw),
        Kind::Lives => lives(raw),
        Kind::Level => one(level(raw)),
        Kind::Format => one(format(raw)),
    }
}

fn wrong(raw: &Raw, why: impl Into<String>, advice: impl Into<String>) -> Wrong {
    Wrong {
        code: FORM,
        value: spell(raw),
        why: why.into(),
        advice: advice.into(),
    }
}

/// A value as the file would spell it, for the eyes only.
fn spell(raw: &Raw) -> String {
    match raw {
        Raw::Text(text) => format!("\"{text}\""),
        Raw::Integer(number) => number.to_string(),
        Raw::Switch(switch) => switch.to_string(),
        Raw::List(list) => format!(
            "[{}]",
            list.iter().map(spell).collect::<Vec<_>>().join(", ")
        ),
        Raw::Map(_) => "a table".to_owned(),
        Raw::Other(name) => format!("a {name}"),
    }
}

fn text<'a>(raw: &'a Raw, example: &str) -> Result<&'a str, Wrong> {
    match raw {
        Raw::Text(text) => Ok(text),
        _ => Err(wrong(
            raw,
            "is not a string",
            format!("Write a string, as in \"{example}\"."),
        )),
    }
}

fn address(raw: &Raw) -> Result<Value, Wrong> {
    let text = text(raw, "127.0.0.1:7464")?;
    // People write localhost; it is the one name whose address needs no look-up.
    let literal = text.replacen("localhost:", "127.0.0.1:", 1);
    literal.parse().map(Value::Address).map_err(|_| {
        let advice = match literal.parse::<std::net::IpAddr>() {
            Ok(ip) => format!("Add a port: \"{}\".", SocketAddr::new(ip, 7464)),
            Err(_) => "Write an IP address and a port, as in \"127.0.0.1:7464\" or \
                       \"[::1]:7464\"."
                .to_owned(),
        };
        wrong(raw, "is not an address with a port", advice)
    })
}

fn path(raw: &Raw) -> Result<Value, Wrong> {
    let text = text(raw, "/var/lib/ringhook/ringhook.redb")?;
    if text.is_empty() || text.starts_with('/') {
        Ok(Value::Text(text.to_owned()))
    } else {
        let advice = "Write the whole path, from / on: a service has no working directory.";
        Err(wrong(raw, "is not an absolute path", advice))
    }
}

fn url(raw: &Raw) -> Result<Value, Wrong> {
    let text = text(raw, "https://hooks.example.org")?;
    let good = text.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
    });
    if text.is_empty() || good {
        Ok(Value::Text(text.trim_end_matches('/').to_owned()))
    } else {
        let advice = "Write it like \"https://hooks.example.org\".";
        Err(wrong(raw, "is not an http or https URL", advice))
    }
}

/// The value is not repeated: there may be a password in it.
fn proxy(raw: &Raw) -> Result<Value, Wrong> {
    const EXAMPLE: &str = "http://proxy.lan:3128";
    let advice = format!("Write it like \"{EXAMPLE}\", or with user:password@ before the host.");
    let text = text(raw, EXAMPLE)?;
    if text.is_empty() {
        return Ok(Value::Text(String::new()));
    }
    Proxy::parse(text).map(Value::Proxy).map_err(|why| Wrong {
        value: "its value".to_owned(),
        ..wrong(raw, why, advice)
    })
}

fn switch(raw: &Raw) -> Result<Value, Wrong> {
    match raw {
        Raw::Switch(switch) => Ok(Value::Switch(*switch)),
        _ => Err(wrong(
            raw,
            "is neither true nor false",
            "Write true or false, without quotes.",
        )),
    }
}

fn within(
    raw: &Raw,
    n: u64,
    (min, max): (u64, u64),
    spell: fn(u64) -> String,
) -> Result<u64, Wrong> {
    if (min..=max).contains(&n) {
        return Ok(n);
    }
    let side = if n < min { "too small" } else { "too large" };
    Err(Wrong {
        code: RANGE,
        ..wrong(
            raw,
            format!("is {side}"),
            format!("Choose from {} to {}.", spell(min), spell(max)),
        )
    })
}

fn size(raw: &Raw, min: u64, max: u64) -> Result<u64, Wrong> {
    let n = match raw {
        Raw::Integer(n) => u64::try_from(*n).map_err(|_| "write it like 64KiB".to_owned()),
        Raw::Text(text) => bytes(text),
        _ => Err("write it like \"64KiB\"".to_owned()),
    };
    let n = n.map_err(|advice| wrong(raw, "is not a size", sentence(&advice)))?;
    within(raw, n, (min, max), spell_bytes)
}

fn duration(raw: &Raw, min: u64, max: u64) -> Result<u64, Wrong> {
    let n = match raw {
        Raw::Text(text) => milliseconds(text),
        Raw::Integer(n) => Err(format!("has no unit: write \"{n}s\"")),
        _ => Err("write it like \"15s\"".to_owned()),
    };
    let n = n.map_err(|advice| wrong(raw, "is not a duration", sentence(&advice)))?;
    within(raw, n, (min, max), spell_milliseconds)
}

/// `has no unit: write 15s` as a sentence of its own.
fn sentence(advice: &str) -> String {
    let advice = match advice.split_once(": ") {
        Some(("has no unit", rest)) => rest,
        _ => advice,
    };
    let (first, rest) = advice.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

fn count(raw: &Raw, min: u64, max: u64) -> Result<Value, Wrong> {
    match raw {
        Raw::Integer(n) => {
            let n = u64::try_from(*n).unwrap_or(0);
            within(raw, n, (min, max), |n| n.to_string()).map(Value::Number)
        }
        _ => Err(wrong(
            raw,
            "is not a whole number",
            format!("Write a number from {min} to {max}, without quotes."),
        )),
    }
}

/// Reads every entry of a list.
fn each<T>(raw: &Raw, read: fn(&Raw) -> Result<T, Wrong>) -> Result<Vec<T>, Vec<Wrong>> {
    let Raw::List(list) = raw else {
        let advice = "Write a list, as in [\"a\", \"b\"].";
        return Err(vec![wrong(raw, "is not a list", advice)]);
    };
    let (good, bad): (Vec<_>, Vec<_>) = list.iter().map(read).partition(Result::is_ok);
    if bad.is_empty() {
        Ok(good.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(bad.into_iter().filter_map(Result::err).collect())
    }
}

fn host(raw: &Raw) -> Result<String, Wrong> {
    let text = text(raw, "ringhook.lan")?;
    let stranger = |c: char| c.is_whitespace() || matches!(c, '/' | '@' | '*' | '?' | '#');
    if text.is_empty() || text.contains(stranger) {
        let advice = "Write the name alone, as in \"ringhook.lan\", without http:// and path.";
        return Err(wrong(raw, "is not a host name", advice));
    }
    Ok(text.to_ascii_lowercase())
}

fn egress(raw: &Raw) -> Result<EgressEntry, Wrong> {
    let text = text(raw, "192.168.10.0/24")?;
    let advice = "Write a network, an address or a name, as in \"192.168.10.0/24\", \
                  \"10.0.0.5:443,8080\" or \"crm.lan:8080\".";
    EgressEntry::parse(text).map_err(|why| wrong(raw, format!("can't be used: {why}"), advice))
}

fn plan(raw: &Raw) -> Result<Value, Vec<Wrong>> {
    let delays = each(raw, |raw| duration(raw, DELAY_MS.0, DELAY_MS.1))?;
    if delays.is_empty() || delays.len() > DELAYS_MAX {
        let why = format!("has {} delays", delays.len());
        let advice = format!("Give 1 to {DELAYS_MAX} delays, as in [\"5s\", \"30s\", \"2m\"].");
        let code = RANGE;
        return Err(vec![Wrong {
            code,
            ..wrong(raw, why, advice)
        }]);
    }
    Ok(Value::Numbers(delays))
}

fn lives(raw: &Raw) -> Result<Value, Vec<Wrong>> {
    let Raw::Map(pairs) = raw else {
        let advice = "Write a table, as in { \"call:ringing\" = \"60s\" }.";
        return Err(vec![wrong(raw, "is not a table of event types", advice)]);
    };
    let mut lives = BTreeMap::new();
    let mut wrongs = Vec::new();
    for (kind, life) in pairs {
        if EventType::parse(kind).is_err() {
            let raw = Raw::Text(kind.clone());
            let advice = "Write it like \"call:ringing\", in quotes.";
            wrongs.push(wrong(&raw, "is not an event type", advice));
        }
        match duration(life, LIFE_MS.0, LIFE_MS.1) {
            Ok(ms) => drop(lives.insert(kind.clone(), ms)),
            Err(wrong) => wrongs.push(wrong),
        }
    }
    if wrongs.is_empty() {
        Ok(Value::Lives(lives))
    } else {
        Err(wrongs)
    }
}

fn level(raw: &Raw) -> Result<Value, Wrong> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = one_of(raw, &LEVELS)?;
    Ok(Value::Level(
        text.parse().expect("these are log's own names"),
    ))
}

fn format(raw: &Raw) -> Result<Value, Wrong> {
    Ok(Value::Format(
        match one_of(raw, &["auto", "text", "json"])? {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => LogFormat::Auto,
        },
    ))
}

fn one_of(raw: &Raw, known: &[&'static str]) -> Result<&'static str, Wrong> {
    let text = text(raw, known[0])?;
    known
        .iter()
        .copied()
        .find(|word| *word == text)
        .ok_or_else(|| {
            let advice = match nearest(text, known.iter().copied()) {
                Some(near) => format!("Did you mean \"{near}\"?"),
                None => format!("Choose one of {}.", known.join(", ")),
            };
            wrong(raw, "is not known", advice)
        })
}
