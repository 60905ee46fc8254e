//! What is decided after each drain, and when nobody sent anything: time passes, a commit
//! starts, deliveries go out, a stop goes on. And when to be woken for the next of these.

use std::sync::Arc;

use super::commit;
use super::message::{Effects, Errand};
use super::news;
use super::retention;
use super::rollups;
use super::state::{Disk, Phase, State};
use super::step::{end_due, next_end, pass};
use crate::domain::change::{EndState, Reason};
use crate::domain::lanes::Dispatch;
use crate::domain::request::Message;
use crate::domain::time::{Now, Tick};
use crate::send::pool::{Body, Job};

/// Deliveries that expire or are cleared in one turn: so many that a commit is worth it, so few
/// that nobody waits for them.
const SLICE_MAX: usize = 512;

/// Lets time pass, and decides what is due.
pub(super) fn turn(state: &mut State, now: Now, effects: &mut Effects) {
    let mut expired = Vec::new();
    let most = if may_expire(state) { SLICE_MAX } else { 0 };
    state.lanes.advance(now.tick, most, &mut expired);
    state.end_all(now, expired, (EndState::Expired, Reason::LifeOver));
    if may_act(state) {
        end_due(state, now);
        pass(state, now);
    }
    clear_removed(state, now);
    rollups::turn(state, now);
    go_on_stopping(state, now, effects);
    if commit::due(state, now.tick).is_some_and(|due| due <= now.tick) {
        effects.order = Some(commit::seal(state, now));
    } else {
        effects.order = commit::seal_behind(state, now);
    }
    let free = may_act(state) && !is_crowded(state);
    retention::go_on(state, now, free, effects);
    dispatch(state, now, effects);
    effects.replayed.append(state.replays.news());
    news::go_on(state, now, effects);
    relist(state, effects);
}

/// Endpoints whose health has changed find their places in the lists anew.
fn relist(state: &mut State, effects: &mut Effects) {
    for number in state.batch.relisted.drain(..) {
        let entry = state.roster.get(&number);
        let endpoint = entry.map(|entry| Arc::clone(&entry.endpoint));
        effects.listed.push((number, endpoint));
    }
}

/// When `turn` has something to do next, should nothing be sent before.
pub(super) fn next_wake(state: &State, now: Now) -> Option<Tick> {
    let stop = match state.phase {
        Phase::Draining(until) => Some(until),
        _ => None,
    };
    let ending = next_end(state).map(|at| now.tick_at(at));
    let ending = ending.filter(|_| may_act(state));
    // What can't expire yet does so after the commit: its answer wakes us.
    let lanes = state.lanes.next_wake();
    let lanes = lanes.filter(|at| *at > now.tick || may_expire(state));
    let watched = state.watched.first().map(|(at, _)| *at);
    let watched = watched.filter(|_| may_act(state));
    let retention = retention::next_wake(state).filter(|_| may_act(state));
    [
        lanes,
        commit::due(state, now.tick),
        ending,
        watched,
        retention,
        stop,
        state.news.next_wake(),
        rollups::next_wake(state),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// Whether deliveries may go out, and endpoints be deleted by themselves: not before the first
/// commit, not while the store is away, not during a stop.
fn may_act(state: &State) -> bool {
    state.disk == Disk::Well && state.phase == Phase::Running
}

/// Whether enough ends wait for a commit, so that more would only take memory.
fn is_crowded(state: &State) -> bool {
    state.batch.rows.len() >= SLICE_MAX
}

/// Whether deliveries may leave for their age. Not during a stop: it would last as long as there
/// are some, and the next run finds them all the same.
fn may_expire(state: &State) -> bool {
    state.phase == Phase::Running && !is_crowded(state)
}

/// Whether so many results wait to be committed that a crash would repeat more than one batch.
fn is_backed_up(state: &State) -> bool {
    let uncommitted = state.batch.rows.len() + state.in_flight as usize;
    state.flight.is_some() && uncommitted >= commit::OPERATIONS_MAX
}

/// Takes out what waits for endpoints that are gone, a slice for each commit.
fn clear_removed(state: &mut State, now: Now) {
    if !may_act(state) || !state.clearing || is_crowded(state) {
        return;
    }
    let how = (EndState::Cancelled, Reason::EndpointDeleted);
    let left = state.lanes.clear_removed(SLICE_MAX);
    state.clearing = !left.is_empty();
    state.end_all(now, left, how);
}

fn go_on_stopping(state: &mut State, now: Now, effects: &mut Effects) {
    match state.phase {
        Phase::Draining(until) => {
            let landed = state.in_flight == 0 && state.tests.is_empty();
            if landed || until <= now.tick {
                state.phase = Phase::Cutting;
                effects.cut = true;
            }
        }
        Phase::Flushing if state.flight.is_none() => {
            let done = state.disk == Disk::Well && commit::due(state, now.tick).is_none();
            // A store that is away may stay away: the rows on disk are still due, and are sent
            // again by the next run.
            if done || state.disk == Disk::Away {
                state.phase = Phase::Ended(state.batch.is_empty());
            }
        }
        _ => {}
    }
}

/// Hands out what may go. What has expired leaves first, so that it is never sent.
fn dispatch(state: &mut State, now: Now, effects: &mut Effects) {
    if !may_act(state) || state.lanes.has_expired(now.tick) {
        return;
    }
    while !is_backed_up(state)
        && let Some(dispatch) = state.lanes.next(now.tick)
    {
        match job(state, dispatch) {
            Some(job) => {
                state.in_flight += 1;
                effects.jobs.push(job);
            }
            // It stays in flight, and so waits for the next run: never lost, never sent wrong.
            None => log::error!("no endpoint or no event for {:?}", dispatch.key),
        }
    }
}

fn job(state: &State, dispatch: Dispatch) -> Option<Job<Errand>> {
    let event = dispatch.key.event;
    let entry = state.roster.get(&dispatch.key.endpoint)?;
    Some(Job {
        ticket: Errand::Delivery(dispatch),
        target: entry.target.clone(),
        message: Message {
            event_id: state.epochs.event_id(event),
            kind: state.live.kind(event)?.clone(),
            attempt: dispatch.attempts.saturating_add(1),
            test: false,
            next_key: false,
        },
        body: match state.bodies.get(event) {
            Some(body) => Body::Here(body),
            None => Body::Stored(event),
        },
    })
}
