//! Commits that fail.

use super::bench::{Bench, Said, accepted, event};
use crate::domain::change::{Change, EndState};
use crate::domain::id::EndpointNumber;
use crate::engine::handle::{Accepted, Command, Refusal};
use crate::engine::message::Message;
use crate::engine::state::Phase;

#[test]
fn accepts_are_refused_and_withdrawn_finishes_are_kept() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.finish(200);
    let flying = bench.submit(&event("email:received", "2"));
    let behind = bench.submit(&event("email:received", "3"));
    let admin = bench.write(Command::Pause(EndpointNumber(1)));
    bench.fail();
    for said in [flying, behind] {
        assert_eq!(said.try_recv(), Ok(Err(Refusal::StoreAway)));
    }
    assert_eq!(admin.try_recv().unwrap().unwrap_err(), Refusal::StoreAway);
    let meanwhile = bench.submit(&event("email:received", "4"));
    assert_eq!(meanwhile.try_recv(), Ok(Err(Refusal::StoreAway)));
    bench.after(60_000);
    assert!(bench.order.is_none() && bench.jobs.is_empty());

    bench.message(Message::Reopened);
    let early = bench.submit(&event("email:received", "5"));
    assert_eq!(early.try_recv(), Ok(Err(Refusal::StoreAway)));
    let order = bench.order.clone().expect("a commit starts at once");
    assert!(matches!(order[0], Change::Withdrawn(number) if number.0 == 2));
    bench.commit();
    assert_eq!(bench.ends().len(), 1);
    assert_eq!(bench.ends()[0].1, EndState::Delivered);
    let health = &bench.state.roster[&EndpointNumber(1)].endpoint.health;
    assert!(health.pause.is_none(), "the pause is in force");
    assert!(health.first_success_at.is_some());

    let said = bench.submit(&event("email:received", "6"));
    bench.commit();
    // The notice of the pause had a number, too.
    assert_eq!(said.try_recv(), Ok(accepted(5, 1, false)));
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn nothing_is_sent_while_the_store_is_away_and_places_come_back() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.submit(&event("email:received", "2"));
    bench.commit();
    bench.submit(&event("email:received", "3"));
    bench.fail();
    assert_eq!(bench.state.lanes.open(), 2);
    bench.finish(200);
    assert!(bench.jobs.is_empty(), "sent while the store is away");
    bench.message(Message::Reopened);
    bench.fail();
    assert!(bench.jobs.is_empty());
    bench.message(Message::Reopened);
    let again = bench.order.clone().unwrap();
    assert!(matches!(again[0], Change::Withdrawn(number) if number.0 == 3));
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn a_stop_while_the_store_is_away_says_that_not_all_is_committed() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.submit(&event("email:received", "2"));
    bench.fail();
    bench.message(Message::Stop);
    bench.finish(200);
    bench.message(Message::Grounded);
    assert_eq!(bench.state.phase, Phase::Ended(false));
}

/// One event that a commit is out for, and so many more.
fn many(bench: &mut Bench, more: usize) -> Vec<Said<Accepted>> {
    let calls = 0..=more;
    calls
        .map(|call| bench.submit(&event("email:received", &call.to_string())))
        .collect()
}

#[test]
fn where_many_come_a_second_commit_goes_out_behind_the_first() {
    let mut bench = Bench::with_endpoints(1);
    let said = many(&mut bench, 23);
    assert!(bench.behind.is_none(), "so few can wait");
    let last = bench.submit(&event("email:received", "last"));
    assert!(bench.behind.is_some());
    let third = many(&mut bench, 40);
    bench.done(Ok(()));
    assert_eq!(said[0].try_recv(), Ok(accepted(1, 1, false)));
    assert!(last.try_recv().is_err(), "before its commit");
    assert!(bench.behind.is_none(), "all else has its turn first");
    bench.done(Ok(()));
    assert_eq!(last.try_recv(), Ok(accepted(25, 1, false)));
    assert!(third[0].try_recv().is_err());
    bench.commit();
    assert_eq!(third[40].try_recv(), Ok(accepted(66, 1, false)));
}

#[test]
fn what_a_person_changes_does_not_go_behind_another_commit() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "first"));
    bench.write(Command::Pause(EndpointNumber(1)));
    many(&mut bench, 40);
    assert!(bench.behind.is_none());
}

#[test]
fn a_second_commit_fails_with_the_first_whatever_the_store_says() {
    for store_says in [Ok(()), Err(())] {
        let mut bench = Bench::with_endpoints(1);
        let said = many(&mut bench, 24);
        assert!(bench.behind.is_some());
        bench.fail();
        assert_eq!(said[0].try_recv(), Ok(Err(Refusal::StoreAway)));
        match store_says {
            Ok(()) => {
                // It was open again before it got the second one.
                bench.message(Message::Reopened);
                assert!(said[24].try_recv().is_err(), "before its answer");
                bench.done(Ok(()));
            }
            Err(()) => {
                bench.fail();
                bench.message(Message::Reopened);
            }
        }
        assert_eq!(said[24].try_recv(), Ok(Err(Refusal::StoreAway)));
        let withdrawn = |change: &&Change| matches!(change, Change::Withdrawn(_));
        let order = bench.order.iter().flatten();
        assert_eq!(order.filter(withdrawn).count(), 25);
        bench.commit();
        let again = bench.submit(&event("email:received", "again"));
        bench.commit();
        assert_eq!(again.try_recv(), Ok(accepted(26, 1, false)));
        assert_eq!(bench.jobs.len(), 1);
    }
}
