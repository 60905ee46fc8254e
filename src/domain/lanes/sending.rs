//! How deliveries go out and come back.

use super::lane::SLOW_MS;
use super::running::Line;
use super::slab::{Marks, NONE, Spot};
use super::{Dispatch, Landed, Lanes, Settled, Then, Ticket};
use crate::domain::time::Tick;

impl Lanes {
    /// The next delivery that may go out, by the rules of isolation; None when none may.
    pub fn next(&mut self, now: Tick) -> Option<Dispatch> {
        let index = self.rings.pop(&mut self.lanes)?;
        let lane = &mut self.lanes[index as usize];
        let slot = lane.take_ready(&mut self.slab);
        lane.waiting -= 1;
        if let Some(bucket) = &mut lane.bucket {
            bucket.take(now);
        }
        lane.in_flight.push_back(&mut self.slab, slot);
        if lane.unmarked == NONE {
            lane.unmarked = slot;
        }
        self.rings.take_thread(lane);
        let entry = &mut self.slab[slot];
        entry.spot = Spot::InFlight;
        entry.due = now;
        let stamp = entry.stamp;
        let attempts = entry.attempts;
        self.settle(index);
        Some(Dispatch {
            ticket: Ticket { slot, stamp },
            key: self.key_of(slot),
            attempts,
        })
    }

    /// An attempt came back. The thread and the lane's slot are free at once. None for a ticket
    /// that is no longer in flight.
    ///
    /// An end is an end, also where the endpoint was removed or the call ended meanwhile: what
    /// was delivered was delivered.
    pub fn land(&mut self, now: Tick, ticket: Ticket, landed: Landed) -> Option<Settled> {
        let slot = self.slab.named(ticket, Spot::InFlight)?;
        let index = self.slab[slot].lane;
        let lane = &mut self.lanes[index as usize];
        lane.mark_slow(&self.slab, now);
        if lane.unmarked == slot {
            lane.unmarked = self.slab[slot].after;
        }
        lane.in_flight.unlink(&mut self.slab, slot);
        self.rings.free_thread(lane);
        lane.ending += 1;
        self.slab[slot].spot = Spot::Ending;
        if landed.then != Then::Again {
            lane.settings.proven |= landed.success;
            lane.settings.sick = !landed.success;
            lane.learn(landed.success);
            lane.slow &= !landed.success || u64::from(landed.duration_ms) > SLOW_MS;
        }
        let settled = match landed.then {
            Then::End => Settled::Done {
                holds_another: self.holds_another(slot),
            },
            Then::Retry(due) => {
                self.slab[slot].attempts = self.slab[slot].attempts.saturating_add(1);
                self.come_back(now, slot, due, Line::Usual)
            }
            Then::Again => self.come_back(now, slot, now, Line::Front),
        };
        self.settle(index);
        Some(settled)
    }

    /// The end of a delivery is committed: it leaves, and the next event of its call may go.
    pub fn release(&mut self, now: Tick, ticket: Ticket) {
        if let Some(slot) = self.slab.named(ticket, Spot::Ending) {
            let index = self.slab[slot].lane;
            self.leave(now, slot);
            self.settle(index);
        }
    }

    /// One that did not end waits again, if there is still something to wait for.
    fn come_back(&mut self, now: Tick, slot: u32, due: Tick, line: Line) -> Settled {
        let entry = &mut self.slab[slot];
        let lane = &mut self.lanes[entry.lane as usize];
        if lane.removed {
            self.leave(now, slot);
            return Settled::Removed;
        }
        if entry.marks.has(Marks::SUPERSEDED) {
            self.leave(now, slot);
            return Settled::Superseded;
        }
        lane.ending -= 1;
        lane.waiting += 1;
        entry.due = due;
        let probed = entry.marks.has(Marks::PROBE);
        entry.marks.set(Marks::PROBE, false);
        // The next probe is to be another one.
        let line = if probed { Line::Probed } else { line };
        if entry.marks.has(Marks::LAPSED) {
            entry.marks.set(Marks::LAPSED, false);
            self.expire_at(slot, now);
        }
        self.place(now, slot, line);
        Settled::Done {
            holds_another: false,
        }
    }

    fn holds_another(&self, slot: u32) -> bool {
        let entry = &self.slab[slot];
        let removed = self.lanes[entry.lane as usize].removed;
        let next = entry.newer;
        !removed && entry.older == NONE && next != NONE && self.slab[next].spot == Spot::Held
    }
}
