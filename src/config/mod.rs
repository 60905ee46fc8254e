//! Settings, complete before anything opens.
//!
//! Values pass through two forms: `raw` (what was written, and where) and `value` (what holds);
//! `resolve` puts them together. Nothing here reads a file or the environment itself.

mod commented;
mod contradiction;
mod effective;
mod mistake;
mod nearest;
mod paths;
mod raw;
mod resolve;
pub mod table;
#[cfg(test)]
mod tests;
pub mod units;
mod value;

pub use commented::commented;
pub use effective::{Changed, Effective};
pub use mistake::{Mistake, Place, UNREADABLE};
pub use nearest::nearest;
pub use paths::Identity;
pub use resolve::{Flags, Resolved, Sources, resolve};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::domain::address::{EgressEntry, Proxy};

/// Everything that the daemon can be told about how it runs. Endpoints, keys and tokens are in
/// the database; no key is in both.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[retention]`
    pub retention: RetentionSettings,
    /// `[delivery]`
    pub delivery: DeliverySettings,
    /// `[egress]`
    pub egress: EgressSettings,
    /// `[log]`
    pub log: LogSettings,
}

/// `[http]`: the edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// `127.0.0.1:7464`
    pub listen: SocketAddr,
    /// The Unix socket.
    pub socket: PathBuf,
    /// Empty, or the URL under which people reach it.
    pub public_url: String,
    /// Host names besides loopback, the listen address and `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Plain HTTP on an address that is not loopback is allowed.
    pub plain: bool,
    /// 1 MiB
    pub body_bytes_max: u64,
    /// 16 MiB
    pub batch_bytes_max: u64,
    /// 10 s
    pub header_timeout_ms: u64,
    /// 15 s
    pub body_timeout_ms: u64,
    /// 512
    pub connections_max: u32,
    /// 32
    pub streams_max: u32,
}

/// `[store]`: the database.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `ringhook.redb` in the data directory.
    pub path: PathBuf,
    /// 24 MiB
    pub cache_bytes: u64,
    /// 256 MiB
    pub free_bytes_min: u64,
}

/// `[retention]`: how long events are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetentionSettings {
    /// 30 days after the end of the last delivery; also the longest wait of a delivery.
    pub age_ms: u64,
    /// 2 GiB of bodies.
    pub bytes_max: u64,
}

/// `[delivery]`: the pool and the rules.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// 64 threads that are kept ready once they were needed.
    pub threads: u32,
    /// 512, while they wait for receivers; those that are kept are enough for the processors.
    pub threads_max: u32,
    /// 4 at a time per endpoint, unless its policy says otherwise.
    pub in_flight_max: u16,
    /// 5 s
    pub connect_timeout_ms: u32,
    /// 15 s, the whole attempt, unless the policy says otherwise.
    pub timeout_ms: u32,
    /// Ten delays.
    pub retry_plan_ms: Vec<u64>,
    /// Lives of event types: `call:ringing` 60 s.
    pub life_ms: BTreeMap<String, u64>,
    /// 12 h of failing until an endpoint is paused.
    pub pause_after_ms: u64,
    /// 200,000 per endpoint.
    pub waiting_max: u32,
    /// 10 s
    pub stop_timeout_ms: u64,
}

/// `[egress]`: where requests may go.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// Private and loopback ranges are open: true.
    pub private: bool,
    /// Opened beyond that.
    pub allow: Vec<EgressEntry>,
    /// Closed in any case.
    pub deny: Vec<EgressEntry>,
    /// A PEM file that is trusted beside the system's roots.
    pub ca_file: Option<PathBuf>,
    /// The one way out, where there is one. The environment's is never used.
    pub proxy: Option<Proxy>,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`
    pub level: log::LevelFilter,
    /// How lines are written.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Journal prefix under systemd, text elsewhere.
    Auto,
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}
