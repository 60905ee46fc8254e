//! What the engine keeps of each endpoint, lanes and routes apart.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answer::Verdict;
use super::handle::{Command, Written};
use super::history::Ring;
use super::tallies::Tallies;
use crate::config::DeliverySettings;
use crate::domain::endpoint::Endpoint;
use crate::domain::lanes::{LaneSettings, Rate};
use crate::domain::request::Target;
use crate::domain::spell::FAILING_FROM;
use crate::domain::time::Tick;

/// One endpoint.
#[derive(Debug)]
pub(super) struct Entry {
    /// As committed, but for its health, which may be a commit ahead.
    pub endpoint: Arc<Endpoint>,
    /// What requests are made from.
    pub target: Arc<Target>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Successes in a row, counted while it recovers.
    pub successes: u8,
    /// Since when it has been failing, in engine time.
    pub failing_from: Option<Tick>,
    /// When all that waited was made due.
    pub caught_up_at: Option<Tick>,
    /// Its time in the watch.
    pub watched_at: Option<Tick>,
    /// The last attempts in short.
    pub ring: Ring,
    /// Counts of a day.
    pub tallies: Tallies,
    /// A change by a person waits for its commit.
    pub busy: bool,
    /// Those that wait for that one: changes of one endpoint are made one after the other.
    pub queued: VecDeque<(Command, Verdict<Written>)>,
}

impl Entry {
    /// An endpoint, as it is committed.
    pub fn new(endpoint: Arc<Endpoint>, ring: Ring, delivery: &DeliverySettings) -> Self {
        let failing = endpoint.health.failing_since.is_some();
        Self {
            target: target(&endpoint, delivery),
            failures: if failing { FAILING_FROM } else { 0 },
            successes: 0,
            failing_from: None,
            caught_up_at: None,
            watched_at: None,
            endpoint,
            ring,
            tallies: Tallies::default(),
            busy: false,
            queued: VecDeque::new(),
        }
    }

    /// Takes a newer record of it; the one before.
    pub fn put(&mut self, endpoint: Endpoint, delivery: &DeliverySettings) -> Arc<Endpoint> {
        self.target = target(&endpoint, delivery);
        std::mem::replace(&mut self.endpoint, Arc::new(endpoint))
    }

    /// Makes its requests by other figures.
    pub fn aim(&mut self, delivery: &DeliverySettings) {
        self.target = target(&self.endpoint, delivery);
    }

    /// How its lane is run.
    pub fn lane(&self, delivery: &DeliverySettings) -> LaneSettings {
        let (spec, health) = (&self.endpoint.spec, &self.endpoint.health);
        LaneSettings {
            in_flight_max: spec.policy.in_flight_max.unwrap_or(delivery.in_flight_max),
            order: spec.policy.order,
            stopped: !spec.enabled || health.pause.is_some(),
            disabled: !spec.enabled,
            proven: health.first_success_at.is_some(),
            sick: health.failing_since.is_some(),
            rate: spec.policy.rate_per_s.and_then(Rate::per_s),
        }
    }
}

fn target(endpoint: &Endpoint, delivery: &DeliverySettings) -> Arc<Target> {
    Arc::new(Target::of(
        endpoint,
        delivery.timeout_ms,
        delivery.in_flight_max,
    ))
}
