//! Attempts coming back.

use super::bench::{Bench, event, exchange};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::change::{Change, EndState, Reason};
use crate::domain::endpoint::{PauseCause, State};
use crate::domain::id::EndpointNumber;
use crate::engine::handle::{Command, Refusal};
use crate::engine::message::Message;
use crate::engine::state::Phase;
use crate::send::pool::NoBody;

const ONE: EndpointNumber = EndpointNumber(1);

impl Bench {
    fn state_of_one(&self) -> State {
        self.state.roster[&ONE].endpoint.state()
    }
}

#[test]
fn retried_by_the_plan_until_its_attempts_are_used() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "e"));
    bench.commit();
    for wait in [6_000, 36_000] {
        bench.finish(500);
        assert!(bench.jobs.is_empty());
        bench.settle();
        bench.after(wait);
    }
    bench.finish(0);
    bench.settle();
    let moved = bench.disk.iter().filter_map(|change| match change {
        Change::Moved(_, open) => Some(open.attempts),
        _ => None,
    });
    assert_eq!(moved.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(
        bench.ends(),
        [(1, EndState::Failed, Reason::AttemptsUsed, 3)]
    );
    let outcomes: Vec<_> = bench.state.roster[&ONE]
        .ring
        .as_slice()
        .iter()
        .map(|recent| recent.outcome)
        .collect();
    use AttemptOutcome::{Failed, Retry};
    assert_eq!(outcomes, [Retry, Retry, Failed]);
    assert_eq!(bench.state_of_one(), State::Failing);
}

#[test]
fn a_success_ends_failing_and_is_noted_once() {
    let mut bench = Bench::with_endpoints(1);
    for call in 0..4 {
        bench.submit(&event("email:received", &call.to_string()));
        bench.settle();
    }
    for _ in 0..3 {
        bench.finish(503);
    }
    bench.settle();
    assert_eq!(bench.state_of_one(), State::Failing);
    bench.finish(200);
    bench.settle();
    assert_eq!(bench.state_of_one(), State::Active);
    let writes = bench.disk.iter().filter_map(|change| match change {
        Change::Endpoint(endpoint) => Some(endpoint),
        _ => None,
    });
    let writes: Vec<_> = writes.collect();
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|endpoint| endpoint.revision == 1));
    assert!(writes[1].health.first_success_at.is_some());
}

#[test]
fn gone_pauses_at_once_and_a_hand_resumes() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.submit(&event("email:received", "2"));
    bench.commit();
    bench.finish(410);
    assert!(bench.order.is_some(), "a pause is committed at once");
    bench.commit();
    let pause = bench.state.roster[&ONE].endpoint.health.pause.clone();
    assert_eq!(pause.map(|pause| pause.cause), Some(PauseCause::Gone));
    assert!(bench.jobs.is_empty() && bench.ends().is_empty());
    let said = bench.write(Command::Resume(ONE));
    bench.commit();
    assert!(matches!(said.try_recv(), Ok(Ok(_))));
    assert_eq!(bench.state_of_one(), State::Active);
    assert_eq!(bench.jobs.len(), 1);
    bench.finish(200);
    bench.finish(200);
    bench.settle();
    assert_eq!(bench.ends().len(), 2);
    assert!(
        bench.ends().iter().all(|end| end.3 == 1),
        "a 410 was counted"
    );
}

#[test]
fn a_test_is_answered_and_never_counts() {
    let mut bench = Bench::with_endpoints(1);
    bench.write(Command::Pause(ONE));
    bench.commit();
    bench.disk.clear();
    let said = bench.test(1);
    let second = bench.test(1);
    assert_eq!(
        second.try_recv().unwrap().unwrap_err(),
        Refusal::TestRunning
    );
    assert!(bench.jobs[0].message.test);
    bench.finish(410);
    let attempt = said.try_recv().unwrap().unwrap();
    assert_eq!(attempt.outcome, AttemptOutcome::Test);
    assert!(attempt.event.is_test() && attempt.delivery.is_none());
    assert_eq!(bench.dirty(1).len(), 1);
    let cause = bench.state.roster[&ONE].endpoint.health.pause.clone();
    assert_eq!(cause.unwrap().cause, PauseCause::Hand);
    let unknown = bench.test(9);
    assert_eq!(unknown.try_recv().unwrap().unwrap_err(), Refusal::Unknown);
    bench.after(500);
    bench.commit();
    assert!(
        !bench
            .disk
            .iter()
            .any(|change| matches!(change, Change::Endpoint(_) | Change::Ended(..)))
    );
    assert!(matches!(bench.disk[0], Change::History(0, _)));
}

