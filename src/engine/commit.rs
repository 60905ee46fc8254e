//! When a commit starts, and what it carries.
//!
//! An event starts a commit as soon as none is out: that is one append to the journal, and costs
//! little even where it carries few. What arrives meanwhile is the next batch. Where many events
//! arrive, they are given out behind the first commit, so that the disk need not wait for the
//! engine.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Accepting, Flight, Planned};
use super::history::Dirty;
use super::rollups;
use super::state::{Disk, Phase, State};
use super::step::changed;
use crate::domain::change::{Change, Numbers};
use crate::domain::time::{Now, Tick};
use crate::store::thread::Order;

/// The most that one commit carries, but for a group of events: that is one commit, however
/// large it is (1,000 events and 16 MiB as they come in).
pub(super) const OPERATIONS_MAX: usize = 4096;
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Moves and ends among them, when events wait as well.
const ROWS_MAX: usize = OPERATIONS_MAX / 4 * 3;
/// While a commit is out, so many events are worth waking up for …
const EVENTS_ENOUGH: usize = 32;
/// … and so many are worth a second one behind it.
const EVENTS_BEHIND_MIN: usize = 24;
/// How long finishes wait for an accept to go with, and how many of them.
const FINISHES_WAIT_MS: u64 = 20;
const FINISHES_ENOUGH: usize = 512;
/// History goes to disk so long after the last commit when there is no other.
const SWEEP_IDLE_MS: u64 = 500;
/// After so long without a commit, one is made that leaves a file that needs no repair.
const REPAIR_IDLE_MS: u64 = 5000;

/// When the next commit is due; None when none is wanted, or one is out.
pub(super) fn due(state: &State, now: Tick) -> Option<Tick> {
    if state.flight.is_some() {
        return None;
    }
    match state.disk {
        Disk::Away => return None,
        Disk::Untried | Disk::Reopened => return Some(now),
        Disk::Well => {}
    }
    let (batch, pace) = (&state.batch, &state.pace);
    let unswept = !state.history.is_clean() || !state.rollups.is_clean();
    let idle = batch.is_empty() && !unswept;
    let flushing = state.phase == Phase::Flushing && (!idle || pace.unrepaired);
    let enough = batch.rows.len() >= FINISHES_ENOUGH;
    let accepts = !batch.accepts.is_empty();
    if flushing || batch.urgent || accepts || enough || state.history.is_full() {
        return Some(now);
    }
    let finishes = batch.since.map(|since| since.plus_ms(FINISHES_WAIT_MS));
    let sweep = unswept.then(|| pace.began_at.plus_ms(SWEEP_IDLE_MS));
    let repair = (idle && pace.unrepaired).then(|| pace.began_at.plus_ms(REPAIR_IDLE_MS));
    [finishes, sweep, repair, pace.doubt_at]
        .into_iter()
        .flatten()
        .min()
}

/// The batch that is out, where one of events may go out behind it: none behind a second one, so
/// that all else has its turn, nor where the file is to be left without need of repair.
fn leader(state: &State) -> Option<&Flight> {
    let first = state.flight.as_ref()?;
    let takes_second = state.behind.is_none() && !first.is_second && !first.quick_repair;
    (takes_second && state.batch.brings_only_from_outside()).then_some(first)
}

/// How many events make a second batch. The commit of a few would hold up the many behind it.
fn enough_behind(first: &Flight) -> usize {
    EVENTS_BEHIND_MIN.max(first.accepts.len() / 2)
}

/// How many new events are worth waking up for. While a commit is out, they can be put in line,
/// or go out behind it.
pub(super) fn events_enough(state: &State) -> usize {
    match (&state.flight, leader(state)) {
        (None, _) => 1,
        (_, None) => EVENTS_ENOUGH,
        (_, Some(first)) => {
            let waiting = state.batch.accepts.len();
            enough_behind(first).saturating_sub(waiting).max(1)
        }
    }
}

