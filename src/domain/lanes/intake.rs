//! How deliveries come in: places kept for them, their place in the order of their call, and
//! what they supersede.

use super::chains::ChainName;
use super::running::Line;
use super::slab::{Entry, Marks, NONE, Spot};
use super::{Arrival, Lanes, Left, Room};
use crate::domain::endpoint::Order;
use crate::domain::id::EndpointNumber;
use crate::domain::time::Tick;

/// A stored due time that lies further ahead counts as this: the clock was wrong when it was
/// stored, for no rule makes one.
const DUE_AHEAD_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

impl Lanes {
    /// Whether the endpoint's lane has room for one more delivery; where it has, the place is
    /// kept until `admit` or `give_back`. Where both are full, `AllFull` is said.
    pub fn reserve(&mut self, endpoint: EndpointNumber) -> Room {
        let limits = self.limits;
        let open = self.slab.used() + self.reserved;
        if open >= limits.open_max {
            return Room::AllFull;
        }
        let waiting_max = if open >= limits.crowded_from {
            limits.waiting_max_crowded
        } else {
            limits.waiting_max
        };
        let index = self.index_of(endpoint);
        let lane = index.map(|index| &mut self.lanes[index as usize]);
        match lane.filter(|lane| !lane.removed && lane.waiting + lane.reserved < waiting_max) {
            Some(lane) => {
                lane.reserved += 1;
                self.reserved += 1;
                Room::Yes
            }
            None => Room::LaneFull,
        }
    }

    /// Gives a kept place back: the commit failed.
    pub fn give_back(&mut self, endpoint: EndpointNumber) {
        if let Some(index) = self.index_of(endpoint) {
            self.use_place(index);
            self.settle(index);
        }
    }

    /// Takes in a delivery whose commit succeeded, at a kept place. What it supersedes is added
    /// to `superseded` and has left the lanes. Where its endpoint was removed meanwhile it joins
    /// what `clear_removed` takes out.
    pub fn admit(&mut self, now: Tick, arrival: Arrival, superseded: &mut Vec<Left>) {
        let index = self.index_or_removed(arrival.key.endpoint);
        self.use_place(index);
        self.come_in(now, index, (arrival, Line::Usual), superseded);
    }

    /// Takes in a delivery that was open when the daemon stopped. No place has to be kept for
    /// it, and no bound refuses it: what was promised is kept. It is left over: where it is due
    /// it takes one of four sends while new events come.
    pub fn admit_stored(&mut self, now: Tick, arrival: Arrival, superseded: &mut Vec<Left>) {
        let index = self.index_or_removed(arrival.key.endpoint);
        self.come_in(now, index, (arrival, Line::LeftOver), superseded);
    }

    fn use_place(&mut self, index: u32) {
        let lane = &mut self.lanes[index as usize];
        if lane.reserved > 0 {
            lane.reserved -= 1;
            self.reserved -= 1;
        }
    }

    fn come_in(
        &mut self,
        now: Tick,
        index: u32,
        (arrival, line): (Arrival, Line),
        superseded: &mut Vec<Left>,
    ) {
        let key = arrival.key;
        let first_round = key.round == 0;
        let lane = &self.lanes[index as usize];
        let call = arrival
            .call
            .filter(|_| first_round && lane.settings.order == Order::Call);
        if let Some(call) = call.filter(|_| arrival.ends_call) {
            self.supersede(now, index, call, superseded);
        }
        let mut marks = Marks::default();
        marks.set(Marks::ORDERED, call.is_some());
        marks.set(Marks::ENDS_CALL, arrival.ends_call);
        marks.set(Marks::RINGING, arrival.ringing);
        let slot = self.slab.insert(Entry {
            event: key.event,
            chain: call.unwrap_or(key.event.0),
            due: arrival.due.min(now.plus_ms(DUE_AHEAD_MS_MAX)),
            lane: index,
            before: NONE,
            after: NONE,
            older: NONE,
            newer: NONE,
            stamp: 0,
            attempts: arrival.attempts,
            round: key.round,
            spot: Spot::Held,
            marks,
        });
        let earlier = self.chains.append(&mut self.slab, slot);
        if let Some(at) = arrival.expires_at.filter(|_| first_round) {
            self.expire_at(slot, at);
        }
        let lane = &mut self.lanes[index as usize];
        lane.waiting += 1;
        if call.is_some() && earlier != NONE {
            lane.held.push_back(&mut self.slab, slot);
        } else {
            self.place(now, slot, line);
        }
        self.queue_to_clear(index);
        self.settle(index);
    }

    /// The call is over: what still rings for it must not be sent any more. What lies before an
    /// earlier end of the same call was superseded by that.
    fn supersede(&mut self, now: Tick, lane: u32, call: u64, superseded: &mut Vec<Left>) {
        let name = ChainName {
            lane,
            ordered: true,
            chain: call,
        };
        let mut slot = self.chains.newest(&self.slab, name);
        while slot != NONE && !self.slab[slot].marks.has(Marks::ENDS_CALL) {
            let entry = &mut self.slab[slot];
            let older = entry.older;
            if entry.marks.has(Marks::RINGING) {
                if entry.spot.is_waiting() {
                    superseded.push(self.leave(now, slot));
                } else {
                    entry.marks.set(Marks::SUPERSEDED, true);
                }
            }
            slot = older;
        }
    }
}
