//! What an attempt means for its delivery and for its endpoint.
//!
//! Nothing is decided here about when: `retry` knows the plan. An answer is read as far as its
//! status line and `Retry-After`; its body never matters.

use super::attempt::{Exchange, Reply};
use super::time::Timestamp;

/// The longest wait that a receiver may ask for: 24 h.
pub const RETRY_AFTER_MS_MAX: u64 = 24 * 3600 * 1000;

/// The longest that one answer holds back the other deliveries of its endpoint: 10 minutes.
pub const HOLD_BACK_MS_MAX: u64 = 600 * 1000;

/// What an attempt meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A status 200–299.
    Delivered,
    /// Anything else: tried again while attempts remain, no earlier than `retry_after_ms`.
    Retry {
        /// From `Retry-After`, in seconds or as a date, at most 24 h; 0 where none was given.
        retry_after_ms: u64,
        /// With 429 and 503 and a `Retry-After`: how long the endpoint's other deliveries wait,
        /// at most 10 minutes; else 0.
        hold_back_ms: u64,
    },
    /// 410: the delivery waits, the endpoint is paused.
    Pause,
    /// The daemon cut it while stopping: it does not count.
    Cut,
}

/// Reads an exchange. A status line that arrived before the cut is an answer like any other: a
/// delivered event must not be sent again because the daemon was stopping.
pub fn classify(exchange: &Exchange) -> Outcome {
    match &exchange.result {
        Ok(reply) => read(reply, answered_at(exchange)),
        Err(_) if exchange.cut => Outcome::Cut,
        Err(_) => Outcome::Retry {
            retry_after_ms: 0,
            hold_back_ms: 0,
        },
    }
}

fn read(reply: &Reply, at: Timestamp) -> Outcome {
    match reply.status {
        200..=299 => Outcome::Delivered,
        410 => Outcome::Pause,
        status => {
            let retry_after_ms = retry_after(reply, at);
            let speaks_for_all = matches!(status, 429 | 503);
            let hold_back_ms = if speaks_for_all { retry_after_ms } else { 0 };
            Outcome::Retry {
                retry_after_ms,
                hold_back_ms: hold_back_ms.min(HOLD_BACK_MS_MAX),
            }
        }
    }
}

/// The moment of the status line, from which a `Retry-After` counts.
fn answered_at(exchange: &Exchange) -> Timestamp {
    exchange.at.plus_ms(u64::from(exchange.duration_ms))
}

/// `Retry-After` of RFC 9110 §10.2.3 in milliseconds from `at`, at most 24 h. What is missing,
/// past or no such value counts as 0: the plan decides alone then.
fn retry_after(reply: &Reply, at: Timestamp) -> u64 {
    let field = reply
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    let Some(text) = field.map(|(_, value)| value.trim()) else {
        return 0;
    };
    let wait_ms = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are still a number: a very long wait.
        text.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1000)
    } else {
        parse_date(text).map_or(0, |date| date.ms_since(at))
    };
    wait_ms.min(RETRY_AFTER_MS_MAX)
}

