//! The engine's memory: everything that decisions read and change, owned by one thread.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::answer::Verdict;
use super::batch::{Batch, Flight, Row};
use super::bodies::Bodies;
use super::handle::{EndpointView, Refusal};
use super::history::History;
use super::idempotency::Idempotency;
use super::live::Live;
use super::news::Newsroom;
use super::replay::Outstanding;
use super::retention::Retention;
use super::rollups::Rollups;
use super::roster::Entry;
use super::rounds::Rounds;
use super::step::watch;
use super::tallies::Minute;
use crate::config::{DeliverySettings, RetentionSettings};
use crate::domain::attempt::Attempt;
use crate::domain::change::{Change, EndState, Ended, Numbers, Reason};
use crate::domain::dice::Dice;
use crate::domain::ended_calls::EndedCalls;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryKey, EndpointNumber, Epochs, EventNumber, TokenNumber};
use crate::domain::lanes::{Lanes, Left, Limits, Ticket};
use crate::domain::notice::Notice;
use crate::domain::retry::Plan;
use crate::domain::route::Routes;
use crate::domain::spread::NumberMap;
use crate::domain::time::{Now, Tick, Timestamp};
use crate::domain::token::Token;
use crate::telemetry::Counters;

/// The memory.
#[derive(Debug)]
pub(super) struct State {
    // What was given at the start.
    pub delivery: DeliverySettings,
    pub plan: Plan,
    pub epochs: Arc<Epochs>,
    pub counters: Arc<Counters>,
    pub started_at: Timestamp,
    pub dice: Dice,

    // What the rules know.
    pub numbers: Numbers,
    pub roster: NumberMap<EndpointNumber, Entry>,
    pub tokens: BTreeMap<TokenNumber, Arc<Token>>,
    pub routes: Routes,
    pub lanes: Lanes,
    pub live: Live,
    pub ended_calls: EndedCalls,
    pub idempotency: Idempotency,
    pub rounds: Rounds,
    pub replays: Outstanding,
    pub bodies: Bodies,
    pub history: History,
    pub news: Newsroom,
    pub rollups: Rollups,
    pub retention: Retention,

    // What is going on.
    pub tests: HashMap<EndpointNumber, Testing>,
    /// Deliveries that are with the pool.
    pub in_flight: u32,
    /// When endpoints are deleted by themselves.
    pub expiring: BTreeSet<(Timestamp, EndpointNumber)>,
    /// When previous keys are forgotten.
    pub overlapping: BTreeSet<(Timestamp, EndpointNumber)>,
    /// When something is next for endpoints in trouble, see `step::watch`.
    pub watched: BTreeSet<(Tick, EndpointNumber)>,
    /// Notices that could not be given yet.
    pub owed: BTreeMap<EndpointNumber, Notice>,
    /// Endpoints were removed whose deliveries may not all be cleared.
    pub clearing: bool,
    pub accepted: Minute,
    pub delivered: Minute,

    // What is written.
    pub batch: Batch,
    pub flight: Option<Flight>,
    /// A second one that was given out behind that; there is none without it.
    pub behind: Option<Flight>,
    pub disk: Disk,
    pub pace: Pace,
    pub phase: Phase,
}

/// A test that is under way.
#[derive(Debug)]
pub(super) struct Testing {
    pub event: EventNumber,
    pub kind: EventType,
    pub answer: Verdict<Arc<Attempt>>,
}

/// How it stands with the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Disk {
    /// Nothing was committed yet: events are taken in, nothing is sent. A full disk must not
    /// send everything again at each restart.
    Untried,
    /// The last commit succeeded.
    Well,
    /// The last commit failed: nothing is taken in, nothing is sent.
    Away,
    /// It is open again, which the next commit has to prove.
    Reopened,
}

/// How long after the last commit one is made that nobody needs but to find out.
const DOUBT_MS: u64 = 1000;

/// When commits were started, for when the next one is due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    pub began_at: Tick,
    /// The file would need a repair should the process be killed now.
    pub unrepaired: bool,
    /// When a commit is to find out whether the database is well: it could not be read.
    pub doubt_at: Option<Tick>,
}

impl State {
    /// The database could not be read: a commit finds out what is the matter, at most one a
    /// second. One that fails has the file opened again.
    pub fn doubt(&mut self, now: Tick) {
        let soonest = self.pace.began_at.plus_ms(DOUBT_MS);
        self.pace.doubt_at.get_or_insert(soonest.max(now));
    }
}

/// How far a stop has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// No stop.
    Running,
    /// No new dispatch, and up to then for what is in flight.
    Draining(Tick),
    /// The connections are being cut.
    Cutting,
    /// Nothing is in flight; what was decided is committed.
    Flushing,
    /// All done. False: something could not be committed.
    Ended(bool),
}

/// What is known of the last attempt of a delivery when it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trace {
    pub attempts: u8,
    pub status: u16,
    pub ms: u32,
}

/// The bound on open deliveries in all, and from where on it is crowded.
const OPEN_MAX: u32 = 2_000_000;
const CROWDED_FROM: u32 = 1_500_000;
const WAITING_MAX_CROWDED: u32 = 10_000;

