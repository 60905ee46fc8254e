//! What time makes of an endpoint that fails: notices, a pause, and probes while it lasts.
//!
//! Each endpoint in trouble has one time in the watch, at which something is next; one that is
//! well has none, and costs nothing here.

use std::sync::Arc;

use super::super::roster::Entry;
use super::super::state::State;
use super::notice;
use crate::domain::endpoint::{Pause, PauseCause};
use crate::domain::id::EndpointNumber;
use crate::domain::notice::Notice;
use crate::domain::spell::{self, PROBE_MS, Step};
use crate::domain::time::{Now, Tick};

/// Endpoints that are looked at in one turn; the others come with the next.
const SLICE_MAX: usize = 512;

/// What is next for an endpoint in trouble.
#[derive(Clone, Copy, Debug)]
enum Next {
    Spell(Step),
    Probe,
}

fn next(entry: &Entry, pause_after_ms: u64) -> Option<(Tick, Next)> {
    let health = &entry.endpoint.health;
    if !entry.endpoint.spec.enabled {
        return None;
    }
    match &health.pause {
        Some(pause) => pause.next_probe_at.map(|at| (at, Next::Probe)),
        None => entry.failing_from.map(|since| {
            let (at, step) = spell::next(since, health.notices, pause_after_ms);
            (at, Next::Spell(step))
        }),
    }
}

/// Sets the time at which something is next for the endpoint. To be called when that changes.
pub(in crate::engine) fn watch(state: &mut State, number: EndpointNumber) {
    let pause_after_ms = state.delivery.pause_after_ms;
    let next = |entry: &Entry| next(entry, pause_after_ms).map(|(at, _)| at);
    let at = state.roster.get(&number).and_then(next);
    watch_at(state, number, at);
}

fn watch_at(state: &mut State, number: EndpointNumber, at: Option<Tick>) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    if let Some(old) = std::mem::replace(&mut entry.watched_at, at) {
        state.watched.remove(&(old, number));
    }
    if let Some(at) = at {
        state.watched.insert((at, number));
    }
}

/// Does what time has made due.
pub(in crate::engine) fn pass(state: &mut State, now: Now) {
    for _ in 0..SLICE_MAX {
        match state.watched.first() {
            Some((at, number)) if *at <= now.tick => step(state, now, *number),
            _ => return,
        }
    }
}

fn step(state: &mut State, now: Now, number: EndpointNumber) {
    watch_at(state, number, None);
    let pause_after_ms = state.delivery.pause_after_ms;
    let entry = state.roster.get(&number);
    let Some((at, next)) = entry.and_then(|entry| next(entry, pause_after_ms)) else {
        return;
    };
    if at > now.tick {
        return watch_at(state, number, Some(at));
    }
    match next {
        Next::Spell(Step::Notice(count)) => tell(state, now, number, count),
        Next::Spell(Step::Pause) => pause(state, now, number),
        // A new event is a probe by itself; this is for what comes without one.
        Next::Probe if !probe(state, now, number) => {
            return watch_at(state, number, Some(now.tick.plus_ms(PROBE_MS)));
        }
        Next::Probe => {}
    }
    watch(state, number);
}

fn tell(state: &mut State, now: Now, number: EndpointNumber, count: u8) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.notices = count;
    let since = health.failing_since.unwrap_or(now.wall);
    let waiting = state.lanes.report(number).unwrap_or_default().waiting;
    let name = state.name(number);
    log::warn!("{name} still fails, since {since}: {waiting} deliveries wait");
    notice::give(state, now, number, Notice::Failing);
}

/// It has failed for too long: nothing is sent any more but a probe now and then.
fn pause(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.pause = Some(Pause {
        cause: PauseCause::Failing,
        since: now.wall,
        next_probe_at: Some(now.tick.plus_ms(PROBE_MS)),
    });
    // What waits for a later try is due from now on, also after a restart.
    health.catch_ups = health.catch_ups.wrapping_add(1);
    let since = health.failing_since.unwrap_or(now.wall);
    state.put_lane(now.tick, number);
    state.lanes.catch_up(now.tick, number);
    state.batch.urgent = true;
    let waiting = state.lanes.report(number).unwrap_or_default().waiting;
    let name = state.name(number);
    log::warn!(
        "{name} is paused: it has failed since {since}; {waiting} deliveries wait, one of them is \
         tried now and then, and the first success resumes it"
    );
    notice::give(state, now, number, Notice::Paused);
}

/// Sends one delivery that waits. False when there is none.
fn probe(state: &mut State, now: Now, number: EndpointNumber) -> bool {
    if !state.lanes.probe(now.tick, number) {
        return false;
    }
    if let Some(entry) = state.roster.get_mut(&number) {
        let health = &mut Arc::make_mut(&mut entry.endpoint).health;
        if let Some(pause) = &mut health.pause {
            pause.next_probe_at = Some(now.tick.plus_ms(PROBE_MS));
        }
        state.batch.mark(now.tick, number);
    }
    true
}

/// A new event waits for the endpoint: where it is probed, that is a reason to do so now.
pub(super) fn arrived(state: &mut State, now: Now, number: EndpointNumber) {
    let entry = state.roster.get(&number);
    let Some(entry) = entry.filter(|entry| entry.endpoint.spec.enabled) else {
        return;
    };
    let pause = entry.endpoint.health.pause.as_ref();
    let next = pause.and_then(|pause| pause.next_probe_at);
    if next.is_some_and(|next| spell::probes_at_once(next, now.tick)) && probe(state, now, number) {
        watch(state, number);
    }
}

/// A person has changed the endpoint. Where it begins anew, what failed before does not count.
pub(super) fn changed(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    if entry.endpoint.health.failing_since.is_none() && entry.failing_from.take().is_some() {
        entry.failures = 0;
        entry.caught_up_at = Some(now.tick);
    }
    watch(state, number);
}

/// An endpoint is as it was when the last run ended.
pub(in crate::engine) fn restarted(state: &mut State, now: Now, number: EndpointNumber) {
    let pause_after_ms = state.delivery.pause_after_ms;
    if let Some(entry) = state.roster.get_mut(&number)
        && let Some(since) = entry.endpoint.health.failing_since
    {
        let since = now.tick_at(since);
        entry.failing_from = Some(spell::since_start(since, now.tick, pause_after_ms));
    }
    watch(state, number);
}