/// Takes the events that wait as a second batch, where there are enough of them and one may go
/// out behind the first. They need nothing of what the first one does to the memory; whatever
/// else waits is for the batch after them.
pub(super) fn seal_behind(state: &mut State, now: Now) -> Option<Order> {
    let first = leader(state)?;
    if state.batch.accepts.len() < enough_behind(first) {
        return None;
    }
    let before = first.body_bytes;
    let count = accepts_that_fit(&state.batch.accepts, OPERATIONS_MAX);
    let mut second = Flight {
        accepts: state.batch.accepts.drain(..count).collect(),
        is_second: true,
        ..Flight::default()
    };
    second.body_bytes = body_bytes(before, &second);
    let mut changes = written(state, &second);
    changes.push(Change::BodyBytes(second.body_bytes));
    changes.push(numbers(state, now));
    state.pace.began_at = now.tick;
    state.behind = Some(second);
    Some(Order::Commit(changes))
}

/// Takes the next batch out of what waits, as an order for the store. What does not fit waits
/// for the one after.
pub(super) fn seal(state: &mut State, now: Now) -> Order {
    // Rollups alone go with it: they come once a minute, and a commit of their own for the
    // repair after that would be one more.
    let idle = state.batch.is_empty() && state.history.is_clean();
    let tried = state.disk == Disk::Well;
    let quick_repair = tried && (idle || state.phase == Phase::Flushing);
    let mut flight = take(state);
    flight.quick_repair = quick_repair;
    flight.body_bytes = body_bytes(state.retention.body_bytes, &flight);
    flight.news = state.news.seal();
    let mut changes = written(state, &flight);
    // Each slot brings the short form of its endpoint along.
    let room = OPERATIONS_MAX.saturating_sub(changes.len()) / 2;
    let slice = match changes.is_empty() {
        true => state.history.sweep_all(now.tick, room),
        false => state.history.sweep(now.tick, room),
    };
    sweep(state, slice, &mut changes);
    let room = OPERATIONS_MAX.saturating_sub(changes.len());
    rollups::sweep(state, now.tick, room, &mut changes);
    changes.extend(removals(&flight));
    // A failed commit may be on disk all the same, with its count.
    if flight.body_bytes != state.retention.body_bytes || !flight.withdrawn.is_empty() {
        changes.push(Change::BodyBytes(flight.body_bytes));
    }
    changes.push(numbers(state, now));
    let batch = &mut state.batch;
    batch.urgent = !batch.writes.is_empty() || (batch.urgent && !batch.rows.is_empty());
    let waits = !(batch.rows.is_empty() && batch.marked.is_empty() && batch.tokens.is_empty());
    batch.since = waits.then_some(now.tick);
    state.pace.began_at = now.tick;
    state.pace.unrepaired |= !quick_repair;
    state.flight = Some(flight);
    if quick_repair {
        Order::CommitQuickRepair(changes)
    } else {
        Order::Commit(changes)
    }
}

fn numbers(state: &State, now: Now) -> Change {
    Change::Numbers(Numbers {
        newest: now.tick,
        ..state.numbers
    })
}

/// As much of the open batch as one commit may carry. What was withdrawn goes in any case: an
/// event that was refused must not be found by a reader any longer than need be.
fn take(state: &mut State) -> Flight {
    let batch = &mut state.batch;
    let mut flight = Flight {
        withdrawn: std::mem::take(&mut batch.withdrawn),
        pruned: std::mem::take(&mut batch.pruned),
        ..Flight::default()
    };
    let mut room = OPERATIONS_MAX;
    let mut fits = |waiting: usize| {
        let taken = waiting.min(room);
        room -= taken;
        taken
    };
    // However much there is to write down, there is room for events.
    let rows = match batch.accepts.is_empty() {
        true => batch.rows.len(),
        false => batch.rows.len().min(ROWS_MAX),
    };
    flight.rows.extend(batch.rows.drain(..fits(rows)));
    for _ in 0..fits(batch.marked.len()) {
        flight.marked.extend(batch.marked.pop_first());
    }
    for _ in 0..fits(batch.tokens.len()) {
        flight.tokens.extend(batch.tokens.pop_first());
    }
    flight
        .writes
        .extend(batch.writes.drain(..fits(batch.writes.len())));
    let count = accepts_that_fit(&batch.accepts, room);
    flight.accepts.extend(batch.accepts.drain(..count));
    let notices = flight
        .accepts
        .iter()
        .filter_map(|accepting| accepting.notice);
    for (about, _) in notices {
        if !flight.marked.contains(&about) {
            flight.marked.push(about);
        }
    }
    flight
}

