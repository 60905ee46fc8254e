//! One client per host, made when it is first used and dropped soon after its last use.
//!
//! One client for all hosts would look through the idle connections of all of them, under one
//! lock, for every request. And because a client closes idle connections only when it is used,
//! one that rests is dropped as a whole, with its connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Uri;
use ureq::http::uri::Authority;

use super::connect::{Deferred, Dialler, Shared};
use super::kept::Kept;
use super::line::HEAD_BYTES_MAX;
use crate::domain::endpoint::TlsTerms;

/// An agent unused that long has no connection left that it would use again.
const REST_MS: u64 = 5_000;

/// Beyond it, those unused longest are dropped.
const AGENTS_MAX: usize = 20_000;

/// What connections must have in common to be used for one another's requests.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    /// Goes up when what is open must not be used any more.
    generation: u32,
    is_https: bool,
    idle_max: u8,
    /// Of the settings of TLS, where they are not those of all.
    tls: Option<[u8; 16]>,
    host: Authority,
}

struct Entry {
    agent: Agent,
    kept: Arc<Kept>,
    /// When a request last ended, in milliseconds since the beginning.
    used_at_ms: AtomicU64,
}

/// An agent while a request uses it: it is not dropped meanwhile, so that a stop finds it.
pub(super) struct Lease<'a> {
    entry: Arc<Entry>,
    hosts: &'a Hosts,
}

/// All agents.
pub(super) struct Agents {
    shared: Arc<Shared>,
    user_agent: String,
    hosts: Arc<Hosts>,
}

/// What the thread that drops agents looks at.
struct Hosts {
    begun: Instant,
    /// Of the agents that are given out.
    generation: AtomicU32,
    entries: RwLock<HashMap<Key, Arc<Entry>>>,
    sweeper: Mutex<Sweeper>,
    wake: Condvar,
}

#[derive(Default)]
struct Sweeper {
    runs: bool,
    stopped: bool,
}

impl Agents {
    /// None yet.
    pub fn new(shared: Arc<Shared>, user_agent: String) -> Self {
        Self {
            shared,
            user_agent,
            hosts: Arc::new(Hosts {
                begun: Instant::now(),
                generation: AtomicU32::new(0),
                entries: RwLock::default(),
                sweeper: Mutex::default(),
                wake: Condvar::new(),
            }),
        }
    }

    /// The agent for `uri`, which keeps `idle_max` idle connections. None when
    /// everything was stopped, or when the URL has no host.
    pub fn of(&self, uri: &Uri, idle_max: u8, tls: Option<&Arc<TlsTerms>>) -> Option<Lease<'_>> {
        let key = Key {
            generation: self.hosts.generation.load(Ordering::Acquire),
            is_https: uri.scheme_str() == Some("https"),
            idle_max: idle_max.max(1),
            tls: tls.map(|terms| terms.digest),
            host: uri.authority()?.clone(),
        };
        let entries = self.hosts.entries.read();
        let entries = entries.unwrap_or_else(PoisonError::into_inner);
        let known = entries.get(&key).map(Arc::clone);
        drop(entries);
        let entry = known.or_else(|| self.add(&key, tls))?;
        let hosts = &*self.hosts;
        Some(Lease { entry, hosts })
    }

    /// From now on only agents without connections are given out. The others end their requests,
    /// rest and are dropped like any other; until then a stop finds them.
    pub fn use_fresh(&self) {
        self.hosts.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Cuts every connection; no agent is given out any more.
    pub fn stop(&self) {
        self.hosts.stop();
        for entry in self.hosts.take_all() {
            entry.kept.cut();
        }
    }

    fn add(&self, key: &Key, tls: Option<&Arc<TlsTerms>>) -> Option<Arc<Entry>> {
        let entries = self.hosts.entries.write();
        let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
        // The flag is looked at under the lock under which a stop takes the agents: none is
        // added behind its back.
        if self.hosts.is_stopped() {
            return None;
        }
        if let Some(entry) = entries.get(key) {
            return Some(Arc::clone(entry));
        }
        make_room(&mut entries);
        let kept = Arc::new(Kept::new(key.idle_max));
        let entry = Arc::new(Entry {
            agent: self.make(&kept, tls.cloned()),
            kept,
            used_at_ms: AtomicU64::new(self.hosts.now_ms()),
        });
        // The host of a parsed URL holds on to the whole URL; its copy does not.
        let host = Authority::try_from(key.host.as_str()).ok()?;
        let own = Key { host, ..*key };
        entries.insert(own, Arc::clone(&entry));
        drop(entries);
        Hosts::sweep_from_now_on(&self.hosts);
        Some(entry)
    }

    /// No timeout is set here: the connections keep the deadline of the call. And none is left
    /// to the client once it is not in use.
    fn make(&self, kept: &Arc<Kept>, tls: Option<Arc<TlsTerms>>) -> Agent {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .accept("")
            .accept_encoding("")
            .user_agent(&self.user_agent)
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(0)
            .build();
        let dialler = Dialler {
            shared: Arc::clone(&self.shared),
            tls,
            kept: Arc::clone(kept),
        };
        Agent::with_parts(config, dialler, Deferred)
    }
}

