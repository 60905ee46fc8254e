//! How lanes are opened, run by other settings, and removed; and the steps that all the other
//! parts share: where a delivery waits, and how it leaves.

use super::lane::Lane;
use super::slab::{Entry, Marks, Spot};
use super::{LaneSettings, Lanes, Left, Place};
use crate::domain::endpoint::Order;
use crate::domain::id::{DeliveryKey, EndpointNumber};
use crate::domain::time::Tick;

/// Where a delivery takes its place that is ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    /// Behind the others: of those never tried, or of those tried before.
    Usual,
    /// Before them.
    Front,
    /// Behind those tried before, tried or not.
    LeftOver,
    /// Before those tried before, tried or not.
    Probed,
}

impl Lanes {
    /// Opens the endpoint's lane, or runs it by other settings from now on. `proven` and `sick`
    /// count when the lane is opened only: afterwards it knows better.
    ///
    /// Order `none` lets go at once what an earlier event of its call holds. A lane that is no
    /// longer stopped catches up, see `catch_up`. A removed lane stays removed.
    pub fn put_lane(&mut self, now: Tick, endpoint: EndpointNumber, settings: LaneSettings) {
        let Some(index) = self.index_of(endpoint) else {
            let index = self.open_lane(Lane::new(now, endpoint, settings));
            self.settle(index);
            return;
        };
        let lane = &mut self.lanes[index as usize];
        if lane.removed {
            return;
        }
        let old = lane.settings;
        lane.settings = LaneSettings {
            proven: old.proven,
            sick: old.sick,
            ..settings
        };
        lane.set_rate(now, settings.rate);
        if settings.order == Order::None {
            self.let_go_held(now, index);
        }
        if old.stopped && !settings.stopped {
            self.lanes[index as usize].go_gently();
            self.have_all_due(now, index);
        }
        self.settle(index);
    }

    /// The endpoint is gone: nothing of it is sent any more. What waits is taken out in slices
    /// by `clear_removed`; what flies is `Settled::Removed` when it lands, unless it has ended.
    pub fn remove_lane(&mut self, endpoint: EndpointNumber) {
        if let Some(index) = self.index_of(endpoint) {
            self.lanes[index as usize].removed = true;
            self.queue_to_clear(index);
            self.settle(index);
        }
    }

    /// Up to `max` waiting deliveries of removed endpoints, which leave with it; empty when
    /// there are none left.
    pub fn clear_removed(&mut self, max: usize) -> Vec<Left> {
        let mut left = Vec::new();
        while let Some(&index) = self.to_clear.front()
            && left.len() < max
        {
            if let Some(slot) = self.lanes[index as usize].any_waiting() {
                // Held ones go first, so that none is freed by another that leaves.
                left.push(self.take_out(slot).0);
            } else {
                self.to_clear.pop_front();
                self.lanes[index as usize].clearing = false;
                self.settle(index);
            }
        }
        left
    }

    /// Takes a waiting delivery out (cancelled, or not to be sent for another reason). None when
    /// it is not waiting.
    pub fn take(&mut self, now: Tick, key: DeliveryKey, call: Option<u64>) -> Option<Left> {
        let slot = self
            .slot_of(key, call)
            .filter(|slot| self.slab[*slot].spot.is_waiting())?;
        let index = self.slab[slot].lane;
        let left = self.leave(now, slot);
        self.settle(index);
        Some(left)
    }

