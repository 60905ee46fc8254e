//! Decides: one thread that owns the rules' memory, and `Handle`, the one door for writes.

pub mod handle;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::DeliverySettings;
use crate::send::Transport;
use crate::store::{Loaded, Store};
use crate::telemetry::Counters;

use handle::Handle;

/// What the engine works with.
pub struct Parts {
    /// The database, opened.
    pub store: Store,
    /// What it held.
    pub loaded: Loaded,
    /// The rules' figures.
    pub delivery: DeliverySettings,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Clock,
    /// Seeds the dice for jitter and tests.
    pub seed: u64,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// Called when the engine or the store thread has panicked: the process can't go on.
    pub on_panic: Arc<dyn Fn() + Send + Sync>,
}

/// The engine, running. It stops when told so by its handle.
pub struct Running {
    handle: Handle,
}

/// Why the engine can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The queue could not be read.
    #[error("{0}")]
    Store(#[from] crate::store::ReadError),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Rebuilds the lanes from the database and starts the engine, store and delivery threads.
/// Nothing is dispatched before a first commit has succeeded.
pub fn start(parts: Parts) -> Result<Running, StartError> {
    let _ = parts.seed;
    todo!()
}

impl Running {
    /// The door.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops: no new dispatch, intake refused, up to `delivery.stop_timeout` for what is in
    /// flight, then connections are cut; results are committed and the database is closed.
    /// `true` when everything was committed. A second call of `Handle::hurry` cuts at once.
    pub fn stop(self) -> bool {
        todo!()
    }
}
