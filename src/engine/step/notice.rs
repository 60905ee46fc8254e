//! Notices: ringhook's own events about its endpoints. They are events like any other, on disk
//! in the same commit as what they tell of, and never go to the endpoint that they are about.

use super::super::batch::Accepting;
use super::super::message::Marks;
use super::super::state::{Disk, State};
use super::accept::number_for;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::{Incoming, Origin};
use crate::domain::id::EndpointNumber;
use crate::domain::notice::Notice;
use crate::domain::payload::Draft;
use crate::domain::time::Now;

/// Gives a notice of a change of the endpoint's health, which is written with it. Where that
/// can't be now, the health is written, and the notice follows as soon as it can.
pub(super) fn give(state: &mut State, now: Now, about: EndpointNumber, notice: Notice) {
    let Some(entry) = state.roster.get(&about) else {
        return;
    };
    let endpoint = std::sync::Arc::clone(&entry.endpoint);
    if state.disk != Disk::Well || !add(state, now, &endpoint, notice, Some((about, notice))) {
        owe(state, now, about, notice);
    }
}

/// Gives a notice of what a person changes, in the commit of that change: `endpoint` as it will
/// be. Where the change is refused, the notice is gone with it.
pub(super) fn plan(state: &mut State, now: Now, endpoint: &Endpoint, notice: Notice) {
    add(state, now, endpoint, notice, None);
}

/// What is to be told of a change: that the endpoint is paused, or no longer.
pub(super) fn of_change(before: &Endpoint, next: &Endpoint) -> Option<Notice> {
    match (before.health.pause.is_some(), next.health.pause.is_some()) {
        (false, true) => Some(Notice::Paused),
        (true, false) => Some(Notice::Resumed),
        _ => None,
    }
}

/// The commit of a notice failed: it is given again when there is another.
pub(super) fn owe(state: &mut State, now: Now, about: EndpointNumber, notice: Notice) {
    state.batch.mark(now.tick, about);
    // Of several that could not be given, the last one says how things are.
    state.owed.insert(about, notice);
}

/// Gives what is owed: the last commit succeeded.
pub(super) fn settle(state: &mut State, now: Now) {
    for (about, notice) in std::mem::take(&mut state.owed) {
        give(state, now, about, notice);
    }
}

/// Lets the event in; false when there are as many open deliveries as there may be.
fn add(
    state: &mut State,
    now: Now,
    endpoint: &Endpoint,
    notice: Notice,
    tied: Option<(EndpointNumber, Notice)>,
) -> bool {
    let about = endpoint.number;
    let id = state.epochs.endpoint_id(about);
    let waiting = state.lanes.report(about).unwrap_or_default().waiting;
    let data = notice.data(id, endpoint, waiting, now.wall);
    let (kind, facts) = (notice.kind(), Notice::facts(id));
    let marks = Marks::of(&facts);
    let mut matched = state.routes.plan(&kind, &facts);
    matched.retain(|number| *number != about);
    let incoming = Incoming {
        draft: Draft::render(&kind, &data, Some(now.wall), false),
        kind,
        occurred_at: Some(now.wall),
        facts,
        idempotency_key: None,
        content: 0,
        origin: Origin::Own,
    };
    let Some(event) = number_for(state, now, incoming, &marks, &matched) else {
        return false;
    };
    state.batch.accepts.push_back(Accepting {
        event: event.into(),
        answer: None,
        followers: Vec::new(),
        groups: Vec::new(),
        goes_on: false,
        notice: tied,
    });
    true
}
