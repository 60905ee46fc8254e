//! The rate of a lane: a token bucket that fills by engine time.
//!
//! It counts in whole numbers, so that nothing is lost to rounding however long it runs. It
//! holds one send and what comes in 20 ms: a lane that is woken a little late loses nothing,
//! and one that was quiet for long has no more than that in store. Over any stretch of time no
//! more goes out than the rate makes of it, and that much.

use std::num::NonZeroU32;

use crate::domain::time::Tick;

/// Sends per second, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate(NonZeroU32);

impl Rate {
    /// Of so many sends per second; None where that is less than a thousandth.
    pub fn per_s(per_s: f64) -> Option<Self> {
        // A number that is too large becomes the largest, and what is no number 0.
        NonZeroU32::new((per_s * 1_000.0).round() as u32).map(Self)
    }

    /// Millionths of a send that come in a millisecond.
    pub(super) fn per_ms(self) -> u64 {
        u64::from(self.0.get())
    }
}

/// What one send takes: a rate of one thousandth fills this much in 1,000,000 ms.
const SEND: u64 = 1_000_000;
/// What comes in so long is kept beyond one send.
const KEPT_MS: u64 = 20;

/// The bucket of one lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    rate: Rate,
    level: u64,
    filled_at: Tick,
    /// Set while it holds less than one send.
    dry_until: Option<Tick>,
}

impl Bucket {
    /// With one send in it.
    pub(super) fn new(now: Tick, rate: Rate) -> Self {
        Self {
            rate,
            level: SEND,
            filled_at: now,
            dry_until: None,
        }
    }

    /// Goes on at another rate, with what it holds.
    pub(super) fn change(&mut self, now: Tick, rate: Rate) {
        if self.rate != rate {
            self.fill(now);
            self.rate = rate;
            self.level = self.level.min(self.capacity());
            self.look(now);
        }
    }

    /// Takes out one send; there must be one.
    pub(super) fn take(&mut self, now: Tick) {
        self.fill(now);
        self.level = self.level.saturating_sub(SEND);
        self.look(now);
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, now: Tick) {
        self.dry_until = self.dry_until.filter(|until| *until > now);
    }

    /// When it holds one send again; None while it does.
    pub(super) fn dry_until(&self) -> Option<Tick> {
        self.dry_until
    }

    fn fill(&mut self, now: Tick) {
        let came = self
            .rate
            .per_ms()
            .saturating_mul(now.ms_since(self.filled_at));
        self.level = self.level.saturating_add(came).min(self.capacity());
        self.filled_at = now;
    }

    fn look(&mut self, now: Tick) {
        let missing = SEND.saturating_sub(self.level);
        let wait_ms = missing.div_ceil(self.rate.per_ms());
        self.dry_until = (missing > 0).then(|| now.plus_ms(wait_ms));
    }

    fn capacity(&self) -> u64 {
        SEND + KEPT_MS * self.rate.per_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When sends go out in the first `ms`, by someone who takes each as soon as there is one,
    /// but looks only every `looks_ms`.
    fn sends(per_s: f64, ms: u64, looks_ms: u64) -> Vec<u64> {
        let mut bucket = Bucket::new(Tick(0), Rate::per_s(per_s).unwrap());
        let mut sends = Vec::new();
        for at in (0..ms).step_by(looks_ms as usize) {
            bucket.wake(Tick(at));
            while bucket.dry_until().is_none() {
                bucket.take(Tick(at));
                sends.push(at);
            }
        }
        sends
    }

    #[test]
    fn a_rate_is_kept_over_any_time() {
        const MINUTES: u64 = 10 * 60_000;
        let check = |per_s: f64, expected: usize| {
            let got = sends(per_s, MINUTES, 1);
            assert_eq!(got.len(), expected, "{per_s}");
            for (first, from) in got.iter().enumerate() {
                for window in [1, 10, 100, 1_000, 10_000] {
                    let count = got[first..].iter().take_while(|at| **at < from + window);
                    let most = 1.0 + per_s * (window + KEPT_MS) as f64 / 1_000.0;
                    let count = count.take(20_000).count() as f64;
                    assert!(count <= most, "{per_s}: {count} in {window} ms from {from}");
                }
            }
        };
        check(0.01, 6);
        check(0.5, 300);
        check(1.0, 600);
        check(3.0, 1_800);
        check(7.3, 4_380);
        check(30.0, 18_000);
    }

    #[test]
    fn who_is_a_little_late_loses_nothing_and_who_is_very_late_gets_no_burst() {
        let check = |per_s: f64, looks_ms: u64, expected: usize| {
            let got = sends(per_s, 60_000, looks_ms).len();
            assert_eq!(got, expected, "{per_s} every {looks_ms} ms");
        };
        check(5.0, 7, 300);
        check(100.0, 20, 5_999);
        check(1_000.0, 1, 60_000);
        check(1_000.0, 20, 59_981);
        check(1_000.0, 1_000, 1 + 59 * 21);
        check(5.0, 1_000, 60);
    }

    #[test]
    fn another_rate_goes_on_with_what_there_is() {
        let rate = |per_s| Rate::per_s(per_s).unwrap();
        let mut bucket = Bucket::new(Tick(0), rate(1.0));
        bucket.take(Tick(0));
        assert_eq!(bucket.dry_until(), Some(Tick(1_000)));
        bucket.change(Tick(500), rate(10.0));
        assert_eq!(bucket.dry_until(), Some(Tick(550)), "half a send was there");
        bucket.change(Tick(520), rate(10.0));
        assert_eq!(bucket.dry_until(), Some(Tick(550)));
        assert_eq!(Rate::per_s(0.0), None);
        assert_eq!(Rate::per_s(0.0004), None);
    }
}
