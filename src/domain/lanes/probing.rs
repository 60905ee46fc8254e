//! How a lane is tried while it is stopped, and how it catches up afterwards.

use super::Lanes;
use super::slab::{Marks, NONE, Spot};
use crate::domain::id::EndpointNumber;
use crate::domain::time::Tick;

impl Lanes {
    /// Everything that waits in the lane is due: what was tried before, also what waited for a
    /// later try, in the order of their events, and then what was never tried. All of it takes
    /// one of four sends while new events come.
    ///
    /// It takes as long as it takes to sort what waits, which the bound of a lane bounds.
    pub fn catch_up(&mut self, now: Tick, endpoint: EndpointNumber) {
        if let Some(index) = self.index_of(endpoint) {
            self.have_all_due(now, index);
            self.settle(index);
        }
    }

    /// The endpoint has recovered: it is not given everything at once, see `Lane::go_gently`.
    pub fn go_gently(&mut self, endpoint: EndpointNumber) {
        if let Some(index) = self.index_of(endpoint) {
            self.lanes[index as usize].go_gently();
            self.settle(index);
        }
    }

    /// Sends the newest waiting delivery that order allows, though the lane is stopped, as soon
    /// as the rings allow; after it comes back, the next probe is another one. Where something
    /// of the lane is on its way already, that tells as much. False when there is nothing to
    /// send, or the endpoint is disabled.
    pub fn probe(&mut self, now: Tick, endpoint: EndpointNumber) -> bool {
        let Some(index) = self.index_of(endpoint) else {
            return false;
        };
        let lane = &mut self.lanes[index as usize];
        if lane.removed || lane.settings.disabled {
            return false;
        }
        if lane.flying > 0 || !lane.called.is_empty() {
            return true;
        }
        if lane.fresh.is_empty() && lane.due.is_empty() {
            self.have_all_due(now, index);
        }
        let lane = &mut self.lanes[index as usize];
        // New ones come in at the end of `fresh`, and what was probed goes back to the front.
        let newest = [lane.fresh.tail, lane.due.tail];
        let Some(slot) = newest.into_iter().find(|slot| *slot != NONE) else {
            return false;
        };
        lane.unlink_ready(&mut self.slab, slot);
        let entry = &mut self.slab[slot];
        entry.spot = Spot::Called;
        entry.marks.set(Marks::PROBE, true);
        lane.called.push_back(&mut self.slab, slot);
        self.settle(index);
        true
    }

    pub(super) fn have_all_due(&mut self, now: Tick, index: u32) {
        let lane = &mut self.lanes[index as usize];
        let slab = &mut self.slab;
        let mut tried = Vec::new();
        let mut slot = lane.due.head;
        while slot != NONE {
            tried.push(slot);
            slot = slab[slot].after;
        }
        lane.due.clear();
        while let Some(slot) = lane.delayed.pop_due(slab, Tick(u64::MAX)) {
            tried.push(slot);
        }
        // Each entry is looked at once, not at each comparison.
        tried.sort_by_cached_key(|slot| (slab[*slot].event, slab[*slot].round));
        for slot in tried {
            let entry = &mut slab[slot];
            entry.due = entry.due.min(now);
            entry.spot = Spot::Ready;
            lane.due.push_back(slab, slot);
        }
        lane.due.append(slab, &mut lane.fresh);
    }
}
