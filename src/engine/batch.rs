//! The open batch: what the next commit will carry, and who waits for it. And the flight: a
//! batch that the store thread has now.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::answer::Verdict;
use super::handle::{Accepted, Command, Written};
use super::news::News;
use crate::domain::change::{Change, Ended, NewEvent, Reopened};
use crate::domain::endpoint::Endpoint;
use crate::domain::event::Origin;
use crate::domain::id::{EndpointNumber, EventNumber, ReplayNumber, TokenNumber};
use crate::domain::lanes::Ticket;
use crate::domain::notice::Notice;
use crate::domain::time::{Tick, Timestamp};
use crate::domain::token::Token;

/// What gathers while the store is busy.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Events that were refused after a failed commit. They go first of all.
    pub withdrawn: Vec<EventNumber>,
    /// Deliveries that moved or ended, in the order of the decisions.
    pub rows: VecDeque<Row>,
    /// Endpoints whose health changed. Their records are made when the batch is sealed, so that
    /// they compose with what a person changes in the same batch.
    pub marked: BTreeSet<EndpointNumber>,
    /// Those of them whose place in the lists is to be looked at.
    pub relisted: Vec<EndpointNumber>,
    /// What persons change, in their order.
    pub writes: VecDeque<Write>,
    /// Events that wait to be accepted, ascending.
    pub accepts: VecDeque<Accepting>,
    /// Tokens that were used.
    pub tokens: BTreeSet<TokenNumber>,
    /// Events that were kept long enough: of one slice at most.
    pub pruned: Vec<Pruned>,
    /// Since when something of it waits that is in no hurry.
    pub since: Option<Tick>,
    /// Something waits that is: a held event of a call, a pause, a person.
    pub urgent: bool,
}

/// An event that is answered by its commit.
#[derive(Debug)]
pub(super) struct Accepting {
    pub event: Arc<NewEvent>,
    /// None for an event of a group, which is answered with the last of it.
    pub answer: Option<Verdict<Accepted>>,
    /// Those who sent the same event with the same key meanwhile.
    pub followers: Vec<Verdict<Accepted>>,
    /// Groups of which this is the last event that is not on disk.
    pub groups: Vec<Grouped>,
    /// The next one came in the same group, and belongs into the same commit.
    pub goes_on: bool,
    /// A notice of the health of that endpoint, whose record is written with it.
    pub notice: Option<(EndpointNumber, Notice)>,
}

/// A group that waits for the last of its events.
#[derive(Debug)]
pub(super) struct Grouped {
    pub answer: Verdict<Vec<Accepted>>,
    /// What will be said.
    pub items: Vec<Accepted>,
}

/// `Moved` or `Ended`, of one delivery.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub change: Change,
    /// Leaves the lanes with the commit.
    pub release: Option<Ticket>,
}

/// An event that goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruned {
    pub event: EventNumber,
    pub body_bytes: u64,
}

/// What a person changes, and who waits for it; nobody when the engine does it by itself.
#[derive(Debug)]
pub(super) struct Write {
    pub planned: Planned,
    pub at: Timestamp,
    pub answer: Option<Verdict<Written>>,
}

/// What will be in force once it is committed.
#[derive(Debug)]
pub(super) enum Planned {
    Add(Arc<Endpoint>),
    /// A command that changes the endpoint's record. It is applied to the record of the moment:
    /// once for the disk when the batch is sealed, once to the memory when it is committed.
    Change(EndpointNumber, Command),
    Remove(EndpointNumber),
    AddToken(Arc<Token>),
    RemoveToken(TokenNumber),
    /// A new round, by hand or of a replay. It has its place in the lane.
    Reopen(EventNumber, Reopened, Option<ReplayNumber>),
    /// A delivery that has left its lane already.
    Cancel(EventNumber, Ended),
}

/// What the store has been given.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pub withdrawn: Vec<EventNumber>,
    pub rows: Vec<Row>,
    pub marked: Vec<EndpointNumber>,
    pub writes: Vec<Write>,
    pub accepts: Vec<Accepting>,
    pub tokens: Vec<TokenNumber>,
    pub pruned: Vec<Pruned>,
    /// What the live stream is told once it is committed.
    pub news: Vec<News>,
    /// The bytes of all bodies once it is committed.
    pub body_bytes: u64,
    /// It leaves a file that needs no repair.
    pub quick_repair: bool,
    /// It was given out behind another.
    pub is_second: bool,
    /// That other one failed, and this fails with it, whatever the store says.
    pub is_doomed: bool,
}

impl Batch {
    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        let Self {
            withdrawn,
            rows,
            marked,
            writes,
            accepts,
            tokens,
            pruned,
            ..
        } = self;
        withdrawn.is_empty()
            && rows.is_empty()
            && marked.is_empty()
            && writes.is_empty()
            && accepts.is_empty()
            && tokens.is_empty()
            && pruned.is_empty()
    }

    /// The events that wait came from outside. A notice goes with the record of its endpoint.
    pub fn brings_only_from_outside(&self) -> bool {
        let own = |accepting: &Accepting| accepting.event.head.origin == Origin::Own;
        !self.accepts.iter().any(own)
    }

    /// Adds an event that goes.
    pub fn prune(&mut self, now: Tick, pruned: Pruned) {
        self.since.get_or_insert(now);
        self.pruned.push(pruned);
    }

    /// Adds the move or the end of a delivery.
    pub fn row(&mut self, now: Tick, row: Row) {
        self.since.get_or_insert(now);
        self.rows.push_back(row);
    }

    /// Notes that the endpoint's health changed.
    pub fn mark(&mut self, now: Tick, endpoint: EndpointNumber) {
        self.since.get_or_insert(now);
        self.marked.insert(endpoint);
        self.relisted.push(endpoint);
    }

    /// Adds what a person changes: it starts a commit at once.
    pub fn write(&mut self, write: Write) {
        self.urgent = true;
        self.writes.push_back(write);
    }

    /// Takes back what a failed commit carried, in front of what came since. Its events and
    /// what persons changed are not taken back: they were refused.
    pub fn take_back(&mut self, now: Tick, flight: &mut Flight) {
        let mut withdrawn = std::mem::take(&mut flight.withdrawn);
        withdrawn.append(&mut self.withdrawn);
        self.withdrawn = withdrawn;
        for row in flight.rows.drain(..).rev() {
            self.rows.push_front(row);
        }
        self.marked.extend(flight.marked.drain(..));
        self.tokens.extend(flight.tokens.drain(..));
        self.pruned.append(&mut flight.pruned);
        self.since.get_or_insert(now);
    }
}

/// The event of that number among those that wait, which are ascending.
pub(super) fn find(accepts: &mut [Accepting], event: EventNumber) -> Option<&mut Accepting> {
    let at = accepts.binary_search_by_key(&event, |accepting| accepting.event.number);
    accepts.get_mut(at.ok()?)
}
