//! What must not happen when much comes together: expired events that are sent, results without
//! a bound, refused changes that come back, a database that nobody opens again.

use super::bench::{Bench, event, exchange, spec};
use crate::domain::change::{Change, EndState};
use crate::domain::endpoint::PauseCause;
use crate::domain::id::{EndpointNumber, TokenNumber};
use crate::domain::key::SignatureKey;
use crate::domain::token::Role;
use crate::engine::commit::OPERATIONS_MAX;
use crate::engine::handle::{Command, Refusal};
use crate::engine::message::Message;
use crate::engine::state::{Disk, Phase};

const ONE: EndpointNumber = EndpointNumber(1);

/// More than expire in one go, waiting for a paused endpoint, and all of them over by now.
fn expired_behind_a_pause() -> Bench {
    let mut bench = Bench::with_endpoints(1);
    bench.state.delivery.waiting_max = 10_000;
    bench.state.lanes.set_waiting_max(10_000, 10_000);
    bench.write(Command::Pause(ONE));
    bench.commit();
    for call in 0..1_500 {
        bench.submit(&event("call:ringing", &call.to_string()));
        bench.settle();
    }
    assert_eq!(bench.state.lanes.report(ONE).unwrap().waiting, 1_500);
    let late = bench.now.tick.plus_ms(120_000);
    bench.now.wall = bench.now.wall.plus_ms(120_000);
    bench.now.tick = late;
    bench
}

#[test]
fn what_has_expired_is_never_sent_however_much_of_it_there_is() {
    let mut bench = expired_behind_a_pause();
    bench.write(Command::Resume(ONE));
    for _ in 0..50 {
        bench.commit();
        assert!(bench.jobs.is_empty(), "an expired event was sent");
        bench.after(20);
    }
    let states: Vec<_> = bench.ends().iter().map(|end| end.1).collect();
    assert_eq!(states, [EndState::Expired; 1_500]);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    assert_eq!(bench.jobs.len(), 1, "the others go on");
}

#[test]
fn a_stop_does_not_wait_for_what_has_expired() {
    let mut bench = expired_behind_a_pause();
    bench.message(Message::Stop);
    bench.message(Message::Grounded);
    for _ in 0..3 {
        bench.settle();
    }
    assert_eq!(bench.state.phase, Phase::Ended(true));
    assert!(bench.ends().is_empty(), "the next run finds them");
}

#[test]
fn results_that_wait_for_a_hanging_commit_are_bounded() {
    let mut bench = Bench::with_endpoints(1);
    bench.state.lanes.set_waiting_max(100_000, 10_000);
    bench.submit(&event("email:received", "0"));
    bench.commit();
    bench.finish(200);
    for call in 0..OPERATIONS_MAX + 500 {
        bench.submit(&event("email:received", &call.to_string()));
    }
    // The commit that has these is over, the next one never ends.
    while bench.state.lanes.open() < u32::try_from(OPERATIONS_MAX).unwrap() + 400 {
        bench.done(Ok(()));
    }
    bench.message(Message::Doubt);
    bench.after(1_000);
    bench.submit(&event("email:received", "last"));
    assert!(bench.order.is_some(), "a commit is out");
    while !bench.jobs.is_empty() {
        bench.finish(200);
    }
    let rows = bench.state.batch.rows.len();
    assert!(rows <= OPERATIONS_MAX, "{rows} results wait");
    assert!(bench.state.lanes.report(ONE).unwrap().waiting > 0);
}

#[test]
fn a_change_that_was_refused_is_undone_by_the_next_commit() {
    let check = |command: Command, undone: &dyn Fn(&Change) -> bool| {
        let mut bench = Bench::with_endpoints(1);
        let token = Command::AddToken {
            name: "pbx".into(),
            role: Role::Ingest,
            hash: [1; 32],
        };
        bench.write(token);
        bench.commit();
        let said = bench.write(command.clone());
        bench.fail();
        assert_eq!(said.try_recv().unwrap().unwrap_err(), Refusal::StoreAway);
        bench.message(Message::Reopened);
        let order = bench.order.clone().expect("a commit starts at once");
        assert!(order.iter().any(undone), "{command:?}: {order:?}");
    };
    let key = || SignatureKey::import("other").unwrap();
    let record_of_one = |change: &Change| match change {
        Change::Endpoint(endpoint) => {
            endpoint.number == ONE && endpoint.keys.current.reveal() == "key"
        }
        _ => false,
    };
    check(
        Command::AddEndpoint {
            spec: Box::new(spec()),
            key: key(),
        },
        &|change| matches!(change, Change::EndpointRemoved(EndpointNumber(2))),
    );
    check(Command::ReplaceKey(ONE, key()), &record_of_one);
    check(Command::RemoveEndpoint(ONE), &record_of_one);
    check(
        Command::AddToken {
            name: "second".into(),
            role: Role::Read,
            hash: [2; 32],
        },
        &|change| matches!(change, Change::TokenRemoved(TokenNumber(2))),
    );
    check(
        Command::RemoveToken(TokenNumber(1)),
        &|change| matches!(change, Change::Token(token) if token.number == TokenNumber(1)),
    );
}

#[test]
fn a_410_from_where_the_endpoint_no_longer_is_pauses_nothing() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    let job = bench.jobs.pop_front().unwrap();
    let mut moved = spec();
    moved.url = "http://127.0.0.1:9/new".into();
    bench.write(Command::EditEndpoint {
        endpoint: ONE,
        revision: bench.state.roster[&ONE].endpoint.revision,
        spec: Box::new(moved),
    });
    bench.commit();
    let mut late = exchange(410, false);
    late.request.url = job.target.url.clone();
    bench.land(job.ticket, Ok(late));
    bench.settle();
    assert!(bench.state.roster[&ONE].endpoint.health.pause.is_none());
    bench.after(10_000);
    assert_eq!(bench.jobs.len(), 1, "it is tried at the new place");

    let job = bench.jobs.pop_front().unwrap();
    let mut gone = exchange(410, false);
    gone.request.url = job.target.url.clone();
    bench.land(job.ticket, Ok(gone));
    let pause = bench.state.roster[&ONE].endpoint.health.pause.clone();
    assert_eq!(pause.unwrap().cause, PauseCause::Gone);
}

#[test]
fn a_database_that_could_not_be_read_is_tried_by_a_commit_once_a_second() {
    let mut bench = Bench::with_endpoints(1);
    bench.after(10_000);
    bench.commit();
    bench.after(1_500);
    assert!(bench.order.is_none(), "it idles");
    bench.message(Message::Doubt);
    assert!(bench.order.is_some(), "a commit finds out");
    bench.message(Message::Doubt);
    bench.commit();
    bench.message(Message::Doubt);
    assert!(bench.order.is_none(), "not at once again");
    bench.after(1_000);
    bench.fail();
    assert_eq!(bench.state.disk, Disk::Away);
    bench.message(Message::Reopened);
    bench.commit();
    assert_eq!(bench.state.disk, Disk::Well);
}
