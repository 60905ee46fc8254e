//! One lane: what waits in it, how healthy it is, and which delivery is its next.
//!
//! It takes no part in who of all lanes goes first: that is for the rings.

use super::rate::{Bucket, Rate};
use super::slab::{List, NONE, Slab};
use super::timers::Timers;
use super::{LaneReport, LaneSettings};
use crate::domain::id::EndpointNumber;
use crate::domain::time::Tick;

/// An attempt that is out for that long marks its lane as slow, and a success within that long
/// ends the mark.
pub(super) const SLOW_MS: u64 = 1_000;

/// How much a lane is trusted with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Healthy,
    /// New or slow, but its last attempt did not fail.
    Watched,
    /// Its last attempt failed.
    Sick,
}

/// Gives one of so many turns to the minor side while both sides wait.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns(u8);

impl Turns {
    /// Whether it is the minor side's turn; one of them at least must wait.
    pub(super) fn minor(&mut self, major_waits: bool, minor_waits: bool, one_of: u8) -> bool {
        let minor = minor_waits && (!major_waits || self.0 + 1 >= one_of);
        if minor {
            self.0 = 0;
        } else if minor_waits {
            self.0 += 1;
        }
        minor
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) endpoint: EndpointNumber,
    /// `proven` and `sick` in it are kept up to date.
    pub(super) settings: LaneSettings,
    pub(super) slow: bool,
    pub(super) removed: bool,
    /// It is in the queue of removed lanes that still hold waiting deliveries.
    pub(super) clearing: bool,
    pub(super) held_until: Option<Tick>,
    /// Where the endpoint has a rate.
    pub(super) bucket: Option<Box<Bucket>>,
    /// Requests at a time while it starts gently, one more with each success; `OPEN` otherwise.
    pub(super) allowed: u16,
    /// Behind an earlier event of their call.
    pub(super) held: List,
    /// Ready, never tried, and no replay.
    pub(super) fresh: List,
    /// Ready: tried before, left over from a stop, caught up with, or of a replay.
    pub(super) due: List,
    /// To be sent now by the wish of a person or as a probe, also where the lane is stopped.
    pub(super) called: List,
    /// Waiting for their time.
    pub(super) delayed: Timers,
    /// In order of dispatch.
    pub(super) in_flight: List,
    /// The first in flight that was not out for `SLOW_MS` when last looked at, so that one
    /// attempt marks the lane once only.
    pub(super) unmarked: u32,
    pub(super) waiting: u32,
    pub(super) flying: u32,
    pub(super) ending: u32,
    pub(super) reserved: u32,
    /// As the tallies of the rings know it.
    pub(super) class: Class,
    /// Whether it is in the ring of its class, and its neighbours there.
    pub(super) in_ring: bool,
    pub(super) ring_before: u32,
    pub(super) ring_after: u32,
    /// Its time in the queue of wakes; it may be early, never late.
    pub(super) wake: Option<Tick>,
    turns: Turns,
}

impl Lane {
    /// It does not start gently: `allowed` allows everything.
    const OPEN: u16 = u16::MAX;

    /// Of that many sends one comes from `due` when both wait.
    const DUE_ONE_OF: u8 = 4;

    pub(super) fn new(now: Tick, endpoint: EndpointNumber, settings: LaneSettings) -> Self {
        let mut lane = Self {
            endpoint,
            settings,
            slow: false,
            removed: false,
            clearing: false,
            held_until: None,
            bucket: settings.rate.map(|rate| Box::new(Bucket::new(now, rate))),
            allowed: Self::OPEN,
            held: List::EMPTY,
            fresh: List::EMPTY,
            due: List::EMPTY,
            called: List::EMPTY,
            delayed: Timers::new(Slab::is_delayed),
            in_flight: List::EMPTY,
            unmarked: NONE,
            waiting: 0,
            flying: 0,
            ending: 0,
            reserved: 0,
            class: Class::Healthy,
            in_ring: false,
            ring_before: NONE,
            ring_after: NONE,
            wake: None,
            turns: Turns::default(),
        };
        lane.class = lane.class_now();
        lane
    }

    pub(super) fn class_now(&self) -> Class {
        if self.settings.sick {
            Class::Sick
        } else if self.slow || !self.settings.proven {
            Class::Watched
        } else {
            Class::Healthy
        }
    }

    /// Requests at a time. A slow one keeps its limit; a new or sick one is tried singly.
    fn in_flight_max(&self) -> u32 {
        if self.settings.proven && !self.settings.sick {
            u32::from(self.settings.in_flight_max.min(self.allowed).max(1))
        } else {
            1
        }
    }

    /// What waits goes out with one request at a time at first, and one more with each success:
    /// a receiver that has just come back is not run over by all that gathered.
    pub(super) fn go_gently(&mut self) {
        self.allowed = 1;
    }

