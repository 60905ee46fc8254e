//! Several events come in as one: each as it would alone, but all of them in one commit, and
//! none when one of them can't be.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::batch::{Accepting, Grouped};
use super::super::handle::{Accepted, Refusal};
use super::super::idempotency::{First, Known};
use super::super::message::{Effects, Group, Marks, Tell};
use super::super::state::State;
use super::accept::{number, undo, waits};
use crate::domain::event::Incoming;
use crate::domain::id::EventNumber;
use crate::domain::time::Now;

/// Takes a group into the open batch, or answers at once.
pub(super) fn accept(state: &mut State, now: Now, group: Group, effects: &mut Effects) {
    let Group { events, answer } = group;
    let taken = match state.refusal() {
        Some(refusal) => Err(refusal),
        None => look(state, now, &events).and_then(|known| take_in(state, now, events, known)),
    };
    match taken {
        Err(refusal) => effects.tell(Tell::Grouped(answer, Err(refusal))),
        Ok((items, last)) => match last.and_then(|last| waits(state, last)) {
            Some(accepting) => accepting.groups.push(Grouped { answer, items }),
            None => effects.tell(Tell::Grouped(answer, Ok(items))),
        },
    }
}

/// What an idempotency key says of an event of a group.
enum OfKey {
    /// It has none, or a new one.
    New,
    /// It came before.
    Again(First),
    /// It stands in the group before, in that place.
    Repeats(usize),
}

/// What the keys say, before anything is decided: with one that was used for another event
/// nothing is.
fn look(state: &mut State, now: Now, events: &[(Marks, Incoming)]) -> Result<Vec<OfKey>, Refusal> {
    let mut known = Vec::with_capacity(events.len());
    let mut seen = HashMap::new();
    let mut reused = Vec::new();
    for (place, (_, incoming)) in events.iter().enumerate() {
        let Some(key) = incoming.idempotency_key else {
            known.push(OfKey::New);
            continue;
        };
        let content = incoming.content;
        match state.idempotency.look(key, content, now.tick) {
            Some(Known::Same(first)) => known.push(OfKey::Again(first)),
            Some(Known::Other) => reused.push(place),
            None => match *seen.entry(key).or_insert((place, content)) {
                (first, _) if first == place => known.push(OfKey::New),
                (first, same) if same == content => known.push(OfKey::Repeats(first)),
                _ => reused.push(place),
            },
        }
    }
    if reused.is_empty() {
        Ok(known)
    } else {
        Err(Refusal::KeysReused(reused))
    }
}

/// What will be said of each, and the last of the events whose commit that waits for. Commits
/// carry events in the order of their numbers, and one that fails takes all behind it along: so
/// the last one answers for all.
fn take_in(
    state: &mut State,
    now: Now,
    events: Vec<(Marks, Incoming)>,
    known: Vec<OfKey>,
) -> Result<(Vec<Accepted>, Option<EventNumber>), Refusal> {
    let before = state.batch.accepts.len();
    let mut items: Vec<Accepted> = Vec::with_capacity(events.len());
    let mut last = None;
    for ((marks, incoming), known) in events.into_iter().zip(known) {
        let (item, waits) = match known {
            OfKey::Repeats(place) => (items[place], false),
            OfKey::Again(first) => (said(first.event, first.matched), !first.committed),
            OfKey::New => {
                let Some(event) = number(state, now, incoming, &marks) else {
                    take_out(state, before);
                    return Err(Refusal::Busy);
                };
                let item = said(event.number, event.head.matched);
                state.batch.accepts.push_back(Accepting {
                    event: Arc::new(event),
                    answer: None,
                    followers: Vec::new(),
                    groups: Vec::new(),
                    goes_on: true,
                    notice: None,
                });
                items.push(item);
                last = last.max(Some(item.event));
                continue;
            }
        };
        items.push(Accepted {
            duplicate: true,
            ..item
        });
        if waits {
            last = last.max(Some(item.event));
        }
    }
    if let Some(end) = state.batch.accepts.iter_mut().skip(before).next_back() {
        end.goes_on = false;
    }
    Ok((items, last))
}

const fn said(event: EventNumber, matched: u32) -> Accepted {
    Accepted {
        event,
        matched,
        duplicate: false,
    }
}

/// Takes those of the group that were let in already out again. Their numbers are not used
/// again: a gap harms nobody.
fn take_out(state: &mut State, before: usize) {
    for accepting in state.batch.accepts.split_off(before) {
        undo(state, &accepting.event);
    }
}