impl Lease<'_> {
    /// The agent.
    pub fn agent(&self) -> &Agent {
        &self.entry.agent
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let now_ms = self.hosts.now_ms();
        self.entry.used_at_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        self.hosts.stop();
    }
}

impl Hosts {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_stopped(&self) -> bool {
        let sweeper = self.sweeper.lock();
        sweeper.unwrap_or_else(PoisonError::into_inner).stopped
    }

    fn stop(&self) {
        let sweeper = self.sweeper.lock();
        sweeper.unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.wake.notify_all();
    }

    fn take_all(&self) -> Vec<Arc<Entry>> {
        let entries = self.entries.write();
        let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
        entries.drain().map(|(_, entry)| entry).collect()
    }

    /// Starts the thread that drops resting agents, unless it runs. It ends with the last agent.
    fn sweep_from_now_on(hosts: &Arc<Self>) {
        let sweeper = hosts.sweeper.lock();
        let mut sweeper = sweeper.unwrap_or_else(PoisonError::into_inner);
        if sweeper.runs || sweeper.stopped {
            return;
        }
        let own = Arc::clone(hosts);
        let builder = thread::Builder::new()
            .name("deliver-sweep".into())
            .stack_size(256 * 1024);
        // Without it connections rest longer; the next new host tries again.
        sweeper.runs = builder.spawn(move || own.sweep()).is_ok();
    }

    fn sweep(&self) {
        let mut sweeper = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner);
        while !sweeper.stopped {
            let wait = Duration::from_millis(REST_MS / 2);
            let waited = self.wake.wait_timeout(sweeper, wait);
            drop(waited.unwrap_or_else(PoisonError::into_inner).0);
            let is_empty = self.drop_resting();
            sweeper = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner);
            // An agent added since has found this thread running.
            if is_empty && self.is_empty() {
                break;
            }
        }
        sweeper.runs = false;
    }

    fn is_empty(&self) -> bool {
        let entries = self.entries.try_read();
        entries.is_ok_and(|entries| entries.is_empty())
    }

    /// Drops the agents that rest; whether none is left. Their connections are closed after the
    /// lock is free again.
    fn drop_resting(&self) -> bool {
        let limit_ms = self.now_ms().saturating_sub(REST_MS);
        let entries = self.entries.write();
        let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
        let resting: Vec<Arc<Entry>> = entries
            .extract_if(|_, entry| !is_leased(entry) && used_at_ms(entry) < limit_ms)
            .map(|(_, entry)| entry)
            .collect();
        let is_empty = entries.is_empty();
        drop(entries);
        drop(resting);
        is_empty
    }
}

/// Whether a request uses it. Leases are only given out under the lock, so under the lock for
/// writing a "no" stays true.
fn is_leased(entry: &Arc<Entry>) -> bool {
    Arc::strong_count(entry) > 1
}

fn used_at_ms(entry: &Arc<Entry>) -> u64 {
    entry.used_at_ms.load(Ordering::Relaxed)
}

/// Drops an eighth of the agents, those unused longest, when there are too many.
fn make_room(entries: &mut HashMap<Key, Arc<Entry>>) {
    if entries.len() < AGENTS_MAX {
        return;
    }
    let mut used: Vec<u64> = entries.values().map(used_at_ms).collect();
    used.sort_unstable();
    if let Some(limit) = used.get(used.len() / 8).copied() {
        entries.retain(|_, entry| is_leased(entry) || used_at_ms(entry) > limit);
    }
}
