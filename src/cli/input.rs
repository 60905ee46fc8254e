//! What people hand to a command: files, durations, moments, header lines.

use std::io::Read as _;
use std::path::Path;

use serde_json::value::RawValue;

use super::failure::{Exit, Failure, code};
use crate::config::units;
use crate::domain::time::Timestamp;

/// The largest file that is read: an event may have 8 MiB.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// The text of a file, or of stdin for `-`.
pub fn file(path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(path)?).map_err(|_| unreadable(path, "it is not UTF-8"))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    let what = format!("cannot read {}: {why}", path.display());
    Failure::new(Exit::Invalid, code::FILE, what)
}

/// The bytes of a file, or of stdin for `-`.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    let source: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    source
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(path, "it is larger than 8 MiB"));
    }
    Ok(bytes)
}

/// A key or a token: the text of a file without the white space around it.
pub fn secret(path: &Path) -> Result<String, Failure> {
    let text = file(path)?.trim().to_owned();
    if text.is_empty() {
        let what = format!("{} is empty", path.display());
        return Err(Failure::new(Exit::Invalid, code::FILE, what));
    }
    Ok(text)
}

/// JSON from a file, byte for byte but for the white space around it.
pub fn json(path: &Path) -> Result<Box<RawValue>, Failure> {
    serde_json::from_str(file(path)?.trim()).map_err(|error| {
        let what = format!("{} is not JSON: {error}", path.display());
        Failure::new(Exit::Invalid, code::VALUE, what)
    })
}

/// For clap: milliseconds of `15s`.
pub fn milliseconds(text: &str) -> Result<u64, String> {
    units::milliseconds(text)
}

/// For clap: seconds of `10s`, `2m` or a plain number.
pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        Ok(_) => Err("must be 0 or more".to_owned()),
        Err(_) => units::milliseconds(text).map(|ms| ms as f64 / 1000.0),
    }
}

/// For clap: how many per second, as `5/s` or a plain number.
pub fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() => Ok(rate),
        _ => Err("write it like 5/s or 0.5/s".to_owned()),
    }
}

/// For clap: a header line `Name: value`.
pub fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it like 'X-Env: prod'".to_owned()),
    }
}

/// A moment: RFC 3339, or so long ago.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// At that time.
    At(Timestamp),
    /// Milliseconds before now.
    Ago(u64),
}

impl Moment {
    /// For clap: `2026-03-04T09:00:00Z` or `2h`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(at) = Timestamp::parse_rfc3339(text) {
            return Ok(Self::At(at));
        }
        units::milliseconds(text)
            .map(Self::Ago)
            .map_err(|_| "write it like 2h, 30m or 2026-03-04T09:00:00Z".to_owned())
    }

    /// The time that is meant.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ms) => Timestamp(now.0.saturating_sub(ms)),
        }
    }
}

/// A value for a query, percent-encoded.
pub fn query_value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        assert_eq!(seconds("10s"), Ok(10.0));
        assert_eq!(seconds("2m"), Ok(120.0));
        assert_eq!(seconds("1.5"), Ok(1.5));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
        assert_eq!(header("X-Env: prod"), Ok(("X-Env".into(), "prod".into())));
        assert_eq!(header("X-Time: 1:2"), Ok(("X-Time".into(), "1:2".into())));
        assert!(header("prod").is_err());
        assert_eq!((rate("5/s"), rate("0.5")), (Ok(5.0), Ok(0.5)));
        assert!(rate("5/min").is_err() && rate("inf").is_err());
        let now = Timestamp(10_000_000);
        assert_eq!(Moment::parse("2h").unwrap().from(now), Timestamp(2_800_000));
        let at = Moment::parse("1970-01-01T00:00:01Z").unwrap();
        assert_eq!(at.from(now), Timestamp(1_000));
        assert!(Moment::parse("yesterday").is_err());
        assert_eq!(query_value("+33 4/é"), "%2B33%204%2F%C3%A9");
    }
}
