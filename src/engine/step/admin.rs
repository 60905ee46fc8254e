//! What persons change. A change is planned when it comes, written with the next commit, and in
//! force after it. Changes of one endpoint are made one after the other, so that each is made
//! from what the one before left, on disk and in memory alike.

use std::sync::Arc;

use super::super::answer::Verdict;
use super::super::batch::{Planned, Write};
use super::super::handle::{Command, Refusal, Written};
use super::super::history::Ring;
use super::super::message::{Effects, Tell};
use super::super::roster::Entry;
use super::super::state::State;
use super::{aging, hand, notice, watch};
use crate::domain::endpoint::{Endpoint, EndpointSpec, Health, Keys, Pause, PauseCause};
use crate::domain::id::{EndpointNumber, TokenNumber};
use crate::domain::key::SignatureKey;
use crate::domain::time::{Now, Timestamp};
use crate::domain::token::Token;

/// How many endpoints and tokens there may be.
const ENDPOINTS_MAX: u32 = 100_000;
const TOKENS_MAX: u32 = 1_000;

/// Plans a change, or answers at once.
pub(super) fn write(
    state: &mut State,
    now: Now,
    command: Command,
    answer: Verdict<Written>,
    effects: &mut Effects,
) {
    let planned = match state.refusal() {
        Some(refusal) => Err(refusal),
        None => match command {
            Command::AddEndpoint { spec, key } => add_endpoint(state, now, *spec, key),
            Command::AddToken { name, role, hash } => add_token(
                state,
                Token {
                    number: state.numbers.token,
                    name,
                    role,
                    hash,
                    created_at: now.wall,
                    last_used_at: None,
                },
            ),
            Command::SendNow(named) => {
                let written = hand::send_now(state, now, named);
                return effects.tell(Tell::Written(answer, written));
            }
            Command::Reopen(named, kind) => hand::reopen(state, now, named, kind, None),
            Command::Replay(named, kind, replay) => {
                hand::reopen(state, now, named, kind, Some(replay))
            }
            Command::Cancel(named) => hand::cancel(state, now, named),
            Command::RemoveToken(token) => match state.tokens.contains_key(&token) {
                true => Ok(Planned::RemoveToken(token)),
                false => Err(Refusal::Unknown),
            },
            Command::EditEndpoint { endpoint, .. }
            | Command::RemoveEndpoint(endpoint)
            | Command::Pause(endpoint)
            | Command::Resume(endpoint)
            | Command::Enable(endpoint)
            | Command::Disable(endpoint)
            | Command::NextKey(endpoint, _)
            | Command::PromoteKey(endpoint)
            | Command::ReplaceKey(endpoint, _) => {
                return change_endpoint(state, now, (endpoint, command), answer, effects);
            }
        },
    };
    match planned {
        Err(refusal) => effects.tell(Tell::Written(answer, Err(refusal))),
        Ok(planned) => state.batch.write(Write {
            planned,
            at: now.wall,
            answer: Some(answer),
        }),
    }
}

fn add_endpoint(
    state: &mut State,
    now: Now,
    spec: EndpointSpec,
    key: SignatureKey,
) -> Result<Planned, Refusal> {
    let adding = pending(state, |planned| matches!(planned, Planned::Add(_)));
    if state.roster.len() + adding >= ENDPOINTS_MAX as usize {
        return Err(Refusal::TooMany(ENDPOINTS_MAX));
    }
    let number = state.numbers.endpoint;
    state.numbers.endpoint = EndpointNumber(number.0 + 1);
    Ok(Planned::Add(Arc::new(Endpoint {
        number,
        revision: 1,
        spec,
        keys: Keys::only(key),
        health: Health::default(),
        created_at: now.wall,
        updated_at: now.wall,
    })))
}

fn add_token(state: &mut State, token: Token) -> Result<Planned, Refusal> {
    let adding = pending(state, |planned| matches!(planned, Planned::AddToken(_)));
    if state.tokens.len() + adding >= TOKENS_MAX as usize {
        return Err(Refusal::TooMany(TOKENS_MAX));
    }
    state.numbers.token = TokenNumber(token.number.0 + 1);
    Ok(Planned::AddToken(Arc::new(token)))
}

