//! The lanes once more, so simple that they can be checked by reading: a list of deliveries
//! that is searched for everything. Random rounds hold the real ones against it.
//!
//! Where the rules leave the order open (what expires first in one step, what is cleared first),
//! it follows the real ones and only checks that they were allowed to.

mod answers;
mod flight;
mod healing;
mod rules;

use std::collections::BTreeMap;

use super::running::Line;
use super::{Arrival, LaneSettings, Left, Limits, Room, Ticket};
use crate::domain::endpoint::Order;
use crate::domain::id::{DeliveryKey, EndpointNumber};
use crate::domain::time::Tick;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Held,
    Fresh,
    Due,
    Called,
    Delayed,
    InFlight,
    Ending,
}

impl State {
    fn waits(self) -> bool {
        !matches!(self, Self::InFlight | Self::Ending)
    }
}

#[derive(Clone, Debug)]
struct Delivery {
    arrival: Arrival,
    ordered: bool,
    due: Tick,
    attempts: u8,
    state: State,
    /// It has been in flight for a second, and its lane was told.
    marked: bool,
    superseded: bool,
    probe: bool,
    expires: Option<Tick>,
    ticket: Option<Ticket>,
}

#[derive(Clone, Debug)]
struct Lane {
    settings: LaneSettings,
    slow: bool,
    removed: bool,
    reordered: bool,
    held_until: Option<Tick>,
    bucket: Bucket,
    /// While it starts gently.
    allowed: Option<usize>,
    reserved: u32,
    fresh: Vec<DeliveryKey>,
    due: Vec<DeliveryKey>,
    called: Vec<DeliveryKey>,
    fresh_in_a_row: u32,
}

/// What a lane has in store of its rate.
#[derive(Clone, Debug, Default)]
struct Bucket {
    millionths: u64,
    filled_at: Tick,
    dry_until: Option<Tick>,
    /// When something was sent since the rate was set.
    sent: Vec<Tick>,
}

/// The naive lanes.
#[derive(Debug)]
pub(super) struct Model {
    limits: Limits,
    lanes: BTreeMap<EndpointNumber, Lane>,
    /// In the order in which they came.
    deliveries: Vec<Delivery>,
    /// Healthy, watched, sick.
    rings: [Vec<EndpointNumber>; 3],
    healthy_in_a_row: u32,
    sick_went_last: bool,
}

const HEALTHY: usize = 0;
const WATCHED: usize = 1;
const SICK: usize = 2;

impl Lane {
    fn class(&self) -> usize {
        match (self.settings.sick, self.slow || !self.settings.proven) {
            (true, _) => SICK,
            (false, true) => WATCHED,
            (false, false) => HEALTHY,
        }
    }

    fn in_flight_max(&self) -> usize {
        if self.settings.sick || !self.settings.proven {
            1
        } else {
            let max = usize::from(self.settings.in_flight_max);
            self.allowed.map_or(max, |allowed| allowed.min(max))
        }
    }
}

