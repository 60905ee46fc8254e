//! What the live stream is told: short forms of what happened, while somebody listens.
//!
//! News of what is written are told after its commit, so that who hears of it finds it in the
//! database. A person can't read 20,000 events a second: of each kind only the first few of a
//! second are told, and of the others how many there were. While nobody listens, all of this
//! costs one look at a flag.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::EndpointView;
use super::message::Effects;
use super::state::State;
use crate::domain::attempt::{Attempt, AttemptOutcome, ErrorKind};
use crate::domain::change::NewEvent;
use crate::domain::event::{EventType, Origin};
use crate::domain::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber};
use crate::domain::time::{Now, Tick, Timestamp};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum News {
    /// An attempt came back.
    Attempt(AttemptNews),
    /// An event was accepted.
    Event(EventNews),
    /// An endpoint was added or changed: its settings or its state. None: it is gone.
    Endpoint(EndpointNumber, Option<Box<EndpointView>>),
    /// The engine in figures: once a second while something happens, else every 15.
    Figures(Figures),
}

/// An attempt in short.
#[derive(Clone, Debug)]
pub struct AttemptNews {
    /// Its number.
    pub number: AttemptNumber,
    /// Where it went.
    pub endpoint: EndpointNumber,
    /// Of which delivery; None for a test.
    pub delivery: Option<DeliveryKey>,
    /// With which event.
    pub event: EventNumber,
    /// Of which type.
    pub kind: EventType,
    /// The how manieth of its delivery.
    pub n: u8,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u32,
    /// The status, or what went wrong before there was one.
    pub result: Result<u16, ErrorKind>,
    /// What it meant.
    pub outcome: AttemptOutcome,
    /// When it is tried again.
    pub next_at: Option<Timestamp>,
}

/// An event in short.
#[derive(Clone, Debug)]
pub struct EventNews {
    /// Its number.
    pub number: EventNumber,
    /// Its type.
    pub kind: EventType,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// Who brought it.
    pub origin: Origin,
    /// How many endpoints it matched.
    pub matched: u32,
}

/// The engine in figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figures {
    /// When.
    pub at: Timestamp,
    /// Since the start.
    pub accepted: u64,
    /// Since the start.
    pub delivered: u64,
    /// Deliveries that ended in another way, since the start.
    pub not_delivered: u64,
    /// Since the start.
    pub attempts: u64,
    /// Deliveries that wait.
    pub waiting: u32,
    /// With a delivery thread.
    pub in_flight: u32,
    /// What was not told since the figures before, as there was too much of it.
    pub skipped: Skipped,
}

/// How much was not told, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Skipped {
    /// Attempts.
    pub attempts: u64,
    /// Events.
    pub events: u64,
    /// Endpoints.
    pub endpoints: u64,
}

/// What hears the news. It is called on the engine thread and must not block.
pub type Listener = Box<dyn Fn(Vec<News>) + Send + Sync>;

/// Whoever hears the news, shared with the engine thread.
#[derive(Default)]
pub(super) struct Audience {
    listens: AtomicBool,
    listener: OnceLock<Listener>,
}

impl Audience {
    /// Takes the one listener; a second one is not taken.
    pub fn seat(&self, listener: Listener) {
        if self.listener.set(listener).is_err() {
            log::error!("the live stream has a listener already: a second one hears nothing");
        }
    }

    /// Whether it listens from now on.
    pub fn listen(&self, listens: bool) {
        self.listens.store(listens, Ordering::Relaxed);
    }

    pub fn listens(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    pub fn tell(&self, news: Vec<News>) {
        if let Some(listener) = self.listener.get() {
            listener(news);
        }
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audience")
    }
}

/// What is told of one kind in a second.
const ATTEMPTS_MAX: u32 = 20;
const EVENTS_MAX: u32 = 20;
const ENDPOINTS_MAX: u32 = 10;
const SECOND_MS: u64 = 1000;
/// Figures are told so often when nothing happens: they are the pulse of the stream.
const PULSE_MS: u64 = 15_000;
/// What waits for a commit: more than a second of it gathers only while the store hangs.
const WAITING_MAX: usize = 200;

/// The news of the running second, and those that wait for their commit.
#[derive(Debug, Default)]
pub(super) struct Newsroom {
    listens: bool,
    second_at: Tick,
    told: Told,
    skipped: Skipped,
    waiting: Vec<News>,
    // Something has happened since the last figures.
    stirred: bool,
    told_at: Tick,
}

#[derive(Debug, Default)]
struct Told {
    attempts: u32,
    events: u32,
    endpoints: u32,
}

impl Newsroom {
    /// Takes note of whether somebody listens.
    pub fn listen(&mut self, listens: bool) {
        if self.listens != listens {
            *self = Self {
                listens,
                stirred: listens,
                ..Self::default()
            };
        }
    }

