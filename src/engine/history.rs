//! The attempts that are newer than those in the database.
//!
//! Each endpoint has a ring of ten slots on disk. Writing a slot is the dearest write there is,
//! so slots gather here, the last writer wins, and a slice of them goes with each commit, in the
//! order of their keys. A crash loses at most a second or two of diagnostics, never a delivery.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use crate::domain::attempt::{Attempt, Headers, RING_SLOTS, Recent};
use crate::domain::id::EndpointNumber;
use crate::domain::time::Tick;

/// Beyond these bytes the map is swept at once …
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// … and beyond these, which only a store that hangs lets gather, attempts are not kept.
const BYTES_END: usize = 4 * BYTES_MAX;
/// The whole map goes to disk in about this time.
const ROUND_MS: u64 = 1000;
/// A slice that is worth the while; smaller ones wait for a round to be over.
const SLICE_MIN: usize = 64;

type Slot = (EndpointNumber, u8);

/// A slot of an endpoint's ring, and the attempt that is to go into it.
pub(super) type Dirty = (EndpointNumber, u8, Arc<Attempt>);

/// The dirty slots.
#[derive(Debug, Default)]
pub(super) struct History {
    dirty: BTreeMap<Slot, Arc<Attempt>>,
    // What the store has been given and not yet committed: still newer than the database.
    sweeping: BTreeMap<Slot, Arc<Attempt>>,
    bytes: usize,
    cursor: Option<Slot>,
    swept_at: Tick,
}

impl History {
    /// Writes a slot.
    pub fn put(&mut self, endpoint: EndpointNumber, slot: u8, attempt: Arc<Attempt>) {
        self.bytes += weight(&attempt);
        if let Some(old) = self.dirty.insert((endpoint, slot), attempt) {
            self.bytes -= weight(&old);
        }
    }

    /// Nothing waits to be swept.
    pub fn is_clean(&self) -> bool {
        self.dirty.is_empty()
    }

    /// There is more than may wait.
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// No attempt is taken in: diagnostics give way first.
    pub fn is_closed(&self) -> bool {
        self.bytes > BYTES_END
    }

    /// The slots of an endpoint that are newer than the database, each once.
    pub fn of(&self, endpoint: EndpointNumber) -> Vec<(u8, Arc<Attempt>)> {
        (0..RING_SLOTS)
            .filter_map(|slot| {
                let key = (endpoint, slot);
                let attempt = self.dirty.get(&key).or_else(|| self.sweeping.get(&key))?;
                Some((slot, Arc::clone(attempt)))
            })
            .collect()
    }

    /// The next slice, at most `max` slots, in order from where the last one ended. It counts
    /// as newer than the database until `swept`.
    pub fn sweep(&mut self, now: Tick, max: usize) -> Vec<Dirty> {
        if self.is_full() {
            return self.sweep_all(now, max);
        }
        let waited_ms = now.ms_since(self.swept_at);
        let share = self.dirty.len() as u64 * waited_ms / ROUND_MS;
        let share = usize::try_from(share).unwrap_or(max);
        if share < SLICE_MIN && waited_ms < ROUND_MS {
            return Vec::new();
        }
        self.sweep_all(now, share.min(max))
    }

    /// As many slots as `max` allows: for a commit that carries nothing else.
    pub fn sweep_all(&mut self, now: Tick, max: usize) -> Vec<Dirty> {
        self.swept_at = now;
        let mut slice = Vec::new();
        for _ in 0..max.min(self.dirty.len()) {
            let after = self.cursor.map_or(Unbounded, Excluded);
            let next = self.dirty.range((after, Unbounded)).next();
            let Some(key) = next
                .or_else(|| self.dirty.iter().next())
                .map(|(key, _)| *key)
            else {
                break;
            };
            self.cursor = Some(key);
            let Some(attempt) = self.dirty.remove(&key) else {
                break;
            };
            self.bytes -= weight(&attempt);
            self.sweeping.insert(key, Arc::clone(&attempt));
            slice.push((key.0, key.1, attempt));
        }
        slice
    }

    /// The slice is on disk.
    pub fn swept(&mut self) {
        self.sweeping.clear();
    }

    /// The slice is not on disk: it waits again, but for slots written since.
    pub fn restore(&mut self) {
        for (key, attempt) in std::mem::take(&mut self.sweeping) {
            if let std::collections::btree_map::Entry::Vacant(free) = self.dirty.entry(key) {
                self.bytes += weight(&attempt);
                free.insert(attempt);
            }
        }
    }

    /// The endpoint is gone, and its ring with it.
    pub fn remove(&mut self, endpoint: EndpointNumber) {
        for slot in 0..RING_SLOTS {
            self.sweeping.remove(&(endpoint, slot));
            if let Some(old) = self.dirty.remove(&(endpoint, slot)) {
                self.bytes -= weight(&old);
            }
        }
    }
}

/// Roughly what an attempt holds.
fn weight(attempt: &Attempt) -> usize {
    let of = |headers: &Headers| {
        headers
            .iter()
            .map(|(n, v)| n.len() + v.len() + 48)
            .sum::<usize>()
    };
    let exchange = &attempt.exchange;
    let reply = match &exchange.result {
        Ok(reply) => of(&reply.headers) + reply.body.len(),
        Err(error) => error.message.len(),
    };
    512 + of(&exchange.request.headers) + exchange.request.body.len() + reply
}

/// The last attempts of one endpoint in short, oldest first, and which slot comes next.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring(Vec<Recent>);

impl Ring {
    /// As it was stored, oldest first.
    pub fn of(mut recent: Vec<Recent>) -> Self {
        let extra = recent.len().saturating_sub(usize::from(RING_SLOTS));
        recent.drain(..extra);
        Self(recent)
    }

    /// The slot of the next attempt: the one after the newest, which is the oldest.
    pub fn next_slot(&self) -> u8 {
        self.0.last().map_or(0, |last| (last.slot + 1) % RING_SLOTS)
    }

    /// Adds an attempt; the oldest of more than ten goes.
    pub fn push(&mut self, recent: Recent) {
        if self.0.len() >= usize::from(RING_SLOTS) {
            self.0.remove(0);
        }
        self.0.push(recent);
    }

    /// Oldest first.
    pub fn as_slice(&self) -> &[Recent] {
        &self.0
    }

    /// The start of the attempt counts, not its end.
    pub fn newest_first(&self) -> Vec<Recent> {
        let mut recent = self.0.clone();
        recent.sort_by_key(|one| std::cmp::Reverse(one.at));
        recent
    }
}
