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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::AttemptOutcome;
    use crate::domain::event::EventType;
    use crate::domain::id::{AttemptNumber, EventNumber};
    use crate::domain::time::Timestamp;
    use crate::engine::tests::exchange;

    const ONE: EndpointNumber = EndpointNumber(1);

    fn attempt(number: u64) -> Arc<Attempt> {
        Arc::new(Attempt {
            number: AttemptNumber(number),
            endpoint: ONE,
            delivery: None,
            event: EventNumber(1),
            kind: EventType::CallMissed,
            n: 1,
            exchange: exchange(200, false),
            outcome: AttemptOutcome::Delivered,
            next_at: None,
        })
    }

    fn numbers(history: &History) -> Vec<u64> {
        let of = history.of(ONE);
        of.iter().map(|(_, attempt)| attempt.number.0).collect()
    }

    #[test]
    fn the_last_writer_wins_also_over_a_sweep_that_failed() {
        let mut history = History::default();
        history.put(ONE, 0, attempt(1));
        history.put(ONE, 1, attempt(2));
        assert_eq!(history.sweep_all(Tick(0), 9).len(), 2);
        assert_eq!(numbers(&history), [1, 2], "not on disk yet");
        history.put(ONE, 0, attempt(3));
        history.restore();
        assert_eq!(numbers(&history), [3, 2]);
        assert_eq!(history.sweep_all(Tick(0), 9).len(), 2);
        history.swept();
        assert!(numbers(&history).is_empty() && history.is_clean());
        assert_eq!(history.bytes, 0);
    }

    #[test]
    fn slices_go_round_in_the_order_of_keys() {
        let mut history = History::default();
        for slot in 0..4 {
            history.put(ONE, slot, attempt(u64::from(slot)));
        }
        let mut slots = |max| -> Vec<u8> {
            let slice = history.sweep_all(Tick(0), max);
            for (_, slot, attempt) in &slice {
                history.put(ONE, *slot, Arc::clone(attempt));
            }
            slice.iter().map(|(_, slot, _)| *slot).collect()
        };
        assert_eq!(slots(3), [0, 1, 2]);
        assert_eq!(slots(3), [3, 0, 1]);
    }

    #[test]
    fn a_small_slice_waits_for_a_round() {
        let mut history = History::default();
        history.put(ONE, 0, attempt(1));
        assert!(history.sweep(Tick(ROUND_MS - 1), 9).is_empty());
        assert_eq!(history.sweep(Tick(ROUND_MS), 9).len(), 1);
    }

    #[test]
    fn the_ring_names_its_next_slot() {
        let mut ring = Ring::default();
        for n in 0..25u8 {
            assert_eq!(ring.next_slot(), n % RING_SLOTS);
            ring.push(Recent {
                at: Timestamp(u64::from(n)),
                outcome: AttemptOutcome::Delivered,
                status: 200,
                ms: 1,
                slot: ring.next_slot(),
            });
        }
        assert_eq!(ring.as_slice().len(), 10);
        assert_eq!(ring.newest_first()[0].at, Timestamp(24));
    }
}
