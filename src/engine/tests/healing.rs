//! What happens when an endpoint answers again after a short failing spell; and what becomes of
//! what waits and of what is in flight when a person changes its endpoint.

use super::bench::{Bench, event, exchange, settings, spec};
use crate::config::DeliverySettings;
use crate::domain::change::{Change, EndState, Reason};
use crate::domain::endpoint::State;
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::engine::handle::Command;
use crate::engine::message::Message;

const ONE: EndpointNumber = EndpointNumber(1);
const HOUR: u64 = 3_600_000;

fn email(bench: &mut Bench, id: u64) {
    bench.submit(&event("email:received", &id.to_string()));
    bench.commit();
}

/// Endpoint 1, with three deliveries that failed and wait for ten hours.
fn after_three_failures() -> Bench {
    let mut bench = Bench::with_endpoints(1);
    bench.message(Message::Reconfigure(Box::new(DeliverySettings {
        retry_plan_ms: vec![10 * HOUR, 10 * HOUR],
        ..settings()
    })));
    fail_three(&mut bench, 0);
    bench
}

fn fail_three(bench: &mut Bench, from: u64) {
    for id in from..from + 3 {
        email(bench, id);
        assert!(bench.answer(1, 500));
        bench.settle();
    }
    assert_eq!(bench.one().state(), State::Failing);
}

/// So many new events are delivered; how many of what waited are out then.
fn deliver(bench: &mut Bench, from: u64, count: u64) -> usize {
    for id in from..from + count {
        email(bench, id);
        assert!(bench.answer(1, 200));
        bench.settle();
    }
    bench.out(1).len()
}

#[test]
fn after_five_successes_all_that_waited_is_due_at_most_once_an_hour() {
    let mut bench = after_three_failures();
    assert_eq!(deliver(&mut bench, 10, 4), 0);
    assert_eq!(bench.one().state(), State::Active);
    assert!(bench.one().health.recovering);
    assert!(deliver(&mut bench, 20, 1) > 0);
    assert!(!bench.one().health.recovering);
    while bench.answer(1, 200) {
        bench.settle();
    }
    assert_eq!(bench.state.lanes.open(), 0);
    // Once more within the hour: it has to wait for the hour to be over.
    fail_three(&mut bench, 30);
    assert_eq!(deliver(&mut bench, 40, 9), 0);
    bench.after(HOUR);
    assert!(deliver(&mut bench, 50, 1) > 0);
}

#[test]
fn a_failure_in_between_begins_the_count_anew() {
    let mut bench = after_three_failures();
    assert_eq!(deliver(&mut bench, 10, 4), 0);
    email(&mut bench, 20);
    bench.answer(1, 500);
    bench.settle();
    assert_eq!(deliver(&mut bench, 30, 4), 0);
    assert!(deliver(&mut bench, 40, 1) > 0);
}

#[test]
fn rows_know_what_was_made_due_since_they_were_put_off() {
    let mut bench = after_three_failures();
    deliver(&mut bench, 10, 5);
    bench.answer(1, 500);
    bench.settle();
    let flags = bench.disk.iter().filter_map(|change| match change {
        Change::Moved(_, open) => Some(open.flags),
        _ => None,
    });
    assert_eq!(flags.collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert_eq!(bench.one().health.catch_ups, 1);
}

/// One in flight, and two that wait: of another call, and behind the first of its call.
fn with_work() -> Bench {
    let mut bench = Bench::with_endpoints(1);
    for (kind, call) in [
        ("call:completed", "a"),
        ("call:completed", "b"),
        ("lead:created", "a"),
    ] {
        bench.submit(&event(kind, call));
        bench.settle();
    }
    assert_eq!(bench.out(1), [1], "a new endpoint gets one at a time");
    bench
}

#[test]
fn disabled_with_work_nothing_more_is_sent_until_it_is_enabled() {
    for status in [200, 500] {
        let mut bench = with_work();
        bench.write(Command::Disable(ONE));
        bench.settle();
        assert!(bench.answer(1, status));
        bench.settle();
        bench.after(10 * HOUR);
        bench.settle();
        assert!(bench.out(1).is_empty(), "{status}");
        let ended = usize::from(status == 200);
        assert_eq!(bench.ends().len(), ended, "what arrived has arrived");
        bench.submit(&event("call:completed", "c"));
        bench.settle();
        bench.write(Command::Enable(ONE));
        bench.settle();
        while bench.answer(1, 200) {
            bench.settle();
        }
        let ends = bench.ends();
        assert_eq!(ends.len(), 3, "the one of the time between was for nobody");
        assert!(ends.iter().all(|end| end.1 == EndState::Delivered));
    }
}

#[test]
fn edited_with_work_the_rest_goes_to_the_new_place_with_the_new_key() {
    let mut bench = with_work();
    let mut moved = spec();
    moved.url = "http://127.0.0.1:9/new".into();
    // It no longer wants what waits for it: what was promised is kept.
    moved.events.truncate(1);
    moved.events[0].wants =
        crate::domain::filter::Wants::Type(crate::domain::event::EventType::EmailReceived);
    let key = SignatureKey::import("other").unwrap();
    bench.write(Command::EditEndpoint {
        endpoint: ONE,
        revision: bench.one().revision,
        spec: Box::new(moved),
    });
    bench.settle();
    bench.write(Command::ReplaceKey(ONE, key.clone()));
    bench.settle();
    let old = bench.jobs.pop_front().unwrap();
    assert_eq!(&*old.target.url, "http://127.0.0.1:9/hooks");
    bench.land(old.ticket, Ok(exchange(200, false)));
    bench.settle();
    // The attempt says where it went.
    let urls: Vec<_> = bench
        .dirty(1)
        .iter()
        .map(|(_, it)| it.exchange.request.url.to_string())
        .collect();
    assert_eq!(urls, ["http://127.0.0.1:9/hooks"]);
    assert_eq!(bench.jobs.len(), 2);
    for job in &bench.jobs {
        assert_eq!(&*job.target.url, "http://127.0.0.1:9/new");
        assert_eq!(job.target.keys.current, key);
    }
    while bench.answer(1, 200) {}
    bench.settle();
    assert_eq!(bench.ends().len(), 3);
}

#[test]
fn deleted_with_work_what_arrives_has_arrived_and_nothing_comes_back() {
    for (status, state) in [(200, EndState::Delivered), (500, EndState::Cancelled)] {
        let mut bench = with_work();
        bench.write(Command::RemoveEndpoint(ONE));
        bench.settle();
        bench.settle();
        let cancelled = |end: &&(u64, EndState, Reason, u8)| end.2 == Reason::EndpointDeleted;
        assert_eq!(bench.ends().iter().filter(cancelled).count(), 2);
        bench.disk.clear();
        assert!(bench.answer(1, status));
        bench.settle();
        assert_eq!(bench.ends()[0].1, state);
        let record = |change: &Change| {
            matches!(
                change,
                Change::Endpoint(_) | Change::History(..) | Change::Moved(..)
            )
        };
        bench.after(HOUR);
        bench.settle();
        assert!(!bench.disk.iter().any(record), "{:?}", bench.disk);
        assert_eq!(bench.state.lanes.open(), 0);
    }
}