/// How many changes of a kind wait for a commit.
fn pending(state: &State, is: impl Fn(&Planned) -> bool) -> usize {
    let flying = state.flight.iter().flat_map(|flight| &flight.writes);
    let waiting = state.batch.writes.iter();
    waiting
        .chain(flying)
        .filter(|write| is(&write.planned))
        .count()
}

fn change_endpoint(
    state: &mut State,
    now: Now,
    (number, command): (EndpointNumber, Command),
    answer: Verdict<Written>,
    effects: &mut Effects,
) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return effects.tell(Tell::Written(answer, Err(Refusal::Unknown)));
    };
    if entry.busy {
        return entry.queued.push_back((command, answer));
    }
    let mut told = None;
    let planned = match command {
        Command::RemoveEndpoint(_) => Planned::Remove(number),
        command => match changed(&entry.endpoint, &command, now.wall) {
            Ok(Some(next)) => {
                told = notice::of_change(&entry.endpoint, &next).map(|notice| (next, notice));
                Planned::Change(number, command)
            }
            Ok(None) => {
                let written = written(state, now, number);
                return effects.tell(Tell::Written(answer, written));
            }
            Err(refusal) => return effects.tell(Tell::Written(answer, Err(refusal))),
        },
    };
    entry.busy = true;
    state.batch.write(Write {
        planned,
        at: now.wall,
        answer: Some(answer),
    });
    if let Some((next, notice)) = told {
        notice::plan(state, now, &next, notice);
    }
}

/// The endpoint after a command; None when it is so already.
pub(in crate::engine) fn changed(
    endpoint: &Endpoint,
    command: &Command,
    at: Timestamp,
) -> Result<Option<Endpoint>, Refusal> {
    let mut next = endpoint.clone();
    match command {
        Command::EditEndpoint { revision, spec, .. } => {
            if *revision != endpoint.revision {
                return Err(Refusal::Changed);
            }
            next.spec = (**spec).clone();
        }
        Command::Pause(_) => pause_by_hand(&mut next.health, at),
        Command::Resume(_) if next.health.pause.is_some() => next.health.begin_anew(),
        Command::Resume(_) => {}
        Command::Enable(_) => enable(&mut next),
        Command::Disable(_) => next.spec.enabled = false,
        Command::NextKey(_, key) => next.keys.prepare(key.clone()),
        Command::PromoteKey(_) if next.keys.promote(at) => {}
        Command::PromoteKey(_) => return Err(Refusal::NoNextKey),
        Command::ReplaceKey(_, key) => next.keys.replace(key.clone()),
        // They do not change a record.
        Command::AddEndpoint { .. }
        | Command::RemoveEndpoint(_)
        | Command::AddToken { .. }
        | Command::RemoveToken(_)
        | Command::SendNow(_)
        | Command::Reopen(..)
        | Command::Replay(..)
        | Command::Cancel(_) => return Ok(None),
    }
    if next == *endpoint {
        return Ok(None);
    }
    next.revision = endpoint.revision.wrapping_add(1);
    next.updated_at = at;
    Ok(Some(next))
}

/// Enabled again, it begins anew; a pause that it was in goes on.
fn enable(endpoint: &mut Endpoint) {
    if !endpoint.spec.enabled {
        endpoint.spec.enabled = true;
        if endpoint.health.pause.is_none() {
            endpoint.health.begin_anew();
        }
    }
}

/// A pause by hand ends the tries of a pause by failing; the reason of a 410 is worth keeping.
fn pause_by_hand(health: &mut Health, at: Timestamp) {
    let cause = health.pause.as_ref().map(|pause| pause.cause);
    if matches!(cause, None | Some(PauseCause::Failing)) {
        health.pause = Some(Pause {
            cause: PauseCause::Hand,
            since: at,
            next_probe_at: None,
        });
    }
}

