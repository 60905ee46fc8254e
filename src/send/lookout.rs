//! Leaves jobs to the threads that work already, and looks after those jobs.
//!
//! Waking a thread costs more than a quick request. So a few threads that turn over quickly are
//! left the jobs that come, and the lookout calls others as soon as a job has waited for 1 ms: a
//! receiver that hangs holds up nobody for longer.

use std::num::NonZero;
use std::sync::{Arc, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::pool::{Job, STACK_BYTES, Shared, State};

/// So many working threads for each processor may be left a job …
const WORKING_FEW: usize = 2;
/// … but at least so many in all …
const WORKING_LEAST: usize = 4;
/// … while one of them took a job, or was called, so short a time ago.
const BRISK: Duration = Duration::from_micros(200);
/// A job that has waited so long gets a thread of its own.
const LATE: Duration = Duration::from_millis(1);

/// A job that no thread has taken yet.
pub(super) struct Waiting<T> {
    pub since: Instant,
    pub job: Job<T>,
}

/// The thread that looks after jobs that were left to the working ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookout {
    /// Not started, as there was no need.
    Missing,
    /// Waits to be woken.
    Asleep,
    /// Looks again within 1 ms.
    Awake,
}

impl<T> State<T> {
    /// Whether a job may be left to the threads that work: they take one after the other.
    pub fn is_brisk(&self, now: Instant) -> bool {
        let working = (self.threads as usize).saturating_sub(self.idle.len());
        working >= self.few && now.saturating_duration_since(self.moved_at) < BRISK
    }
}

impl<T: Send + 'static> Shared<T> {
    /// Makes sure that the lookout is awake. False when there is none to be had.
    pub(super) fn is_looked_after(self: &Arc<Self>, state: &mut State<T>) -> bool {
        match state.lookout {
            Lookout::Awake => {}
            Lookout::Asleep => self.lookout.notify_one(),
            Lookout::Missing => {
                let shared = Arc::clone(self);
                let builder = thread::Builder::new()
                    .name("lookout".to_owned())
                    .stack_size(STACK_BYTES);
                if builder.spawn(move || shared.look_out()).is_err() {
                    return false;
                }
            }
        }
        state.lookout = Lookout::Awake;
        true
    }

    /// The life of the lookout: while jobs wait it looks after them once in 1 ms.
    fn look_out(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.stopping {
            if state.queue.is_empty() {
                state.lookout = Lookout::Asleep;
                let woken = self.lookout.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.lookout.wait_timeout(state, LATE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = Instant::now();
            let late = |waiting: &Waiting<T>| now.saturating_duration_since(waiting.since) >= LATE;
            let late = state.queue.partition_point(late);
            let called: Vec<_> = (state.coming..late)
                .filter_map(|_| self.call(&mut state))
                .collect();
            drop(state);
            called.iter().for_each(Thread::unpark);
            state = self.lock();
        }
    }
}

/// How many working threads may be left a job on this machine.
pub(super) fn few() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    WORKING_LEAST.max(WORKING_FEW * processors)
}
