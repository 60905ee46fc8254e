//! Host names to addresses: looked up on a few threads of its own, kept for a while.
//!
//! A look-up may hang for half a minute, and the caller holds a delivery thread. So every wait
//! has a deadline, an address that was good a minute ago is used while a new look-up runs, a
//! name is looked up once however many wait for it, and names that failed last take at most
//! half of the threads. The rule on addresses is applied elsewhere, at each connect.

mod state;

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::errors;
use super::phases;
use crate::domain::attempt::SendError;
use state::{Known, Running, State, THREADS, unresolved};

pub(super) use state::{TIMES, Times};

/// How long an answer counts where nothing is to be remembered: whoever waits must see it.
const BLINK: Duration = Duration::from_millis(50);

/// Looks a name up; may block.
pub(super) type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The names, and the threads that look them up. Threads end when they are dropped, or stopped.
pub(super) struct Names {
    shared: Arc<Shared>,
}

struct Shared {
    look_up: Box<LookUp>,
    state: Mutex<State>,
    /// Something to look up, or the end.
    asked: Condvar,
    /// A look-up has ended, or everything has.
    answered: Condvar,
}

impl Names {
    /// Asks the system, as every other program on the machine does.
    pub fn of_system() -> Self {
        let look_up = |name: &str| {
            let found = (name, 0_u16).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        Self::with(TIMES, look_up)
    }

    /// Asks `look_up`, and again after a blink.
    pub fn forgetful(
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        let times = Times {
            fresh: BLINK,
            usable: BLINK,
            failed: BLINK,
            ..TIMES
        };
        Self::with(times, look_up)
    }

    /// Asks `look_up`.
    pub fn with(
        times: Times,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                look_up: Box::new(look_up),
                state: Mutex::new(State::new(times)),
                asked: Condvar::new(),
                answered: Condvar::new(),
            }),
        }
    }

    /// The addresses of `name`, by the deadline of the call in progress.
    pub fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, SendError> {
        let mut state = self.shared.lock();
        loop {
            if state.stopped {
                return Err(errors::stopping());
            }
            let now = Instant::now();
            let asked_at = match state.known(name, now) {
                Known::Good(addresses) => return Ok(addresses.to_vec()),
                Known::Stale(addresses) => {
                    self.ask(&mut state, name, now);
                    return Ok(addresses.to_vec());
                }
                Known::Failed(reason) => return Err(unresolved(reason)),
                Known::Asked(asked_at) => asked_at,
                Known::Nothing => self.ask(&mut state, name, now),
            };
            let Some(asked_at) = asked_at else {
                return Err(unresolved(format!("no thread is left to look {name} up")));
            };
            let left = phases::left().unwrap_or_default();
            let wait = left.min((asked_at + state.times.wait).saturating_duration_since(now));
            if wait.is_zero() {
                return Err(state.waited_in_vain(name, now, left.is_zero()));
            }
            let waited = self.shared.answered.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends all waiting, for good.
    pub fn stop(&self) {
        self.shared.lock().stopped = true;
        self.shared.asked.notify_all();
        self.shared.answered.notify_all();
    }

    /// Has `name` looked up, unless it is being looked up; when that was asked for. None where
    /// there is not one thread to do it.
    fn ask(&self, state: &mut State, name: &str, now: Instant) -> Option<Instant> {
        let (key, known) = state.entry(name, now);
        if let Some(asked_at) = known.asked_at {
            return Some(asked_at);
        }
        known.asked_at = Some(now);
        let suspect = known.failed.is_some();
        let queue = if suspect {
            &mut state.suspect
        } else {
            &mut state.healthy
        };
        queue.push_back(key);
        if state.needs_thread(now) {
            self.add_thread(state);
        }
        if state.threads == 0 {
            state.healthy.clear();
            state.suspect.clear();
            state.entry(name, now).1.asked_at = None;
            return None;
        }
        self.shared.asked.notify_one();
        Some(now)
    }

    fn add_thread(&self, state: &mut State) {
        let shared = Arc::clone(&self.shared);
        let builder = thread::Builder::new()
            .name("look-up".into())
            .stack_size(256 * 1024);
        match builder.spawn(move || shared.work()) {
            Ok(_) => state.threads += 1,
            Err(error) => log::warn!("cannot start a thread to look names up: {error}"),
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a look-up thread.
    fn work(&self) {
        let mut state = self.lock();
        while !state.stopped {
            let Some((name, suspect)) = state.next() else {
                let waited = self.asked.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.running.push(Running {
                name: Arc::clone(&name),
                begun: Instant::now(),
                suspect,
            });
            drop(state);
            let result = (self.look_up)(&name);
            state = self.lock();
            state.ended(&name, result, Instant::now());
            self.answered.notify_all();
            // A suspect that was passed over may go now that this thread is free.
            self.asked.notify_one();
            if state.threads > THREADS + state.hanging(Instant::now()) {
                break;
            }
        }
        state.threads -= 1;
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}
