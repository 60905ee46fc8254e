//! The steps of the model that others are made of: whose turn it is, where a delivery waits, how
//! it leaves, and what must hold after each dispatch.

use super::{Delivery, HEALTHY, Model, SICK, State, WATCHED};
use crate::domain::id::{DeliveryKey, EndpointNumber};
use crate::domain::lanes::running::Line;
use crate::domain::lanes::{Left, Place};
use crate::domain::time::Tick;

impl Model {
    pub(in super::super) fn send_now(&mut self, key: DeliveryKey) -> Option<Place> {
        let place = self.find(key)?.place;
        if place == Place::Waiting && self.delivery(key).state != State::Called {
            self.unlist(key);
            self.delivery(key).state = State::Called;
            self.lane(key.endpoint).called.push(key);
            self.settle(key.endpoint);
        }
        Some(place)
    }

    /// Whose turn it is, by counting everything anew.
    pub(super) fn choose(&mut self) -> Option<usize> {
        let flying = self.threads();
        let threads = self.limits.threads_max;
        if flying.iter().sum::<u32>() >= threads {
            return None;
        }
        let below_half = flying[WATCHED] + flying[SICK] < (threads / 2).max(1);
        let below_quarter = flying[SICK] < (threads / 4).max(1);
        let healthy = !self.rings[HEALTHY].is_empty();
        let watched = !self.rings[WATCHED].is_empty() && below_half;
        let sick = !self.rings[SICK].is_empty() && below_half && below_quarter;
        let other = match (watched, sick) {
            (true, true) if self.sick_went_last => Some(WATCHED),
            (_, true) => Some(SICK),
            (true, false) => Some(WATCHED),
            (false, false) => None,
        };
        let Some(other) = other else {
            return healthy.then_some(HEALTHY);
        };
        if healthy && self.healthy_in_a_row < 7 {
            self.healthy_in_a_row += 1;
            return Some(HEALTHY);
        }
        self.healthy_in_a_row = 0;
        self.sick_went_last = other == SICK;
        Some(other)
    }

    /// What must hold after each dispatch, whatever the way to it.
    pub(super) fn check_dispatch(&self, key: DeliveryKey, class: usize, called: bool) {
        let flying = self.threads();
        let threads = self.limits.threads_max;
        let lane = &self.lanes[&key.endpoint];
        let of_lane = self.keys(key.endpoint, |d| d.state == State::InFlight);
        let by_rule = !lane.settings.stopped && lane.held_until.is_none();
        assert!(!lane.removed && (by_rule || called && !lane.settings.disabled));
        assert!(flying.iter().sum::<u32>() <= threads, "threads");
        if class != HEALTHY {
            assert!(flying[WATCHED] + flying[SICK] <= (threads / 2).max(1));
        }
        if class == SICK {
            assert!(flying[SICK] <= (threads / 4).max(1));
        }
        assert!(
            of_lane.len() <= lane.in_flight_max(),
            "in flight of one lane"
        );
        let delivery = &self.deliveries[self.index(key).unwrap()];
        if delivery.ordered && !lane.reordered {
            let chain = self.chain(key.endpoint, delivery.arrival.call);
            assert_eq!(chain[0], key, "only the oldest of a call is sent");
        }
    }

    pub(super) fn threads(&self) -> [u32; 3] {
        let mut flying = [0; 3];
        for key in self.in_flight() {
            flying[self.lanes[&key.endpoint].class()] += 1;
        }
        flying
    }

    pub(super) fn settle(&mut self, to: EndpointNumber) {
        let lane = &self.lanes[&to];
        let class = lane.class();
        let ready = !lane.fresh.is_empty() || !lane.due.is_empty();
        let by_rule = ready && !lane.settings.stopped && lane.held_until.is_none();
        let by_hand = !lane.called.is_empty() && !lane.settings.disabled;
        let may_send = (by_rule || by_hand)
            && !lane.removed
            && lane.bucket.dry_until.is_none()
            && self.keys(to, |d| d.state == State::InFlight).len() < lane.in_flight_max();
        for (of, ring) in self.rings.iter_mut().enumerate() {
            ring.retain(|one| *one != to || may_send && of == class);
        }
        if may_send && !self.rings[class].contains(&to) {
            self.rings[class].push(to);
        }
    }

    pub(super) fn mark_slow(&mut self, now: Tick, to: EndpointNumber) {
        for key in self.keys(to, |d| d.state == State::InFlight && !d.marked) {
            let delivery = self.delivery(key);
            if delivery.due.plus_ms(1000) <= now {
                delivery.marked = true;
                self.lane(to).slow = true;
            }
        }
    }

    pub(super) fn first_wake(&self) -> Option<(Tick, EndpointNumber)> {
        let mut wakes = Vec::new();
        for (to, lane) in self.lanes.iter().filter(|(_, lane)| !lane.removed) {
            wakes.extend(lane.held_until.map(|until| (until, *to)));
            wakes.extend(lane.bucket.dry_until.map(|until| (until, *to)));
        }
        for delivery in &self.deliveries {
            let to = delivery.endpoint();
            let slow = self.lanes[&to].slow;
            match delivery.state {
                State::Delayed => wakes.push((delivery.due, to)),
                State::InFlight if !slow && !delivery.marked => {
                    wakes.push((delivery.due.plus_ms(1000), to));
                }
                _ => {}
            }
        }
        wakes.into_iter().min()
    }

    pub(super) fn wake_delayed(&mut self, now: Tick, to: EndpointNumber) {
        let mut keys = self.keys(to, |d| d.state == State::Delayed && d.due <= now);
        keys.sort_by_key(|key| (self.find(*key).unwrap().due, key.event, key.round));
        for key in keys {
            let delivery = self.delivery(key);
            delivery.due = delivery.due.min(now);
            delivery.state = State::Due;
            self.lane(to).due.push(key);
        }
    }

    pub(super) fn leave(&mut self, now: Tick, key: DeliveryKey) -> Left {
        let index = self.index(key).unwrap();
        let gone = self.deliveries[index].clone();
        let was_first = gone.ordered && self.chain(key.endpoint, gone.arrival.call)[0] == key;
        self.deliveries.remove(index);
        self.unlist(key);
        if was_first
            && let Some(next) = self.chain(key.endpoint, gone.arrival.call).first()
            && self.delivery(*next).state == State::Held
        {
            self.place(now, *next, Line::Usual);
        }
        gone.left()
    }

    pub(super) fn unlist(&mut self, key: DeliveryKey) {
        let lane = self.lane(key.endpoint);
        lane.fresh.retain(|one| *one != key);
        lane.due.retain(|one| *one != key);
        lane.called.retain(|one| *one != key);
    }

    /// The ordered deliveries of a call in a lane, oldest first.
    pub(super) fn chain(&self, to: EndpointNumber, call: Option<u64>) -> Vec<DeliveryKey> {
        self.keys(to, |d| d.ordered && d.arrival.call == call)
    }

    pub(super) fn keys(
        &self,
        to: EndpointNumber,
        which: impl Fn(&Delivery) -> bool,
    ) -> Vec<DeliveryKey> {
        let all = self.deliveries.iter();
        all.filter(|d| d.endpoint() == to && which(d))
            .map(|d| d.arrival.key)
            .collect()
    }
}