/// The three forms of a date that RFC 9110 §5.6.7 wants to be read: `Sun, 06 Nov 1994 08:49:37
/// GMT`, and the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn parse_date(text: &str) -> Option<Timestamp> {
    const LENGTH_MAX: usize = 64;
    if text.len() > LENGTH_MAX {
        return None;
    }
    let obsolete = |form: &str| {
        let civil = jiff::civil::DateTime::strptime(form, text).ok()?;
        jiff::tz::Offset::UTC.to_timestamp(civil).ok()
    };
    let at = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .or_else(|| obsolete("%A, %d-%b-%y %H:%M:%S GMT"))
        .or_else(|| obsolete("%a %b %e %H:%M:%S %Y"))?;
    u64::try_from(at.as_millisecond()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{ErrorKind, Phase, Request, SendError, Timings};

    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    const RFC_EXAMPLE: Timestamp = Timestamp(784_111_777_000);

    fn exchange(result: Result<Reply, SendError>, cut: bool) -> Exchange {
        Exchange {
            at: Timestamp(RFC_EXAMPLE.0 - 60_000),
            duration_ms: 10_000,
            request: Request {
                url: "http://receiver.example/".into(),
                headers: Vec::new(),
                body: Vec::new().into(),
                timeout_ms: 15_000,
                tls: None,
            },
            result,
            timings: Timings::default(),
            cut,
        }
    }

    fn reply(status: u16, retry_after: Option<&str>) -> Reply {
        let header = |value: &str| ("retry-AFTER".to_owned(), value.to_owned());
        Reply {
            status,
            headers: retry_after.map(header).into_iter().collect(),
            body: Vec::new(),
            truncated: false,
        }
    }

    fn retry(retry_after_ms: u64, hold_back_ms: u64) -> Outcome {
        Outcome::Retry {
            retry_after_ms,
            hold_back_ms,
        }
    }

    #[test]
    fn the_status_decides() {
        let check = |status: u16, expected: Outcome| {
            let got = classify(&exchange(Ok(reply(status, None)), false));
            assert_eq!(got, expected, "{status}");
        };
        for status in [200, 201, 202, 204, 205, 226, 299] {
            check(status, Outcome::Delivered);
        }
        check(410, Outcome::Pause);
        for status in [
            100, 101, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 411, 413, 422, 429,
            500, 502, 503, 504, 599, 600, 999,
        ] {
            check(status, retry(0, 0));
        }
    }

    #[test]
    fn what_failed_is_tried_again_and_what_was_cut_does_not_count() {
        for kind in ErrorKind::ALL {
            let error = || SendError {
                kind,
                phase: Phase::Response,
                message: "no answer".to_owned(),
            };
            let got = [false, true].map(|cut| classify(&exchange(Err(error()), cut)));
            assert_eq!(got, [retry(0, 0), Outcome::Cut], "{kind:?}");
        }
        let answered = |status| classify(&exchange(Ok(reply(status, None)), true));
        assert_eq!(answered(200), Outcome::Delivered, "the answer came first");
        assert_eq!(answered(500), retry(0, 0));
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        const DAY_MS: u64 = 86_400_000;
        let check = |value: &str, expected: u64| {
            let got = classify(&exchange(Ok(reply(500, Some(value))), false));
            assert_eq!(got, retry(expected, 0), "{value}");
        };
        check("0", 0);
        check("1", 1_000);
        check(" 120 ", 120_000);
        check("0000000000000000000000000007", 7_000);
        check("86400", DAY_MS);
        check("86401", DAY_MS);
        check("315360000", DAY_MS);
        check("99999999999999999999999999", DAY_MS);
        check("-1", 0);
        check("+5", 0);
        check("1.5", 0);
        check("1e3", 0);
        check("5s", 0);
        check("", 0);
        check("soon", 0);
        check("٥", 0);
        check(&"9".repeat(5_000), DAY_MS);
        check(&"x".repeat(5_000), 0);
        // The status line came 50 s before the date of the example.
        check("Sun, 06 Nov 1994 08:49:37 GMT", 50_000);
        check("Sunday, 06-Nov-94 08:49:37 GMT", 50_000);
        check("Sun Nov  6 08:49:37 1994", 50_000);
        check("Sun, 06 Nov 1994 09:49:37 +0100", 50_000);
        check("Sun, 06 Nov 1994 08:48:47 GMT", 0);
        check("Sun, 06 Nov 1994 08:48:48 GMT", 1_000);
        check("Sat, 05 Nov 1994 08:49:37 GMT", 0);
        check("Wed, 06 Nov 2030 08:49:37 GMT", DAY_MS);
        check("Mon, 01 Jan 1900 00:00:00 GMT", 0);
        check("Mon, 06 Nov 1994 08:49:37 GMT", 0);
        check("Sun, 32 Nov 1994 08:49:37 GMT", 0);
        check("1994-11-06T08:49:37Z", 0);
    }

    #[test]
    fn only_429_and_503_hold_back_the_others() {
        let check = |status: u16, value: Option<&str>, expected: Outcome| {
            let got = classify(&exchange(Ok(reply(status, value)), false));
            assert_eq!(got, expected, "{status} {value:?}");
        };
        check(429, Some("30"), retry(30_000, 30_000));
        check(503, Some("30"), retry(30_000, 30_000));
        check(429, Some("600"), retry(600_000, 600_000));
        check(503, Some("3600"), retry(3_600_000, 600_000));
        check(
            503,
            Some("Sun, 06 Nov 1994 08:49:37 GMT"),
            retry(50_000, 50_000),
        );
        check(429, None, retry(0, 0));
        check(503, Some("never"), retry(0, 0));
        check(500, Some("30"), retry(30_000, 0));
        check(301, Some("30"), retry(30_000, 0));
        check(410, Some("30"), Outcome::Pause);
        check(202, Some("30"), Outcome::Delivered);
    }
}
