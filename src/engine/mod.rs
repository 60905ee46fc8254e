//! Decides: one thread that owns the rules' memory, and `Handle`, the one door for writes.
//!
//! Decide purely, commit once, then act. In reading order: `message` is all that can happen,
//! `step` what each of it means, `state` the memory, `batch` and `commit` what is written and
//! when, `turn` what time does, and `run` the loop with its threads. Nothing but `run` may wait,
//! and nothing here reads or writes the database except through the store thread and `restart`;
//! `keeper` and `replay` look at it on threads of their own, and what they want done comes in as
//! messages.

pub mod handle;
pub mod replay;

mod answer;
mod batch;
mod bodies;
mod commit;
pub mod directory;
mod history;
mod idempotency;
mod keeper;
mod live;
mod message;
pub mod news;
mod queue;
mod refusal;
mod restart;
mod retention;
mod rollups;
mod roster;
mod rounds;
mod run;
mod state;
mod step;
mod tallies;
#[cfg(test)]
mod tests;
mod tokens;
mod turn;
mod views;

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::clock::Clock;
use crate::config::{DeliverySettings, RetentionSettings};
use crate::send::Transport;
use crate::store::{Loaded, Store};
use crate::telemetry::Counters;

use handle::{Handle, Shared};
use message::Message;

/// What the engine works with.
pub struct Parts {
    /// The database, opened.
    pub store: Store,
    /// What it held.
    pub loaded: Loaded,
    /// The rules' figures.
    pub delivery: DeliverySettings,
    /// How long events are kept.
    pub retention: RetentionSettings,
    /// Free space on the disk, in bytes, below which events are refused.
    pub free_bytes_min: u64,
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

/// The engine, running. It stops when told so by `stop`.
pub struct Running {
    shared: Arc<Shared>,
    thread: JoinHandle<bool>,
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
    let (shared, thread) = run::launch(parts)?;
    Ok(Running { shared, thread })
}

impl Running {
    /// The door.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared))
    }

    /// Stops: no new dispatch, intake refused, up to `delivery.stop_timeout` for what is in
    /// flight, then connections are cut; results are committed and the database is closed.
    /// `true` when everything was committed. `Handle::hurry` cuts at once.
    pub fn stop(self) -> bool {
        self.shared.queue.push(Message::Stop);
        // The thread reports a panic of its own; then not everything was committed.
        self.thread.join().unwrap_or(false)
    }
}
