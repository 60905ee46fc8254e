//! The store thread is done with a batch: what it carried is in force, or is taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::answer::Verdict;
use super::super::batch::{Accepting, Flight, Planned};
use super::super::handle::{Accepted, Refusal};
use super::super::message::{Effects, Tell};
use super::super::news;
use super::super::state::{Disk, State};
use super::accept::{late_ringing, ordered, undo};
use super::undo::undo as undo_write;
use super::{admin, notice, watch};
use crate::domain::change::{EndState, Open, Reason};
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::lanes::{Arrival, Left};
use crate::domain::time::Now;

/// Acts on the answer to the batch that is out. The one that was given out behind it becomes the
/// one that is out; where the first has failed, it fails as well.
pub(super) fn committed(state: &mut State, now: Now, success: bool, effects: &mut Effects) {
    let Some(flight) = state.flight.take() else {
        return;
    };
    state.flight = state.behind.take();
    match (success, flight.is_doomed) {
        (true, false) => in_force(state, now, flight, effects),
        (true, true) => {
            // The store had come back before it got this one.
            log::warn!("a commit is taken back, as the one before it failed");
            taken_back(state, now, flight, effects);
            state.disk = Disk::Reopened;
        }
        (false, _) => {
            state.counters.commits_failed.add(1);
            if let Some(second) = &mut state.flight {
                second.is_doomed = true;
            }
            taken_back(state, now, flight, effects);
        }
    }
}

fn in_force(state: &mut State, now: Now, flight: Flight, effects: &mut Effects) {
    state.counters.commits.add(1);
    state.disk = Disk::Well;
    state.pace.doubt_at = None;
    state.history.swept();
    state.rollups.swept();
    state.retention.body_bytes = flight.body_bytes;
    if flight.quick_repair {
        state.pace.unrepaired = false;
    }
    let written = written_endpoints(&flight);
    let mut superseded = Vec::new();
    for accepting in flight.accepts {
        admit(state, now, &accepting, &mut superseded);
        state.news.event(now.tick, &accepting.event, effects);
        state.end_all(
            now,
            std::mem::take(&mut superseded),
            (EndState::Superseded, Reason::CallEnded),
        );
        answer(accepting, &Ok(()), effects);
    }
    for ticket in flight.rows.iter().filter_map(|row| row.release) {
        state.lanes.release(now.tick, ticket);
    }
    for write in flight.writes {
        admin::in_force(state, now, write, effects);
    }
    notice::settle(state, now);
    let changed: BTreeSet<_> = flight.marked.into_iter().chain(written).collect();
    for number in &changed {
        let entry = state.roster.get(number);
        let endpoint = entry.map(|entry| Arc::clone(&entry.endpoint));
        effects.listed.push((*number, endpoint));
    }
    news::committed(state, now, (flight.news, changed), effects);
}

/// The endpoints that persons have added, changed or removed.
fn written_endpoints(flight: &Flight) -> BTreeSet<EndpointNumber> {
    let written = flight
        .writes
        .iter()
        .filter_map(|write| match &write.planned {
            Planned::Add(endpoint) => Some(endpoint.number),
            Planned::Change(number, _) | Planned::Remove(number) => Some(*number),
            _ => None,
        });
    written.collect()
}

/// The deliveries of an event that is on disk now take their places.
fn admit(state: &mut State, now: Now, accepting: &Accepting, superseded: &mut Vec<Left>) {
    let event = &*accepting.event;
    let head = &event.head;
    state.counters.events_accepted.add(1);
    state.accepted.note(now.tick);
    state.rollups.note_accepted();
    for ended in &event.ended {
        state.count_end(now, ended.state);
    }
    if let Some(key) = head.idempotency_key {
        state.idempotency.confirm(key, event.number);
    }
    if let Some(call) = head.call.filter(|_| head.kind.ends_call()) {
        state.ended_calls.note(call, now.tick);
    }
    if event.open.is_empty() {
        return;
    }
    let count = u32::try_from(event.open.len()).unwrap_or(u32::MAX);
    state.live.insert(event.number, &head.kind, count);
    state.bodies.put(event.number, event.body.clone());
    // The end of its call may have been committed since this one was let in.
    let late = late_ringing(state, now, &head.kind, head.call);
    for open in &event.open {
        if late && ordered(state, open.endpoint) {
            state.lanes.give_back(open.endpoint);
            superseded.push(Left {
                key: open.key(event.number),
                attempts: 0,
            });
        } else {
            let arrival = arrival(accepting, event.number, open);
            state.lanes.admit(now.tick, arrival, superseded);
            state.clearing |= !state.roster.contains_key(&open.endpoint);
            if !state.watched.is_empty() {
                watch::arrived(state, now, open.endpoint);
            }
        }
    }
}

fn arrival(accepting: &Accepting, number: EventNumber, open: &Open) -> Arrival {
    let event = &accepting.event;
    Arrival {
        key: open.key(number),
        call: event.head.call,
        ends_call: event.head.kind.ends_call(),
        ringing: event.head.kind == crate::domain::event::EventType::CallRinging,
        expires_at: event.expires_at,
        due: open.due,
        attempts: open.attempts,
    }
}

/// Answers those who brought the event.
fn answer(accepting: Accepting, result: &Result<(), Refusal>, effects: &mut Effects) {
    let of = |duplicate| {
        result.clone().map(|()| Accepted {
            event: accepting.event.number,
            matched: accepting.event.head.matched,
            duplicate,
        })
    };
    let mut tell = |answer: Verdict<Accepted>, duplicate| {
        effects.tell(Tell::Accepted(answer, of(duplicate)));
    };
    if let Some(answer) = accepting.answer {
        tell(answer, false);
    }
    for follower in accepting.followers {
        tell(follower, true);
    }
    for group in accepting.groups {
        let said = result.clone().map(|()| group.items);
        effects.tell(Tell::Grouped(group.answer, said));
    }
}

/// Nothing of the batch may be relied on. Those who wait are refused, those behind them in the
/// open batch as well; what was found out about deliveries is kept for the next commit.
fn taken_back(state: &mut State, now: Now, mut flight: Flight, effects: &mut Effects) {
    state.disk = Disk::Away;
    state.pace.unrepaired = true;
    state.pace.doubt_at = None;
    state.history.restore();
    state.rollups.restore();
    state.batch.take_back(now.tick, &mut flight);
    state.news.take_back(std::mem::take(&mut flight.news));
    for accepting in flight.accepts {
        // It may be on disk all the same.
        state.batch.withdrawn.push(accepting.event.number);
        refuse(state, now, accepting, effects);
    }
    for accepting in std::mem::take(&mut state.batch.accepts) {
        refuse(state, now, accepting, effects);
    }
    let behind = std::mem::take(&mut state.batch.writes);
    for write in flight.writes {
        undo_write(state, now, &write.planned);
        admin::taken_back(state, now, write, effects);
    }
    for write in behind {
        admin::taken_back(state, now, write, effects);
    }
}

fn refuse(state: &mut State, now: Now, accepting: Accepting, effects: &mut Effects) {
    if let Some((about, notice)) = accepting.notice {
        notice::owe(state, now, about, notice);
    }
    undo(state, &accepting.event);
    answer(accepting, &Err(Refusal::StoreAway), effects);
}
