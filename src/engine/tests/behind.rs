//! A second commit, which goes out behind the first: what it carries, when, and that it fails with
//! the first.

use super::bench::{Bench, Said, accepted, event, failure, keyed};
use crate::domain::change::Change;
use crate::domain::event::Origin;
use crate::domain::id::EventNumber;
use crate::domain::intake;
use crate::domain::token::Role;
use crate::engine::commit::events_enough;
use crate::engine::handle::{Accepted, Command, Refusal, Written};
use crate::engine::message::Message;
use crate::engine::state::Phase;

/// So many events are worth a second commit.
const ENOUGH: usize = 24;

fn many(bench: &mut Bench, count: usize) -> Vec<Said<Accepted>> {
    (0..count)
        .map(|call| bench.submit(&event("email:received", &call.to_string())))
        .collect()
}

/// A commit of one event is out, and behind it one of so many as are enough.
fn two_out() -> (Bench, Said<Accepted>, Vec<Said<Accepted>>) {
    let mut bench = Bench::with_endpoints(1);
    let first = bench.submit(&event("email:received", "first"));
    let behind = many(&mut bench, ENOUGH);
    assert!(bench.behind.is_some());
    (bench, first, behind)
}

/// How many events the changes bring.
fn events(changes: &[Change]) -> usize {
    let brought = changes.iter();
    let brought = brought.filter(|change| matches!(change, Change::Event(_)));
    brought.count()
}

#[test]
fn where_many_come_they_go_out_behind_the_first_commit() {
    let mut bench = Bench::with_endpoints(1);
    let first = bench.submit(&event("email:received", "first"));
    let mut said = many(&mut bench, ENOUGH - 1);
    assert!(bench.behind.is_none(), "so few can wait");
    said.append(&mut many(&mut bench, 1));
    assert_eq!(events(bench.behind.as_ref().unwrap()), ENOUGH);
    let third = many(&mut bench, 2 * ENOUGH);
    bench.done(Ok(()));
    assert_eq!(first.try_recv(), Ok(accepted(1, 1, false)));
    assert!(said[0].try_recv().is_err(), "before its commit");
    assert!(bench.behind.is_none(), "all else has its turn first");
    bench.done(Ok(()));
    for (number, said) in (2..).zip(said) {
        assert_eq!(said.try_recv(), Ok(accepted(number, 1, false)));
    }
    assert!(third[0].try_recv().is_err());
    assert_eq!(events(bench.order.as_ref().unwrap()), 2 * ENOUGH);
    bench.commit();
    assert_eq!(third[0].try_recv(), Ok(accepted(26, 1, false)));
}

#[test]
fn the_engine_wakes_when_there_are_enough_with_those_in_line() {
    let mut bench = Bench::with_endpoints(1);
    assert_eq!(events_enough(&bench.state), 1);
    many(&mut bench, 1);
    assert_eq!(events_enough(&bench.state), ENOUGH);
    many(&mut bench, 10);
    assert_eq!(events_enough(&bench.state), ENOUGH - 10);
    many(&mut bench, ENOUGH - 10);
    assert_eq!(events_enough(&bench.state), 32, "nothing can go behind two");
}

#[test]
fn behind_many_events_go_half_as_many() {
    let mut bench = Bench::with_endpoints(1);
    many(&mut bench, 1);
    let group: Vec<_> = (0..100)
        .map(|call| event("email:received", &call.to_string()))
        .collect();
    bench.submit_group(&group);
    assert_eq!(
        events(bench.behind.as_ref().unwrap()),
        100,
        "a group is whole"
    );
    bench.done(Ok(()));
    bench.done(Ok(()));
    bench.submit_group(&group);
    many(&mut bench, 49);
    assert!(bench.behind.is_none());
    many(&mut bench, 1);
    assert_eq!(events(bench.behind.as_ref().unwrap()), 50);
}

#[test]
fn nothing_but_events_goes_behind() {
    let mut bench = Bench::with_endpoints(1);
    many(&mut bench, 2);
    bench.commit();
    many(&mut bench, 1);
    bench.finish(200);
    let added = bench.write(Command::AddToken {
        name: "pbx".into(),
        role: Role::Ingest,
        hash: [1; 32],
    });
    let bytes = bench.state.flight.as_ref().unwrap().body_bytes;
    many(&mut bench, ENOUGH);
    let behind = bench.behind.clone().unwrap();
    let mut counted = bytes;
    for change in &behind {
        match change {
            Change::Event(new) => counted += u64::from(new.head.body_bytes),
            Change::BodyBytes(sum) => assert_eq!(*sum, counted),
            Change::Numbers(numbers) => assert_eq!(numbers.event, EventNumber(28)),
            other => panic!("{other:?} went behind"),
        }
    }
    assert_eq!(behind.len(), ENOUGH + 2);
    bench.done(Ok(()));
    bench.done(Ok(()));
    assert!(added.try_recv().is_err(), "before its commit");
    let order = bench.order.as_ref().unwrap();
    let is = |change: &Change| matches!(change, Change::Token(_) | Change::Ended(..));
    assert_eq!(order.iter().filter(|change| is(change)).count(), 2);
    bench.commit();
    assert!(matches!(added.try_recv(), Ok(Ok(Written::Token(_)))));
    assert_eq!(bench.state.retention.body_bytes, counted);
}

