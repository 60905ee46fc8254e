//! Where open deliveries lie: one compact entry each, linked by their slot numbers.
//!
//! It knows nothing of rules. Slots are used again; a stamp tells their holders apart.

use std::ops::{Index, IndexMut};

use super::{Place, Ticket};
use crate::domain::id::EventNumber;
use crate::domain::time::Tick;

/// No slot: the end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// Where an entry is. Of these, a lane keeps a list for held ones, two for ready ones, one for
/// those called by hand or as a probe, and one for those in flight; delayed ones are in its heap,
/// ending ones only in their chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    Free,
    Held,
    Ready,
    Delayed,
    Called,
    InFlight,
    Ending,
}

impl Spot {
    /// As it is told to others.
    pub(super) fn place(self) -> Option<Place> {
        match self {
            Self::Free => None,
            Self::Held => Some(Place::Held),
            Self::Ready | Self::Delayed | Self::Called => Some(Place::Waiting),
            Self::InFlight => Some(Place::InFlight),
            Self::Ending => Some(Place::Ending),
        }
    }

    pub(super) fn is_waiting(self) -> bool {
        matches!(
            self,
            Self::Held | Self::Ready | Self::Delayed | Self::Called
        )
    }
}

/// What there is to know of an entry, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Marks(u8);

impl Marks {
    /// It waits for earlier events of its call, and later ones wait for it.
    pub(super) const ORDERED: u8 = 1;
    /// Its event ends the call.
    pub(super) const ENDS_CALL: u8 = 2;
    /// Out of date once the call has ended.
    pub(super) const RINGING: u8 = 4;
    /// The heap of expiry names it.
    pub(super) const EXPIRES: u8 = 8;
    /// Its time of expiry passed while it was in flight.
    pub(super) const LAPSED: u8 = 16;
    /// The end of its call arrived while it was in flight.
    pub(super) const SUPERSEDED: u8 = 32;
    /// It goes out as a probe.
    pub(super) const PROBE: u8 = 64;

    pub(super) fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }

    pub(super) fn set(&mut self, mark: u8, on: bool) {
        self.0 = if on { self.0 | mark } else { self.0 & !mark };
    }
}

/// One open delivery, in 56 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) event: EventNumber,
    /// The digest of its call where it is ordered, otherwise the number of its event.
    pub(super) chain: u64,
    /// When it is due; in flight: when it was dispatched.
    pub(super) due: Tick,
    /// The index of its lane.
    pub(super) lane: u32,
    /// Its neighbours in the list of the lane that it is in. A delayed one is in none: its
    /// `before` is what its timer knows it by.
    pub(super) before: u32,
    pub(super) after: u32,
    /// Its neighbours in its chain.
    pub(super) older: u32,
    pub(super) newer: u32,
    /// Counts the uses of the slot.
    pub(super) stamp: u32,
    pub(super) attempts: u8,
    pub(super) round: u8,
    pub(super) spot: Spot,
    pub(super) marks: Marks,
}

/// All entries, and the free slots between them.
#[derive(Debug)]
pub(super) struct Slab {
    entries: Vec<Entry>,
    /// The first free slot; the others follow by `after`.
    free: u32,
    used: u32,
    /// How often an entry was delayed.
    delays: u32,
}

