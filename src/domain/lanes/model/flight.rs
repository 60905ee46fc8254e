//! How deliveries of the model go out and come back.

use super::{Delivery, Line, Model, State};
use crate::domain::lanes::{Dispatch, Landed, Settled, Then, Ticket};
use crate::domain::time::Tick;

impl Model {
    /// Checks and follows what the real ones did.
    pub(in super::super) fn next(&mut self, now: Tick, real: Option<Dispatch>) {
        let Some(class) = self.choose() else {
            assert_eq!(real, None, "none may go");
            return;
        };
        let to = self.rings[class].remove(0);
        let lane = self.lane(to);
        let called = !lane.called.is_empty() && !lane.settings.disabled;
        let from_due =
            !called && !lane.due.is_empty() && (lane.fresh.is_empty() || lane.fresh_in_a_row == 3);
        if from_due {
            lane.fresh_in_a_row = 0;
        } else if !called && !lane.due.is_empty() {
            lane.fresh_in_a_row += 1;
        }
        let key = if called {
            lane.called.remove(0)
        } else if from_due {
            lane.due.remove(0)
        } else {
            lane.fresh.remove(0)
        };
        let real = real.expect("one may go");
        let delivery = self.delivery(key);
        assert_eq!((real.key, real.attempts), (key, delivery.attempts));
        delivery.state = State::InFlight;
        delivery.marked = false;
        delivery.due = now;
        delivery.ticket = Some(real.ticket);
        self.check_dispatch(key, class, called);
        self.lane(to).count_send(now);
        self.settle(to);
    }

    pub(in super::super) fn land(
        &mut self,
        now: Tick,
        ticket: Ticket,
        landed: Landed,
    ) -> Option<Settled> {
        let flies = |d: &&Delivery| d.ticket == Some(ticket) && d.state == State::InFlight;
        let key = self.deliveries.iter().find(flies)?.arrival.key;
        let to = key.endpoint;
        self.mark_slow(now, to);
        let lane = self.lane(to);
        let removed = lane.removed;
        if landed.then != Then::Again {
            lane.settings.sick = !landed.success;
            lane.allowed = lane.allowed.and_then(|allowed| {
                let allowed = if landed.success { allowed + 1 } else { 1 };
                (allowed < usize::from(lane.settings.in_flight_max)).then_some(allowed)
            });
            if landed.success {
                lane.settings.proven = true;
                lane.slow = lane.slow && landed.duration_ms > 1000;
            }
        }
        let delivery = self.delivery(key);
        delivery.state = State::Ending;
        let (superseded, ordered) = (delivery.superseded, delivery.ordered);
        let call = delivery.arrival.call;
        if let Then::Retry(due) = landed.then {
            delivery.attempts = delivery.attempts.saturating_add(1);
            delivery.due = due;
        } else if landed.then == Then::Again {
            delivery.due = now;
        }
        let settled = if landed.then == Then::End {
            let chain = self.chain(to, call);
            let holds_another = !removed
                && ordered
                && chain[0] == key
                && chain.len() > 1
                && self.delivery(chain[1]).state == State::Held;
            Settled::Done { holds_another }
        } else if removed || superseded {
            self.leave(now, key);
            if removed {
                Settled::Removed
            } else {
                Settled::Superseded
            }
        } else {
            let line = match landed.then {
                _ if self.delivery(key).probe => Line::Probed,
                Then::Again => Line::Front,
                _ => Line::Usual,
            };
            self.delivery(key).probe = false;
            self.place(now, key, line);
            Settled::Done {
                holds_another: false,
            }
        };
        self.settle(to);
        Some(settled)
    }

    pub(in super::super) fn release(&mut self, now: Tick, ticket: Ticket) {
        let ends = |d: &&Delivery| d.ticket == Some(ticket) && d.state == State::Ending;
        if let Some(delivery) = self.deliveries.iter().find(ends) {
            let key = delivery.arrival.key;
            self.leave(now, key);
            self.settle(key.endpoint);
        }
    }
}
