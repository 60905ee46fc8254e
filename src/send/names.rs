//! Host names to addresses: looked up on a few threads of its own, kept for a while.
//!
//! A look-up may hang for half a minute, and the caller holds a delivery thread. So every wait
//! has a deadline, an address that was good a minute ago is used while a new look-up runs, a
//! name is looked up once however many wait for it, and names that failed last take at most
//! half of the threads. The rule on addresses is applied elsewhere, at each connect.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::errors;
use super::phases;
use crate::domain::attempt::{ErrorKind, Phase, SendError};

/// How long what is known of a name counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Addresses that young are used as they are.
    pub fresh: Duration,
    /// Addresses that young are used while a new look-up runs.
    pub usable: Duration,
    /// A failure is an answer for that long.
    pub failed: Duration,
    /// Nobody waits longer for a look-up.
    pub wait: Duration,
}

/// Those of the daemon.
pub(super) const TIMES: Times = Times {
    fresh: Duration::from_secs(45),
    usable: Duration::from_secs(300),
    failed: Duration::from_secs(5),
    wait: Duration::from_secs(5),
};

/// Names that are remembered; beyond it those that were not asked for longest are forgotten.
const NAMES_MAX: usize = 10_000;

/// Threads that look up. A look-up that hangs longer than anybody waits no longer counts as one
/// of them, and another thread takes its place while there are fewer than `THREADS_MAX`.
const THREADS: usize = 4;
const THREADS_MAX: usize = 16;

/// As many as a connection tries.
const ADDRESSES_MAX: usize = 16;

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

struct State {
    times: Times,
    names: HashMap<Arc<str>, Name>,
    /// To be looked up: names that never failed, or not last.
    healthy: VecDeque<Arc<str>>,
    /// To be looked up: names whose last look-up failed.
    suspect: VecDeque<Arc<str>>,
    /// Being looked up.
    running: Vec<Running>,
    threads: usize,
    stopped: bool,
}

struct Running {
    name: Arc<str>,
    begun: Instant,
    suspect: bool,
}

struct Name {
    /// What the last look-up that succeeded found, and when.
    found: Option<(Arc<[IpAddr]>, Instant)>,
    /// Why the last look-up failed, and when; None after a success.
    failed: Option<(String, Instant)>,
    /// When a look-up was asked for that has not ended.
    asked_at: Option<Instant>,
    used_at: Instant,
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

/// What is known of a name.
enum Known {
    Good(Arc<[IpAddr]>),
    /// Usable, but a new look-up is due.
    Stale(Arc<[IpAddr]>),
    Failed(String),
    /// Being looked up since then.
    Asked(Option<Instant>),
    Nothing,
}

impl State {
    fn new(times: Times) -> Self {
        Self {
            times,
            names: HashMap::new(),
            healthy: VecDeque::new(),
            suspect: VecDeque::new(),
            running: Vec::new(),
            threads: 0,
            stopped: false,
        }
    }

    fn known(&mut self, name: &str, now: Instant) -> Known {
        let times = self.times;
        let Some(known) = self.names.get_mut(name) else {
            return Known::Nothing;
        };
        known.used_at = now;
        let failed = known.failed.as_ref();
        let failed = failed.filter(|(_, at)| now.duration_since(*at) < times.failed);
        if let Some((addresses, at)) = &known.found {
            let age = now.duration_since(*at);
            if age < times.fresh || (age < times.usable && failed.is_some()) {
                return Known::Good(Arc::clone(addresses));
            }
            if age < times.usable {
                return Known::Stale(Arc::clone(addresses));
            }
        }
        match (failed, known.asked_at) {
            (Some((reason, _)), _) => Known::Failed(reason.clone()),
            (None, Some(asked_at)) => Known::Asked(Some(asked_at)),
            (None, None) => Known::Nothing,
        }
    }