impl Slab {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
            used: 0,
            delays: 0,
        }
    }

    /// Open deliveries.
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    /// Puts an entry into a free slot, under the stamp of the slot.
    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        self.used += 1;
        if self.free == NONE {
            grow(&mut self.entries);
            self.entries.push(Entry { stamp: 0, ..entry });
            return u32::try_from(self.entries.len() - 1).expect("bounded by open_max");
        }
        let slot = self.free;
        let stamp = self[slot].stamp;
        self.free = self[slot].after;
        self[slot] = Entry { stamp, ..entry };
        slot
    }

    /// Frees a slot. Whatever names its entry is out of date from here on.
    pub(super) fn remove(&mut self, slot: u32) -> Entry {
        let entry = self[slot];
        let free = self.free;
        let gone = &mut self[slot];
        gone.spot = Spot::Free;
        gone.stamp = entry.stamp.wrapping_add(1);
        gone.after = free;
        self.free = slot;
        self.used -= 1;
        entry
    }

    /// Whether the slot is still held by the entry of that stamp.
    pub(super) fn is_current(&self, slot: u32, stamp: u32) -> bool {
        self[slot].stamp == stamp
    }

    /// Marks an entry as delayed, and tells what its timer is to know it by. It may leave its
    /// timer behind and be delayed again, under the same stamp: so each delay has its own name.
    pub(super) fn delay(&mut self, slot: u32) -> u32 {
        self.delays = self.delays.wrapping_add(1);
        let name = self.delays;
        let entry = &mut self[slot];
        entry.spot = Spot::Delayed;
        entry.before = name;
        name
    }

    /// Whether the slot is held by the entry that was delayed under that name, and still is.
    pub(super) fn is_delayed(&self, slot: u32, name: u32) -> bool {
        let entry = &self[slot];
        entry.spot == Spot::Delayed && entry.before == name
    }

    /// The slot of a ticket, None where its delivery is elsewhere by now.
    pub(super) fn named(&self, ticket: Ticket, spot: Spot) -> Option<u32> {
        let entry = self.entries.get(ticket.slot as usize)?;
        (entry.stamp == ticket.stamp && entry.spot == spot).then_some(ticket.slot)
    }

    /// Every entry, free ones included.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes that entries take, free places included.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

/// Makes room by a quarter at a time: doubling would take twice the memory at the worst moment.
pub(super) fn grow<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(64));
    }
}

impl Index<u32> for Slab {
    type Output = Entry;

    fn index(&self, slot: u32) -> &Entry {
        &self.entries[slot as usize]
    }
}

impl IndexMut<u32> for Slab {
    fn index_mut(&mut self, slot: u32) -> &mut Entry {
        &mut self.entries[slot as usize]
    }
}

/// A list through entries, by `before` and `after`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct List {
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self {
        head: NONE,
        tail: NONE,
    };

    pub(super) fn is_empty(self) -> bool {
        self.head == NONE
    }

    pub(super) fn push_back(&mut self, slab: &mut Slab, slot: u32) {
        let last = self.tail;
        slab[slot].before = last;
        slab[slot].after = NONE;
        self.tail = slot;
        if last == NONE {
            self.head = slot;
        } else {
            slab[last].after = slot;
        }
    }

    pub(super) fn push_front(&mut self, slab: &mut Slab, slot: u32) {
        let first = self.head;
        slab[slot].before = NONE;
        slab[slot].after = first;
        self.head = slot;
        if first == NONE {
            self.tail = slot;
        } else {
            slab[first].before = slot;
        }
    }

    /// Takes out an entry. Only its ends are touched in the list itself, so for one in the
    /// middle it does not matter which list is asked.
    pub(super) fn unlink(&mut self, slab: &mut Slab, slot: u32) {
        let Entry { before, after, .. } = slab[slot];
        if before == NONE {
            self.head = after;
        } else {
            slab[before].after = after;
        }
        if after == NONE {
            self.tail = before;
        } else {
            slab[after].before = before;
        }
    }

    /// Forgets all that is in it; the entries are the caller's to put elsewhere.
    pub(super) fn clear(&mut self) {
        *self = Self::EMPTY;
    }

    /// Adds all of another list at the end, in one step.
    pub(super) fn append(&mut self, slab: &mut Slab, other: &mut Self) {
        if self.is_empty() {
            *self = *other;
        } else if !other.is_empty() {
            slab[self.tail].after = other.head;
            slab[other.head].before = self.tail;
            self.tail = other.tail;
        }
        *other = Self::EMPTY;
    }
}
