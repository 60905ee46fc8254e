//! What the engine shows of its memory to those who ask.

use std::sync::Arc;

use crate::domain::attempt::Recent;
use crate::domain::endpoint::Endpoint;
use crate::domain::lanes::LaneReport;
use crate::domain::time::Timestamp;

/// An endpoint with what the engine knows of it.
#[derive(Clone, Debug)]
pub struct EndpointView {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// Its lane.
    pub lane: LaneReport,
    /// Wall time of the earliest due delivery.
    pub oldest_due_at: Option<Timestamp>,
    /// The last attempts, newest first.
    pub recent: Vec<Recent>,
    /// Counted over the last 24 hours.
    pub stats: EndpointStats,
}

/// Counted over the last 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EndpointStats {
    /// Deliveries that ended `delivered`.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// 95 of 100 successful attempts took no longer; None without any.
    pub p95_ms: Option<u32>,
}

/// What endpoints can be ranked by that changes with every delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ranking {
    /// Deliveries that wait.
    Waiting,
    /// Delivered in the last 24 hours.
    Delivered,
    /// Attempts that failed in the last 24 hours.
    Failed,
    /// The p95 of attempts that delivered.
    P95,
}

/// The engine in figures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EngineStatus {
    /// Events are accepted and sent.
    pub ready: bool,
    /// When the engine started.
    pub started_at: Timestamp,
    /// Open deliveries.
    pub open: u32,
    /// With a delivery thread.
    pub in_flight: u32,
    /// For how long the oldest delivery has waited; None when none does.
    pub oldest_waiting_ms: Option<u64>,
    /// Wall time of the earliest due delivery of all lanes that may send.
    pub oldest_due_at: Option<Timestamp>,
    /// Delivery threads now.
    pub threads: u32,
    /// Events are refused: less space is free than `store.free_bytes_min`.
    pub disk_low: bool,
    /// Bytes of all bodies that are kept.
    pub body_bytes: u64,
    /// Events accepted in the last full minute.
    pub accepted_last_minute: u64,
    /// Deliveries delivered in the last full minute.
    pub delivered_last_minute: u64,
}