    /// Has a waiting delivery sent as soon as its lane has a slot in flight free, before all
    /// others of it: before its time, and also where the lane is paused or held back. Where it
    /// stood is told; only one that was `Waiting` is touched. None when it is not in the lanes.
    ///
    /// It is still the one delivery: its own try, should that be due as well, is this one.
    pub fn send_now(&mut self, key: DeliveryKey, call: Option<u64>) -> Option<Place> {
        let slot = self.slot_of(key, call)?;
        let entry = &self.slab[slot];
        let (index, spot) = (entry.lane, entry.spot);
        let place = spot.place()?;
        let lane = &mut self.lanes[index as usize];
        match spot {
            Spot::Ready => lane.unlink_ready(&mut self.slab, slot),
            Spot::Delayed => {
                self.slab[slot].spot = Spot::Called;
                lane.delayed.forget_one(&self.slab);
            }
            _ => return Some(place),
        }
        self.slab[slot].spot = Spot::Called;
        lane.called.push_back(&mut self.slab, slot);
        self.settle(index);
        Some(place)
    }

    /// Holds back everything of an endpoint until then (429 and 503 with `Retry-After`). The
    /// later of two times counts.
    pub fn hold_back(&mut self, endpoint: EndpointNumber, until: Tick) {
        if let Some(index) = self.index_of(endpoint) {
            let lane = &mut self.lanes[index as usize];
            lane.held_until = lane.held_until.max(Some(until));
            self.settle(index);
        }
    }

    /// The lane of an endpoint. One that is unknown was removed and is forgotten already: it
    /// comes back as a removed one, for what has to be taken out of it.
    pub(super) fn index_or_removed(&mut self, endpoint: EndpointNumber) -> u32 {
        self.index_of(endpoint).unwrap_or_else(|| {
            let closed = LaneSettings {
                in_flight_max: 1,
                order: Order::None,
                stopped: true,
                disabled: true,
                proven: false,
                sick: false,
                rate: None,
            };
            let mut lane = Lane::new(Tick(0), endpoint, closed);
            lane.removed = true;
            self.open_lane(lane)
        })
    }

    fn open_lane(&mut self, lane: Lane) -> u32 {
        let endpoint = lane.endpoint;
        let index = if let Some(index) = self.free_lanes.pop() {
            self.lanes[index as usize] = lane;
            index
        } else {
            self.lanes.push(lane);
            u32::try_from(self.lanes.len() - 1).expect("fewer lanes than endpoint numbers")
        };
        self.indexes.insert(endpoint, index);
        index
    }

    /// Brings everything up to date that depends on a lane: the rings, its time of waking, and
    /// whether it is still there. To be called at the end of each step that changed the lane.
    pub(super) fn settle(&mut self, index: u32) {
        self.rings.settle(&mut self.lanes, index);
        let lane = &mut self.lanes[index as usize];
        if lane.is_over() {
            self.indexes.remove(&lane.endpoint);
            if let Some(at) = lane.wake {
                self.wakes.remove(&(at, lane.endpoint));
            }
            // What the lane kept is freed with it.
            lane.settings.rate = None;
            *lane = Lane::new(Tick(0), lane.endpoint, lane.settings);
            self.free_lanes.push(index);
            return;
        }
        // A later time is not worth the work: the lane finds out when it wakes early.
        let earliest = lane.earliest(&self.slab);
        if earliest.is_some_and(|at| lane.wake.is_none_or(|wake| at < wake)) {
            self.wake_at(index, earliest);
        }
    }

    pub(super) fn wake_at(&mut self, index: u32, at: Option<Tick>) {
        let lane = &mut self.lanes[index as usize];
        if let Some(old) = std::mem::replace(&mut lane.wake, at) {
            self.wakes.remove(&(old, lane.endpoint));
        }
        if let Some(at) = at {
            self.wakes.insert((at, lane.endpoint));
        }
    }

    /// A removed lane with waiting deliveries joins the queue of those to be cleared.
    pub(super) fn queue_to_clear(&mut self, index: u32) {
        let lane = &mut self.lanes[index as usize];
        if lane.removed && !lane.clearing && lane.waiting > 0 {
            lane.clearing = true;
            self.to_clear.push_back(index);
        }
    }

    pub(super) fn expire_at(&mut self, slot: u32, at: Tick) {
        self.slab[slot].marks.set(Marks::EXPIRES, true);
        let stamp = self.slab[slot].stamp;
        self.expiry.push(at, slot, stamp);
    }