#[test]
fn a_notice_goes_with_the_record_of_its_endpoint() {
    let mut bench = Bench::with_endpoints(1);
    many(&mut bench, 1);
    let own = event("email:received", "own");
    bench.bring(intake::read(own.as_bytes(), None, Origin::Own).unwrap());
    many(&mut bench, ENOUGH);
    assert!(bench.behind.is_none());
}

#[test]
fn what_leaves_a_file_without_need_of_repair_is_the_last() {
    let mut bench = Bench::with_endpoints(1);
    bench.commit();
    while !bench.quick_repair {
        bench.commit();
        bench.sleep();
    }
    assert!(bench.order.is_some());
    many(&mut bench, ENOUGH);
    assert!(bench.behind.is_none());
}

#[test]
fn a_repeat_of_what_is_behind_is_answered_after_its_commit() {
    for failing in [false, true] {
        let mut bench = Bench::with_endpoints(1);
        many(&mut bench, 1);
        let body = keyed("email:received", "call", "key");
        bench.submit(&body);
        many(&mut bench, ENOUGH - 1);
        assert!(bench.behind.is_some());
        let repeat = bench.submit(&body);
        if failing {
            bench.fail();
            assert!(repeat.try_recv().is_err(), "nobody knows yet");
            bench.fail();
            assert_eq!(repeat.try_recv(), Ok(Err(Refusal::StoreAway)));
        } else {
            bench.done(Ok(()));
            assert!(repeat.try_recv().is_err(), "before its commit");
            bench.done(Ok(()));
            assert_eq!(repeat.try_recv(), Ok(accepted(2, 1, true)));
        }
    }
}

/// What the store says after the first commit has failed.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Then {
    Refused,
    /// It was open again before it got the second one …
    Done,
    /// … which failed anew.
    FailedAnew,
}

#[test]
fn a_second_commit_fails_with_the_first_whatever_the_store_says() {
    for then in [Then::Refused, Then::Done, Then::FailedAnew] {
        let (mut bench, first, behind) = two_out();
        let before = bench.state.retention.body_bytes;
        bench.fail();
        assert_eq!(first.try_recv(), Ok(Err(Refusal::StoreAway)));
        if then != Then::Refused {
            bench.message(Message::Reopened);
            assert!(behind[0].try_recv().is_err(), "before its answer");
            let meanwhile = many(&mut bench, 2 * ENOUGH);
            assert!(bench.behind.is_none(), "{then:?}");
            bench.done(if then == Then::Done {
                Ok(())
            } else {
                failure()
            });
            let refused = |said: &Said<_>| said.try_recv() == Ok(Err(Refusal::StoreAway));
            assert!(meanwhile.iter().all(refused), "{then:?}");
        } else {
            bench.fail();
        }
        if then != Then::Done {
            assert!(bench.order.is_none(), "the store is away");
            bench.message(Message::Reopened);
        }
        assert_eq!(behind[0].try_recv(), Ok(Err(Refusal::StoreAway)));
        let order = bench.order.as_ref().expect("a commit starts at once");
        let withdrawn = order.iter();
        let withdrawn = withdrawn.filter(|change| matches!(change, Change::Withdrawn(_)));
        assert_eq!(withdrawn.count(), 1 + ENOUGH, "{then:?}");
        let counts = |change: &Change| matches!(change, Change::BodyBytes(sum) if *sum == before);
        assert!(order.iter().any(counts), "{then:?}");
        bench.commit();
        let again = bench.submit(&event("email:received", "again"));
        bench.commit();
        assert!(matches!(again.try_recv(), Ok(Ok(_))));
        assert_eq!(bench.jobs.len(), 1, "of those that failed none is sent");
    }
}

#[test]
fn the_second_may_fail_alone() {
    let (mut bench, first, behind) = two_out();
    bench.done(Ok(()));
    bench.fail();
    assert_eq!(first.try_recv(), Ok(accepted(1, 1, false)));
    assert_eq!(behind[0].try_recv(), Ok(Err(Refusal::StoreAway)));
    bench.message(Message::Reopened);
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn a_stop_waits_for_both() {
    let (mut bench, _first, behind) = two_out();
    bench.message(Message::Stop);
    bench.message(Message::Grounded);
    bench.done(Ok(()));
    assert_ne!(bench.state.phase, Phase::Ended(true));
    bench.done(Ok(()));
    assert_eq!(behind[0].try_recv(), Ok(accepted(2, 1, false)));
    bench.settle();
    assert_eq!(bench.state.phase, Phase::Ended(true));
}
