//! The pool of delivery threads: it grows when work is ready and nobody idle, and shrinks again.

use std::fmt;
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
    /// What came of it; None when the body could not be read.
    pub exchange: Option<Exchange>,
}

/// How many threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolLimits {
    /// Kept when idle.
    pub keep: u32,
    /// Never more. Jobs beyond it wait in order.
    pub threads_max: u32,
}

/// What the pool works with.
pub struct PoolParts<T> {
    /// How many threads.
    pub limits: PoolLimits,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// Reads the body of an event; None when it can't be had.
    pub load: Arc<dyn Fn(EventNumber) -> Option<Arc<[u8]>> + Send + Sync>,
    /// Where results go.
    pub done: Arc<dyn Fn(Finished<T>) + Send + Sync>,
    /// For the signatures' time.
    pub clock: Clock,
}

/// Hands jobs to threads. Clones are the same pool.
pub struct Pool<T> {
    parts: Arc<PoolParts<T>>,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool without threads yet.
    pub fn new(parts: PoolParts<T>) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    /// Takes a job; never blocks. A panic in it is a result.
    pub fn give(&self, job: Job<T>) {
        let _ = (&self.parts.limits, job.ticket);
        todo!()
    }

    /// Threads now, and how many of them work.
    pub fn threads(&self) -> (u32, u32) {
        todo!()
    }

    /// Cuts what is on the wire and waits until every thread has ended. Results still come,
    /// marked `cut`.
    pub fn stop(&self) {
        todo!()
    }
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self {
            parts: Arc::clone(&self.parts),
        }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}