    /// An attempt went well or badly: that many more or less at a time, while it starts gently.
    pub(super) fn learn(&mut self, success: bool) {
        if self.allowed == Self::OPEN {
            return;
        }
        self.allowed = if success { self.allowed + 1 } else { 1 };
        if self.allowed >= self.settings.in_flight_max {
            self.allowed = Self::OPEN;
        }
    }

    /// Another rate, or none, from now on.
    pub(super) fn set_rate(&mut self, now: Tick, rate: Option<Rate>) {
        match (&mut self.bucket, rate) {
            (Some(bucket), Some(rate)) => bucket.change(now, rate),
            (bucket, rate) => *bucket = rate.map(|rate| Box::new(Bucket::new(now, rate))),
        }
    }

    fn dry_until(&self) -> Option<Tick> {
        self.bucket.as_ref().and_then(|bucket| bucket.dry_until())
    }

    /// Whether it has something to send, and may as far as it knows.
    pub(super) fn may_send(&self) -> bool {
        let by_rule = !self.settings.stopped
            && self.held_until.is_none()
            && !(self.fresh.is_empty() && self.due.is_empty());
        !self.removed
            && self.flying < self.in_flight_max()
            && (by_rule || self.may_send_called())
            && self.dry_until().is_none()
    }

    /// A person's wish and a probe pass a pause and a hold, but not the limit of what is in
    /// flight, nor the rate.
    fn may_send_called(&self) -> bool {
        !self.settings.disabled && !self.called.is_empty()
    }

    /// Takes the next ready delivery off its list; one must be ready.
    pub(super) fn take_ready(&mut self, slab: &mut Slab) -> u32 {
        let (fresh, due) = (!self.fresh.is_empty(), !self.due.is_empty());
        let list = if self.may_send_called() {
            &mut self.called
        } else if self.turns.minor(fresh, due, Self::DUE_ONE_OF) {
            &mut self.due
        } else {
            &mut self.fresh
        };
        let slot = list.head;
        list.unlink(slab, slot);
        slot
    }

    /// Takes a ready delivery off whichever list it is on: its entry does not say, because a
    /// resumed lane moves a whole list at once. It matters at the ends of a list only.
    pub(super) fn unlink_ready(&mut self, slab: &mut Slab, slot: u32) {
        if self.fresh.head == slot || self.fresh.tail == slot {
            self.fresh.unlink(slab, slot);
        } else {
            self.due.unlink(slab, slot);
        }
    }

    /// Any waiting delivery; held ones first, so that taking them out frees no other.
    pub(super) fn any_waiting(&self) -> Option<u32> {
        let lists = [self.held, self.fresh, self.due, self.called];
        lists
            .into_iter()
            .map(|list| list.head)
            .find(|slot| *slot != NONE)
            .or_else(|| self.delayed.first_slot())
    }

    /// Marks the lane as slow by attempts that have been out for a second by now.
    pub(super) fn mark_slow(&mut self, slab: &Slab, now: Tick) {
        while self.unmarked != NONE && slab[self.unmarked].due.plus_ms(SLOW_MS) <= now {
            self.slow = true;
            self.unmarked = slab[self.unmarked].after;
        }
    }

    /// When time changes something in this lane.
    pub(super) fn earliest(&self, slab: &Slab) -> Option<Tick> {
        let slow_at =
            (!self.slow && self.unmarked != NONE).then(|| slab[self.unmarked].due.plus_ms(SLOW_MS));
        let times = [
            self.delayed.first_at(),
            slow_at,
            self.held_until,
            self.dry_until(),
        ];
        times.into_iter().flatten().min()
    }

    /// The holds and the rate that end by now.
    pub(super) fn let_pass(&mut self, now: Tick) {
        self.held_until = self.held_until.filter(|until| *until > now);
        if let Some(bucket) = &mut self.bucket {
            bucket.wake(now);
        }
    }

    /// Nothing of it is left: its endpoint is gone, and everything that knew of it.
    pub(super) fn is_over(&self) -> bool {
        self.removed
            && !self.clearing
            && self.waiting + self.flying + self.ending + self.reserved == 0
    }

    pub(super) fn report(&self, slab: &Slab) -> LaneReport {
        let heads = [self.fresh.head, self.due.head, self.called.head].into_iter();
        let ready = heads
            .filter(|slot| *slot != NONE)
            .map(|slot| slab[slot].due);
        LaneReport {
            waiting: self.waiting,
            in_flight: self.flying,
            oldest_due: ready.chain(self.delayed.first_at()).min(),
            sick: self.settings.sick,
            slow: self.slow,
            held_until: self.held_until,
        }
    }
}
