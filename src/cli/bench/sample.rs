//! What the bench posts and how it sums up what it measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Digits of a number in a template.
const DIGITS: usize = 10;
/// Stands where the number goes.
const PLACE: &str = "##########";
/// What stands before the number in the data of an event.
const BEFORE: &str = r#"{"data":{"id":"bench-"#;
/// The size that events are padded to: that of a call with its attribution fields.
const EVENT_BYTES: usize = 1_024;

/// A request whose number is filled in anew for each use.
#[derive(Clone)]
pub struct Template {
    bytes: Vec<u8>,
    number_at: usize,
}

impl Template {
    /// `POST path` with that body, in which `##########` stands for the number.
    pub fn post(path: &str, token: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let number_at = text.find(PLACE).unwrap_or(text.len());
        Self {
            bytes: text.into_bytes(),
            number_at,
        }
    }

    /// Posts an event of that type, of about 1 KiB.
    pub fn event(kind: &str, token: &str) -> Self {
        Self::post("/v1/events", token, &event(kind, ACCOUNT))
    }

    /// Posts such an event of an account.
    pub fn event_of(kind: &str, account: &str, token: &str) -> Self {
        Self::post("/v1/events", token, &event(kind, account))
    }

    /// Fills the number in.
    pub fn set(&mut self, number: u64) {
        let digits = format!("{number:0DIGITS$}");
        if let Some(place) = self.bytes.get_mut(self.number_at..self.number_at + DIGITS) {
            place.copy_from_slice(digits.as_bytes());
        }
    }

    /// The whole request.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The account of events for which it does not matter.
pub const ACCOUNT: &str = "acc-1";

/// An event to post, with `##########` in the place of its number.
pub fn event(kind: &str, account: &str) -> String {
    let frame = |padding: &str| {
        [
            &format!(r#"{{"event":"{kind}","data":{{"id":"bench-{PLACE}","#),
            &format!(r#""account":{{"id":"{account}","name":"My account"}},"#),
            r#""caller_number":"+33639981234","tracked_number":"+33465712345","#,
            r#""direction":"inbound","status":"answered","duration":42,"#,
            &format!(r#""utm_source":"{padding}"}}}}"#),
        ]
        .concat()
    };
    let rest = EVENT_BYTES.saturating_sub(frame("").len());
    frame(&"x".repeat(rest))
}

/// The number in the body of a delivery. `data` is passed on byte for byte, and comes first.
pub fn number_of(body: &[u8]) -> Option<u64> {
    let rest = body.strip_prefix(BEFORE.as_bytes())?;
    std::str::from_utf8(rest.get(..DIGITS)?).ok()?.parse().ok()
}

/// When each request left, in microseconds since the beginning.
pub struct Stamps {
    begun: Instant,
    at: Vec<AtomicU64>,
}

impl Stamps {
    /// For numbers below `count`.
    pub fn new(count: u64) -> Self {
        Self {
            begun: Instant::now(),
            at: (0..count).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// It leaves now.
    pub fn note(&self, number: u64, now: Instant) {
        if let Some(at) = self.at.get(number as usize) {
            at.store(self.us_at(now), Ordering::Relaxed);
        }
    }

    /// How long ago it left.
    pub fn age_us(&self, number: u64, now: Instant) -> Option<u32> {
        let at = self.at.get(number as usize)?.load(Ordering::Relaxed);
        u32::try_from(self.us_at(now).saturating_sub(at)).ok()
    }

    fn us_at(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.begun);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

/// Measured times in order.
pub struct Summary(Vec<u32>);

impl Summary {
    /// Of times in microseconds.
    pub fn of(mut times_us: Vec<u32>) -> Self {
        times_us.sort_unstable();
        Self(times_us)
    }

    /// Of durations.
    pub fn of_durations(times: &[Duration]) -> Self {
        let us = |time: &Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        Self::of(times.iter().map(us).collect())
    }

    /// The time that this share of them stays below, in milliseconds.
    pub fn ms(&self, share: f64) -> f64 {
        let at = (self.0.len() as f64 * share) as usize;
        let at = at.min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(0.0, |us| f64::from(*us) / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_in_and_comes_out() {
        let mut template = Template::event("call:completed", "t");
        template.set(42);
        let text = String::from_utf8(template.bytes().to_vec()).unwrap();
        assert!(text.contains(r#""id":"bench-0000000042""#), "{text}");
        let body = text.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body.len(), EVENT_BYTES);
        let delivered = r#"{"data":{"id":"bench-0000000042","account""#;
        assert_eq!(number_of(delivered.as_bytes()), Some(42));
        assert_eq!(number_of(b"{}"), None);
    }

    #[test]
    fn shares_of_times() {
        let check = |times: &[u32], share, expected: f64| {
            let got = Summary::of(times.to_vec()).ms(share);
            assert!((got - expected).abs() < 1e-9, "{times:?} {share}: {got}");
        };
        check(&[], 0.5, 0.0);
        check(&[3_000, 1_000, 2_000], 0.5, 2.0);
        check(&[3_000, 1_000, 2_000], 1.0, 3.0);
    }
}
