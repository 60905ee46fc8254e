//! Commits that fail.

use super::bench::{Bench, accepted, event};
use crate::domain::change::{Change, EndState};
use crate::domain::id::EndpointNumber;
use crate::engine::handle::{Command, Refusal};
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
