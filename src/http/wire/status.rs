//! One screen: the engine, the endpoints, the database.

use serde::Serialize;

use crate::domain::endpoint::State;
use crate::domain::time::Timestamp;
use crate::engine::handle::{EndpointView, EngineStatus};
use crate::telemetry::Counters;

use super::Text;

/// The answer of `/v1/status`.
#[derive(Serialize)]
pub struct StatusJson {
    version: &'static str,
    ready: bool,
    started_at: Text<Timestamp>,
    uptime_s: u64,
    accepted_last_minute: u64,
    delivered_last_minute: u64,
    waiting: u32,
    in_flight: u32,
    oldest_due_at: Option<Text<Timestamp>>,
    threads: u32,
    endpoints: EndpointsJson,
    database_bytes: u64,
    disk_free_bytes: u64,
    disk_low: bool,
    body_bytes: u64,
    since_start: SinceStartJson,
}

#[derive(Serialize)]
struct EndpointsJson {
    active: usize,
    failing: usize,
    paused: usize,
    disabled: usize,
}

#[derive(Serialize)]
struct SinceStartJson {
    events_accepted: u64,
    deliveries_delivered: u64,
    deliveries_not_delivered: u64,
    attempts: u64,
    commits: u64,
    commits_failed: u64,
    records_damaged: u64,
}

/// What the database takes, what its disk has left, and what in it could not be read.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// Size of the file.
    pub file_bytes: u64,
    /// Free on its disk.
    pub free_bytes: u64,
    /// Records set aside because their checksum was wrong.
    pub records_damaged: u64,
}

impl StatusJson {
    /// Put together from what the rooms know.
    pub fn new(
        status: &EngineStatus,
        views: &[EndpointView],
        counters: &Counters,
        disk: Disk,
        now: Timestamp,
    ) -> Self {
        let in_state = |state: State| {
            let states = views.iter().map(|view| view.endpoint.state());
            states.filter(|known| *known == state).count()
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            ready: status.ready,
            started_at: Text(status.started_at),
            uptime_s: now.ms_since(status.started_at) / 1000,
            accepted_last_minute: status.accepted_last_minute,
            delivered_last_minute: status.delivered_last_minute,
            waiting: status.open.saturating_sub(status.in_flight),
            in_flight: status.in_flight,
            oldest_due_at: status.oldest_due_at.map(Text),
            threads: status.threads,
            endpoints: EndpointsJson {
                active: in_state(State::Active),
                failing: in_state(State::Failing),
                paused: in_state(State::Paused),
                disabled: in_state(State::Disabled),
            },
            database_bytes: disk.file_bytes,
            disk_free_bytes: disk.free_bytes,
            disk_low: status.disk_low,
            body_bytes: status.body_bytes,
            since_start: SinceStartJson {
                events_accepted: counters.events_accepted.get(),
                deliveries_delivered: counters.deliveries_delivered.get(),
                deliveries_not_delivered: counters.deliveries_not_delivered.get(),
                attempts: counters.attempts.get(),
                commits: counters.commits.get(),
                commits_failed: counters.commits_failed.get(),
                records_damaged: disk.records_damaged,
            },
        }
    }
}
