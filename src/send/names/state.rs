//! What is known of names, and which look-up comes next. It starts no thread and waits for none.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::errors;
use crate::domain::attempt::{ErrorKind, Phase, SendError};

/// How long what is known of a name counts.
#[derive(Clone, Copy, Debug)]
pub(in crate::send) struct Times {
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
pub(in crate::send) const TIMES: Times = Times {
    fresh: Duration::from_secs(45),
    usable: Duration::from_secs(300),
    failed: Duration::from_secs(5),
    wait: Duration::from_secs(5),
};

/// Names that are remembered; beyond it those that were not asked for longest are forgotten.
const NAMES_MAX: usize = 10_000;

/// Threads that look up. A look-up that hangs longer than anybody waits no longer counts as one
/// of them, and another thread takes its place while there are fewer than `THREADS_MAX`.
pub(super) const THREADS: usize = 4;
const THREADS_MAX: usize = 16;

/// As many as a connection tries.
const ADDRESSES_MAX: usize = 16;

pub(super) struct State {
    pub times: Times,
    pub names: HashMap<Arc<str>, Name>,
    /// To be looked up: names that never failed, or not last.
    pub healthy: VecDeque<Arc<str>>,
    /// To be looked up: names whose last look-up failed.
    pub suspect: VecDeque<Arc<str>>,
    /// Being looked up.
    pub running: Vec<Running>,
    pub threads: usize,
    pub stopped: bool,
}

pub(super) struct Running {
    pub name: Arc<str>,
    pub begun: Instant,
    pub suspect: bool,
}

pub(super) struct Name {
    /// What the last look-up that succeeded found, and when.
    pub found: Option<(Arc<[IpAddr]>, Instant)>,
    /// Why the last look-up failed, and when; None after a success.
    pub failed: Option<(String, Instant)>,
    /// When a look-up was asked for that has not ended.
    pub asked_at: Option<Instant>,
    pub used_at: Instant,
}

/// What is known of a name.
pub(super) enum Known {
    Good(Arc<[IpAddr]>),
    /// Usable, but a new look-up is due.
    Stale(Arc<[IpAddr]>),
    Failed(String),
    /// Being looked up since then.
    Asked(Option<Instant>),
    Nothing,
}

impl State {
    pub fn new(times: Times) -> Self {
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

    pub fn known(&mut self, name: &str, now: Instant) -> Known {
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

    pub fn entry(&mut self, name: &str, now: Instant) -> (Arc<str>, &mut Name) {
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
    pub fn waited_in_vain(&mut self, name: &str, now: Instant, caller_is_over: bool) -> SendError {
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
    pub fn hanging(&self, now: Instant) -> usize {
        let hangs = |running: &&Running| now.duration_since(running.begun) >= self.times.wait;
        self.running.iter().filter(hangs).count()
    }

    pub fn needs_thread(&self, now: Instant) -> bool {
        let idle = self.threads - self.running.len();
        let waiting = self.healthy.len() + self.suspect.len();
        let allowed = (THREADS + self.hanging(now)).min(THREADS_MAX);
        waiting > idle && self.threads < allowed
    }

    pub fn next(&mut self) -> Option<(Arc<str>, bool)> {
        if let Some(name) = self.healthy.pop_front() {
            return Some((name, false));
        }
        let suspects = self.running.iter().filter(|running| running.suspect);
        if suspects.count() >= THREADS / 2 {
            return None;
        }
        self.suspect.pop_front().map(|name| (name, true))
    }

    pub fn ended(&mut self, name: &Arc<str>, result: io::Result<Vec<IpAddr>>, now: Instant) {
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

pub(super) fn unresolved(message: String) -> SendError {
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
