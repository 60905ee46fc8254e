//! The queue in memory: one lane per endpoint, and who may send next.
//!
//! Pure: every time is an argument, and it must not run backwards. A caller lets time pass
//! (`advance`) before it asks what may go (`next`): what has expired or become slow by then is
//! known only afterwards. Nothing here is stored: the record is rebuilt into it at the start.
//!
//! A delivery is *held* behind an earlier event of its call, *ready*, *delayed* until its time,
//! *in flight*, or *ending*: ended, but not yet committed, so that the next event of its call
//! still waits. Every step costs O(1) or O(log n); none looks at all lanes or all deliveries.
//! Memory is about 72 bytes for each open delivery, 16 more for one that waits for its time and
//! 16 more for one that expires; it is kept at its peak for the next peak.

mod chains;
mod intake;
mod lane;
mod passing;
mod probing;
mod rate;
mod rings;
mod running;
mod sending;
mod slab;
mod timers;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use self::chains::{ChainName, Chains};
use self::lane::Lane;
pub use self::rate::Rate;
use self::rings::Rings;
use self::slab::{NONE, Slab};
use self::timers::Timers;
use super::endpoint::Order;
use super::id::{DeliveryKey, EndpointNumber};
use super::spread::NumberMap;
use super::time::Tick;

/// Bounds that hold over all lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Threads that deliveries may hold.
    pub threads_max: u32,
    /// Open deliveries in all: 2,000,000.
    pub open_max: u32,
    /// From this many on, `waiting_max_crowded` counts: 1,500,000.
    pub crowded_from: u32,
    /// Waiting per endpoint: 200,000.
    pub waiting_max: u32,
    /// Waiting per endpoint when it is crowded: 10,000.
    pub waiting_max_crowded: u32,
}

/// How one lane is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneSettings {
    /// Requests at a time, 1–256.
    pub in_flight_max: u16,
    /// Whether events of one call wait for each other.
    pub order: Order,
    /// Paused or disabled: nothing is sent but by hand.
    pub stopped: bool,
    /// Disabled: nothing is sent by hand either.
    pub disabled: bool,
    /// The endpoint has succeeded at least once.
    pub proven: bool,
    /// Its last attempt failed.
    pub sick: bool,
    /// How many may go out in a second; None: as many as there are.
    pub rate: Option<Rate>,
}

/// A delivery that comes into its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// Its name.
    pub key: DeliveryKey,
    /// Digest of the call, None where the event names none.
    pub call: Option<u64>,
    /// Whether its event ends the call.
    pub ends_call: bool,
    /// Whether it is `call:ringing`, out of date once the call has ended.
    pub ringing: bool,
    /// When it expires.
    pub expires_at: Option<Tick>,
    /// When it is due.
    pub due: Tick,
    /// Attempts made so far.
    pub attempts: u8,
}

/// Names a delivery in the lanes while it is in flight or ending; never reused by another one
/// that a late answer could be mistaken for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket {
    pub(super) slot: u32,
    pub(super) stamp: u32,
}

/// A delivery that may go out now. It is in flight from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dispatch {
    /// Its name in the lanes.
    pub ticket: Ticket,
    /// Its name.
    pub key: DeliveryKey,
    /// Attempts made before this one.
    pub attempts: u8,
}

/// How an attempt went, for the lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Landed {
    /// A success: the endpoint is proven, and no longer sick.
    pub success: bool,
    /// How long it took. A success in 1 s or less ends the slow mark; a failure does not, for
    /// a connection refused at once is no answer.
    pub duration_ms: u32,
    /// What becomes of the delivery.
    pub then: Then,
}

/// What becomes of a delivery after its attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// It ended. It keeps its place in the order of its call until `release`.
    End,
    /// It waits until then. The attempt counts.
    Retry(Tick),
    /// It is due again as it was: the attempt does not count (cut, or answered 410). It says
    /// nothing about the endpoint's health either.
    Again,
}

/// What `land` found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settled {
    /// As asked. True: the next event of the same call waits for this end, so that its commit
    /// should not wait for others.
    Done {
        /// Whether a later event of the call waits for `release`.
        holds_another: bool,
    },
    /// It came back to waiting, but a later event of its call has superseded it: it has left
    /// the lanes.
    Superseded,
    /// Its endpoint was removed meanwhile: it has left the lanes.
    Removed,
}

/// A waiting delivery that left its lane without an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// Its name.
    pub key: DeliveryKey,
    /// Attempts made.
    pub attempts: u8,
}

/// Whether there is a place for one more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// Yes.
    Yes,
    /// The endpoint has as many waiting as it may, or it has no lane.
    LaneFull,
    /// There are as many open deliveries as there may be.
    AllFull,
}

/// A waiting or flying delivery, for those who ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Where it stands.
    pub place: Place,
    /// When it is due; for one in flight, when it was dispatched.
    pub due: Tick,
    /// Attempts made.
    pub attempts: u8,
}

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Behind an earlier event of its call.
    Held,
    /// Ready, or waiting for its time.
    Waiting,
    /// With a delivery thread.
    InFlight,
    /// Ended, not yet committed.
    Ending,
}

