//! What a person does with one delivery: retry it, cancel it.

use http::StatusCode;

use crate::domain::change::EndState;
use crate::domain::id::{DeliveryKey, Epochs};
use crate::domain::replay::{Overtaken, overtaken};
use crate::engine::handle::{Command, Named, Refusal, Written};
use crate::store::StoredEvent;

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::problem::{Code, Problem};
use super::super::service::Call;
use super::super::wire::delivery::{DeliveryJson, DeliveryState, DeliveryView, Last, Row};
use super::deliveries::find_one;
use super::{no_fields, rings};

/// How often a delivery is read anew that changes between the read and the command.
const TRIES: usize = 4;

/// A waiting one is sent now: 200. One that ended without success gets a new round: 201.
pub async fn retry(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let (key, is_new) = act(edge, call, "retried", retrying).await?;
    let (mut view, shown_of) = find_one(edge, key).await?;
    if view.state == DeliveryState::Waiting {
        // Its row, and what is said of its endpoint, do not know of the wish.
        view.next_at = Some(edge.parts.clock.now().wall);
        view.held = None;
    }
    let shown = shown(edge, &view, &shown_of).await?;
    Ok(if is_new {
        let location = format!("/v1/deliveries/{}", edge.epochs().delivery_id(key));
        answer::created(&location, &shown)
    } else {
        answer::json(StatusCode::OK, &shown)
    })
}

/// A waiting one ends as cancelled.
pub async fn cancel(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let (key, _) = act(edge, call, "cancelled", cancelling).await?;
    let (view, event) = find_one(edge, key).await?;
    let shown = shown(edge, &view, &event).await?;
    Ok(answer::json(StatusCode::OK, &shown))
}

/// Gives the command that fits the delivery as it is. The delivery that is meant afterwards,
/// and whether it is a new one.
async fn act(
    edge: &Edge,
    mut call: Call<'_>,
    done: &str,
    command: fn(&DeliveryView, &StoredEvent, &Epochs) -> Result<Command, Problem>,
) -> Result<(DeliveryKey, bool), Problem> {
    no_fields(edge, &mut call.body, &call.head.headers).await?;
    let key = edge.epochs().parse_delivery(call.id);
    let key = key.ok_or_else(|| Problem::no_object("delivery"))?;
    for _ in 0..TRIES {
        let (view, event) = find_one(edge, key).await?;
        match edge.write(command(&view, &event, edge.epochs())?).await? {
            Ok(Written::Delivery(now)) => {
                audit(edge, call.caller, &format!("{done} delivery"), &call.id);
                return Ok((now, now != key));
            }
            Ok(other) => {
                let log = format!("a command for a delivery made {other:?}");
                return Err(Problem::internal(log));
            }
            // It ended meanwhile, or has only just begun.
            Err(Refusal::Changed) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let detail = "the delivery keeps changing: read it and try again";
    Err(Problem::new(Code::Changed, detail))
}

fn retrying(view: &DeliveryView, event: &StoredEvent, epochs: &Epochs) -> Result<Command, Problem> {
    let key = view.key;
    let call = event.head.call;
    match view.row {
        Row::Open(_) => Ok(Command::SendNow(Named { key, call })),
        Row::Ended(ended) => match ended.state {
            EndState::Delivered | EndState::Superseded => Err(has_ended(ended.state)),
            EndState::Failed | EndState::Expired | EndState::Cancelled => {
                if let Some(by) = overtaken(&ended, &event.open, &event.ended) {
                    return Err(has_later(key, by, epochs));
                }
                let round = next_round(event, key).ok_or(Refusal::RoundsUsed)?;
                let key = DeliveryKey { round, ..key };
                Ok(Command::Reopen(
                    Named { key, call },
                    event.head.kind.clone(),
                ))
            }
        },
    }
}

/// Another try would send it twice: somebody was faster, or a replay.
fn has_later(key: DeliveryKey, by: Overtaken, epochs: &Epochs) -> Problem {
    let (round, what) = match by {
        Overtaken::Open(round) => (round, "is under way: retry that one"),
        Overtaken::Delivered(round) => (round, "was delivered"),
    };
    let later = epochs.delivery_id(DeliveryKey { round, ..key });
    let detail = format!("the delivery has ended, and {later}, a later round of it, {what}");
    Problem::new(Code::Ended, detail)
}

fn cancelling(view: &DeliveryView, event: &StoredEvent, _: &Epochs) -> Result<Command, Problem> {
    match view.row {
        Row::Open(_) => Ok(Command::Cancel(Named {
            key: view.key,
            call: event.head.call,
        })),
        Row::Ended(ended) => Err(has_ended(ended.state)),
    }
}

fn has_ended(state: EndState) -> Problem {
    let state = state.as_str();
    Problem::new(
        Code::Ended,
        format!("the delivery has ended: it is {state}"),
    )
}

/// One more than the highest round of that event for that endpoint.
fn next_round(event: &StoredEvent, key: DeliveryKey) -> Option<u8> {
    let open = event.open.iter().map(|open| open.key(event.number));
    let ended = event.ended.iter().map(|ended| ended.key(event.number));
    let rounds = open.chain(ended).filter(|one| one.endpoint == key.endpoint);
    rounds.map(|one| one.round).max()?.checked_add(1)
}

async fn shown(
    edge: &Edge,
    view: &DeliveryView,
    event: &StoredEvent,
) -> Result<DeliveryJson, Problem> {
    let ring = rings::ring(edge, view.key.endpoint).await?;
    let last = ring
        .iter()
        .find(|attempt| attempt.delivery == Some(view.key));
    let last = last.and_then(|attempt| Last::of(attempt));
    let epochs = edge.epochs();
    Ok(DeliveryJson::new(view, &event.head, last.as_ref(), epochs))
}
