//! Rebuilds the memory from the database: lanes from the open rows, ended calls and idempotency
//! keys from the heads. No body is read.

use std::collections::HashMap;
use std::sync::Arc;

use super::history::Ring;
use super::idempotency;
use super::roster::Entry;
use super::state::State;
use super::step::{note_ends, restarted};
use crate::domain::attempt::Recent;
use crate::domain::change::{EndState, Head, Open, Reason};
use crate::domain::ended_calls::EndedCalls;
use crate::domain::event::EventType;
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::lanes::{Arrival, Left};
use crate::domain::time::{Now, Tick};
use crate::store::{Loaded, OpenRow, ReadError, Reader, Walk};

/// A stored due time counts as this far ahead at most, whatever a clock had said.
const AHEAD_MAX_MS: u64 = 24 * 3_600_000;
/// Heads that are looked at for keys and calls: a start must not take as long as a day was busy.
const HEADS_MAX: usize = 2_000_000;

/// Fills an empty memory with what the database held.
pub(super) fn rebuild(
    state: &mut State,
    now: Now,
    loaded: Loaded,
    reader: &Reader,
) -> Result<(), ReadError> {
    state.retention.body_bytes = loaded.body_bytes;
    let mut recent: HashMap<EndpointNumber, Vec<Recent>> = loaded.recent.into_iter().collect();
    for endpoint in loaded.endpoints {
        let number = endpoint.number;
        state.routes.put(&endpoint);
        let ring = Ring::of(recent.remove(&number).unwrap_or_default());
        let entry = Entry::new(Arc::new(endpoint), ring, &state.delivery);
        state.roster.insert(number, entry);
        note_ends(state, number);
        state.put_lane(now.tick, number);
        restarted(state, now, number);
    }
    for token in loaded.tokens {
        state.tokens.insert(token.number, Arc::new(token));
    }
    let set_aside = loaded.endpoints_set_aside;
    for number in &set_aside {
        let id = state.epochs.endpoint_id(*number);
        log::error!(
            "the record of {id} is damaged: nothing is sent to it, and what waits for it stays on \
             disk; restore a backup to have it sent"
        );
    }
    let mut superseded = Vec::new();
    reader.each_open(&mut |event, mut row| {
        row.open.retain(|open| !set_aside.contains(&open.endpoint));
        admit(state, now, (event, &row), &mut superseded);
    })?;
    state.end_all(now, superseded, (EndState::Superseded, Reason::CallEnded));
    remember(state, now, reader)
}

/// The deliveries of one event go back to their lanes. Those of endpoints that are gone are
/// cleared later, in slices. What is superseded was so before, and the daemon stopped between
/// the two commits.
fn admit(
    state: &mut State,
    now: Now,
    (event, row): (EventNumber, &OpenRow),
    superseded: &mut Vec<Left>,
) {
    let count = u32::try_from(row.open.len()).unwrap_or(u32::MAX);
    if count == 0 {
        return;
    }
    state.live.insert(event, &row.kind, count);
    for open in &row.open {
        // Put off, and made due with all that waited since: that is not in its row.
        let caught_up = open.attempts > 0 && open.flags != state.catch_ups(open.endpoint);
        let mut arrival = arrival(now.tick, event, row, open);
        if caught_up {
            arrival.due = arrival.due.min(now.tick);
        }
        state.lanes.admit_stored(now.tick, arrival, superseded);
        state.clearing |= !state.roster.contains_key(&open.endpoint);
    }
}

fn arrival(now: Tick, event: EventNumber, row: &OpenRow, open: &Open) -> Arrival {
    // A replay takes no part in order and expiry.
    let first_round = open.round == 0;
    Arrival {
        key: open.key(event),
        call: row.call.filter(|_| first_round),
        ends_call: first_round && row.kind.ends_call(),
        ringing: first_round && row.kind == EventType::CallRinging,
        expires_at: row.expires_at.filter(|_| first_round),
        due: open.due.min(now.plus_ms(AHEAD_MAX_MS)),
        attempts: open.attempts,
    }
}

/// Ended calls of the last minutes and idempotency keys of the last day, newest first on disk
/// and oldest first in memory.
fn remember(state: &mut State, now: Now, reader: &Reader) -> Result<(), ReadError> {
    let mut seen = 0;
    let mut calls = Vec::new();
    let mut keys = Vec::new();
    reader.heads_backwards(&mut |event, head: Head| {
        let at = now.tick_at(head.received_at).min(now.tick);
        let age_ms = now.tick.ms_since(at);
        seen += 1;
        if age_ms >= idempotency::COUNTS_MS || seen > HEADS_MAX {
            return Walk::Stop;
        }
        let recent = age_ms < EndedCalls::COUNTS_MS && calls.len() < EndedCalls::KEPT;
        if let Some(call) = head.call.filter(|_| recent && head.kind.ends_call()) {
            calls.push((call, at));
        }
        if let Some(key) = head.idempotency_key
            && keys.len() < idempotency::KEPT
        {
            keys.push((key, head.content, event, head.matched, at));
        }
        Walk::On
    })?;
    for (call, at) in calls.into_iter().rev() {
        state.ended_calls.note(call, at);
    }
    for (key, content, event, matched, at) in keys.into_iter().rev() {
        state.idempotency.restore(key, content, event, matched, at);
    }
    Ok(())
}
