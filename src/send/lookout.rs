//! Leaves jobs to the threads that work already, and looks after those jobs.
//!
//! Waking a thread costs more than a quick request. So a few threads that turn over quickly are
//! left the jobs that come, and the lookout calls others as soon as a job has waited for 1 ms: a
//! receiver that hangs holds up nobody for longer.
//!
//! Jobs may also wait because the processors are busy, and then each thread more makes all of
//! them slower: 512 need half as much again for a request as 64 do. So beyond those that are
//! kept, threads are called only while the working ones leave the processors time, which is a
//! sure sign that they wait for receivers.

use std::num::NonZero;
use std::sync::{Arc, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::pool::{Job, STACK_BYTES, Shared, State};

/// So many working threads for each processor may be left a job …
const WORKING_FEW: usize = 2;
/// … but at least so many in all …
const WORKING_LEAST: usize = 4;
/// … while one of them took a job, or was called, so short a time ago.
const BRISK: Duration = Duration::from_micros(200);
/// A job that has waited so long gets a thread of its own.
const LATE: Duration = Duration::from_millis(1);
/// Delivery threads that take so much of all processors' time keep them busy: the rest goes to
/// intake, to the store, and to others on the machine.
const BUSY_PERCENT: u32 = 25;
/// One look calls at most this part of the threads that work, beyond those that are kept: it
/// takes some looks to see that the processors are busy.
const GROWTH: usize = 8;
/// The part of the strain that is forgotten with each calm look.
const FADE: u32 = 16;

/// A job that no thread has taken yet.
pub(super) struct Waiting<T> {
    pub since: Instant,
    pub job: Job<T>,
}

/// How busy the delivery threads keep the processors.
pub(super) struct Strain {
    processors: u32,
    /// Their time since the last look.
    worked: Duration,
    looked_at: Instant,
    /// It rises with one busy look and falls over several calm ones, as each is short.
    percent: u32,
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
        self.working() >= self.few && now.saturating_duration_since(self.moved_at) < BRISK
    }

    /// Whether the processors are the narrow place, so that another thread would not help.
    /// `keep` threads may work all the same.
    pub fn is_crowded(&self, keep: u32) -> bool {
        self.strain.is_heavy() && self.working() >= keep as usize
    }

    fn working(&self) -> usize {
        (self.threads as usize).saturating_sub(self.idle.len())
    }

    /// How many threads may be called now, for all that is late.
    fn room(&self, keep: u32) -> usize {
        let working = self.working();
        let beyond = if self.strain.is_heavy() {
            0
        } else {
            working.div_ceil(GROWTH)
        };
        (keep as usize).saturating_sub(working) + beyond
    }
}

impl Strain {
    /// Of a pool that has done nothing yet.
    pub fn new() -> Self {
        Self::of(u32::try_from(processors()).unwrap_or(u32::MAX))
    }

    fn of(processors: u32) -> Self {
        Self {
            processors,
            worked: Duration::ZERO,
            looked_at: Instant::now(),
            percent: 0,
        }
    }

    /// A thread has worked for so long.
    pub fn add(&mut self, worked: Duration) {
        self.worked += worked;
    }

    fn is_heavy(&self) -> bool {
        self.percent >= BUSY_PERCENT
    }

    fn look(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.looked_at);
        let worked = std::mem::take(&mut self.worked).as_micros();
        let most = elapsed.as_micros().max(1) * u128::from(self.processors);
        let percent = u32::try_from(worked * 100 / most).unwrap_or(u32::MAX);
        self.percent = percent.max(self.percent - self.percent.div_ceil(FADE));
        self.looked_at = now;
    }

    /// Nothing was looked at for a while.
    fn start_over(&mut self) {
        self.worked = Duration::ZERO;
        self.looked_at = Instant::now();
    }
}

/// The processor time that this thread has used.
pub(super) fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
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
                state.strain.start_over();
                continue;
            }
            let waited = self.lookout.wait_timeout(state, LATE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let now = Instant::now();
            state.strain.look(now);
            let late = |waiting: &Waiting<T>| now.saturating_duration_since(waiting.since) >= LATE;
            let late = state.queue.partition_point(late);
            let room = state.room(self.parts.limits.keep);
            let called: Vec<_> = (state.coming..late)
                .take(room)
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
    WORKING_LEAST.max(WORKING_FEW * processors())
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strain_is_seen_at_once_and_forgotten_slowly() {
        let mut strain = Strain::of(2);
        let mut now = strain.looked_at;
        let mut look = |worked_us| {
            now += Duration::from_millis(1);
            strain.add(Duration::from_micros(worked_us));
            strain.look(now);
            strain.is_heavy()
        };
        assert!(
            !look(0) && !look(499),
            "a quarter of two processors is 500 us"
        );
        assert!(look(1_200));
        // Some looks in which others had the processors say nothing yet.
        assert!((0..10).all(|_| look(0)));
        assert!((0..10).any(|_| !look(0)), "nobody works any more");
    }
}
