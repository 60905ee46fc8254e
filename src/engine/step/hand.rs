//! What a person does with one delivery: send it now, send it once more, cancel it.

use super::super::batch::{Planned, Row};
use super::super::handle::{Named, Refusal, Written};
use super::super::rounds::Round;
use super::super::state::State;
use crate::domain::change::{Change, EndState, Ended, Open, Reason, Reopened};
use crate::domain::digest;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber, ReplayNumber};
use crate::domain::lanes::{Arrival, Place, Room};
use crate::domain::time::Now;

/// Sends a waiting one now. Its row says with the next commit that it is due, so that a restart
/// before that does not put it off again.
pub(super) fn send_now(state: &mut State, now: Now, named: Named) -> Result<Written, Refusal> {
    let Named { key, call } = named;
    check_endpoint(state, key.endpoint)?;
    let attempts = state.lanes.find(key, call).map_or(0, |it| it.attempts);
    match state.lanes.send_now(key, call) {
        Some(Place::Waiting) => {
            let open = Open {
                endpoint: key.endpoint,
                due: now.tick,
                attempts,
                round: key.round,
                flags: state.catch_ups(key.endpoint),
            };
            let row = Row {
                change: Change::Moved(key.event, open),
                release: None,
            };
            state.batch.row(now.tick, row);
            Ok(Written::Delivery(key))
        }
        Some(Place::Held) => Err(Refusal::HeldByOrder),
        Some(Place::InFlight | Place::Ending) => Err(Refusal::InFlight),
        None => Err(Refusal::Changed),
    }
}

/// Plans a new round, with a place in the lane.
pub(super) fn reopen(
    state: &mut State,
    now: Now,
    named: Named,
    kind: EventType,
    replay: Option<ReplayNumber>,
) -> Result<Planned, Refusal> {
    let Named { key, call } = named;
    check_endpoint(state, key.endpoint)?;
    if is_about(state, key.endpoint, &kind, call) {
        return Err(Refusal::OwnNotice);
    }
    if is_pruned(state, key.event) {
        return Err(Refusal::Unknown);
    }
    let round = match state.rounds.next(key) {
        Round::Free(round) => round,
        Round::Used => return Err(Refusal::RoundsUsed),
        Round::Stale if is_planned(state, key) => return Err(Refusal::InFlight),
        Round::Stale => return Err(Refusal::Changed),
    };
    if state.lanes.reserve(key.endpoint) != Room::Yes {
        return Err(Refusal::Busy);
    }
    state.rounds.note(DeliveryKey { round, ..key });
    // From here on the event counts as one that has open deliveries.
    state.live.reopen(key.event, &kind);
    let open = Open {
        endpoint: key.endpoint,
        due: now.tick,
        attempts: 0,
        round,
        flags: 0,
    };
    let reopened = Reopened { call, kind, open };
    Ok(Planned::Reopen(key.event, reopened, replay))
}

/// Whether a new round of that event for that endpoint waits for its commit.
fn is_planned(state: &State, key: DeliveryKey) -> bool {
    let flying = state.flight.iter().flat_map(|flight| &flight.writes);
    let mut writes = flying.chain(&state.batch.writes);
    writes.any(|write| match &write.planned {
        Planned::Reopen(event, reopened, _) => {
            (*event, reopened.open.endpoint) == (key.event, key.endpoint)
        }
        _ => false,
    })
}

/// Whether the event is a notice about the endpoint: its `data.id` is that of the endpoint.
fn is_about(state: &State, endpoint: EndpointNumber, kind: &EventType, call: Option<u64>) -> bool {
    let id = || state.epochs.endpoint_id(endpoint);
    kind.is_notice() && call == Some(digest::short(id().as_str()))
}

/// Whether the event is about to go: its age was over, or its bytes were wanted.
fn is_pruned(state: &State, event: EventNumber) -> bool {
    let flying = state.flight.iter().flat_map(|flight| &flight.pruned);
    let mut going = flying.chain(&state.batch.pruned);
    going.any(|pruned| pruned.event == event)
}

/// The new round is on disk: it is sent now, as the person wished, or waits in line.
pub(super) fn reopened(
    state: &mut State,
    now: Now,
    event: EventNumber,
    reopened: &Reopened,
    replay: Option<ReplayNumber>,
) -> DeliveryKey {
    let key = reopened.open.key(event);
    let arrival = Arrival {
        key,
        call: None,
        ends_call: false,
        ringing: false,
        expires_at: None,
        due: now.tick,
        attempts: 0,
    };
    // A later round supersedes nothing.
    state.lanes.admit(now.tick, arrival, &mut Vec::new());
    match replay {
        Some(replay) => state.replays.began(key, replay),
        None => {
            state.lanes.send_now(key, None);
        }
    }
    state.clearing |= !state.roster.contains_key(&key.endpoint);
    key
}

/// The commit of a new round failed. It may be on disk all the same.
pub(super) fn not_reopened(state: &mut State, now: Now, event: EventNumber, reopened: &Reopened) {
    state.lanes.give_back(reopened.open.endpoint);
    state.rounds.take_back(reopened.open.key(event));
    if state.live.ended(event) {
        state.bodies.remove(event);
    }
    let row = Row {
        change: Change::Unopened(reopened.open.key(event)),
        release: None,
    };
    state.batch.row(now.tick, row);
}

/// Takes a waiting one out of its lane, and plans to write that down.
pub(super) fn cancel(state: &mut State, now: Now, named: Named) -> Result<Planned, Refusal> {
    let Named { key, call } = named;
    if !state.roster.contains_key(&key.endpoint) {
        return Err(Refusal::EndpointGone);
    }
    let Some(left) = state.lanes.take(now.tick, key, call) else {
        return Err(match state.lanes.find(key, call) {
            Some(_) => Refusal::InFlight,
            None => Refusal::Changed,
        });
    };
    state.count_end(now, EndState::Cancelled);
    state.replays.ended(key, EndState::Cancelled);
    if state.live.ended(key.event) {
        state.bodies.remove(key.event);
    }
    let ended = Ended {
        endpoint: key.endpoint,
        round: key.round,
        state: EndState::Cancelled,
        reason: Reason::None,
        attempts: left.attempts,
        status: 0,
        ms: 0,
        ended_at: now.wall,
    };
    Ok(Planned::Cancel(key.event, ended))
}

/// The commit failed, but the delivery has left its lane: it stays cancelled, and the next
/// commit says so.
pub(super) fn still_to_cancel(state: &mut State, now: Now, event: EventNumber, ended: Ended) {
    let row = Row {
        change: Change::Ended(event, ended),
        release: None,
    };
    state.batch.row(now.tick, row);
}

fn check_endpoint(state: &State, endpoint: EndpointNumber) -> Result<(), Refusal> {
    match state.roster.get(&endpoint) {
        None => Err(Refusal::EndpointGone),
        Some(entry) if !entry.endpoint.spec.enabled => Err(Refusal::Disabled),
        Some(_) => Ok(()),
    }
}