    /// Puts a delivery that nothing holds where it waits: ready, or delayed until its time.
    pub(super) fn place(&mut self, now: Tick, slot: u32, line: Line) {
        let slab = &mut self.slab;
        let entry = &mut slab[slot];
        let lane = &mut self.lanes[entry.lane as usize];
        if entry.due > now {
            let at = entry.due;
            let name = slab.delay(slot);
            lane.delayed.push(at, slot, name);
            return;
        }
        entry.spot = Spot::Ready;
        // A replay is no news: like a later try it takes one of four sends while new events come.
        let news = entry.attempts == 0 && entry.round == 0;
        let leftover = matches!(line, Line::LeftOver | Line::Probed);
        let list = if news && !leftover {
            &mut lane.fresh
        } else {
            &mut lane.due
        };
        if matches!(line, Line::Front | Line::Probed) {
            list.push_front(slab, slot);
        } else {
            list.push_back(slab, slot);
        }
    }

    /// Makes ready what was delayed until now, in the order of their times and numbers.
    pub(super) fn wake_delayed(&mut self, now: Tick, index: u32) {
        let lane = &mut self.lanes[index as usize];
        let slab = &mut self.slab;
        self.scratch.clear();
        while let Some(slot) = lane.delayed.pop_due(slab, now) {
            self.scratch.push(slot);
        }
        // The heap orders those of the same time by slots, which mean nothing.
        self.scratch.sort_unstable_by_key(|slot| {
            let entry = &slab[*slot];
            (entry.due, entry.event, entry.round)
        });
        for &slot in &self.scratch {
            let entry = &mut slab[slot];
            entry.due = entry.due.min(now);
            entry.spot = Spot::Ready;
            lane.due.push_back(slab, slot);
        }
    }

    fn let_go_held(&mut self, now: Tick, index: u32) {
        while !self.lanes[index as usize].held.is_empty() {
            let slot = self.lanes[index as usize].held.head;
            self.free_held(now, slot);
        }
    }

    fn free_held(&mut self, now: Tick, slot: u32) {
        let lane = &mut self.lanes[self.slab[slot].lane as usize];
        lane.held.unlink(&mut self.slab, slot);
        self.place(now, slot, Line::Usual);
    }

    /// A delivery leaves, and the next event of its call may go.
    pub(super) fn leave(&mut self, now: Tick, slot: u32) -> Left {
        let (left, next) = self.take_out(slot);
        if let Some(next) = next.filter(|next| self.slab[*next].spot == Spot::Held) {
            self.free_held(now, next);
        }
        left
    }

    /// Takes a delivery out of everything. Also returns the one that is the oldest of its chain
    /// now.
    fn take_out(&mut self, slot: u32) -> (Left, Option<u32>) {
        let key = self.key_of(slot);
        let slab = &mut self.slab;
        let Entry { lane, spot, .. } = slab[slot];
        let lane = &mut self.lanes[lane as usize];
        match spot {
            Spot::Held => lane.held.unlink(slab, slot),
            Spot::Ready => lane.unlink_ready(slab, slot),
            Spot::Called => lane.called.unlink(slab, slot),
            Spot::Delayed | Spot::Ending | Spot::InFlight | Spot::Free => {}
        }
        if spot == Spot::Ending {
            lane.ending -= 1;
        } else {
            lane.waiting -= 1;
        }
        let next = self.chains.unlink(slab, slot);
        let Entry {
            attempts, marks, ..
        } = slab.remove(slot);
        // Only now are the timers of the entry out of date.
        if spot == Spot::Delayed {
            lane.delayed.forget_one(slab);
        }
        if marks.has(Marks::EXPIRES) {
            self.expiry.forget_one(slab);
        }
        (Left { key, attempts }, next)
    }
}
