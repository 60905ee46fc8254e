//! What ends by itself when its time has come: endpoints that were added for a while, and keys
//! that were switched from.

use super::super::batch::{Planned, Write};
use super::super::state::State;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::EndpointNumber;
use crate::domain::time::{Now, Timestamp};

/// When the endpoint is to be deleted, and when its previous key is to be forgotten.
type Ends = (Option<Timestamp>, Option<Timestamp>);

fn ends(endpoint: &Endpoint) -> Ends {
    let previous = endpoint.keys.previous.as_ref();
    (endpoint.spec.expires_at, previous.map(|(_, until)| *until))
}

/// Notes what ends by itself of this endpoint, as its record says.
pub(in crate::engine) fn note(state: &mut State, number: EndpointNumber) {
    let entry = state.roster.get(&number);
    let (endpoint, key) = entry.map_or((None, None), |entry| ends(&entry.endpoint));
    state.expiring.extend(endpoint.map(|at| (at, number)));
    state.overlapping.extend(key.map(|until| (until, number)));
}

/// Nothing of it ends any more: it is gone, or its record is about to be another one.
pub(super) fn drop_notes(state: &mut State, endpoint: &Endpoint) {
    let number = endpoint.number;
    let (at, until) = ends(endpoint);
    if let Some(at) = at {
        state.expiring.remove(&(at, number));
    }
    if let Some(until) = until {
        state.overlapping.remove(&(until, number));
    }
}

/// When something ends next.
pub(in crate::engine) fn next_end(state: &State) -> Option<Timestamp> {
    let firsts = [state.expiring.first(), state.overlapping.first()];
    firsts.into_iter().flatten().map(|(at, _)| *at).min()
}

/// Ends what is due.
pub(in crate::engine) fn end_due(state: &mut State, now: Now) {
    delete_endpoints(state, now);
    forget_keys(state, now);
}

/// Deletes the endpoints whose time has come. One that is just being changed comes again when
/// that is done: the change may have renewed it.
fn delete_endpoints(state: &mut State, now: Now) {
    while let Some((at, number)) = state.expiring.first().copied()
        && at <= now.wall
    {
        state.expiring.pop_first();
        let Some(entry) = state.roster.get_mut(&number) else {
            continue;
        };
        if entry.busy {
            continue;
        }
        entry.busy = true;
        log::info!(
            "{} has reached the time of its deletion",
            state.name(number)
        );
        state.batch.write(Write {
            planned: Planned::Remove(number),
            at: now.wall,
            answer: None,
        });
    }
}

/// Forgets the keys whose overlap is over. They sign nothing any more, so no request waits for
/// the commit; like the health of an endpoint, this composes with what a person changes.
fn forget_keys(state: &mut State, now: Now) {
    while let Some((until, number)) = state.overlapping.first().copied()
        && until <= now.wall
    {
        state.overlapping.pop_first();
        let Some(entry) = state.roster.get_mut(&number) else {
            continue;
        };
        let mut keys = entry.endpoint.keys.clone();
        if !keys.forget_previous(now.wall) {
            continue;
        }
        std::sync::Arc::make_mut(&mut entry.endpoint).keys = keys;
        entry.aim(&state.delivery);
        state.batch.mark(now.tick, number);
        let name = state.name(number);
        log::info!("the previous key of {name} is forgotten: its 24 h are over");
    }
}