/// A lane in figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LaneReport {
    /// Open, not in flight and not ending.
    pub waiting: u32,
    /// With a delivery thread.
    pub in_flight: u32,
    /// The earliest due time of what waits (held ones apart), as far as its order tells: of
    /// what is ready only the next are looked at.
    pub oldest_due: Option<Tick>,
    /// Its last attempt failed.
    pub sick: bool,
    /// An attempt has been out for 1 s, and none has succeeded within 1 s since.
    pub slow: bool,
    /// Held back by a 429 or 503 until then.
    pub held_until: Option<Tick>,
}

/// All lanes.
#[derive(Debug)]
pub struct Lanes {
    limits: Limits,
    slab: Slab,
    chains: Chains,
    /// By index; one that is free is also in `free_lanes`.
    lanes: Vec<Lane>,
    free_lanes: Vec<u32>,
    /// The index of each endpoint's lane.
    indexes: NumberMap<EndpointNumber, u32>,
    rings: Rings,
    /// When entries expire.
    expiry: Timers,
    /// When time changes something in a lane: one at most of each lane.
    wakes: BTreeSet<(Tick, EndpointNumber)>,
    /// Removed lanes with waiting deliveries.
    to_clear: VecDeque<u32>,
    /// Kept places in all lanes.
    reserved: u32,
    /// Kept between calls for its memory only.
    scratch: Vec<u32>,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slab: Slab::new(),
            chains: Chains::new(),
            lanes: Vec::new(),
            free_lanes: Vec::new(),
            indexes: NumberMap::default(),
            rings: Rings::new(limits.threads_max),
            expiry: Timers::new(Slab::is_current),
            wakes: BTreeSet::new(),
            to_clear: VecDeque::new(),
            reserved: 0,
            scratch: Vec::new(),
        }
    }

    /// When `advance` has something to do next. It may be early by what has changed since, never
    /// late.
    pub fn next_wake(&self) -> Option<Tick> {
        let lane = self.wakes.first().map(|(at, _)| *at);
        let times = [lane, self.expiry.first_at()];
        times.into_iter().flatten().min()
    }

    /// Whether there is something that has expired and that `advance` has not taken out yet:
    /// until it has, `next` could hand it out.
    pub fn has_expired(&self, now: Tick) -> bool {
        self.expiry.first_at().is_some_and(|at| at <= now)
    }

    /// Where a delivery stands; None when it is not in the lanes. `call` is the digest that it
    /// was admitted with.
    pub fn find(&self, key: DeliveryKey, call: Option<u64>) -> Option<Standing> {
        let entry = &self.slab[self.slot_of(key, call)?];
        Some(Standing {
            place: entry.spot.place()?,
            due: entry.due,
            attempts: entry.attempts,
        })
    }

    /// A lane in figures; None when there is no such lane.
    pub fn report(&self, endpoint: EndpointNumber) -> Option<LaneReport> {
        let lane = &self.lanes[self.index_of(endpoint)? as usize];
        (!lane.removed).then(|| lane.report(&self.slab))
    }

    /// Every delivery that is in flight.
    pub fn in_flight(&self) -> Vec<DeliveryKey> {
        let mut keys = Vec::new();
        for lane in &self.lanes {
            let mut slot = lane.in_flight.head;
            while slot != NONE {
                keys.push(self.key_of(slot));
                slot = self.slab[slot].after;
            }
        }
        keys
    }

    /// Open deliveries in all lanes, kept places apart. One that has ended is open until
    /// `release`.
    pub fn open(&self) -> u32 {
        self.slab.used()
    }

    /// The bounds, as given.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sets how many may wait per endpoint, and how many when it is crowded. What waits beyond
    /// that stays.
    pub fn set_waiting_max(&mut self, waiting_max: u32, crowded: u32) {
        self.limits.waiting_max = waiting_max;
        self.limits.waiting_max_crowded = crowded;
    }

    fn index_of(&self, endpoint: EndpointNumber) -> Option<u32> {
        self.indexes.get(&endpoint).copied()
    }

    fn key_of(&self, slot: u32) -> DeliveryKey {
        let entry = &self.slab[slot];
        DeliveryKey {
            event: entry.event,
            endpoint: self.lanes[entry.lane as usize].endpoint,
            round: entry.round,
        }
    }

    /// Looks along the chain of the call, then along that of the event alone: whether it took
    /// part in the order was decided by the settings of the hour when it came.
    fn slot_of(&self, key: DeliveryKey, call: Option<u64>) -> Option<u32> {
        let lane = self.index_of(key.endpoint)?;
        let by = |ordered, chain| {
            let name = ChainName {
                lane,
                ordered,
                chain,
            };
            self.chains.find(&self.slab, name, |entry| {
                entry.event == key.event && entry.round == key.round
            })
        };
        call.filter(|_| key.round == 0)
            .and_then(|call| by(true, call))
            .or_else(|| by(false, key.event.0))
    }
}
