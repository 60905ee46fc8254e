//! One screen: the engine, the endpoints, the database.

use serde::Serialize;

use crate::domain::endpoint::State;
use crate::domain::id::{Epochs, PublicId};
use crate::domain::time::Timestamp;
use crate::engine::handle::{EndpointView, EngineStatus};
use crate::telemetry::Counters;

use super::Text;
use super::endpoint::RecentJson;

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
    oldest_waiting_ms: Option<u64>,
    oldest_due_at: Option<Text<Timestamp>>,
    threads: u32,
    endpoints: EndpointsJson,
    attention: Vec<Attention>,
    database_bytes: u64,
    disk_free_bytes: u64,
    disk_free_bytes_min: u64,
    disk_low: bool,
    body_bytes: u64,
    oldest_event_at: Option<Text<Timestamp>>,
    since_start: SinceStartJson,
}

/// How many endpoints are in each state.
#[derive(Serialize)]
pub struct EndpointsJson {
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
    /// When the oldest event came that is kept.
    pub oldest_event_at: Option<Timestamp>,
}

/// An endpoint in trouble.
#[derive(Serialize)]
pub struct Attention {
    id: Text<PublicId>,
    title: String,
    state: &'static str,
    reason: Option<String>,
    since: Option<Text<Timestamp>>,
    waiting: u32,
    last: Option<RecentJson>,
}

impl Attention {
    /// Those in trouble; one may have recovered meanwhile.
    pub fn of(views: &[EndpointView], epochs: &Epochs) -> Vec<Self> {
        let troubled = views.iter().filter(|view| {
            let state = view.endpoint.state();
            matches!(state, State::Failing | State::Paused)
        });
        let of = |view: &EndpointView| {
            let endpoint = &*view.endpoint;
            let health = &endpoint.health;
            let paused = health.pause.as_ref().map(|pause| pause.since);
            Self {
                id: Text(epochs.endpoint_id(endpoint.number)),
                title: endpoint.spec.title.clone(),
                state: endpoint.state().as_str(),
                reason: endpoint.reason(),
                since: paused.or(health.failing_since).map(Text),
                waiting: view.lane.waiting,
                last: view.recent.first().map(RecentJson::new),
            }
        };
        troubled.map(of).collect()
    }
}

impl EndpointsJson {
    /// As the directory counts them.
    pub fn new(count: &dyn Fn(State) -> usize) -> Self {
        Self {
            active: count(State::Active),
            failing: count(State::Failing),
            paused: count(State::Paused),
            disabled: count(State::Disabled),
        }
    }
}

impl StatusJson {
    /// Put together from what the rooms know.
    pub fn new(
        (status, now): (&EngineStatus, Timestamp),
        (endpoints, attention): (EndpointsJson, Vec<Attention>),
        counters: &Counters,
        (disk, free_bytes_min): (Disk, u64),
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            ready: status.ready,
            started_at: Text(status.started_at),
            uptime_s: now.ms_since(status.started_at) / 1000,
            accepted_last_minute: status.accepted_last_minute,
            delivered_last_minute: status.delivered_last_minute,
            waiting: status.open.saturating_sub(status.in_flight),
            in_flight: status.in_flight,
            oldest_waiting_ms: status.oldest_waiting_ms,
            oldest_due_at: status.oldest_due_at.map(Text),
            threads: status.threads,
            endpoints,
            attention,
            database_bytes: disk.file_bytes,
            disk_free_bytes: disk.free_bytes,
            disk_free_bytes_min: free_bytes_min,
            disk_low: status.disk_low,
            body_bytes: status.body_bytes,
            oldest_event_at: disk.oldest_event_at.map(Text),
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
