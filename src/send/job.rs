//! What a delivery thread is given and brings back, and what the pool works with.

use std::sync::Arc;

use super::Transport;
use crate::clock::Clock;
use crate::domain::attempt::Exchange;
use crate::domain::id::EventNumber;
use crate::domain::request::{Message, Target};

/// One request to make.
#[derive(Debug)]
pub struct Job<T> {
    /// Comes back with the result.
    pub ticket: T,
    /// Where to.
    pub target: Arc<Target>,
    /// What it says.
    pub message: Message,
    /// The frozen bytes.
    pub body: Body,
}

/// The bytes of a job.
#[derive(Clone, Debug)]
pub enum Body {
    /// At hand.
    Here(Arc<[u8]>),
    /// In the database: read on the delivery thread.
    Stored(EventNumber),
}

/// What came of a job.
#[derive(Debug)]
pub struct Finished<T> {
    /// As it was given.
    pub ticket: T,
    /// What came of it, or why there was nothing to send.
    pub exchange: Result<Exchange, NoBody>,
}

/// Why a job had no body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoBody {
    /// It is missing or damaged: it will never be had.
    Gone,
    /// It can't be read now, which may pass.
    Away,
}

/// How many threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolLimits {
    /// Kept when idle.
    pub keep: u32,
    /// Never more. Jobs beyond it wait in order.
    pub threads_max: u32,
}

/// How the body of an event is read.
pub type Load = dyn Fn(EventNumber) -> Result<Arc<[u8]>, NoBody> + Send + Sync;

/// What the pool works with.
pub struct PoolParts<T> {
    /// How many threads.
    pub limits: PoolLimits,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// Reads the body of an event.
    pub load: Arc<Load>,
    /// Where results go. It is called on delivery threads, and from within `give` for a job
    /// that comes after the stop: it must not block.
    pub done: Arc<dyn Fn(Finished<T>) + Send + Sync>,
    /// For the signatures' time.
    pub clock: Clock,
}
