//! A test: one signed sample to one endpoint, its answer shown at once. It lives in memory only
//! and changes nothing but the ring.

use std::sync::Arc;

use super::super::answer::Verdict;
use super::super::handle::{Refusal, TestRequest};
use super::super::message::{Effects, Errand, Tell};
use super::super::state::{State, Testing};
use super::finish::{keep, next_number};
use crate::domain::attempt::{Attempt, AttemptOutcome, Exchange};
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::request::Message;
use crate::domain::time::Now;
use crate::send::pool::{Body, Job};

/// Tests under way in all; the pool has as many threads beside those of the deliveries.
pub(in crate::engine) const TESTS_MAX: u32 = 16;

/// Sends a test, or says at once why not.
pub(super) fn start(
    state: &mut State,
    now: Now,
    test: TestRequest,
    answer: Verdict<Arc<Attempt>>,
    effects: &mut Effects,
) {
    let endpoint = test.endpoint;
    let target = match check(state, &test) {
        Ok(target) => target,
        Err(refusal) => return effects.tell(Tell::Tested(answer, Err(refusal))),
    };
    let event = EventNumber::test(state.dice.roll());
    let event_id = state.epochs.event_id(event);
    effects.jobs.push(Job {
        ticket: Errand::Test(endpoint),
        target,
        message: Message {
            event_id,
            kind: test.kind.clone(),
            attempt: 1,
            test: true,
            next_key: test.next_key,
        },
        body: Body::Here(test.draft.freeze(event_id, now.wall)),
    });
    let kind = test.kind;
    let testing = Testing {
        event,
        kind,
        answer,
    };
    state.tests.insert(endpoint, testing);
}

fn check(
    state: &State,
    test: &TestRequest,
) -> Result<Arc<crate::domain::request::Target>, Refusal> {
    if let Some(refusal) = state.refusal() {
        return Err(refusal);
    }
    let entry = state.roster.get(&test.endpoint).ok_or(Refusal::Unknown)?;
    if test.next_key && entry.endpoint.keys.next.is_none() {
        return Err(Refusal::NoNextKey);
    }
    if state.tests.contains_key(&test.endpoint) {
        return Err(Refusal::TestRunning);
    }
    if state.tests.len() >= TESTS_MAX as usize {
        return Err(Refusal::Busy);
    }
    Ok(Arc::clone(&entry.target))
}

/// A test came back: it is written to the ring and answered. The reply does not wait for the
/// disk: an attempt is a diagnostic, and a read of the ring sees it already.
pub(super) fn finished(
    state: &mut State,
    now: Now,
    endpoint: EndpointNumber,
    exchange: Option<Exchange>,
    effects: &mut Effects,
) {
    let Some(testing) = state.tests.remove(&endpoint) else {
        return;
    };
    let Some(exchange) = exchange.filter(|exchange| !exchange.cut) else {
        return effects.tell(Tell::Tested(testing.answer, Err(Refusal::Stopping)));
    };
    state.counters.attempts.add(1);
    let attempt = Arc::new(Attempt {
        number: next_number(state),
        endpoint,
        delivery: None,
        event: testing.event,
        kind: testing.kind,
        n: 1,
        exchange,
        outcome: AttemptOutcome::Test,
        next_at: None,
    });
    state.news.test(now.tick, &attempt, effects);
    keep(state, endpoint, Arc::clone(&attempt));
    effects.tell(Tell::Tested(testing.answer, Ok(attempt)));
}
