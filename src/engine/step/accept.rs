//! An event comes in: it gets its number, its body is frozen, its deliveries find their places.
//! It is in force, and answered, once it is committed.

use std::sync::Arc;

use super::super::answer::Verdict;
use super::super::batch::{Accepting, find};
use super::super::handle::{Accepted, Refusal};
use super::super::idempotency::{First, Known};
use super::super::message::{Effects, Marks, Submission, Tell};
use super::super::state::State;
use crate::domain::change::{EndState, Ended, Head, NewEvent, Open, Reason};
use crate::domain::endpoint::Order;
use crate::domain::event::{EventType, Incoming};
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::lanes::Room;
use crate::domain::time::{Now, Tick};

/// Takes an event into the open batch, or answers at once.
pub(super) fn accept(state: &mut State, now: Now, submission: Submission, effects: &mut Effects) {
    let Submission {
        incoming,
        marks,
        answer,
    } = submission;
    if let Some(refusal) = state.refusal() {
        return effects.tell(Tell::Accepted(answer, Err(refusal)));
    }
    if let Some(key) = incoming.idempotency_key {
        match state.idempotency.look(key, incoming.content, now.tick) {
            Some(Known::Same(first)) => return repeat(state, first, answer, effects),
            Some(Known::Other) => {
                return effects.tell(Tell::Accepted(answer, Err(Refusal::KeyReused)));
            }
            None => {}
        }
    }
    match number(state, now, incoming, &marks) {
        Some(event) => state.batch.accepts.push_back(Accepting {
            event: Arc::new(event),
            answer: Some(answer),
            followers: Vec::new(),
            groups: Vec::new(),
            goes_on: false,
            notice: None,
        }),
        None => effects.tell(Tell::Accepted(answer, Err(Refusal::Busy))),
    }
}

/// The same event again: answered as the first was, or with it.
fn repeat(state: &mut State, first: First, answer: Verdict<Accepted>, effects: &mut Effects) {
    let waiting = match first.committed {
        true => None,
        false => waits(state, first.event),
    };
    match waiting {
        Some(accepting) => accepting.followers.push(answer),
        None => effects.tell(Tell::Accepted(
            answer,
            Ok(Accepted {
                event: first.event,
                matched: first.matched,
                duplicate: true,
            }),
        )),
    }
}

/// The event among those that wait for a commit.
pub(super) fn waits(state: &mut State, event: EventNumber) -> Option<&mut Accepting> {
    let flying = state.flight.iter_mut().chain(&mut state.behind);
    flying
        .filter_map(|flight| find(&mut flight.accepts, event))
        .next()
        .or_else(|| find(state.batch.accepts.make_contiguous(), event))
}

/// The event will not be: what was kept for it is free again.
pub(super) fn undo(state: &mut State, event: &NewEvent) {
    for open in &event.open {
        state.lanes.give_back(open.endpoint);
    }
    if let Some(key) = event.head.idempotency_key {
        state.idempotency.forget(key, event.number);
    }
}

/// Makes the event; None when there are as many open deliveries as there may be.
pub(super) fn number(
    state: &mut State,
    now: Now,
    incoming: Incoming,
    marks: &Marks,
) -> Option<NewEvent> {
    let matched = state.routes.plan(&incoming.kind, &incoming.facts);
    number_for(state, now, incoming, marks, &matched)
}

/// Makes the event for these endpoints.
pub(super) fn number_for(
    state: &mut State,
    now: Now,
    incoming: Incoming,
    marks: &Marks,
    matched: &[EndpointNumber],
) -> Option<NewEvent> {
    let occurred_at = incoming.occurred_at.unwrap_or(now.wall);
    let life_ms = state.delivery.life_ms.get(incoming.kind.as_str());
    let expires_at = life_ms.map(|life| now.tick_at(occurred_at.min(now.wall)).plus_ms(*life));
    let placing = place(state, now, &incoming.kind, marks.call, expires_at, matched)?;

    let number = state.numbers.event;
    state.numbers.event = EventNumber(number.0 + 1);
    let body = incoming
        .draft
        .freeze(state.epochs.event_id(number), now.wall);
    let count = u32::try_from(matched.len()).unwrap_or(u32::MAX);
    if let Some(key) = incoming.idempotency_key {
        let (ids, content) = (&mut state.idempotency, incoming.content);
        ids.note(key, content, number, count, now.tick);
    }
    Some(NewEvent {
        number,
        head: Head {
            occurred_at,
            received_at: now.wall,
            kind: incoming.kind,
            origin: incoming.origin,
            call: marks.call,
            account: marks.account,
            caller_number: marks.caller_number,
            tracked_number: marks.tracked_number,
            idempotency_key: incoming.idempotency_key,
            content: incoming.content,
            body_bytes: u32::try_from(body.len()).unwrap_or(u32::MAX),
            matched: count,
        },
        body,
        expires_at,
        open: placing.open,
        ended: placing.ended,
    })
}

#[derive(Default)]
struct Placing {
    open: Vec<Open>,
    ended: Vec<Ended>,
}

/// A place in its lane for each delivery, or the reason why it ends at once. None, and nothing
/// is kept, when all lanes together are full.
fn place(
    state: &mut State,
    now: Now,
    kind: &EventType,
    call: Option<u64>,
    expires_at: Option<Tick>,
    matched: &[EndpointNumber],
) -> Option<Placing> {
    let mut placing = Placing::default();
    let over = expires_at.is_some_and(|at| at <= now.tick);
    let late = late_ringing(state, now, kind, call);
    for endpoint in matched.iter().copied() {
        let at_once = if over {
            Some((EndState::Expired, Reason::LifeOver))
        } else if late && ordered(state, endpoint) {
            Some((EndState::Superseded, Reason::CallEnded))
        } else {
            match state.lanes.reserve(endpoint) {
                Room::Yes => None,
                Room::LaneFull => Some((EndState::Failed, Reason::BacklogFull)),
                Room::AllFull => {
                    for open in placing.open {
                        state.lanes.give_back(open.endpoint);
                    }
                    return None;
                }
            }
        };
        match at_once {
            None => placing.open.push(waiting(endpoint, now.tick)),
            Some(how) => placing.ended.push(ended(endpoint, how, now)),
        }
    }
    Some(placing)
}

/// Whether this is the ringing of a call that has ended.
pub(super) fn late_ringing(state: &State, now: Now, kind: &EventType, call: Option<u64>) -> bool {
    *kind == EventType::CallRinging
        && call.is_some_and(|call| state.ended_calls.ended(call, now.tick))
}

/// Whether the endpoint wants the events of a call in their order.
pub(super) fn ordered(state: &State, endpoint: EndpointNumber) -> bool {
    let entry = state.roster.get(&endpoint);
    entry.is_some_and(|entry| entry.endpoint.spec.policy.order == Order::Call)
}

const fn waiting(endpoint: EndpointNumber, due: Tick) -> Open {
    Open {
        endpoint,
        due,
        attempts: 0,
        round: 0,
        flags: 0,
    }
}

const fn ended(endpoint: EndpointNumber, how: (EndState, Reason), now: Now) -> Ended {
    Ended {
        endpoint,
        round: 0,
        state: how.0,
        reason: how.1,
        attempts: 0,
        status: 0,
        ms: 0,
        ended_at: now.wall,
    }
}
