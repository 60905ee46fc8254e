//! What only the engine knows of deliveries: which are in flight, when the others are due, and
//! whether their endpoints still exist.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::change::{EndState, Open};
use crate::domain::endpoint::{Endpoint, State};
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};
use crate::domain::time::Now;
use crate::engine::handle::Handle;
use crate::store::StoredEvent;

use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::wire::delivery::{DeliveryState, DeliveryView, Row};

/// The engine's memory at one moment. It is taken before rows are read, so that a delivery that
/// ends in between is shown as it was a moment ago and never as one that goes backwards.
pub struct Live {
    in_flight: HashSet<DeliveryKey>,
    now: Now,
    /// For the endpoints, which are looked up one by one: a list shows few of many.
    pub handle: Handle,
}

impl Live {
    /// Asks the engine.
    pub async fn load(edge: &Edge) -> Result<Self, Problem> {
        let (in_flight, now) = ask(|reply| edge.handle().in_flight(reply)).await?;
        Ok(Self {
            in_flight: in_flight.into_iter().collect(),
            now,
            handle: edge.handle().clone(),
        })
    }

    /// Every delivery of an event, by endpoint and round.
    pub fn deliveries(&self, event: &StoredEvent) -> Vec<DeliveryView> {
        let open = event.open.iter().copied().map(Row::Open);
        let ended = event.ended.iter().copied().map(Row::Ended);
        let mut views: Vec<_> = open
            .chain(ended)
            .map(|row| self.delivery(event.number, row))
            .collect();
        views.sort_unstable_by_key(|view| view.key);
        views
    }

    fn delivery(&self, event: EventNumber, row: Row) -> DeliveryView {
        let key = row.key(event);
        let state = |state| DeliveryView {
            key,
            row,
            state,
            next_at: None,
            held: None,
        };
        match row {
            Row::Ended(ended) => state(DeliveryState::Ended(ended.state)),
            Row::Open(_) if self.in_flight.contains(&key) => state(DeliveryState::InFlight),
            Row::Open(open) => self.waiting(state(DeliveryState::Waiting), open),
        }
    }

    fn waiting(&self, view: DeliveryView, open: Open) -> DeliveryView {
        let Some(endpoint) = self.endpoint(open.endpoint) else {
            return DeliveryView {
                state: DeliveryState::Ended(EndState::Cancelled),
                held: Some("endpoint_deleted: its endpoint was deleted".to_owned()),
                ..view
            };
        };
        match endpoint.state() {
            State::Paused | State::Disabled => DeliveryView {
                held: endpoint.reason().map(|why| format!("its endpoint: {why}")),
                ..view
            },
            State::Active | State::Failing => DeliveryView {
                next_at: Some(self.now.wall_at(open.due)),
                ..view
            },
        }
    }

    fn endpoint(&self, number: EndpointNumber) -> Option<Arc<Endpoint>> {
        self.handle.directory().get(number)
    }
}
