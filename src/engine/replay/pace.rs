//! How fast a replay queues: a bucket of tokens. Pure; time is an argument.

use crate::domain::time::Tick;

/// At a high rate several go at a time, so that commits are few: what comes in this time.
const GRAIN_S: f64 = 0.05;

/// The bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// None: as fast as the endpoint takes them.
    rate_per_s: Option<f64>,
    tokens: f64,
    at: Tick,
}

impl Pace {
    /// One of them, or one grain, may go at once.
    pub fn new(rate_per_s: Option<f64>, now: Tick) -> Self {
        let mut pace = Self {
            rate_per_s,
            tokens: 0.0,
            at: now,
        };
        pace.tokens = pace.grain();
        pace
    }

    fn grain(&self) -> f64 {
        self.rate_per_s
            .map_or(1.0, |rate| (rate * GRAIN_S).max(1.0))
    }

    /// How many may go now; 0 until there is a grain of them.
    pub fn allowed(&mut self, now: Tick) -> usize {
        let Some(rate) = self.rate_per_s else {
            return usize::MAX;
        };
        let gained = now.ms_since(self.at) as f64 / 1_000.0 * rate;
        self.at = now;
        // What was not used, while the endpoint was slow, does not come as a flood.
        self.tokens = (self.tokens + gained).min(self.grain() * 2.0);
        // A sum of fractions may miss its mark by a hair.
        let tokens = self.tokens + 1e-9;
        if tokens < self.grain() {
            0
        } else {
            tokens as usize
        }
    }

    /// When the next may go.
    pub fn next_at(&self, now: Tick) -> Tick {
        let rate = self.rate_per_s.unwrap_or(f64::INFINITY);
        // A hair too late would be a whole millisecond.
        let missing_ms = (self.grain() - self.tokens) / rate * 1_000.0 - 1e-6;
        now.plus_ms(missing_ms.ceil().max(1.0) as u64)
    }

    /// So many were asked for; negative where they were not taken.
    pub fn spend(&mut self, count: i32) {
        if self.rate_per_s.is_some() {
            self.tokens -= f64::from(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many go in so many ms, when it is asked whenever it says.
    fn sent(rate_per_s: f64, ms: u64) -> (usize, usize) {
        let mut pace = Pace::new(Some(rate_per_s), Tick(5));
        let (mut now, mut sent, mut times) = (Tick(5), 0, 0);
        while now < Tick(5 + ms) {
            let allowed = pace.allowed(now);
            pace.spend(i32::try_from(allowed).unwrap());
            sent += allowed;
            times += 1;
            now = pace.next_at(now);
        }
        (sent, times)
    }

    #[test]
    fn the_rate_is_kept_and_few_commits_are_made() {
        let check = |rate_per_s: f64, ms: u64, expected: usize| {
            let (sent, times) = sent(rate_per_s, ms);
            let grain = (rate_per_s * GRAIN_S).max(1.0) as usize;
            assert!(sent.abs_diff(expected) <= grain + 1, "{rate_per_s}: {sent}");
            assert!(
                times <= (ms / 45) as usize + 2,
                "{rate_per_s}: {times} times"
            );
        };
        check(2.0, 10_000, 20);
        check(0.1, 60_000, 6);
        check(20.0, 10_000, 200);
        check(1_000.0, 10_000, 10_000);
        check(333.0, 10_000, 3_330);
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let mut pace = Pace::new(Some(2.0), Tick(0));
        assert_eq!(pace.allowed(Tick(0)), 1);
        pace.spend(1);
        assert_eq!(pace.allowed(Tick(499)), 0);
        assert_eq!(pace.next_at(Tick(499)), Tick(500));
        assert_eq!(pace.allowed(Tick(500)), 1);
        assert_eq!(pace.allowed(Tick(1_000_000)), 2);
        // What was not taken is there again.
        pace.spend(2);
        pace.spend(-1);
        assert_eq!(pace.allowed(Tick(1_000_000)), 1);
    }

    #[test]
    fn without_a_rate_all_may_go() {
        let mut pace = Pace::new(None, Tick(0));
        assert_eq!(pace.allowed(Tick(0)), usize::MAX);
        pace.spend(1_000);
        assert_eq!(pace.allowed(Tick(0)), usize::MAX);
    }
}
