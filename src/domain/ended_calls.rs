//! Remembers the calls that have ended, so that a ringing event that comes late is not sent.

use super::time::Tick;

/// The last 65,536 ended calls. A call counts as ended for 2 minutes.
#[derive(Debug, Default)]
pub struct EndedCalls {}

impl EndedCalls {
    /// How many are remembered.
    pub const KEPT: usize = 65_536;
    /// For how long an end counts.
    pub const COUNTS_MS: u64 = 120_000;

    /// A call ended.
    pub fn note(&mut self, call: u64, at: Tick) {
        todo!("{call} {at:?}")
    }

    /// Whether the call ended within the last 2 minutes.
    pub fn ended(&self, call: u64, now: Tick) -> bool {
        todo!("{call} {now:?}")
    }
}