#[test]
fn a_test_of_a_deleted_endpoint_is_answered_all_the_same() {
    let mut bench = Bench::with_endpoints(1);
    let said = bench.test(1);
    bench.write(Command::RemoveEndpoint(ONE));
    bench.commit();
    bench.finish(200);
    assert!(said.try_recv().unwrap().is_ok());
    assert!(bench.dirty(1).is_empty());
}

#[test]
fn the_ring_goes_round_and_is_swept() {
    let mut bench = Bench::with_endpoints(1);
    for call in 0..13 {
        bench.submit(&event("email:received", &call.to_string()));
        bench.settle();
        bench.finish(200);
        bench.settle();
    }
    let ring = &bench.state.roster[&ONE].ring;
    assert_eq!(ring.as_slice().len(), 10);
    assert_eq!(ring.next_slot(), 3);
    bench.after(500);
    bench.commit();
    assert!(bench.dirty(1).is_empty());
    let recent = bench.disk.iter().rev().find_map(|change| match change {
        Change::Recent(_, recent) => Some(recent.len()),
        _ => None,
    });
    assert_eq!(recent, Some(10));
}

#[test]
fn a_body_that_can_not_be_read() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    let job = bench.jobs.pop_front().unwrap();
    bench.land(job.ticket, Err(NoBody::Away));
    assert!(bench.jobs.is_empty(), "it would spin");
    bench.after(1_000);
    let job = bench.jobs.pop_front().expect("tried again");
    bench.land(job.ticket, Err(NoBody::Gone));
    bench.settle();
    assert_eq!(
        bench.ends(),
        [(1, EndState::Failed, Reason::BodyDamaged, 0)]
    );
}

#[test]
fn a_read_error_that_passes_ends_no_delivery_of_an_event_with_two() {
    let mut bench = Bench::with_endpoints(2);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    for _ in 0..2 {
        let job = bench.jobs.pop_front().unwrap();
        bench.land(job.ticket, Err(NoBody::Away));
    }
    bench.settle();
    assert!(bench.ends().is_empty());
    bench.after(1_000);
    assert_eq!(bench.jobs.len(), 2, "both are tried again");
}

#[test]
fn a_stop_waits_for_what_flies_and_commits_everything() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.submit(&event("email:received", "2"));
    bench.message(Message::Stop);
    let late = bench.submit(&event("email:received", "3"));
    assert_eq!(late.try_recv(), Ok(Err(Refusal::Stopping)));
    bench.commit();
    assert!(!bench.cut);
    bench.finish(200);
    assert!(bench.jobs.is_empty(), "dispatched while stopping");
    assert!(bench.cut);
    bench.message(Message::Grounded);
    bench.commit();
    assert_eq!(bench.state.phase, Phase::Ended(true));
    assert_eq!(bench.ends().len(), 1);
    assert!(
        bench
            .disk
            .iter()
            .any(|change| matches!(change, Change::History(..)))
    );
}

#[test]
fn a_stop_in_a_hurry_cuts_and_does_not_count() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.message(Message::Stop);
    assert!(!bench.cut);
    bench.message(Message::Hurry);
    assert!(bench.cut);
    let job = bench.jobs.pop_front().unwrap();
    bench.land(job.ticket, Ok(exchange(0, true)));
    bench.message(Message::Grounded);
    bench.commit();
    assert_eq!(bench.state.phase, Phase::Ended(true));
    assert!(bench.ends().is_empty());
    assert!(bench.state.roster[&ONE].ring.as_slice().is_empty());
}

#[test]
fn a_second_signal_that_overtakes_the_first_is_not_lost() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.message(Message::Hurry);
    bench.message(Message::Stop);
    assert!(bench.cut);
}

#[test]
fn sixteen_tests_at_a_time() {
    let mut bench = Bench::with_endpoints(17);
    let said: Vec<_> = (1..=17).map(|endpoint| bench.test(endpoint)).collect();
    assert_eq!(bench.jobs.len(), 16);
    assert_eq!(said[16].try_recv().unwrap().unwrap_err(), Refusal::Busy);
    bench.finish(200);
    let again = bench.test(17);
    assert!(again.try_recv().is_err(), "it runs");
    assert_eq!(bench.jobs.len(), 16);
}

#[test]
fn too_many_requests_hold_back_the_others() {
    let mut bench = Bench::with_endpoints(1);
    for call in ["1", "2"] {
        bench.submit(&event("email:received", call));
        bench.commit();
    }
    let job = bench.jobs.pop_front().unwrap();
    let mut answer = exchange(429, false);
    let headers = &mut answer.result.as_mut().unwrap().headers;
    headers.push(("Retry-After".into(), "60".into()));
    bench.land(job.ticket, Ok(answer));
    bench.settle();
    bench.after(59_000);
    assert!(bench.jobs.is_empty());
    bench.after(1_000);
    assert_eq!(bench.jobs.len(), 1);
}
