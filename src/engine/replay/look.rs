//! Looks for what a replay is to send: a slice of events in one short read, then the bodies that
//! a match needs, each in a read of its own. A dry run looks with the same code.

use crate::domain::change::Head;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryKey, Epochs, EventNumber};
use crate::domain::replay::{self, Only, Window};
use crate::domain::time::Timestamp;
use crate::domain::{intake, payload, route};
use crate::engine::handle::Named;
use crate::store::{ReadError, Reader, StoredEvent, Walk};

/// Times of acceptance go up with numbers but for steps of the clock: so much is looked at on
/// both sides of a window.
const STEP_MS: u64 = 3_600_000;

/// An event that is to be sent again.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The delivery that it would be.
    pub named: Named,
    /// Its type.
    pub kind: EventType,
    /// When it came.
    pub received_at: Timestamp,
}

/// What a slice held.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Oldest first.
    pub found: Vec<Candidate>,
    /// Where the next slice begins; None at the end of the window.
    pub next: Option<EventNumber>,
}

/// Where a walk over the window begins; None when it is empty.
pub fn begin(reader: &Reader, window: &Window) -> Result<Option<EventNumber>, ReadError> {
    match window.since {
        None => Ok(Some(EventNumber(0))),
        Some(since) => reader.first_since(Timestamp(since.0.saturating_sub(STEP_MS))),
    }
}

/// Looks at `rows_max` events from that number on, or until `found_max` may be sent again.
/// `endpoint` is who they are for, with the filters that they have to match.
pub fn look(
    reader: &Reader,
    (endpoint, window, epochs): (&Endpoint, &Window, &Epochs),
    from: EventNumber,
    (rows_max, found_max): (usize, usize),
) -> Result<Looked, ReadError> {
    let mut found = Vec::new();
    let mut is_over = false;
    let next = reader.events_forwards(from, rows_max, &mut |event| {
        if event.head.received_at > window.until.plus_ms(STEP_MS) {
            is_over = true;
            return Walk::Stop;
        }
        if window.covers(&event.head) {
            found.extend(candidate(endpoint, window.only, event));
        }
        match found.len() < found_max {
            true => Walk::On,
            false => Walk::Stop,
        }
    })?;
    if window.only == Only::All {
        let id = epochs.endpoint_id(endpoint.number);
        let mut matching = Vec::with_capacity(found.len());
        for candidate in found {
            if matches(reader, (endpoint, id.as_str()), &candidate)? {
                matching.push(candidate);
            }
        }
        found = matching;
    }
    Ok(Looked {
        found,
        next: next.filter(|_| !is_over),
    })
}

fn candidate(endpoint: &Endpoint, only: Only, event: StoredEvent) -> Option<Candidate> {
    let round = replay::round(only, endpoint.number, &event.open, &event.ended)?;
    let Head {
        call,
        kind,
        received_at,
        ..
    } = event.head;
    let key = DeliveryKey {
        event: event.number,
        endpoint: endpoint.number,
        round,
    };
    let named = Named { key, call };
    Some(Candidate {
        named,
        kind,
        received_at,
    })
}

/// A body that can't be read matches nothing: there would be nothing to send.
fn matches(
    reader: &Reader,
    (endpoint, id): (&Endpoint, &str),
    one: &Candidate,
) -> Result<bool, ReadError> {
    let body = reader.body(one.named.key.event)?;
    let data = body.as_deref().and_then(payload::data_of);
    let facts = data.and_then(|data| intake::read_data(&one.kind, data).ok());
    Ok(facts.is_some_and(|facts| route::wants(endpoint, id, &one.kind, &facts)))
}
