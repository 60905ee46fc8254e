//! The pool of delivery threads: it grows when work is ready and nobody idle, and shrinks again.
//! A few that turn over quickly are left the jobs that come, see `lookout`.
//!
//! A thread loads the body, signs, sends and hands the result on. Which job comes next is
//! decided elsewhere; here they go in the order in which they were given.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use super::Sent;
pub use super::job::{Body, Finished, Job, Load, NoBody, PoolLimits, PoolParts};
use super::lookout::{Lookout, Strain, Waiting, few, worked};
use crate::domain::attempt::{ErrorKind, Exchange, Phase, Request, SendError, Timings};
use crate::domain::request::{self, Target};

/// A thread idle that long ends, but for those that are kept.
const IDLE: Duration = Duration::from_secs(10);

/// Enough for a TLS handshake; hundreds of threads may hang in slow receivers.
pub(super) const STACK_BYTES: usize = 256 * 1024;

/// Hands jobs to threads. Clones are the same pool.
pub struct Pool<T> {
    shared: Arc<Shared<T>>,
}

pub(super) struct Shared<T> {
    pub(super) parts: PoolParts<T>,
    idle: Duration,
    state: Mutex<State<T>>,
    ended: Condvar,
    /// A job was left to the working threads, or the pool stops.
    pub(super) lookout: Condvar,
}

pub(super) struct State<T> {
    pub(super) queue: VecDeque<Waiting<T>>,
    /// When a thread last took a job or was called for one.
    pub(super) moved_at: Instant,
    pub(super) lookout: Lookout,
    pub(super) strain: Strain,
    /// Working threads that may be left a job.
    pub(super) few: usize,
    /// Last in, first out: so that few threads do the work when there is little of it, and the
    /// others are idle long enough to end.
    pub(super) idle: Vec<Thread>,
    /// Woken or started, and not yet here: each of them takes one job of the queue.
    pub(super) coming: usize,
    pub(super) threads: u32,
    /// Threads ever started, for their names.
    started: u64,
    pub(super) stopping: bool,
    /// A thread could not be started; said once.
    refused: bool,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool without threads yet.
    pub fn new(parts: PoolParts<T>) -> Self {
        Self::resting(parts, IDLE)
    }

    /// A pool whose threads end after having been idle for `idle`.
    pub(super) fn resting(parts: PoolParts<T>, idle: Duration) -> Self {
        let state = State {
            queue: VecDeque::new(),
            moved_at: Instant::now(),
            lookout: Lookout::Missing,
            strain: Strain::new(),
            few: few(),
            idle: Vec::new(),
            coming: 0,
            threads: 0,
            started: 0,
            stopping: false,
            refused: false,
        };
        Self {
            shared: Arc::new(Shared {
                parts,
                idle,
                state: Mutex::new(state),
                ended: Condvar::new(),
                lookout: Condvar::new(),
            }),
        }
    }

    /// Takes a job; never blocks. A panic in it is a result.
    pub fn give(&self, job: Job<T>) {
        let mut state = self.shared.lock();
        if state.stopping {
            drop(state);
            return self.shared.finish_cut(job);
        }
        let since = Instant::now();
        state.queue.push_back(Waiting { since, job });
        if state.queue.len() <= state.coming {
            return;
        }
        let keep = self.shared.parts.limits.keep;
        let may_wait = state.is_brisk(since) || state.is_crowded(keep);
        if may_wait && self.shared.is_looked_after(&mut state) {
            return;
        }
        state.moved_at = since;
        if let Some(thread) = self.shared.call(&mut state) {
            drop(state);
            return thread.unpark();
        }
        if state.threads == 0 {
            let stranded = std::mem::take(&mut state.queue);
            drop(state);
            for Waiting { job, .. } in stranded {
                self.shared
                    .finish_unsent(job, "no delivery thread can be started", false);
            }
        }
    }

    /// Threads now, and how many of them work.
    pub fn threads(&self) -> (u32, u32) {
        let state = self.shared.lock();
        let idle = u32::try_from(state.idle.len()).unwrap_or(u32::MAX);
        (state.threads, state.threads - idle)
    }

