//! Which endpoints get an event, found without looking at every endpoint, and why the others
//! do not.
//!
//! The index only narrows the search: whether a candidate gets the event is decided by its own
//! filter (`filter::Subscription::matches`), never by the index.

mod index;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use super::endpoint::Endpoint;
use super::event::{EventType, Facts};
use super::filter::{self, Miss, Subscription, Wants};
use super::id::EndpointNumber;
use super::time::Timestamp;
use index::Index;

/// The endpoints that are enabled, indexed by type, account and number, so that the cost of an
/// event does not grow with endpoints that it can't match.
#[derive(Debug, Default)]
pub struct Routes {
    by_type: HashMap<EventType, Index>,
    /// The subscriptions to `*`.
    all: Index,
    /// What each endpoint has in the index, to take it out again.
    known: HashMap<EndpointNumber, Vec<Arc<Subscription>>>,
}

impl Routes {
    /// Adds the endpoint, or takes its new subscriptions; a disabled one matches nothing.
    pub fn put(&mut self, endpoint: &Endpoint) {
        let number = endpoint.number;
        self.remove(number);
        if !endpoint.spec.enabled {
            return;
        }
        let subscriptions: Vec<_> = endpoint.spec.events.iter().cloned().map(Arc::new).collect();
        for subscription in &subscriptions {
            let index = match &subscription.wants {
                Wants::All => &mut self.all,
                Wants::Type(kind) => self.by_type.entry(kind.clone()).or_default(),
            };
            index.insert(number, subscription);
        }
        self.known.insert(number, subscriptions);
    }

    /// Forgets it.
    pub fn remove(&mut self, endpoint: EndpointNumber) {
        for subscription in self.known.remove(&endpoint).unwrap_or_default() {
            match &subscription.wants {
                Wants::All => self.all.remove(endpoint, &subscription.filter),
                Wants::Type(kind) => {
                    if let Some(index) = self.by_type.get_mut(kind) {
                        index.remove(endpoint, &subscription.filter);
                        if index.is_empty() {
                            self.by_type.remove(kind);
                        }
                    }
                }
            }
        }
    }

    /// The endpoints that get the event, ascending, each once.
    pub fn plan(&self, kind: &EventType, facts: &Facts) -> Vec<EndpointNumber> {
        let mut plan = Vec::new();
        let indexes = [self.by_type.get(kind), Some(&self.all)];
        for index in indexes.into_iter().flatten() {
            index.candidates(facts, |endpoint, subscription| {
                if subscription.matches(kind, facts) {
                    plan.push(endpoint);
                }
            });
        }
        plan.sort_unstable();
        plan.dedup();
        plan
    }
}

/// Whether the endpoint wants the event by today's filters; the same as to be in the plan.
/// `id` is the endpoint's, for a notice never goes where it is about.
pub fn wants(endpoint: &Endpoint, id: &str, kind: &EventType, facts: &Facts) -> bool {
    let mut subscriptions = endpoint.spec.events.iter();
    endpoint.spec.enabled
        && !is_about(kind, facts, id)
        && subscriptions.any(|one| one.matches(kind, facts))
}

/// Whether this is a notice about the endpoint of that id.
fn is_about(kind: &EventType, facts: &Facts, id: &str) -> bool {
    kind.is_notice() && facts.id.as_deref() == Some(id)
}

/// Why `endpoint`, which has no delivery of an event, has none. It always has words: one that
/// matches by today's filters and is no newer than the event came in while the event did.
pub fn why_not(
    (endpoint, id): (&Endpoint, &str),
    kind: &EventType,
    facts: Option<&Facts>,
    received_at: Timestamp,
) -> Miss {
    if facts.is_some_and(|facts| is_about(kind, facts, id)) {
        return Miss {
            code: "itself",
            reason: "it is a notice about this endpoint, and such never go to it".to_owned(),
        };
    }
    explain(endpoint, kind, facts, received_at).unwrap_or_else(|| Miss {
        code: "newer",
        reason: "the endpoint was added or changed just when the event came; now it would match"
            .to_owned(),
    })
}

/// Why `endpoint` does not get an event of that time, by today's filters, or None when it would
/// match. It says so where the endpoint is newer than the event, or was changed after it: one
/// that would match by now has the code `newer`. Without facts see `filter::miss`.
fn explain(
    endpoint: &Endpoint,
    kind: &EventType,
    facts: Option<&Facts>,
    received_at: Timestamp,
) -> Option<Miss> {
    let miss = if endpoint.spec.enabled {
        filter::miss(&endpoint.spec.events, kind, facts)
    } else {
        Some(Miss {
            code: "disabled",
            reason: "the endpoint is disabled".to_owned(),
        })
    };
    let Some(since) = since(endpoint, received_at) else {
        return miss;
    };
    Some(match miss {
        Some(miss) => Miss {
            reason: format!("{}; {since}", miss.reason),
            ..miss
        },
        None => Miss {
            code: "newer",
            reason: format!("{since}; now it would match"),
        },
    })
}

/// What happened to the endpoint after the event, in words.
fn since(endpoint: &Endpoint, received_at: Timestamp) -> Option<String> {
    if endpoint.created_at > received_at {
        Some(format!(
            "the endpoint was added after the event, {}",
            endpoint.created_at
        ))
    } else if endpoint.updated_at > received_at {
        Some(format!(
            "the endpoint was changed after the event, {}",
            endpoint.updated_at
        ))
    } else {
        None
    }
}
