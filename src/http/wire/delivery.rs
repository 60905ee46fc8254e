//! A delivery as it is shown, put together from its row, the engine's memory and the ring.

use serde::Serialize;

use crate::domain::attempt::Attempt;
use crate::domain::change::{EndState, Ended, Head, Open};
use crate::domain::id::{DeliveryKey, Epochs, EventNumber, PublicId};
use crate::domain::reason;
use crate::domain::time::Timestamp;

use super::Text;
use super::attempt::AttemptJson;

/// The state of a delivery in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryState {
    /// Not yet, or not again.
    Waiting,
    /// With a delivery thread.
    InFlight,
    /// It ended.
    Ended(EndState),
}

impl DeliveryState {
    /// `waiting`, `in_flight`, `delivered` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InFlight => "in_flight",
            Self::Ended(state) => state.as_str(),
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        let ended = EndState::ALL.into_iter().map(Self::Ended);
        [Self::Waiting, Self::InFlight]
            .into_iter()
            .chain(ended)
            .find(|state| state.as_str() == text)
    }
}

/// What is stored of a delivery.
#[derive(Clone, Copy, Debug)]
pub enum Row {
    /// Not ended.
    Open(Open),
    /// Ended.
    Ended(Ended),
}

impl Row {
    /// Its name, as a delivery of `event`.
    pub const fn key(&self, event: EventNumber) -> DeliveryKey {
        match self {
            Self::Open(open) => open.key(event),
            Self::Ended(ended) => ended.key(event),
        }
    }
}

/// A delivery with everything that is known of it but its attempts.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// Its name.
    pub key: DeliveryKey,
    /// What is stored.
    pub row: Row,
    /// Where it stands now.
    pub state: DeliveryState,
    /// When it is tried next, for one that waits for a time.
    pub next_at: Option<Timestamp>,
    /// Why it does not move, for one whose endpoint is stopped or gone.
    pub held: Option<String>,
}

/// How the last attempt went, from the ring.
#[derive(Clone, Debug)]
pub struct Last {
    /// Which delivery.
    pub key: DeliveryKey,
    at: Timestamp,
    status: Option<u16>,
    error: Option<&'static str>,
    ms: u32,
}

impl Last {
    /// Of an attempt; None for a test.
    pub fn of(attempt: &Attempt) -> Option<Self> {
        let exchange = &attempt.exchange;
        Some(Self {
            key: attempt.delivery?,
            at: exchange.at,
            status: exchange.result.as_ref().ok().map(|reply| reply.status),
            error: exchange
                .result
                .as_ref()
                .err()
                .map(|error| error.kind.as_str()),
            ms: exchange.duration_ms,
        })
    }
}

/// `Delivery` of the contract.
#[derive(Serialize)]
pub struct DeliveryJson {
    id: Text<PublicId>,
    event: Text<PublicId>,
    event_type: String,
    endpoint: Text<PublicId>,
    state: &'static str,
    reason: Option<String>,
    attempts: u8,
    next_at: Option<Text<Timestamp>>,
    last: Option<LastJson>,
    ended_at: Option<Text<Timestamp>>,
}

/// One delivery with what the ring still has of it.
#[derive(Serialize)]
pub struct DeliveryWithHistoryJson<'a> {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryJson,
    /// Newest first.
    pub history: Vec<AttemptJson<'a>>,
}

#[derive(Serialize)]
struct LastJson {
    status: Option<u16>,
    error: Option<&'static str>,
    ms: u32,
    at: Text<Timestamp>,
}

impl DeliveryJson {
    /// `last` is what the ring has; without it an ended row still knows the end.
    pub fn new(view: &DeliveryView, head: &Head, last: Option<&Last>, epochs: &Epochs) -> Self {
        let ended = match view.row {
            Row::Ended(ended) => Some(ended),
            Row::Open(_) => None,
        };
        let attempts = match view.row {
            Row::Open(open) => open.attempts,
            Row::Ended(ended) => ended.attempts,
        };
        let told = ended.and_then(|ended| reason::sentence(&ended, head));
        let last = last.map(LastJson::from_ring);
        Self {
            id: Text(epochs.delivery_id(view.key)),
            event: Text(epochs.event_id(view.key.event)),
            event_type: head.kind.as_str().to_owned(),
            endpoint: Text(epochs.endpoint_id(view.key.endpoint)),
            state: view.state.as_str(),
            reason: told.or_else(|| view.held.clone()),
            attempts,
            next_at: view.next_at.map(Text),
            last: last.or_else(|| ended.as_ref().and_then(LastJson::from_row)),
            ended_at: ended.map(|ended| Text(ended.ended_at)),
        }
    }
}

impl LastJson {
    fn from_ring(last: &Last) -> Self {
        Self {
            status: last.status,
            error: last.error,
            ms: last.ms,
            at: Text(last.at),
        }
    }

    /// The row keeps status and duration, not the kind of error nor the beginning, which lay
    /// about the duration before the end.
    fn from_row(ended: &Ended) -> Option<Self> {
        (ended.attempts > 0).then(|| Self {
            status: Some(ended.status).filter(|status| *status != 0),
            error: None,
            ms: ended.ms,
            at: Text(Timestamp(
                ended.ended_at.0.saturating_sub(u64::from(ended.ms)),
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names_that_read_back() {
        let all = ["waiting", "in_flight", "delivered", "failed", "expired"];
        for name in all.into_iter().chain(["superseded", "cancelled"]) {
            assert_eq!(
                DeliveryState::parse(name).map(DeliveryState::as_str),
                Some(name)
            );
        }
        assert_eq!(DeliveryState::parse("odd"), None);
        assert_eq!(DeliveryState::parse(""), None);
    }
}
