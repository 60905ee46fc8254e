//! What a person does with one delivery.

use super::bench::{Bench, Said, event, spec};
use crate::domain::change::{Change, EndState, Reason};
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};
use crate::engine::handle::{Command, Named, Refusal, Written};
use crate::engine::message::{Errand, Message};

fn named(event: u64, round: u8) -> Named {
    Named {
        key: DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(1),
            round,
        },
        call: None,
    }
}

fn reopen(event: u64, round: u8) -> Command {
    Command::Reopen(named(event, round), EventType::EmailReceived)
}

fn key(said: &Said<Written>) -> Result<DeliveryKey, Refusal> {
    said.try_recv().expect("an answer").map(|written| {
        let Written::Delivery(key) = written else {
            panic!("{written:?}");
        };
        key
    })
}

/// The delivery that goes out next, and its attempts before.
fn flying(bench: &Bench) -> (DeliveryKey, u8) {
    let Some(Errand::Delivery(dispatch)) = bench.jobs.front().map(|job| job.ticket) else {
        panic!("no delivery goes out");
    };
    (dispatch.key, dispatch.attempts)
}

/// One endpoint and an event without a call that failed once and waits for its second try.
fn waiting() -> Bench {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(r#"{"event":"pbx:own","data":{}}"#);
    bench.commit();
    bench.finish(500);
    bench.settle();
    assert!(bench.jobs.is_empty());
    bench
}

#[test]
fn a_waiting_one_goes_now_also_when_paused_and_only_once() {
    let mut bench = waiting();
    bench.write(Command::Pause(EndpointNumber(1)));
    bench.commit();
    let said = bench.write(Command::SendNow(named(1, 0)));
    assert_eq!(key(&said), Ok(named(1, 0).key));
    let again = bench.write(Command::SendNow(named(1, 0)));
    assert_eq!(key(&again), Err(Refusal::InFlight));
    assert_eq!(flying(&bench), (named(1, 0).key, 1));
    bench.after(60_000);
    assert_eq!(bench.jobs.len(), 1, "its own time came as well");
    bench.finish(200);
    bench.settle();
    assert_eq!(bench.ends(), [(1, EndState::Delivered, Reason::None, 2)]);
    assert!(
        bench.state.roster[&EndpointNumber(1)]
            .endpoint
            .health
            .pause
            .is_some()
    );
}

#[test]
fn what_can_not_be_sent_now() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("call:completed", "c1"));
    bench.submit(&event("lead:created", "c1"));
    bench.settle();
    let call = bench.disk.iter().find_map(|change| match change {
        Change::Event(new) => new.head.call,
        _ => None,
    });
    let of_call = |event| Named {
        call,
        ..named(event, 0)
    };
    let mut check = |command: Command, expected: Refusal| {
        let said = bench.write(command);
        assert_eq!(key(&said), Err(expected));
    };
    check(Command::SendNow(of_call(1)), Refusal::InFlight);
    check(Command::Cancel(of_call(1)), Refusal::InFlight);
    check(Command::SendNow(of_call(2)), Refusal::HeldByOrder);
    check(Command::SendNow(of_call(3)), Refusal::Changed);
    check(Command::Cancel(of_call(3)), Refusal::Changed);
    let mut elsewhere = named(1, 1);
    elsewhere.key.endpoint = EndpointNumber(9);
    check(Command::SendNow(elsewhere), Refusal::EndpointGone);
    check(Command::Cancel(elsewhere), Refusal::EndpointGone);
    bench.write(Command::Disable(EndpointNumber(1)));
    bench.commit();
    let said = bench.write(Command::SendNow(of_call(2)));
    assert_eq!(key(&said), Err(Refusal::Disabled));
    let said = bench.write(reopen(1, 1));
    assert_eq!(key(&said), Err(Refusal::Disabled));
}

#[test]
fn a_cancelled_one_ends_and_the_next_of_its_call_goes() {
    let mut bench = waiting();
    let said = bench.write(Command::Cancel(named(1, 0)));
    assert!(said.try_recv().is_err(), "answered before the commit");
    bench.commit();
    assert_eq!(key(&said), Ok(named(1, 0).key));
    assert_eq!(bench.ends(), [(1, EndState::Cancelled, Reason::None, 1)]);
    bench.after(60_000);
    assert!(bench.jobs.is_empty());
}

#[test]
fn a_cancel_whose_commit_fails_is_written_by_the_next() {
    let mut bench = waiting();
    let said = bench.write(Command::Cancel(named(1, 0)));
    bench.fail();
    assert_eq!(key(&said), Err(Refusal::StoreAway));
    bench.message(Message::Reopened);
    bench.settle();
    assert_eq!(bench.ends(), [(1, EndState::Cancelled, Reason::None, 1)]);
}

#[test]
fn a_new_round_goes_out_after_its_commit_also_when_paused() {
    let mut bench = waiting();
    bench.write(Command::Cancel(named(1, 0)));
    bench.commit();
    bench.write(Command::Pause(EndpointNumber(1)));
    bench.commit();
    let said = bench.write(reopen(1, 1));
    // Asked twice at once, it is sent once.
    let second = bench.write(reopen(1, 1));
    assert_eq!(key(&second), Err(Refusal::InFlight));
    assert!(said.try_recv().is_err() && bench.jobs.is_empty());
    bench.commit();
    assert_eq!(key(&said), Ok(named(1, 1).key));
    // Who has read no later than before that has to read again.
    let stale = bench.write(reopen(1, 1));
    assert_eq!(key(&stale), Err(Refusal::Changed));
    assert_eq!(flying(&bench), (named(1, 1).key, 0));
    bench.finish(200);
    bench.settle();
    assert!(bench.jobs.is_empty());
    let later = bench.write(reopen(1, 2));
    bench.commit();
    assert_eq!(key(&later), Ok(named(1, 2).key));
    assert_eq!(flying(&bench), (named(1, 2).key, 0));
    bench.finish(200);
    bench.settle();
    let ends = bench.ends();
    assert_eq!(ends[1..], [(1, EndState::Delivered, Reason::None, 1); 2]);
    assert!(bench.state.live.kind(EventNumber(1)).is_none());
}

#[test]
fn a_new_round_whose_commit_fails_is_withdrawn() {
    let mut bench = waiting();
    bench.write(Command::Cancel(named(1, 0)));
    bench.commit();
    let said = bench.write(reopen(1, 1));
    bench.fail();
    assert_eq!(key(&said), Err(Refusal::StoreAway));
    bench.message(Message::Reopened);
    bench.settle();
    let unopened = |change: &Change| matches!(change, Change::Unopened(k) if k.round == 1);
    assert!(bench.disk.iter().any(unopened));
    assert_eq!(bench.state.lanes.open(), 0);
    let again = bench.write(reopen(1, 1));
    bench.commit();
    assert_eq!(key(&again), Ok(named(1, 2).key));
}

#[test]
fn a_new_round_of_an_endpoint_that_goes_meanwhile_is_cancelled() {
    let mut bench = waiting();
    bench.write(Command::Cancel(named(1, 0)));
    bench.commit();
    bench.write(Command::AddEndpoint {
        spec: Box::new(spec()),
        key: crate::domain::key::SignatureKey::import("key").unwrap(),
    });
    // Both gather behind that commit.
    bench.write(Command::RemoveEndpoint(EndpointNumber(1)));
    let said = bench.write(reopen(1, 1));
    bench.settle();
    assert!(key(&said).is_ok() && bench.jobs.is_empty());
    let last = *bench.ends().last().unwrap();
    assert_eq!(last, (1, EndState::Cancelled, Reason::EndpointDeleted, 0));
}
