//! How time passes: expiry, due times, slow marks and the end of a hold.

use super::slab::{Marks, Spot};
use super::{Lanes, Left};
use crate::domain::time::Tick;

impl Lanes {
    /// Lets time pass: what is due becomes ready, slow ones are marked, what has expired leaves
    /// and is added to `expired`. At most `max` expire in one call; the next wake is then now.
    ///
    /// What is in flight at its time is let be; should it come back to waiting, it expires in
    /// the next `advance`. Stopped lanes expire like all others.
    pub fn advance(&mut self, now: Tick, max: usize, expired: &mut Vec<Left>) {
        let bound = expired.len().saturating_add(max);
        while expired.len() < bound
            && let Some(slot) = self.expiry.pop_due(&self.slab, now)
        {
            let entry = &mut self.slab[slot];
            let index = entry.lane;
            entry.marks.set(Marks::EXPIRES, false);
            if entry.spot.is_waiting() {
                expired.push(self.leave(now, slot));
                self.settle(index);
            } else if entry.spot == Spot::InFlight {
                entry.marks.set(Marks::LAPSED, true);
            }
        }
        while let Some(&(at, endpoint)) = self.wakes.first()
            && at <= now
        {
            let index = self.index_of(endpoint).expect("wakes end with their lane");
            self.wake(now, at, index);
        }
    }

    /// A lane wakes. If its time has moved on since it was set, it only takes the new one, and
    /// its turn among those that wake in this same step.
    fn wake(&mut self, now: Tick, at: Tick, index: u32) {
        let lane = &mut self.lanes[index as usize];
        if lane.earliest(&self.slab).is_some_and(|time| time <= at) {
            lane.mark_slow(&self.slab, now);
            lane.let_pass(now);
            self.wake_delayed(now, index);
        }
        let lane = &self.lanes[index as usize];
        let earliest = lane.earliest(&self.slab);
        self.wake_at(index, earliest);
        self.settle(index);
    }
}
