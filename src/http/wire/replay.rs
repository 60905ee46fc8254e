//! Replays: of one event, and of an endpoint's window.

use serde::Serialize;

use crate::domain::id::{Epochs, PublicId};
use crate::domain::time::Timestamp;
use crate::engine::replay::{Candidate, ReplayView};

use super::Text;
use super::delivery::DeliveryJson;

/// The answer to a replay of one event.
#[derive(Serialize)]
pub struct EventReplayJson {
    /// The deliveries: new ones, and those that waited and are sent now.
    pub items: Vec<DeliveryJson>,
    /// Endpoints that were left out.
    pub skipped: Vec<SkippedJson>,
}

/// An endpoint that was left out, and why.
#[derive(Serialize)]
pub struct SkippedJson {
    endpoint: Text<PublicId>,
    code: &'static str,
    reason: String,
}

impl SkippedJson {
    /// That endpoint, for this reason.
    pub fn new(endpoint: PublicId, code: &'static str, reason: String) -> Self {
        Self {
            endpoint: Text(endpoint),
            code,
            reason,
        }
    }
}

/// The answer to a dry run.
#[derive(Serialize)]
pub struct CountJson {
    /// How many deliveries it would be.
    pub count: u64,
    /// The first and the last of their events.
    pub oldest: Option<CountedJson>,
    pub newest: Option<CountedJson>,
    /// How long they take at the rate; None without one.
    pub seconds: Option<f64>,
}

/// An event that would be sent again.
#[derive(Serialize)]
pub struct CountedJson {
    id: Text<PublicId>,
    event: String,
    received_at: Text<Timestamp>,
}

impl CountedJson {
    /// Of what was found.
    pub fn new(found: &Candidate, epochs: &Epochs) -> Self {
        Self {
            id: Text(epochs.event_id(found.named.key.event)),
            event: found.kind.to_string(),
            received_at: Text(found.received_at),
        }
    }
}

/// A replay of a window, with its progress.
#[derive(Serialize)]
pub struct ReplayJson {
    id: Text<PublicId>,
    endpoint: Text<PublicId>,
    state: &'static str,
    reason: Option<String>,
    since: Option<Text<Timestamp>>,
    until: Text<Timestamp>,
    only: &'static str,
    event: Option<String>,
    rate_per_s: Option<f64>,
    count: u64,
    queued: u64,
    skipped: u64,
    delivered: u64,
    failed: u64,
    waiting: u64,
    started_at: Text<Timestamp>,
    ended_at: Option<Text<Timestamp>>,
}

impl ReplayJson {
    /// As it stands.
    pub fn new(view: &ReplayView, epochs: &Epochs) -> Self {
        let window = &view.window;
        Self {
            id: Text(epochs.replay_id(view.number)),
            endpoint: Text(epochs.endpoint_id(view.endpoint)),
            state: view.phase.as_str(),
            reason: view.reason.map(|why| stopped(why, view.waiting())),
            since: window.since.map(Text),
            until: Text(window.until),
            only: window.only.as_str(),
            event: window.kind.as_ref().map(ToString::to_string),
            rate_per_s: view.rate_per_s,
            count: view.count,
            queued: view.queued,
            skipped: view.skipped,
            delivered: view.delivered,
            failed: view.failed,
            waiting: view.waiting(),
            started_at: Text(view.started_at),
            ended_at: view.ended_at.map(Text),
        }
    }
}

/// `stopped by hand; 12 deliveries that it had queued are still sent`
fn stopped(why: &str, waiting: u64) -> String {
    match waiting {
        0 => why.to_owned(),
        1 => format!("{why}; one delivery that it had queued is still sent"),
        many => format!("{why}; {many} deliveries that it had queued are still sent"),
    }
}
