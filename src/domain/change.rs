//! The closed list of everything that may be written, and the facts that rows are made of.

use std::sync::Arc;

use super::attempt::{Attempt, Recent};
use super::endpoint::Endpoint;
use super::event::{EventType, Origin};
use super::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber, TokenNumber};
use super::time::{Tick, Timestamp};
use super::token::Token;

/// One fact to write.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new event, its frozen body, its deliveries.
    Event(Arc<NewEvent>),
    /// An event whose commit failed and which was refused: its rows go, should they be there.
    Withdrawn(EventNumber),
    /// An event that was kept long enough: its rows go, unless one of its deliveries is open.
    Pruned(EventNumber),
    /// A delivery that stays open, with another due time or count of attempts.
    Moved(EventNumber, Open),
    /// A delivery that ended.
    Ended(EventNumber, Ended),
    /// A delivery in a new round, of an event that is on disk.
    Reopened(EventNumber, Box<Reopened>),
    /// A new round whose commit failed and which was refused: it goes, should it be there.
    Unopened(DeliveryKey),
    /// An endpoint that was added or changed.
    Endpoint(Arc<Endpoint>),
    /// An endpoint that is gone, with its history.
    EndpointRemoved(EndpointNumber),
    /// A token that was added or used.
    Token(Arc<Token>),
    /// A token that is gone.
    TokenRemoved(TokenNumber),
    /// A slot of an endpoint's ring.
    History(u8, Arc<Attempt>),
    /// An endpoint's last attempts in short, oldest first, at most 10.
    Recent(EndpointNumber, Vec<Recent>),
    /// The next numbers, with every batch.
    Numbers(Numbers),
    /// The bytes of all frozen bodies after this batch.
    BodyBytes(u64),
}

/// The numbers that come next, and the newest engine time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    /// The number of the next event.
    pub event: EventNumber,
    /// The number of the next endpoint.
    pub endpoint: EndpointNumber,
    /// The number of the next token.
    pub token: TokenNumber,
    /// The number of the next attempt.
    pub attempt: AttemptNumber,
    /// Engine time of the batch; the next run starts no earlier.
    pub newest: Tick,
}

/// An event that was accepted.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its number.
    pub number: EventNumber,
    /// What lists and look-ups read.
    pub head: Head,
    /// The frozen body.
    pub body: Arc<[u8]>,
    /// When what waits expires, in engine time.
    pub expires_at: Option<Tick>,
    /// Its deliveries that wait.
    pub open: Vec<Open>,
    /// Its deliveries that ended at once: superseded, or over a bound.
    pub ended: Vec<Ended>,
}

/// What is kept beside the body of an event: about 90 bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// Its type.
    pub kind: EventType,
    /// Who brought it.
    pub origin: Origin,
    /// Digest of `data.id`.
    pub call: Option<u64>,
    /// Digest of `data.account.id`.
    pub account: Option<u64>,
    /// Digest of the caller's number in its comparable form.
    pub caller_number: Option<u64>,
    /// Digest of the tracked number in its comparable form.
    pub tracked_number: Option<u64>,
    /// Digest of the idempotency key.
    pub idempotency_key: Option<u128>,
    /// Digest of type, data and given time.
    pub content: u128,
    /// Length of the frozen body.
    pub body_bytes: u32,
    /// How many endpoints it matched.
    pub matched: u32,
}

/// A delivery that has not ended, as its row keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    /// Where it goes.
    pub endpoint: EndpointNumber,
    /// When it is due, in engine time.
    pub due: Tick,
    /// Attempts made and counted.
    pub attempts: u8,
    /// 0, or the number of the replay. A replay takes no part in order and expiry.
    pub round: u8,
    /// Of one that was put off: its endpoint's `Health::catch_ups` of that moment. Else 0.
    pub flags: u8,
}

/// A delivery in a new round, with what the row of open deliveries holds beside it, should the
/// event have none any more. Such a row has no time of expiry: later rounds have none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reopened {
    /// Digest of the event's `data.id`.
    pub call: Option<u64>,
    /// The event's type.
    pub kind: EventType,
    /// The delivery.
    pub open: Open,
}

/// How a delivery ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EndState {
    /// A status 200–299.
    Delivered,
    /// Its attempts are used up, or it never got a place.
    Failed,
    /// Its time was over.
    Expired,
    /// A later event of its call says more.
    Superseded,
    /// By hand, or with its endpoint.
    Cancelled,
}

impl EndState {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Failed,
        Self::Expired,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// `delivered`, `failed`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a delivery ended as it did, where the state alone does not say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The state says it all.
    None,
    /// The last of its attempts failed.
    AttemptsUsed,
    /// Its endpoint had as many waiting as it may.
    BacklogFull,
    /// Older than the life of its type.
    LifeOver,
    /// The call had already ended, or ended while this waited.
    CallEnded,
    /// Its endpoint was deleted.
    EndpointDeleted,
    /// Its body could not be read from the database.
    BodyDamaged,
    /// It had waited as long as events are kept.
    WaitedTooLong,
}

/// A delivery that ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Where it was to go.
    pub endpoint: EndpointNumber,
    /// 0, or the number of the replay.
    pub round: u8,
    /// How it ended.
    pub state: EndState,
    /// Why.
    pub reason: Reason,
    /// Attempts made and counted.
    pub attempts: u8,
    /// Status of the last answer, 0 where none came.
    pub status: u16,
    /// Duration of the last attempt.
    pub ms: u32,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl Open {
    /// The name of this delivery of `event`.
    pub const fn key(&self, event: EventNumber) -> DeliveryKey {
        DeliveryKey {
            event,
            endpoint: self.endpoint,
            round: self.round,
        }
    }
}

impl Ended {
    /// The name of this delivery of `event`.
    pub const fn key(&self, event: EventNumber) -> DeliveryKey {
        DeliveryKey {
            event,
            endpoint: self.endpoint,
            round: self.round,
        }
    }
}
