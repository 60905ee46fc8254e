//! Heaps of times at which something becomes of an entry.
//!
//! An entry that leaves stays behind in its heap, out of date by what the timer knows it by.
//! Such leftovers are never at the top, and never more than those that count (and 64).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::slab::Slab;
use crate::domain::time::Tick;

/// Times of entries, the earliest first.
#[derive(Debug)]
pub(super) struct Timers {
    /// Whether the slot is held by the entry that the timer was set for.
    is_current: fn(&Slab, u32, u32) -> bool,
    heap: BinaryHeap<Reverse<Timer>>,
    /// How many of them count.
    live: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Timer {
    at: Tick,
    slot: u32,
    name: u32,
}

impl Timers {
    /// Leftovers that are not worth a sweep.
    const STALE_MIN: usize = 64;

    /// Timers of entries that `is_current` knows by slot and name.
    pub(super) fn new(is_current: fn(&Slab, u32, u32) -> bool) -> Self {
        Self {
            is_current,
            heap: BinaryHeap::new(),
            live: 0,
        }
    }

    /// An entry must have one timer at most that counts in the same heap.
    pub(super) fn push(&mut self, at: Tick, slot: u32, name: u32) {
        if self.heap.len() == self.heap.capacity() {
            self.heap.reserve_exact((self.heap.len() / 4).max(4));
        }
        self.heap.push(Reverse(Timer { at, slot, name }));
        self.live += 1;
    }

    /// The earliest time.
    pub(super) fn first_at(&self) -> Option<Tick> {
        self.heap.peek().map(|Reverse(timer)| timer.at)
    }

    /// The slot of the earliest.
    pub(super) fn first_slot(&self) -> Option<u32> {
        self.heap.peek().map(|Reverse(timer)| timer.slot)
    }

    /// Takes the slot of the earliest, where its time has come.
    pub(super) fn pop_due(&mut self, slab: &Slab, now: Tick) -> Option<u32> {
        let slot = self.first_slot().filter(|_| self.first_at() <= Some(now))?;
        self.heap.pop();
        self.live -= 1;
        self.drop_stale(slab);
        Some(slot)
    }

    /// The timer of an entry has gone out of date.
    pub(super) fn forget_one(&mut self, slab: &Slab) {
        self.live -= 1;
        if self.heap.len() > 2 * self.live + Self::STALE_MIN {
            let is_current = self.is_current;
            self.heap
                .retain(|Reverse(timer)| is_current(slab, timer.slot, timer.name));
            self.heap.shrink_to(2 * self.live);
        }
        self.drop_stale(slab);
    }

    fn drop_stale(&mut self, slab: &Slab) {
        while let Some(Reverse(timer)) = self.heap.peek()
            && !(self.is_current)(slab, timer.slot, timer.name)
        {
            self.heap.pop();
        }
        if self.heap.is_empty() {
            self.heap.shrink_to(Self::STALE_MIN);
        }
    }

    /// How many timers count.
    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// How many there are, leftovers included.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.heap.len()
    }

    /// Bytes that the heap takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Timer>()
    }
}
