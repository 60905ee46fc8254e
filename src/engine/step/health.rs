//! How an endpoint is doing: what attempts make of it, and the words in the log for a person.
//! What time makes of it is in `watch`.

use std::sync::Arc;

use super::super::state::State;
use super::{notice, watch};
use crate::domain::attempt::Exchange;
use crate::domain::endpoint::{Pause, PauseCause};
use crate::domain::id::EndpointNumber;
use crate::domain::notice::Notice;
use crate::domain::outcome::Outcome;
use crate::domain::spell::{CATCH_UP_AFTER, CATCH_UP_APART_MS, FAILING_FROM};
use crate::domain::time::Now;

/// An attempt of a delivery came back.
pub(super) fn attempted(
    state: &mut State,
    now: Now,
    endpoint: EndpointNumber,
    meaning: Outcome,
    exchange: &Exchange,
) {
    match meaning {
        Outcome::Delivered => succeeded(state, now, endpoint, exchange),
        Outcome::Retry { .. } => failed(state, now, endpoint, exchange),
        Outcome::Pause => gone(state, now, endpoint),
        Outcome::Cut => {}
    }
}

fn succeeded(state: &mut State, now: Now, number: EndpointNumber, exchange: &Exchange) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.failures = 0;
    entry.tallies.delivered(now.tick, exchange.duration_ms);
    let health = &entry.endpoint.health;
    if health.failing_since.is_some() || health.is_probed() {
        recovered(state, now, number);
    } else if health.recovering {
        recovering(state, now, number);
    } else if health.first_success_at.is_none() {
        // A record that is being written is left alone: this makes a new one.
        let health = &mut Arc::make_mut(&mut entry.endpoint).health;
        health.first_success_at = Some(now.wall);
        state.batch.mark(now.tick, number);
    }
}

/// The first success after a failing spell. One that was paused for it is resumed, and catches
/// up; any other has to show first that it stays well.
fn recovered(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.failing_from = None;
    entry.successes = 1;
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.first_success_at.get_or_insert(now.wall);
    let since = health.failing_since.unwrap_or(now.wall);
    let (resumes, told) = (health.is_probed(), health.notices > 0);
    if resumes {
        health.begin_anew();
        entry.caught_up_at = Some(now.tick);
        state.put_lane(now.tick, number);
    } else {
        health.end_spell();
        health.recovering = true;
        state.lanes.go_gently(number);
    }
    let name = state.name(number);
    let then = if resumes { " and is resumed" } else { "" };
    log::info!("{name} has recovered{then}; its attempts had failed since {since}");
    watch::watch(state, number);
    if resumes || told {
        notice::give(state, now, number, Notice::Resumed);
    } else {
        state.batch.mark(now.tick, number);
    }
}

/// One more success after a failing spell: with enough of them in a row, all that waited for
/// a later try is due, unless that was so within the hour.
fn recovering(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.successes = entry.successes.saturating_add(1);
    let lately = |at| now.tick.ms_since(at) < CATCH_UP_APART_MS;
    if entry.successes < CATCH_UP_AFTER || entry.caught_up_at.is_some_and(lately) {
        return;
    }
    entry.caught_up_at = Some(now.tick);
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.recovering = false;
    health.catch_ups = health.catch_ups.wrapping_add(1);
    state.lanes.catch_up(now.tick, number);
    state.batch.mark(now.tick, number);
}

fn failed(state: &mut State, now: Now, number: EndpointNumber, exchange: &Exchange) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.failures = entry.failures.saturating_add(1);
    entry.successes = 0;
    entry.tallies.failed(now.tick);
    if entry.failures < FAILING_FROM || entry.endpoint.health.failing_since.is_some() {
        return;
    }
    let failures = entry.failures;
    entry.failing_from = Some(now.tick);
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.failing_since = Some(now.wall);
    state.batch.mark(now.tick, number);
    watch::watch(state, number);
    let name = state.name(number);
    match &exchange.result {
        // The texts of errors may name addresses: they are for the history, not for the log.
        Ok(reply) => log::warn!("{name} fails: {failures} in a row, last {}", reply.status),
        Err(e) => log::warn!(
            "{name} fails: {failures} in a row, last {}",
            e.kind.as_str()
        ),
    }
}

/// The receiver said that it is gone. The lane stops now, the record follows at once. Where the
/// endpoint is paused for having failed, it is probed no longer; a pause by hand stays one.
fn gone(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    let health = &entry.endpoint.health;
    if health.pause.is_some() && !health.is_probed() {
        return;
    }
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.pause = Some(Pause {
        cause: PauseCause::Gone,
        since: now.wall,
        next_probe_at: None,
    });
    state.put_lane(now.tick, number);
    state.batch.urgent = true;
    watch::watch(state, number);
    let name = state.name(number);
    log::warn!("{name} is paused: its receiver answered 410 Gone; resume it by hand");
    notice::give(state, now, number, Notice::Paused);
}
