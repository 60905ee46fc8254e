//! Chains of deliveries: the events of one call in one lane, oldest first; and by them the way
//! to find a delivery by its name.
//!
//! A table holds the newest entry of each chain. It keeps slots and a part of their hash only:
//! the name of a chain is read from the entry.

use super::slab::{Entry, Marks, NONE, Slab};
use crate::domain::spread::spread;

/// Names a chain. An entry that is not ordered has a chain by its event, shared with other
/// rounds of it at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ChainName {
    pub(super) lane: u32,
    pub(super) ordered: bool,
    /// The digest of the call, or the number of the event.
    pub(super) chain: u64,
}

impl ChainName {
    fn of(entry: &Entry) -> Self {
        Self {
            lane: entry.lane,
            ordered: entry.marks.has(Marks::ORDERED),
            chain: entry.chain,
        }
    }

    fn tag(self) -> u32 {
        let lane = u64::from(self.lane) << 1 | u64::from(self.ordered);
        (spread(self.chain ^ lane.rotate_right(20)) >> 32) as u32
    }
}

/// An open-addressing table: probed one after the other, at most three quarters full.
#[derive(Debug)]
pub(super) struct Chains {
    cells: Vec<Cell>,
    used: usize,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    tag: u32,
    /// The newest entry of the chain; `NONE` where the cell is empty.
    slot: u32,
}

impl Cell {
    const EMPTY: Self = Self { tag: 0, slot: NONE };
}

impl Chains {
    const CELLS_MIN: usize = 64;

    pub(super) fn new() -> Self {
        Self {
            cells: vec![Cell::EMPTY; Self::CELLS_MIN],
            used: 0,
        }
    }

    /// The newest entry of a chain, or `NONE`.
    pub(super) fn newest(&self, slab: &Slab, name: ChainName) -> u32 {
        self.cells[self.cell(slab, name)].slot
    }

    /// The entry of an event and round in a chain.
    pub(super) fn find(
        &self,
        slab: &Slab,
        name: ChainName,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<u32> {
        let mut slot = self.newest(slab, name);
        while slot != NONE && !is_it(&slab[slot]) {
            slot = slab[slot].older;
        }
        (slot != NONE).then_some(slot)
    }

    /// Adds an entry at the new end of its chain; returns the one before it, or `NONE`.
    pub(super) fn append(&mut self, slab: &mut Slab, slot: u32) -> u32 {
        if (self.used + 1) * 4 > self.cells.len() * 3 {
            self.double();
        }
        let name = ChainName::of(&slab[slot]);
        let place = self.cell(slab, name);
        let older = self.cells[place].slot;
        if older == NONE {
            self.used += 1;
        } else {
            slab[older].newer = slot;
        }
        self.cells[place] = Cell {
            tag: name.tag(),
            slot,
        };
        slab[slot].older = older;
        slab[slot].newer = NONE;
        older
    }

    /// Takes an entry out of its chain. Where it was the oldest, the one that is the oldest now.
    pub(super) fn unlink(&mut self, slab: &mut Slab, slot: u32) -> Option<u32> {
        let Entry { older, newer, .. } = slab[slot];
        if newer == NONE {
            let place = self.cell(slab, ChainName::of(&slab[slot]));
            if older == NONE {
                self.empty_cell(place);
            } else {
                self.cells[place].slot = older;
            }
        } else {
            slab[newer].older = older;
        }
        if older != NONE {
            slab[older].newer = newer;
            return None;
        }
        (newer != NONE).then_some(newer)
    }

    /// The cell of a chain, or the empty one where it would be.
    fn cell(&self, slab: &Slab, name: ChainName) -> usize {
        let mask = self.cells.len() - 1;
        let tag = name.tag();
        let mut place = tag as usize & mask;
        loop {
            let cell = self.cells[place];
            let found = cell.tag == tag && cell.slot != NONE;
            if cell.slot == NONE || found && ChainName::of(&slab[cell.slot]) == name {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    /// Empties a cell and moves up those behind it that were pushed past it, so that no probe
    /// ends too early and no grave has to be kept.
    fn empty_cell(&mut self, place: usize) {
        let mask = self.cells.len() - 1;
        let (mut hole, mut at) = (place, place);
        loop {
            at = (at + 1) & mask;
            let cell = self.cells[at];
            if cell.slot == NONE {
                break;
            }
            let home = cell.tag as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.cells[hole] = cell;
                hole = at;
            }
        }
        self.cells[hole] = Cell::EMPTY;
        self.used -= 1;
    }

    fn double(&mut self) {
        let mask = self.cells.len() * 2 - 1;
        let old = std::mem::replace(&mut self.cells, vec![Cell::EMPTY; mask + 1]);
        for cell in old.into_iter().filter(|cell| cell.slot != NONE) {
            let mut place = cell.tag as usize & mask;
            while self.cells[place].slot != NONE {
                place = (place + 1) & mask;
            }
            self.cells[place] = cell;
        }
    }

    /// Bytes that the table takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
    }

    /// How many chains there are.
    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.used
    }
}
