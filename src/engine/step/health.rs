//! How an endpoint is doing: what attempts make of it, and the words in the log for a person.

use std::sync::Arc;

use super::super::roster::FAILING_FROM;
use super::super::state::State;
use crate::domain::attempt::Exchange;
use crate::domain::endpoint::{Pause, PauseCause};
use crate::domain::id::EndpointNumber;
use crate::domain::outcome::Outcome;
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
        Outcome::Delivered => succeeded(state, now, endpoint),
        Outcome::Retry { .. } => failed(state, now, endpoint, exchange),
        Outcome::Pause => gone(state, now, endpoint),
        Outcome::Cut => {}
    }
}

fn succeeded(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.failures = 0;
    let health = &entry.endpoint.health;
    if health.first_success_at.is_some() && health.failing_since.is_none() {
        return;
    }
    // A record that is being written is left alone: this makes a new one.
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.first_success_at.get_or_insert(now.wall);
    let recovered = health.failing_since.take();
    state.batch.mark(now.tick, number);
    if let Some(since) = recovered {
        let name = state.name(number);
        log::info!("{name} has recovered; its attempts had failed since {since}");
    }
}

fn failed(state: &mut State, now: Now, number: EndpointNumber, exchange: &Exchange) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    entry.failures = entry.failures.saturating_add(1);
    if entry.failures < FAILING_FROM || entry.endpoint.health.failing_since.is_some() {
        return;
    }
    let failures = entry.failures;
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.failing_since = Some(now.wall);
    state.batch.mark(now.tick, number);
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

/// The receiver said that it is gone. The lane stops now, the record follows at once.
fn gone(state: &mut State, now: Now, number: EndpointNumber) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    if entry.endpoint.health.pause.is_some() {
        return;
    }
    let health = &mut Arc::make_mut(&mut entry.endpoint).health;
    health.pause = Some(Pause {
        cause: PauseCause::Gone,
        since: now.wall,
        next_probe_at: None,
    });
    state.put_lane(now.tick, number);
    state.batch.mark(now.tick, number);
    state.batch.urgent = true;
    let name = state.name(number);
    log::warn!("{name} is paused: its receiver answered 410 Gone; resume it by hand");
}
