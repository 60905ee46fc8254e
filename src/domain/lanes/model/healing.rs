//! How the lanes of the model keep to a rate, are probed while they are stopped, and catch up.

use super::{Lane, Model, State};
use crate::domain::id::EndpointNumber;
use crate::domain::lanes::Rate;
use crate::domain::lanes::running::Line;
use crate::domain::time::Tick;

/// One send, in millionths.
const SEND: u64 = 1_000_000;

impl Lane {
    /// The rate of the settings holds from now on, where before there was that one.
    pub(super) fn change_rate(&mut self, now: Tick, old: Option<Rate>) {
        match (old, self.settings.rate) {
            (Some(old), Some(new)) if old != new => {
                self.fill(now, old);
                self.bucket.millionths = self.bucket.millionths.min(SEND + 20 * new.per_ms());
                self.bucket.sent.clear();
                self.look(now, new);
            }
            (None, Some(_)) => {
                self.bucket = super::Bucket {
                    millionths: SEND,
                    filled_at: now,
                    ..super::Bucket::default()
                };
            }
            (_, None) => self.bucket.dry_until = None,
            _ => {}
        }
    }

    /// Something was sent: whatever the bucket says, no stretch of time holds more than the rate
    /// makes of it, one, and what 20 ms make.
    pub(super) fn count_send(&mut self, now: Tick) {
        let Some(rate) = self.settings.rate else {
            return;
        };
        self.bucket.sent.push(now);
        for (before, from) in self.bucket.sent.iter().rev().enumerate() {
            let most = SEND + (now.ms_since(*from) + 20) * rate.per_ms();
            assert!((before as u64 + 1) * SEND <= most, "the rate is kept");
        }
        self.fill(now, rate);
        self.bucket.millionths -= SEND;
        self.look(now, rate);
    }

    fn fill(&mut self, now: Tick, rate: Rate) {
        let came = now.ms_since(self.bucket.filled_at) * rate.per_ms();
        let most = SEND + 20 * rate.per_ms();
        self.bucket.millionths = (self.bucket.millionths + came).min(most);
        self.bucket.filled_at = now;
    }

    fn look(&mut self, now: Tick, rate: Rate) {
        let mut until = now;
        let mut level = self.bucket.millionths;
        while level < SEND {
            let ms = ((SEND - level) / rate.per_ms()).max(1);
            level += ms * rate.per_ms();
            until = until.plus_ms(ms);
        }
        self.bucket.dry_until = (until > now).then_some(until);
    }
}

impl Model {
    pub(in super::super) fn catch_up(&mut self, now: Tick, to: EndpointNumber) {
        self.have_all_due(now, to);
        self.settle(to);
    }

    pub(in super::super) fn go_gently(&mut self, to: EndpointNumber) {
        self.lane(to).allowed = Some(1);
        self.settle(to);
    }

    pub(in super::super) fn probe(&mut self, now: Tick, to: EndpointNumber) -> bool {
        let flies = !self.keys(to, |d| d.state == State::InFlight).is_empty();
        let Some(lane) = self.lanes.get(&to) else {
            return false;
        };
        if lane.removed || lane.settings.disabled {
            return false;
        }
        if flies || !lane.called.is_empty() {
            return true;
        }
        if lane.fresh.is_empty() && lane.due.is_empty() {
            self.have_all_due(now, to);
        }
        let lane = self.lane(to);
        let Some(key) = lane.fresh.last().or(lane.due.last()).copied() else {
            return false;
        };
        self.unlist(key);
        let delivery = self.delivery(key);
        delivery.state = State::Called;
        delivery.probe = true;
        self.lane(to).called.push(key);
        self.settle(to);
        true
    }

    pub(super) fn have_all_due(&mut self, now: Tick, to: EndpointNumber) {
        let mut tried = std::mem::take(&mut self.lane(to).due);
        tried.extend(self.keys(to, |d| d.state == State::Delayed));
        tried.sort_by_key(|key| (key.event, key.round));
        for key in &tried {
            let delivery = self.delivery(*key);
            delivery.due = delivery.due.min(now);
        }
        tried.append(&mut self.lane(to).fresh);
        for key in &tried {
            self.delivery(*key).state = State::Due;
        }
        self.lane(to).due = tried;
    }

    /// Where it waits that nothing holds.
    pub(super) fn place(&mut self, now: Tick, key: crate::domain::id::DeliveryKey, line: Line) {
        let delivery = self.delivery(key);
        if delivery.due > now {
            delivery.state = State::Delayed;
            return;
        }
        let news = delivery.attempts == 0 && key.round == 0;
        let fresh = news && matches!(line, Line::Usual | Line::Front);
        delivery.state = if fresh { State::Fresh } else { State::Due };
        let lane = self.lane(key.endpoint);
        let list = if fresh {
            &mut lane.fresh
        } else {
            &mut lane.due
        };
        let in_front = matches!(line, Line::Front | Line::Probed);
        let at = if in_front { 0 } else { list.len() };
        list.insert(at, key);
    }
}
