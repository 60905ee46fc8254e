//! Remembers which event came with which idempotency key: 24 hours, at most a million keys.

use std::collections::{HashMap, VecDeque};

use crate::domain::id::EventNumber;
use crate::domain::time::Tick;

/// How many keys are remembered; beyond it the oldest is forgotten.
pub(super) const KEPT: usize = 1_000_000;
/// For how long.
pub(super) const COUNTS_MS: u64 = 24 * 3_600_000;

/// The keys, by their digests.
#[derive(Debug, Default)]
pub(super) struct Idempotency {
    first: HashMap<Key, First>,
    // Oldest first. A key that was forgotten or used anew leaves a line here that is skipped.
    order: VecDeque<(EventNumber, Key)>,
}

/// A digest in two words: as one u128 each entry would be 16 bytes larger.
type Key = (u64, u64);

/// The event that came with a key first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct First {
    /// Its number.
    pub event: EventNumber,
    /// How many endpoints it matched.
    pub matched: u32,
    /// Whether it is on disk; until then its commit answers for both.
    pub committed: bool,
    content: u64,
    at: Tick,
}

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// It came with the same event.
    Same(First),
    /// It came with another event.
    Other,
}

impl Idempotency {
    /// What is known of a key that comes with that content; None when it is new.
    pub fn look(&mut self, key: u128, content: u128, now: Tick) -> Option<Known> {
        self.forget_old(now);
        let first = self.first.get(&split(key))?;
        Some(if first.content == short(content) {
            Known::Same(*first)
        } else {
            Known::Other
        })
    }

    /// A key came for the first time.
    pub fn note(&mut self, key: u128, content: u128, event: EventNumber, matched: u32, at: Tick) {
        self.insert(key, content, event, matched, (at, false));
    }

    /// The same, for an event that is on disk already.
    pub fn restore(&mut self, key: u128, content: u128, event: EventNumber, m: u32, at: Tick) {
        self.insert(key, content, event, m, (at, true));
    }

    /// The event is on disk.
    pub fn confirm(&mut self, key: u128, event: EventNumber) {
        if let Some(first) = self.first.get_mut(&split(key))
            && first.event == event
        {
            first.committed = true;
        }
    }

    /// The event was refused after all.
    pub fn forget(&mut self, key: u128, event: EventNumber) {
        let key = split(key);
        if self
            .first
            .get(&key)
            .is_some_and(|first| first.event == event)
        {
            self.first.remove(&key);
        }
    }

    fn insert(
        &mut self,
        key: u128,
        content: u128,
        event: EventNumber,
        matched: u32,
        (at, committed): (Tick, bool),
    ) {
        let content = short(content);
        self.order.push_back((event, split(key)));
        self.first.insert(
            split(key),
            First {
                event,
                matched,
                committed,
                content,
                at,
            },
        );
        // The order is the bound, as it never has fewer lines than there are keys.
        while self.order.len() > KEPT {
            self.drop_oldest();
        }
    }

    fn forget_old(&mut self, now: Tick) {
        while let Some((event, key)) = self.order.front() {
            let first = self.first.get(key).filter(|first| first.event == *event);
            if first.is_some_and(|first| now.ms_since(first.at) < COUNTS_MS) {
                break;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((event, key)) = self.order.pop_front()
            && self
                .first
                .get(&key)
                .is_some_and(|first| first.event == event)
        {
            self.first.remove(&key);
        }
    }
}

fn split(digest: u128) -> Key {
    ((digest >> 64) as u64, digest as u64)
}

/// Half of the digest is enough: it is compared with one other event only.
fn short(content: u128) -> u64 {
    (content >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: u128 = 7 << 64;

    fn noted() -> Idempotency {
        let mut keys = Idempotency::default();
        keys.note(1, CONTENT, EventNumber(10), 3, Tick(1000));
        keys
    }

    #[test]
    fn what_is_known_of_a_key() {
        let check = |key: u128, content: u128, at: u64, expected: Option<Option<u64>>| {
            let got = noted().look(key, content, Tick(at));
            let got = got.map(|known| match known {
                Known::Same(first) => Some(first.event.0),
                Known::Other => None,
            });
            assert_eq!(got, expected, "{key} {content} at {at}");
        };
        check(1, CONTENT, 1000, Some(Some(10)));
        check(1, 8 << 64, 1000, Some(None));
        check(2, CONTENT, 1000, None);
        check(1, CONTENT, 1000 + COUNTS_MS - 1, Some(Some(10)));
        check(1, CONTENT, 1000 + COUNTS_MS, None);
    }

    #[test]
    fn a_refused_event_is_forgotten_and_its_key_free() {
        let mut keys = noted();
        keys.confirm(1, EventNumber(10));
        keys.forget(1, EventNumber(9));
        assert!(matches!(
            keys.look(1, CONTENT, Tick(1000)),
            Some(Known::Same(First {
                committed: true,
                ..
            }))
        ));
        keys.forget(1, EventNumber(10));
        assert_eq!(keys.look(1, CONTENT, Tick(1000)), None);
        keys.note(1, CONTENT, EventNumber(11), 0, Tick(2000));
        assert!(matches!(
            keys.look(1, CONTENT, Tick(COUNTS_MS + 1500)),
            Some(Known::Same(First {
                event: EventNumber(11),
                ..
            }))
        ));
    }
}
