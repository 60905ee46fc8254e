//! What the model answers to those who only ask.

use super::{Delivery, Model, State};
use crate::domain::id::{DeliveryKey, EndpointNumber};
use crate::domain::lanes::{LaneReport, Place, Standing};
use crate::domain::time::Tick;

impl Model {
    /// When something happens by time alone: never before this.
    pub(in super::super) fn next_wake(&self) -> Option<Tick> {
        let waiting = self.deliveries.iter().filter(|d| d.state.waits());
        let expiry = waiting.filter_map(|d| d.expires).min();
        let lanes = self.first_wake().map(|(at, _)| at);
        [expiry, lanes].into_iter().flatten().min()
    }

    pub(in super::super) fn find(&self, key: DeliveryKey) -> Option<Standing> {
        let delivery = &self.deliveries[self.index(key)?];
        Some(Standing {
            place: match delivery.state {
                State::Held => Place::Held,
                State::Fresh | State::Due | State::Called | State::Delayed => Place::Waiting,
                State::InFlight => Place::InFlight,
                State::Ending => Place::Ending,
            },
            due: delivery.due,
            attempts: delivery.attempts,
        })
    }

    pub(in super::super) fn report(&self, to: EndpointNumber) -> Option<LaneReport> {
        let lane = self.lanes.get(&to).filter(|lane| !lane.removed)?;
        let due_of = |key: &DeliveryKey| self.find(*key).map(|standing| standing.due);
        let delayed = self.keys(to, |d| d.state == State::Delayed);
        Some(LaneReport {
            waiting: self.keys(to, |d| d.state.waits()).len() as u32,
            in_flight: self.keys(to, |d| d.state == State::InFlight).len() as u32,
            oldest_due: [
                lane.fresh.first().and_then(due_of),
                lane.due.first().and_then(due_of),
                lane.called.first().and_then(due_of),
                delayed.iter().filter_map(due_of).min(),
            ]
            .into_iter()
            .flatten()
            .min(),
            sick: lane.settings.sick,
            slow: lane.slow,
            held_until: lane.held_until,
        })
    }

    pub(in super::super) fn in_flight(&self) -> Vec<DeliveryKey> {
        let flying = |d: &&Delivery| d.state == State::InFlight;
        let flying = self.deliveries.iter().filter(flying);
        flying.map(|d| d.arrival.key).collect()
    }

    pub(in super::super) fn open(&self) -> u32 {
        self.deliveries.len() as u32
    }
}