/// How many events go: no group in part, and never none, so that nothing can hold them up.
fn accepts_that_fit(accepts: &VecDeque<Accepting>, room: usize) -> usize {
    let (mut bytes, mut whole) = (0, 0);
    for (place, accepting) in accepts.iter().enumerate() {
        bytes += accepting.event.body.len();
        if whole > 0 && (place >= room || bytes > BYTES_MAX) {
            break;
        }
        if !accepting.goes_on {
            whole = place + 1;
        }
    }
    whole
}

/// The bytes of all bodies once the batch is committed; before it they were that many. An event
/// that was withdrawn never counted.
fn body_bytes(before: u64, flight: &Flight) -> u64 {
    let accepts = flight.accepts.iter();
    let added: u64 = accepts
        .map(|accepting| u64::from(accepting.event.head.body_bytes))
        .sum();
    let gone: u64 = flight.pruned.iter().map(|pruned| pruned.body_bytes).sum();
    (before + added).saturating_sub(gone)
}

/// The changes of a batch, history and removals apart.
fn written(state: &State, flight: &Flight) -> Vec<Change> {
    let mut changes = Vec::with_capacity(flight.rows.len() + flight.accepts.len() + 72);
    let withdrawn = flight.withdrawn.iter().copied();
    changes.extend(withdrawn.map(Change::Withdrawn));
    let accepts = flight.accepts.iter();
    changes.extend(accepts.map(|accepting| Change::Event(Arc::clone(&accepting.event))));
    changes.extend(flight.rows.iter().map(|row| row.change.clone()));
    let pruned = flight.pruned.iter();
    changes.extend(pruned.map(|pruned| Change::Pruned(pruned.event)));
    let tokens = flight.tokens.iter();
    let tokens = tokens.filter_map(|number| state.tokens.get(number));
    changes.extend(tokens.map(|token| Change::Token(Arc::clone(token))));
    // Health first: where a person changes the same endpoint, that record holds both.
    let marked = flight.marked.iter();
    let marked = marked.filter_map(|number| state.roster.get(number));
    changes.extend(marked.map(|entry| Change::Endpoint(Arc::clone(&entry.endpoint))));
    for write in &flight.writes {
        changes.extend(match &write.planned {
            Planned::Add(endpoint) => Some(Change::Endpoint(Arc::clone(endpoint))),
            Planned::Change(number, command) => state.roster.get(number).and_then(|entry| {
                let next = changed(&entry.endpoint, command, write.at);
                Some(Change::Endpoint(Arc::new(next.ok().flatten()?)))
            }),
            // Behind the history, see `removals`.
            Planned::Remove(_) => None,
            Planned::AddToken(token) => Some(Change::Token(Arc::clone(token))),
            Planned::RemoveToken(number) => Some(Change::TokenRemoved(*number)),
            Planned::Reopen(event, reopened, _) => {
                Some(Change::Reopened(*event, Box::new(reopened.clone())))
            }
            Planned::Cancel(event, ended) => Some(Change::Ended(*event, *ended)),
        });
    }
    changes
}

/// A slice of the history, with the short form of each endpoint in it.
fn sweep(state: &State, slice: Vec<Dirty>, changes: &mut Vec<Change>) {
    let mut last = None;
    for (endpoint, slot, attempt) in slice {
        changes.push(Change::History(slot, attempt));
        if last != Some(endpoint)
            && let Some(entry) = state.roster.get(&endpoint)
        {
            last = Some(endpoint);
            let recent = entry.ring.as_slice().to_vec();
            changes.push(Change::Recent(endpoint, recent));
        }
    }
}

/// The removal of endpoints: behind the history, so that none is left of what is gone.
fn removals(flight: &Flight) -> impl Iterator<Item = Change> {
    let writes = flight.writes.iter();
    writes.filter_map(|write| match write.planned {
        Planned::Remove(number) => Some(Change::EndpointRemoved(number)),
        _ => None,
    })
}
