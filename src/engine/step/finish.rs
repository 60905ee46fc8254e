//! A delivery thread is done: what its attempt means for the delivery.

use std::sync::Arc;

use super::super::batch::Row;
use super::super::message::{Effects, Errand};
use super::super::state::{State, Trace};
use super::{health, test};
use crate::domain::attempt::{Attempt, AttemptOutcome, Exchange, Recent};
use crate::domain::change::{Change, EndState, Open, Reason};
use crate::domain::event::EventType;
use crate::domain::id::{AttemptNumber, EndpointNumber};
use crate::domain::lanes::{Dispatch, Landed, Settled, Then};
use crate::domain::outcome::{self, Outcome};
use crate::domain::time::{Now, Timestamp};
use crate::send::pool::{Finished, NoBody};

/// How long an endpoint waits when a body could not be read for a reason that may pass.
const READ_AGAIN_MS: u64 = 1000;

/// Acts on what a delivery thread brought back.
pub(super) fn finished(
    state: &mut State,
    now: Now,
    finished: Finished<Errand>,
    effects: &mut Effects,
) {
    match (finished.ticket, finished.exchange) {
        (Errand::Test(endpoint), exchange) => {
            test::finished(state, now, endpoint, exchange.ok(), effects);
        }
        (Errand::Delivery(dispatch), Ok(exchange)) => {
            attempted(state, now, dispatch, exchange);
        }
        (Errand::Delivery(dispatch), Err(why)) => unread(state, now, dispatch, why),
    }
}

/// What an attempt means: for the delivery, and as it is shown.
struct Judged {
    then: Then,
    /// How the delivery ends, when `then` is `End`.
    end: (EndState, Reason),
    outcome: AttemptOutcome,
    next_at: Option<Timestamp>,
}

fn attempted(state: &mut State, now: Now, dispatch: Dispatch, exchange: Exchange) {
    state.in_flight -= 1;
    let endpoint = dispatch.key.endpoint;
    // An event leaves this list with its last delivery, so its type is read before that.
    let kind = state.live.kind(dispatch.key.event).cloned();
    let meaning = match outcome::classify(&exchange) {
        // It came from where the endpoint no longer is: that says nothing about where it is now.
        Outcome::Pause if has_moved(state, endpoint, &exchange) => Outcome::Retry {
            retry_after_ms: 0,
            hold_back_ms: 0,
        },
        meaning => meaning,
    };
    if let Outcome::Retry { hold_back_ms, .. } = meaning
        && hold_back_ms > 0
    {
        let until = now.tick.plus_ms(hold_back_ms);
        state.lanes.hold_back(endpoint, until);
    }
    let judged = judge(state, now, dispatch, meaning);
    settle(state, now, dispatch, &judged, &exchange);
    if meaning == Outcome::Cut {
        return;
    }
    state.counters.attempts.add(1);
    health::attempted(state, now, endpoint, meaning, &exchange);
    if let Some(kind) = kind {
        record(state, now, dispatch, (kind, exchange), &judged);
    }
}

fn has_moved(state: &State, endpoint: EndpointNumber, exchange: &Exchange) -> bool {
    let entry = state.roster.get(&endpoint);
    entry.is_some_and(|entry| entry.target.url != exchange.request.url)
}

/// Whether the endpoint is paused for having failed for long.
fn is_probed(state: &State, endpoint: EndpointNumber) -> bool {
    let entry = state.roster.get(&endpoint);
    entry.is_some_and(|entry| entry.endpoint.health.is_probed())
}

fn judge(state: &mut State, now: Now, dispatch: Dispatch, meaning: Outcome) -> Judged {
    let again = |outcome| Judged {
        then: Then::Again,
        end: (EndState::Failed, Reason::None),
        outcome,
        next_at: None,
    };
    match meaning {
        Outcome::Delivered => Judged {
            then: Then::End,
            end: (EndState::Delivered, Reason::None),
            outcome: AttemptOutcome::Delivered,
            next_at: None,
        },
        // A probe is no attempt: only its success counts.
        Outcome::Retry { .. } if is_probed(state, dispatch.key.endpoint) => {
            again(AttemptOutcome::Retry)
        }
        Outcome::Retry { retry_after_ms, .. } => {
            let made = dispatch.attempts.saturating_add(1);
            let entry = state.roster.get(&dispatch.key.endpoint);
            let most = entry.and_then(|entry| entry.endpoint.spec.policy.attempts);
            let wait = state
                .plan
                .next_ms(made, most, retry_after_ms, &mut state.dice);
            Judged {
                then: wait.map_or(Then::End, |ms| Then::Retry(now.tick.plus_ms(ms))),
                end: (EndState::Failed, Reason::AttemptsUsed),
                outcome: match wait {
                    Some(_) => AttemptOutcome::Retry,
                    None => AttemptOutcome::Failed,
                },
                next_at: wait.map(|ms| now.wall.plus_ms(ms)),
            }
        }
        Outcome::Pause => again(AttemptOutcome::Paused),
        Outcome::Cut => again(AttemptOutcome::Retry),
    }
}

