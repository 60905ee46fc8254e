//! The record of a rollup: the counters of a minute or an hour.

use serde::{Deserialize, Serialize};

use super::{Broken, Place, only, seal, unseal_only};
use crate::domain::latency::Latency;
use crate::domain::rollup::Rollup;

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct RollupRow {
    accepted: u64,
    delivered: u64,
    failed: u64,
    /// Bucket and count, ascending.
    latency: Vec<(u8, u32)>,
    waiting: u32,
    oldest_ms: u64,
}

/// A rollup; when and of what is the key of the row.
pub fn write_rollup(place: Place, rollup: &Rollup, buffer: &mut Vec<u8>) {
    let row = RollupRow {
        accepted: rollup.accepted,
        delivered: rollup.delivered,
        failed: rollup.failed,
        latency: rollup.latency.entries().to_vec(),
        waiting: rollup.waiting,
        oldest_ms: rollup.oldest_ms,
    };
    seal(place, VERSION, &row, buffer);
}

/// A rollup.
pub fn read_rollup(place: Place, bytes: &[u8]) -> Result<Rollup, Broken> {
    let row: RollupRow = only(unseal_only(place, VERSION, bytes)?)?;
    Ok(Rollup {
        accepted: row.accepted,
        delivered: row.delivered,
        failed: row.failed,
        latency: Latency::of(row.latency).ok_or(Broken::Form)?,
        waiting: row.waiting,
        oldest_ms: row.oldest_ms,
    })
}