impl Model {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: BTreeMap::new(),
            deliveries: Vec::new(),
            rings: Default::default(),
            healthy_in_a_row: 0,
            sick_went_last: false,
        }
    }

    pub(super) fn put_lane(&mut self, now: Tick, to: EndpointNumber, settings: LaneSettings) {
        let Some(lane) = self.lanes.get_mut(&to) else {
            self.lanes.insert(to, Lane::new(now, settings, false));
            return;
        };
        let old = lane.settings;
        lane.reordered |= old.order != settings.order;
        lane.settings = settings;
        lane.settings.proven = old.proven;
        lane.settings.sick = old.sick;
        lane.change_rate(now, old.rate);
        if settings.order == Order::None {
            for key in self.keys(to, |d| d.state == State::Held) {
                self.place(now, key, Line::Usual);
            }
        }
        if old.stopped && !settings.stopped {
            self.lane(to).allowed = Some(1);
            self.have_all_due(now, to);
        }
        self.settle(to);
    }

    pub(super) fn remove_lane(&mut self, to: EndpointNumber) {
        self.lane(to).removed = true;
        self.settle(to);
    }

    /// Checks what the real ones took out, and takes it out.
    pub(super) fn clear_removed(&mut self, max: usize, left: &[Left]) {
        let removed = |d: &&Delivery| self.lanes[&d.endpoint()].removed && d.state.waits();
        let waiting = self.deliveries.iter().filter(removed).count();
        assert_eq!(left.len(), waiting.min(max), "removed and waiting");
        for one in left {
            assert!(self.lanes[&one.key.endpoint].removed, "{one:?}");
            assert!(self.delivery(one.key).state.waits(), "{one:?}");
            let index = self.index(one.key).unwrap();
            assert_eq!(self.deliveries.remove(index).left(), *one);
            self.unlist(one.key);
        }
    }

    pub(super) fn reserve(&mut self, to: EndpointNumber) -> Room {
        let kept: u32 = self.lanes.values().map(|lane| lane.reserved).sum();
        let open = self.open() + kept;
        let waiting_max = if open >= self.limits.crowded_from {
            self.limits.waiting_max_crowded
        } else {
            self.limits.waiting_max
        };
        let waiting = self.keys(to, |d| d.state.waits()).len();
        let full = match self.lanes.get(&to) {
            None => true,
            Some(lane) => lane.removed || waiting as u32 + lane.reserved >= waiting_max,
        };
        if open >= self.limits.open_max {
            Room::AllFull
        } else if full {
            Room::LaneFull
        } else {
            self.lane(to).reserved += 1;
            Room::Yes
        }
    }

    pub(super) fn give_back(&mut self, to: EndpointNumber) {
        self.lane(to).reserved -= 1;
    }

    pub(super) fn admit(&mut self, now: Tick, arrival: Arrival, kept: bool) -> Vec<Left> {
        let to = arrival.key.endpoint;
        let closed = LaneSettings {
            in_flight_max: 1,
            order: Order::None,
            stopped: true,
            disabled: true,
            proven: false,
            sick: false,
            rate: None,
        };
        let lane = self.lanes.entry(to).or_insert(Lane::new(now, closed, true));
        lane.reserved -= u32::from(kept);
        let ordered =
            lane.settings.order == Order::Call && arrival.call.is_some() && arrival.key.round == 0;
        let mut superseded = Vec::new();
        if ordered && arrival.ends_call {
            for key in self.chain(to, arrival.call).into_iter().rev() {
                let delivery = self.delivery(key);
                if delivery.arrival.ringing && delivery.state.waits() {
                    superseded.push(self.leave(now, key));
                } else if delivery.arrival.ringing {
                    delivery.superseded = true;
                }
            }
        }
        let held = ordered && !self.chain(to, arrival.call).is_empty();
        self.deliveries.push(Delivery {
            arrival,
            ordered,
            due: arrival.due.min(now.plus_ms(86_400_000)),
            attempts: arrival.attempts,
            state: State::Held,
            marked: false,
            superseded: false,
            probe: false,
            expires: arrival.expires_at.filter(|_| arrival.key.round == 0),
            ticket: None,
        });
        if !held {
            let line = if kept { Line::Usual } else { Line::LeftOver };
            self.place(now, arrival.key, line);
        }
        self.settle(to);
        superseded
    }

    pub(super) fn hold_back(&mut self, to: EndpointNumber, until: Tick) {
        let lane = self.lane(to);
        lane.held_until = lane.held_until.max(Some(until));
        self.settle(to);
    }

    /// Checks what expired of the real ones, and follows them.
    pub(super) fn advance(&mut self, now: Tick, max: usize, expired: &[Left]) {
        let over = |d: &&Delivery| d.state.waits() && d.expires.is_some_and(|at| at <= now);
        // One that leaves may free no other that expires: all of them wait already.
        let count = self.deliveries.iter().filter(over).count();
        assert_eq!(expired.len(), count.min(max), "expired");
        for one in expired {
            assert!(over(&&*self.delivery(one.key)), "{one:?}");
            assert_eq!(self.leave(now, one.key), *one);
            self.settle(one.key.endpoint);
        }
        while let Some((at, to)) = self.first_wake()
            && at <= now
        {
            self.mark_slow(now, to);
            let lane = self.lane(to);
            lane.held_until = lane.held_until.filter(|until| *until > now);
            let dry_until = lane.bucket.dry_until;
            lane.bucket.dry_until = dry_until.filter(|until| *until > now);
            self.wake_delayed(now, to);
            self.settle(to);
        }
    }

    pub(super) fn take(&mut self, now: Tick, key: DeliveryKey) -> Option<Left> {
        let index = self.index(key)?;
        if !self.deliveries[index].state.waits() {
            return None;
        }
        let left = self.leave(now, key);
        self.settle(key.endpoint);
        Some(left)
    }

    fn index(&self, key: DeliveryKey) -> Option<usize> {
        self.deliveries.iter().position(|d| d.arrival.key == key)
    }

    fn delivery(&mut self, key: DeliveryKey) -> &mut Delivery {
        let index = self.index(key).expect("in the model");
        &mut self.deliveries[index]
    }

    fn lane(&mut self, to: EndpointNumber) -> &mut Lane {
        self.lanes.get_mut(&to).expect("in the model")
    }
}

impl Delivery {
    fn endpoint(&self) -> EndpointNumber {
        self.arrival.key.endpoint
    }

    fn left(&self) -> Left {
        Left {
            key: self.arrival.key,
            attempts: self.attempts,
        }
    }
}

impl Lane {
    fn new(now: Tick, settings: LaneSettings, removed: bool) -> Self {
        let mut lane = Self {
            settings,
            slow: false,
            removed,
            reordered: false,
            held_until: None,
            bucket: Bucket::default(),
            allowed: None,
            reserved: 0,
            fresh: Vec::new(),
            due: Vec::new(),
            called: Vec::new(),
            fresh_in_a_row: 0,
        };
        lane.change_rate(now, None);
        lane
    }
}
