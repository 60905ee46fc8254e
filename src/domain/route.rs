//! Which endpoints get an event, found without looking at every endpoint, and why the others
//! do not.

use super::endpoint::Endpoint;
use super::event::{EventType, Facts};
use super::filter::Miss;
use super::id::EndpointNumber;
use super::time::Timestamp;

/// The endpoints that are enabled, indexed by type, account and number, so that the cost of an
/// event does not grow with endpoints that it can't match.
#[derive(Debug, Default)]
pub struct Routes {}

impl Routes {
    /// Adds the endpoint, or takes its new subscriptions; a disabled one matches nothing.
    pub fn put(&mut self, endpoint: &Endpoint) {
        todo!("{endpoint:?}")
    }

    /// Forgets it.
    pub fn remove(&mut self, endpoint: EndpointNumber) {
        todo!("{endpoint:?}")
    }

    /// The endpoints that get the event, ascending, each once.
    pub fn plan(&self, kind: &EventType, facts: &Facts) -> Vec<EndpointNumber> {
        todo!("{kind} {facts:?}")
    }
}

/// Why `endpoint` does not get an event of that time, by today's filters, or None when it would
/// match. It says so where the endpoint is newer than the event.
pub fn explain(
    endpoint: &Endpoint,
    kind: &EventType,
    facts: &Facts,
    received_at: Timestamp,
) -> Option<Miss> {
    todo!("{endpoint:?} {kind} {facts:?} {received_at}")
}