/// Tells the lanes, and writes down what became of the delivery.
fn settle(state: &mut State, now: Now, dispatch: Dispatch, judged: &Judged, exchange: &Exchange) {
    let success = judged.outcome == AttemptOutcome::Delivered;
    let landed = Landed {
        success,
        duration_ms: exchange.duration_ms,
        then: judged.then,
    };
    let key = dispatch.key;
    let counted = u8::from(judged.then != Then::Again);
    let trace = Trace {
        attempts: dispatch.attempts.saturating_add(counted),
        status: exchange.result.as_ref().map_or(0, |reply| reply.status),
        ms: exchange.duration_ms,
    };
    match state.lanes.land(now.tick, dispatch.ticket, landed) {
        None => log::error!("an answer came for a delivery that was not in flight: {key:?}"),
        Some(Settled::Done { holds_another }) => match judged.then {
            Then::End => {
                state.end(now, key, judged.end, trace, Some(dispatch.ticket));
                state.batch.urgent |= holds_another;
            }
            Then::Retry(due) => {
                let open = Open {
                    endpoint: key.endpoint,
                    due,
                    attempts: trace.attempts,
                    round: key.round,
                    flags: state.catch_ups(key.endpoint),
                };
                let row = Row {
                    change: Change::Moved(key.event, open),
                    release: None,
                };
                state.batch.row(now.tick, row);
            }
            // Its row says that already.
            Then::Again => {}
        },
        Some(Settled::Superseded) => {
            let how = (EndState::Superseded, Reason::CallEnded);
            state.end(now, key, how, trace, None);
        }
        Some(Settled::Removed) => {
            // What arrived has arrived, also when its endpoint is gone.
            let how = if success {
                judged.end
            } else {
                (EndState::Cancelled, Reason::EndpointDeleted)
            };
            state.end(now, key, how, trace, None);
        }
    }
}

/// There was nothing to send: the body could not be read.
fn unread(state: &mut State, now: Now, dispatch: Dispatch, why: NoBody) {
    state.in_flight -= 1;
    let key = dispatch.key;
    let passes = why == NoBody::Away;
    if passes {
        state.doubt(now.tick);
        // Not at once again, or a thread would spin on it.
        let until = now.tick.plus_ms(READ_AGAIN_MS);
        state.lanes.hold_back(key.endpoint, until);
    } else {
        let id = state.epochs.event_id(key.event);
        log::error!("the body of {id} is damaged: its deliveries end as failed");
    }
    let landed = Landed {
        success: false,
        duration_ms: 0,
        then: if passes { Then::Again } else { Then::End },
    };
    let trace = Trace {
        attempts: dispatch.attempts,
        ..Trace::default()
    };
    let (how, release) = match state.lanes.land(now.tick, dispatch.ticket, landed) {
        None => return,
        Some(Settled::Done { .. }) if passes => return,
        Some(Settled::Done { .. }) => {
            let how = (EndState::Failed, Reason::BodyDamaged);
            (how, Some(dispatch.ticket))
        }
        Some(Settled::Superseded) => ((EndState::Superseded, Reason::CallEnded), None),
        Some(Settled::Removed) => ((EndState::Cancelled, Reason::EndpointDeleted), None),
    };
    state.batch.urgent |= release.is_some();
    state.end(now, key, how, trace, release);
}

fn record(
    state: &mut State,
    now: Now,
    dispatch: Dispatch,
    (kind, exchange): (EventType, Exchange),
    judged: &Judged,
) {
    let attempt = Attempt {
        number: next_number(state),
        endpoint: dispatch.key.endpoint,
        delivery: Some(dispatch.key),
        event: dispatch.key.event,
        kind,
        n: dispatch.attempts.saturating_add(1),
        exchange,
        outcome: judged.outcome,
        next_at: judged.next_at,
    };
    state.news.attempt(now.tick, &attempt);
    keep(state, dispatch.key.endpoint, Arc::new(attempt));
}

pub(super) fn next_number(state: &mut State) -> AttemptNumber {
    let number = state.numbers.attempt;
    state.numbers.attempt = AttemptNumber(number.0 + 1);
    number
}

/// Writes an attempt to its endpoint's ring. The ring of one that is gone is gone as well.
pub(super) fn keep(state: &mut State, endpoint: EndpointNumber, attempt: Arc<Attempt>) {
    let Some(entry) = state.roster.get_mut(&endpoint) else {
        return;
    };
    if state.history.is_closed() {
        return;
    }
    let slot = entry.ring.next_slot();
    entry.ring.push(Recent {
        at: attempt.exchange.at,
        outcome: attempt.outcome,
        status: attempt
            .exchange
            .result
            .as_ref()
            .map_or(0, |reply| reply.status),
        ms: attempt.exchange.duration_ms,
        slot,
    });
    state.history.put(endpoint, slot, attempt);
}