/// A change is on disk: it is in force from now on, and answered.
pub(super) fn in_force(state: &mut State, now: Now, write: Write, effects: &mut Effects) {
    let (changed, result) = match write.planned {
        Planned::Add(endpoint) => {
            let number = endpoint.number;
            put_endpoint(state, now, endpoint);
            log::info!("{} was added", state.name(number));
            (None, written(state, now, number))
        }
        Planned::Change(number, command) => {
            change(state, now, number, &command, write.at);
            (Some(number), written(state, now, number))
        }
        Planned::Remove(number) => {
            remove_endpoint(state, now, number, effects);
            (None, Ok(Written::Gone))
        }
        Planned::AddToken(token) => {
            state.tokens.insert(token.number, Arc::clone(&token));
            effects.tell(Tell::TokenPut(Arc::clone(&token)));
            (None, Ok(Written::Token(token)))
        }
        Planned::RemoveToken(token) => {
            state.tokens.remove(&token);
            effects.tell(Tell::TokenGone(token));
            (None, Ok(Written::Gone))
        }
        Planned::Reopen(event, reopened, replay) => {
            let key = hand::reopened(state, now, event, &reopened, replay);
            (None, Ok(Written::Delivery(key)))
        }
        Planned::Cancel(event, ended) => (None, Ok(Written::Delivery(ended.key(event)))),
    };
    if let Some(answer) = write.answer {
        effects.tell(Tell::Written(answer, result));
    }
    if let Some(number) = changed {
        go_on(state, now, number, effects);
    }
}

/// A change is not on disk: nothing of it is in force.
pub(super) fn taken_back(state: &mut State, now: Now, write: Write, effects: &mut Effects) {
    if let Some(answer) = write.answer {
        effects.tell(Tell::Written(answer, Err(Refusal::StoreAway)));
    }
    match write.planned {
        Planned::Change(number, _) | Planned::Remove(number) => {
            aging::note(state, number);
            go_on(state, now, number, effects);
        }
        Planned::Reopen(event, reopened, _) => hand::not_reopened(state, now, event, &reopened),
        Planned::Cancel(event, ended) => hand::still_to_cancel(state, now, event, ended),
        Planned::Add(_) | Planned::AddToken(_) | Planned::RemoveToken(_) => {}
    }
}

/// The endpoint's next change may be planned.
fn go_on(state: &mut State, now: Now, number: EndpointNumber, effects: &mut Effects) {
    if let Some(entry) = state.roster.get_mut(&number) {
        entry.busy = false;
    }
    while let Some(entry) = state.roster.get_mut(&number)
        && !entry.busy
        && let Some((command, answer)) = entry.queued.pop_front()
    {
        write(state, now, command, answer, effects);
    }
}

/// Takes an endpoint in that is on disk.
fn put_endpoint(state: &mut State, now: Now, endpoint: Arc<Endpoint>) {
    let number = endpoint.number;
    state.routes.put(&endpoint);
    let entry = Entry::new(endpoint, Ring::default(), &state.delivery);
    state.roster.insert(number, entry);
    aging::note(state, number);
    state.put_lane(now.tick, number);
}

fn change(state: &mut State, now: Now, number: EndpointNumber, command: &Command, at: Timestamp) {
    let Some(entry) = state.roster.get_mut(&number) else {
        return;
    };
    let Ok(Some(next)) = changed(&entry.endpoint, command, at) else {
        return;
    };
    state.routes.put(&next);
    let old = entry.put(next, &state.delivery);
    aging::drop_notes(state, &old);
    aging::note(state, number);
    state.put_lane(now.tick, number);
    watch::changed(state, now, number);
    log::info!("{} was {}", state.name(number), done(command));
}

/// What a command has done, for the log.
const fn done(command: &Command) -> &'static str {
    match command {
        Command::Pause(_) => "paused by hand",
        Command::Resume(_) => "resumed by hand",
        Command::Enable(_) => "enabled",
        Command::Disable(_) => "disabled",
        Command::NextKey(..) => "given a next key",
        Command::PromoteKey(_) => "switched to its next key",
        Command::ReplaceKey(..) => "given another key",
        _ => "changed",
    }
}

fn remove_endpoint(state: &mut State, now: Now, number: EndpointNumber, effects: &mut Effects) {
    log::info!("{} was deleted", state.name(number));
    let Some(entry) = state.roster.remove(&number) else {
        return;
    };
    aging::drop_notes(state, &entry.endpoint);
    state.routes.remove(number);
    if let Some(at) = entry.watched_at {
        state.watched.remove(&(at, number));
    }
    state.owed.remove(&number);
    state.lanes.remove_lane(number);
    state.history.remove(number);
    state.batch.marked.remove(&number);
    state.clearing = true;
    for (command, answer) in entry.queued {
        write(state, now, command, answer, effects);
    }
}

fn written(state: &State, now: Now, number: EndpointNumber) -> Result<Written, Refusal> {
    let view = state.view(now, number).ok_or(Refusal::Unknown)?;
    Ok(Written::Endpoint(Box::new(view)))
}
