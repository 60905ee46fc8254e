//! Counters that several threads add to and the status page reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the daemon has done since its start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events answered 202, duplicates apart.
    pub events_accepted: Counter,
    /// Deliveries that ended `delivered`.
    pub deliveries_delivered: Counter,
    /// Deliveries that ended in another way.
    pub deliveries_not_delivered: Counter,
    /// Attempts that came back, tests included.
    pub attempts: Counter,
    /// Commits that succeeded.
    pub commits: Counter,
    /// Commits that failed.
    pub commits_failed: Counter,
}