    fn entry(&mut self, name: &str, now: Instant) -> (Arc<str>, &mut Name) {
        let key = match self.names.get_key_value(name) {
            Some((key, _)) => Arc::clone(key),
            None => {
                self.forget_some();
                name.into()
            }
        };
        let known = self.names.entry(Arc::clone(&key)).or_insert(Name {
            found: None,
            failed: None,
            asked_at: None,
            used_at: now,
        });
        (key, known)
    }

    /// Makes room: of the names that are not being looked up, those asked for longest ago go.
    fn forget_some(&mut self) {
        if self.names.len() < NAMES_MAX {
            return;
        }
        let idle = self.names.values().filter(|name| name.asked_at.is_none());
        let mut used: Vec<Instant> = idle.map(|name| name.used_at).collect();
        used.sort_unstable();
        if let Some(limit) = used.get(used.len() / 8).copied() {
            self.names
                .retain(|_, name| name.asked_at.is_some() || name.used_at > limit);
        }
    }

    /// Nothing came in time. Unless it was only the caller whose time was up, that is a failure
    /// of the name, so that the next callers are told at once.
    fn waited_in_vain(&mut self, name: &str, now: Instant, caller_is_over: bool) -> SendError {
        let reason = format!(
            "the name {name} could not be looked up in {}",
            errors::span(self.times.wait)
        );
        if caller_is_over {
            return SendError {
                kind: ErrorKind::Timeout,
                phase: Phase::Resolve,
                message: format!("the name {name} could not be looked up in time"),
            };
        }
        self.entry(name, now).1.failed = Some((reason.clone(), now));
        for running in &mut self.running {
            running.suspect |= &*running.name == name;
        }
        unresolved(reason)
    }

    /// Look-ups that nobody waits for any more.
    fn hanging(&self, now: Instant) -> usize {
        let hangs = |running: &&Running| now.duration_since(running.begun) >= self.times.wait;
        self.running.iter().filter(hangs).count()
    }

    fn needs_thread(&self, now: Instant) -> bool {
        let idle = self.threads - self.running.len();
        let waiting = self.healthy.len() + self.suspect.len();
        let allowed = (THREADS + self.hanging(now)).min(THREADS_MAX);
        waiting > idle && self.threads < allowed
    }

    fn next(&mut self) -> Option<(Arc<str>, bool)> {
        if let Some(name) = self.healthy.pop_front() {
            return Some((name, false));
        }
        let suspects = self.running.iter().filter(|running| running.suspect);
        if suspects.count() >= THREADS / 2 {
            return None;
        }
        self.suspect.pop_front().map(|name| (name, true))
    }

    fn ended(&mut self, name: &Arc<str>, result: io::Result<Vec<IpAddr>>, now: Instant) {
        self.running.retain(|running| running.name != *name);
        let known = self.entry(name, now).1;
        known.asked_at = None;
        match result {
            Ok(mut addresses) if !addresses.is_empty() => {
                let mut seen = Vec::with_capacity(addresses.len());
                addresses.retain(|address| {
                    let is_new = !seen.contains(address);
                    seen.push(*address);
                    is_new
                });
                addresses.truncate(ADDRESSES_MAX);
                known.found = Some((addresses.into(), now));
                known.failed = None;
            }
            Ok(_) => known.failed = Some((format!("the name {name} has no address"), now)),
            Err(error) => known.failed = Some((words(name, &error), now)),
        }
    }
}

fn unresolved(message: String) -> SendError {
    SendError {
        kind: ErrorKind::Dns,
        phase: Phase::Resolve,
        message,
    }
}

/// The system tells the reason as a text only; nothing but the wording depends on it.
fn words(name: &str, error: &io::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit(": ").next().unwrap_or(&text);
    match reason {
        "Name or service not known" => format!("the name {name} does not exist"),
        "No address associated with hostname" => format!("the name {name} has no address"),
        reason => format!("the name {name} could not be looked up: {reason}"),
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}
