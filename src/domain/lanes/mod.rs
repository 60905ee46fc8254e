//! The queue in memory: one lane per endpoint, and who may send next.

use super::endpoint::Order;
use super::id::{DeliveryKey, EndpointNumber};
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
    /// Paused or disabled: nothing is sent.
    pub stopped: bool,
    /// The endpoint has succeeded at least once.
    pub proven: bool,
    /// Its last attempt failed.
    pub sick: bool,
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
    /// How long it took; 1 s or less ends the slow mark.
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
    /// The endpoint has as many waiting as it may.
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
    /// Open and not in flight.
    pub waiting: u32,
    /// With a delivery thread.
    pub in_flight: u32,
    /// The earliest due time of what waits (held ones apart).
    pub oldest_due: Option<Tick>,
    /// Its last attempt failed.
    pub sick: bool,
    /// An attempt has been out for more than 1 s, and none was answered within 1 s since.
    pub slow: bool,
    /// Held back by a 429 or 503 until then.
    pub held_until: Option<Tick>,
}

/// All lanes.
#[derive(Debug)]
pub struct Lanes {
    limits: Limits,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Opens the endpoint's lane, or runs it by other settings from now on. `proven` and `sick`
    /// count when the lane is opened only: afterwards it knows better.
    pub fn put_lane(&mut self, now: Tick, endpoint: EndpointNumber, settings: LaneSettings) {
        todo!("{now:?} {endpoint:?} {settings:?}")
    }

    /// The endpoint is gone: nothing of it is sent any more. What waits is taken out in slices
    /// by `clear_removed`; what flies is `Settled::Removed` when it lands.
    pub fn remove_lane(&mut self, endpoint: EndpointNumber) {
        todo!("{endpoint:?}")
    }

    /// Up to `max` waiting deliveries of removed endpoints, which leave with it; empty when
    /// there are none left.
    pub fn clear_removed(&mut self, max: usize) -> Vec<Left> {
        todo!("{max}")
    }

    /// Whether the endpoint's lane has room for one more delivery; where it has, the place is
    /// kept until `admit` or `give_back`.
    pub fn reserve(&mut self, endpoint: EndpointNumber) -> Room {
        todo!("{endpoint:?} {:?}", self.limits)
    }

    /// Gives a kept place back: the commit failed.
    pub fn give_back(&mut self, endpoint: EndpointNumber) {
        todo!("{endpoint:?}")
    }

    /// Takes in a delivery whose commit succeeded, at a kept place. What it supersedes is added
    /// to `superseded` and has left the lanes. Where its endpoint was removed meanwhile it joins
    /// what `clear_removed` takes out.
    pub fn admit(&mut self, now: Tick, arrival: Arrival, superseded: &mut Vec<Left>) {
        todo!("{now:?} {arrival:?} {superseded:?}")
    }

    /// The next delivery that may go out, by the rules of isolation; None when none may.
    pub fn next(&mut self, now: Tick) -> Option<Dispatch> {
        todo!("{now:?}")
    }

    /// An attempt came back. The thread and the lane's slot are free at once. None for a ticket
    /// that is no longer in flight.
    pub fn land(&mut self, now: Tick, ticket: Ticket, landed: Landed) -> Option<Settled> {
        todo!("{now:?} {ticket:?} {landed:?}")
    }

    /// The end of a delivery is committed: it leaves, and the next event of its call may go.
    pub fn release(&mut self, now: Tick, ticket: Ticket) {
        todo!("{now:?} {ticket:?}")
    }

    /// Holds back everything of an endpoint until then (429 and 503 with `Retry-After`).
    pub fn hold_back(&mut self, endpoint: EndpointNumber, until: Tick) {
        todo!("{endpoint:?} {until:?}")
    }

    /// Lets time pass: what is due becomes ready, slow ones are marked, what has expired leaves
    /// and is added to `expired`. At most `max` expire in one call; the next wake is then now.
    pub fn advance(&mut self, now: Tick, max: usize, expired: &mut Vec<Left>) {
        todo!("{now:?} {max} {expired:?}")
    }

    /// When `advance` has something to do next.
    pub fn next_wake(&self) -> Option<Tick> {
        todo!()
    }

    /// Takes a waiting delivery out (cancelled, or not to be sent for another reason). None when
    /// it is not waiting.
    pub fn take(&mut self, now: Tick, key: DeliveryKey, call: Option<u64>) -> Option<Left> {
        todo!("{now:?} {key:?} {call:?}")
    }

    /// Where a delivery stands; None when it is not in the lanes.
    pub fn find(&self, key: DeliveryKey, call: Option<u64>) -> Option<Standing> {
        todo!("{key:?} {call:?}")
    }

    /// A lane in figures; None when there is no such lane.
    pub fn report(&self, endpoint: EndpointNumber) -> Option<LaneReport> {
        todo!("{endpoint:?}")
    }

    /// Every delivery that is in flight.
    pub fn in_flight(&self) -> Vec<DeliveryKey> {
        todo!()
    }

    /// Open deliveries in all lanes, kept places apart.
    pub fn open(&self) -> u32 {
        todo!()
    }

    /// The bounds, as given.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}