    /// An attempt came back: `true` where it is worth making news of it.
    fn takes_attempt(&mut self, now: Tick) -> bool {
        self.turn(now);
        let room = self.told.attempts < ATTEMPTS_MAX && self.waiting.len() < WAITING_MAX;
        match room {
            true => self.told.attempts += 1,
            false => self.skipped.attempts += 1,
        }
        room
    }

    /// An attempt of a delivery came back: it is told after the commit that writes it down.
    pub fn attempt(&mut self, now: Tick, attempt: &Attempt) {
        if self.listens && self.takes_attempt(now) {
            self.waiting.push(News::Attempt(AttemptNews::of(attempt)));
        }
    }

    /// A test came back, which changes nothing on disk: it is told at once.
    pub fn test(&mut self, now: Tick, attempt: &Attempt, effects: &mut Effects) {
        if self.listens && self.takes_attempt(now) {
            effects.news.push(News::Attempt(AttemptNews::of(attempt)));
        }
    }

    /// An event is on disk.
    pub fn event(&mut self, now: Tick, event: &NewEvent, effects: &mut Effects) {
        if !self.listens {
            return;
        }
        self.turn(now);
        if self.told.events >= EVENTS_MAX {
            self.skipped.events += 1;
            return;
        }
        self.told.events += 1;
        effects.news.push(News::Event(EventNews {
            number: event.number,
            kind: event.head.kind.clone(),
            occurred_at: event.head.occurred_at,
            received_at: event.head.received_at,
            origin: event.head.origin,
            matched: event.head.matched,
        }));
    }

    /// What goes with the commit that is being made.
    pub fn seal(&mut self) -> Vec<News> {
        std::mem::take(&mut self.waiting)
    }

    /// That commit failed: it is told with a later one.
    pub fn take_back(&mut self, mut news: Vec<News>) {
        news.append(&mut self.waiting);
        self.waiting = news;
    }

    /// When there are figures to tell.
    pub fn next_wake(&self) -> Option<Tick> {
        let apart_ms = if self.stirred { SECOND_MS } else { PULSE_MS };
        self.listens.then(|| self.told_at.plus_ms(apart_ms))
    }

    fn turn(&mut self, now: Tick) {
        self.stirred = true;
        if now.ms_since(self.second_at) >= SECOND_MS {
            self.second_at = now;
            self.told = Told::default();
        }
    }
}

/// A commit is done: what waited for it is told, and how the endpoints that it changed are now.
pub(super) fn committed(
    state: &mut State,
    now: Now,
    (waited, endpoints): (Vec<News>, BTreeSet<EndpointNumber>),
    effects: &mut Effects,
) {
    if !state.news.listens {
        return;
    }
    state.news.turn(now.tick);
    effects.news.extend(waited);
    for number in endpoints {
        if state.news.told.endpoints >= ENDPOINTS_MAX {
            state.news.skipped.endpoints += 1;
            continue;
        }
        state.news.told.endpoints += 1;
        let view = state.view(now, number).map(Box::new);
        effects.news.push(News::Endpoint(number, view));
    }
}

/// Tells the figures, where they are due.
pub(super) fn go_on(state: &mut State, now: Now, effects: &mut Effects) {
    let due = state.news.next_wake().is_some_and(|due| due <= now.tick);
    if !due {
        return;
    }
    let (counters, in_flight) = (&state.counters, state.in_flight);
    effects.news.push(News::Figures(Figures {
        at: now.wall,
        accepted: counters.events_accepted.get(),
        delivered: counters.deliveries_delivered.get(),
        not_delivered: counters.deliveries_not_delivered.get(),
        attempts: counters.attempts.get(),
        waiting: state.lanes.open().saturating_sub(in_flight),
        in_flight,
        skipped: std::mem::take(&mut state.news.skipped),
    }));
    state.news.stirred = false;
    state.news.told_at = now.tick;
}

impl AttemptNews {
    fn of(attempt: &Attempt) -> Self {
        let exchange = &attempt.exchange;
        let result = exchange.result.as_ref();
        Self {
            number: attempt.number,
            endpoint: attempt.endpoint,
            delivery: attempt.delivery,
            event: attempt.event,
            kind: attempt.kind.clone(),
            n: attempt.n,
            at: exchange.at,
            duration_ms: exchange.duration_ms,
            result: result.map(|reply| reply.status).map_err(|error| error.kind),
            outcome: attempt.outcome,
            next_at: attempt.next_at,
        }
    }
}