impl State {
    /// An empty memory.
    pub fn new(
        (delivery, retention): (DeliverySettings, RetentionSettings),
        epochs: Arc<Epochs>,
        numbers: Numbers,
        counters: Arc<Counters>,
        (seed, now): (u64, Now),
    ) -> Self {
        let limits = Limits {
            threads_max: delivery.threads_max,
            open_max: OPEN_MAX,
            crowded_from: CROWDED_FROM,
            waiting_max: delivery.waiting_max,
            waiting_max_crowded: crowded(&delivery),
        };
        Self {
            plan: plan_of(&delivery),
            delivery,
            epochs,
            counters,
            started_at: now.wall,
            dice: Dice::seeded(seed),
            numbers,
            roster: NumberMap::default(),
            tokens: BTreeMap::new(),
            routes: Routes::default(),
            lanes: Lanes::new(limits),
            live: Live::default(),
            ended_calls: EndedCalls::default(),
            idempotency: Idempotency::default(),
            rounds: Rounds::default(),
            replays: Outstanding::default(),
            bodies: Bodies::default(),
            history: History::default(),
            news: Newsroom::default(),
            rollups: Rollups::new(now.tick),
            retention: Retention::new(retention, 0),
            tests: HashMap::new(),
            in_flight: 0,
            expiring: BTreeSet::new(),
            overlapping: BTreeSet::new(),
            watched: BTreeSet::new(),
            owed: BTreeMap::new(),
            clearing: false,
            accepted: Minute::default(),
            delivered: Minute::default(),
            batch: Batch::default(),
            flight: None,
            behind: None,
            disk: Disk::Untried,
            pace: Pace::default(),
            phase: Phase::Running,
        }
    }

    /// Takes other figures: every request and lane that follows goes by them.
    pub fn reconfigure(&mut self, now: Tick, delivery: DeliverySettings) {
        self.plan = plan_of(&delivery);
        self.lanes
            .set_waiting_max(delivery.waiting_max, crowded(&delivery));
        self.delivery = delivery;
        let numbers: Vec<_> = self.roster.keys().copied().collect();
        for number in numbers {
            if let Some(entry) = self.roster.get_mut(&number) {
                entry.aim(&self.delivery);
            }
            self.put_lane(now, number);
            watch(self, number);
        }
    }

    /// Why nothing new is taken in; None when it is.
    pub fn refusal(&self) -> Option<Refusal> {
        match (self.phase, self.disk) {
            (Phase::Running, Disk::Untried | Disk::Well) => None,
            (Phase::Running, Disk::Away | Disk::Reopened) => Some(Refusal::StoreAway),
            _ => Some(Refusal::Stopping),
        }
    }

    /// Decides that a delivery has ended. `release` is its ticket where it keeps a place in the
    /// order of its call until the commit.
    pub fn end(
        &mut self,
        now: Now,
        key: DeliveryKey,
        (state, reason): (EndState, Reason),
        trace: Trace,
        release: Option<Ticket>,
    ) {
        let ended = Ended {
            endpoint: key.endpoint,
            round: key.round,
            state,
            reason,
            attempts: trace.attempts,
            status: trace.status,
            ms: trace.ms,
            ended_at: now.wall,
        };
        let event = key.event;
        let change = Change::Ended(event, ended);
        let row = Row { change, release };
        self.batch.row(now.tick, row);
        self.count_end(now, state);
        self.replays.ended(key, state);
        if self.live.ended(event) {
            self.bodies.remove(event);
        }
    }

    /// Counts a delivery that ended.
    pub fn count_end(&mut self, now: Now, state: EndState) {
        if state == EndState::Delivered {
            self.counters.deliveries_delivered.add(1);
            self.delivered.note(now.tick);
        } else {
            self.counters.deliveries_not_delivered.add(1);
        }
    }

    /// Decides the same end for several that left their lanes without another attempt.
    pub fn end_all(&mut self, now: Now, left: Vec<Left>, how: (EndState, Reason)) {
        for Left { key, attempts } in left {
            let trace = Trace {
                attempts,
                ..Trace::default()
            };
            self.end(now, key, how, trace, None);
        }
    }

    /// Runs the endpoint's lane as its record says.
    pub fn put_lane(&mut self, now: Tick, endpoint: EndpointNumber) {
        if let Some(entry) = self.roster.get(&endpoint) {
            let settings = entry.lane(&self.delivery);
            self.lanes.put_lane(now, endpoint, settings);
        }
    }

    /// The endpoint with what is known of it; None when there is none.
    pub fn view(&self, now: Now, endpoint: EndpointNumber) -> Option<EndpointView> {
        let entry = self.roster.get(&endpoint)?;
        let lane = self.lanes.report(endpoint).unwrap_or_default();
        Some(EndpointView {
            endpoint: Arc::clone(&entry.endpoint),
            lane,
            oldest_due_at: lane.oldest_due.map(|due| now.wall_at(due)),
            recent: entry.ring.newest_first(),
            stats: entry.tallies.stats(now.tick),
        })
    }

    /// How often all that waited for the endpoint was made due: rows of deliveries that are put
    /// off keep it, so that a restart knows which of them were put off before the last time.
    pub fn catch_ups(&self, endpoint: EndpointNumber) -> u8 {
        let entry = self.roster.get(&endpoint);
        entry.map_or(0, |entry| entry.endpoint.health.catch_ups)
    }

    /// The endpoint by name, for a person who reads the log.
    pub fn name(&self, endpoint: EndpointNumber) -> String {
        let id = self.epochs.endpoint_id(endpoint);
        match self.roster.get(&endpoint) {
            Some(entry) => format!("{} ({id})", entry.endpoint.spec.title),
            None => id.to_string(),
        }
    }
}

fn plan_of(delivery: &DeliverySettings) -> Plan {
    Plan::new(delivery.retry_plan_ms.clone()).expect("settings hold at least one delay")
}

fn crowded(delivery: &DeliverySettings) -> u32 {
    WAITING_MAX_CROWDED.min(delivery.waiting_max)
}