    /// Cuts what is on the wire and waits until every thread has ended. Results still come,
    /// marked `cut`.
    pub fn stop(&self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        let unsent = std::mem::take(&mut state.queue);
        let idle = std::mem::take(&mut state.idle);
        state.coming += idle.len();
        drop(state);
        self.shared.lookout.notify_one();
        for thread in idle {
            thread.unpark();
        }
        self.shared.parts.transport.shut_down();
        for Waiting { job, .. } in unsent {
            self.shared.finish_cut(job);
        }
        let mut state = self.shared.lock();
        while state.threads > 0 {
            let waited = self.shared.ended.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T: Send + 'static> Shared<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a thread come for the job that waits: an idle one, which is to be unparked, or a new
    /// one.
    pub(super) fn call(self: &Arc<Self>, state: &mut State<T>) -> Option<Thread> {
        if let Some(thread) = state.idle.pop() {
            state.coming += 1;
            return Some(thread);
        }
        if state.threads < self.parts.limits.threads_max.max(1) {
            self.add_thread(state);
        }
        None
    }

    fn add_thread(self: &Arc<Self>, state: &mut State<T>) {
        let shared = Arc::clone(self);
        let builder = thread::Builder::new()
            .name(format!("deliver-{}", state.started + 1))
            .stack_size(STACK_BYTES);
        match builder.spawn(move || shared.work()) {
            Ok(_) => {
                state.threads += 1;
                state.started += 1;
                state.coming += 1;
            }
            Err(error) if !state.refused => {
                state.refused = true;
                let threads = state.threads;
                log::warn!("no more than {threads} delivery threads can be started: {error}");
            }
            Err(_) => {}
        }
    }

    /// The life of a delivery thread.
    fn work(&self) {
        self.lock().coming -= 1;
        let mut worked = Duration::ZERO;
        while let Some(job) = self.next(&mut worked) {
            // The result is handed on within. A panic in `done` itself is in the log only.
            let _ = catch_unwind(AssertUnwindSafe(|| self.run(job)));
        }
    }

    /// The next job; None when this thread is to end, which is noted then. `before` is what it
    /// had worked when it asked last.
    fn next(&self, before: &mut Duration) -> Option<Job<T>> {
        let until_now = worked();
        let mut state = self.lock();
        let since = until_now.saturating_sub(std::mem::replace(before, until_now));
        state.strain.add(since);
        loop {
            if let Some(waiting) = state.queue.pop_front() {
                state.moved_at = Instant::now();
                return Some(waiting.job);
            }
            if state.stopping {
                self.leave(&mut state);
                return None;
            }
            let me = thread::current();
            let id = me.id();
            state.idle.push(me);
            let until = Instant::now() + self.idle;
            loop {
                drop(state);
                thread::park_timeout(until.saturating_duration_since(Instant::now()));
                state = self.lock();
                if !is_idle(&state, id) {
                    state.coming -= 1;
                    break;
                }
                if Instant::now() < until {
                    continue;
                }
                // Nobody needed this thread. It stays in line, or goes.
                state.idle.retain(|thread| thread.id() != id);
                if state.threads > self.parts.limits.keep {
                    self.leave(&mut state);
                    return None;
                }
                break;
            }
        }
    }

    fn leave(&self, state: &mut State<T>) {
        state.threads -= 1;
        if state.threads == 0 {
            self.ended.notify_all();
        }
    }

    fn run(&self, job: Job<T>) {
        let Job {
            ticket,
            target,
            message,
            body,
        } = job;
        let at = self.parts.clock.now().wall;
        let prepared = catch_unwind(AssertUnwindSafe(|| {
            let body = match body {
                Body::Here(body) => body,
                Body::Stored(event) => (self.parts.load)(event)?,
            };
            Ok(request::build(&target, &message, body, at))
        }));
        let (request, sent) = match prepared {
            Ok(Err(why)) => {
                let exchange = Err(why);
                return (self.parts.done)(Finished { ticket, exchange });
            }
            Ok(Ok(request)) => {
                let transport = &self.parts.transport;
                let send = || transport.send(&request, target.idle_max);
                let sent = catch_unwind(AssertUnwindSafe(send));
                (request, sent.unwrap_or_else(|_| not_sent(OUR_BUG)))
            }
            Err(_) => (bare(&target), not_sent(OUR_BUG)),
        };
        let cut = sent.result.is_err() && self.lock().stopping;
        let exchange = Ok(Exchange {
            at,
            duration_ms: sent.duration_ms,
            request,
            result: sent.result,
            timings: sent.timings,
            cut,
        });
        (self.parts.done)(Finished { ticket, exchange });
    }

    fn finish_cut(&self, job: Job<T>) {
        self.finish_unsent(job, "ringhook is stopping", true);
    }

    fn finish_unsent(&self, job: Job<T>, why: &str, cut: bool) {
        let sent = not_sent(why);
        let exchange = Ok(Exchange {
            at: self.parts.clock.now().wall,
            duration_ms: sent.duration_ms,
            request: bare(&job.target),
            result: sent.result,
            timings: sent.timings,
            cut,
        });
        let ticket = job.ticket;
        (self.parts.done)(Finished { ticket, exchange });
    }
}

const OUR_BUG: &str = "a fault in ringhook itself; its log says more";

fn is_idle<T>(state: &State<T>, id: ThreadId) -> bool {
    state.idle.iter().any(|thread| thread.id() == id)
}

fn not_sent(why: &str) -> Sent {
    Sent {
        result: Err(SendError {
            kind: ErrorKind::Internal,
            phase: Phase::Start,
            message: why.to_owned(),
        }),
        timings: Timings::default(),
        duration_ms: 0,
    }
}

/// Stands for a request that was never made.
fn bare(target: &Target) -> Request {
    Request {
        url: Arc::clone(&target.url),
        headers: Vec::new(),
        body: Arc::from([]),
        timeout_ms: target.timeout_ms,
        tls: None,
    }
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}
