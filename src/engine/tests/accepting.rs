//! Events coming in.

use std::sync::mpsc::TryRecvError;

use super::bench::{Bench, accepted, event, keyed, spec};
use crate::domain::change::{Change, EndState, Reason};
use crate::domain::endpoint::Order;
use crate::domain::event::Origin;
use crate::domain::id::EndpointNumber;
use crate::domain::intake;
use crate::engine::handle::{Command, Refusal};
use crate::engine::message::Message;
use crate::engine::turn::next_wake;

#[test]
fn no_reply_and_no_request_before_the_commit() {
    let mut bench = Bench::with_endpoints(2);
    let said = bench.submit(&event("call:completed", "c1"));
    assert_eq!(said.try_recv(), Err(TryRecvError::Empty));
    assert!(bench.jobs.is_empty());
    bench.commit();
    assert_eq!(said.try_recv(), Ok(accepted(1, 2, false)));
    assert_eq!(bench.jobs.len(), 2);
    let Some(Change::Event(new)) = bench.disk.first() else {
        panic!("{:?}", bench.disk);
    };
    assert_eq!((new.open.len(), new.ended.len()), (2, 0));
    assert!(matches!(bench.disk.last(), Some(Change::Numbers(n)) if n.event.0 == 2));
}

#[test]
fn nothing_is_sent_before_a_first_commit() {
    let mut bench = Bench::untried();
    let first = bench
        .order
        .take()
        .expect("the first commit starts by itself");
    assert!(matches!(first[..], [Change::Numbers(_)]));
    bench.order = Some(first);
    let said = bench.submit(&event("call:completed", "c1"));
    assert!(said.try_recv().is_err());
    bench.commit();
    assert_eq!(said.try_recv(), Ok(accepted(1, 0, false)));
}

#[test]
fn an_event_of_a_call_waits_for_the_commit_of_the_one_before() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("call:completed", "c1"));
    bench.commit();
    bench.submit(&event("lead:created", "c1"));
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
    bench.finish(200);
    assert!(bench.jobs.is_empty(), "sent before the commit of the first");
    assert!(bench.order.is_some(), "the commit did not start at once");
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn a_ringing_that_waits_is_superseded() {
    let mut bench = Bench::with_endpoints(1);
    // A new endpoint gets one at a time, so the second call's ringing waits.
    bench.submit(&event("call:completed", "c0"));
    bench.submit(&event("call:ringing", "c1"));
    bench.commit();
    bench.submit(&event("call:missed", "c1"));
    bench.settle();
    assert_eq!(
        bench.ends(),
        [(2, EndState::Superseded, Reason::CallEnded, 0)]
    );
}

#[test]
fn a_ringing_that_comes_late_or_old_ends_at_once() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("call:completed", "c1"));
    bench.commit();
    bench.submit(&event("call:ringing", "c1"));
    bench.commit();
    let old = event("call:ringing", "c2");
    let mut old = intake::read(old.as_bytes(), None, Origin::Own).unwrap();
    old.occurred_at = Some(crate::domain::time::Timestamp(bench.now.wall.0 - 60_000));
    bench.bring(old);
    bench.commit();
    assert_eq!(
        bench.ends(),
        [
            (2, EndState::Superseded, Reason::CallEnded, 0),
            (3, EndState::Expired, Reason::LifeOver, 0),
        ]
    );
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn a_ringing_committed_with_the_end_of_its_call_is_superseded_where_order_counts() {
    let mut bench = Bench::with_endpoints(1);
    let mut free = spec();
    free.policy.order = Order::None;
    bench.write(Command::EditEndpoint {
        endpoint: EndpointNumber(1),
        revision: 1,
        spec: Box::new(free),
    });
    bench.commit();
    bench.write(Command::AddEndpoint {
        spec: Box::new(spec()),
        key: crate::domain::key::SignatureKey::import("key").unwrap(),
    });
    bench.commit();
    // While the commit of this one is out, the next two gather for one commit.
    bench.submit(&event("email:received", "e"));
    bench.submit(&event("call:completed", "c1"));
    bench.submit(&event("call:ringing", "c1"));
    bench.settle();
    assert_eq!(
        bench.ends(),
        [(3, EndState::Superseded, Reason::CallEnded, 0)]
    );
}

#[test]
fn a_ringing_expires_while_it_waits() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "e1"));
    bench.submit(&event("call:ringing", "c1"));
    bench.commit();
    bench.after(59_999);
    assert!(bench.ends().is_empty());
    bench.after(1);
    bench.settle();
    assert_eq!(bench.ends(), [(2, EndState::Expired, Reason::LifeOver, 0)]);
}

#[test]
fn a_full_lane_ends_the_delivery_and_not_the_event() {
    let mut bench = Bench::with_endpoints(1);
    let mut said = Vec::new();
    for call in 0..103 {
        said.push(bench.submit(&event("email:received", &call.to_string())));
    }
    bench.settle();
    for said in said {
        assert!(matches!(said.try_recv(), Ok(Ok(_))));
    }
    let full = bench.ends();
    assert!(!full.is_empty() && full.len() <= 3, "{full:?}");
    assert!(
        full.iter()
            .all(|end| (end.1, end.2) == (EndState::Failed, Reason::BacklogFull))
    );
}

#[test]
fn the_same_key_again() {
    let mut bench = Bench::with_endpoints(1);
    let body = keyed("call:completed", "c1", "k1");
    let first = bench.submit(&body);
    let joined = bench.submit(&body);
    let other = bench.submit(&keyed("call:completed", "c2", "k1"));
    assert_eq!(other.try_recv(), Ok(Err(Refusal::KeyReused)));
    assert!(joined.try_recv().is_err(), "answered before the commit");
    bench.commit();
    assert_eq!(first.try_recv(), Ok(accepted(1, 1, false)));
    assert_eq!(joined.try_recv(), Ok(accepted(1, 1, true)));
    let later = bench.submit(&body);
    assert_eq!(later.try_recv(), Ok(accepted(1, 1, true)));
    assert!(bench.order.is_none());
}

#[test]
fn a_key_whose_event_failed_is_free_again() {
    let mut bench = Bench::with_endpoints(1);
    let body = keyed("call:completed", "c1", "k1");
    let first = bench.submit(&body);
    let joined = bench.submit(&body);
    bench.fail();
    for said in [first, joined] {
        assert_eq!(said.try_recv(), Ok(Err(Refusal::StoreAway)));
    }
    bench.message(Message::Reopened);
    bench.commit();
    let again = bench.submit(&body);
    bench.commit();
    assert_eq!(again.try_recv(), Ok(accepted(2, 1, false)));
}

#[test]
fn an_event_is_committed_at_once_and_others_meanwhile_are_the_next_batch() {
    let mut bench = Bench::with_endpoints(0);
    bench.submit(&event("email:received", "1"));
    assert!(bench.order.is_some());
    for call in 2..8 {
        bench.submit(&event("email:received", &call.to_string()));
    }
    assert_eq!(bench.state.batch.accepts.len(), 6);
    bench.done(Ok(()));
    let events = bench.order.iter().flatten();
    let events = events.filter(|change| matches!(change, Change::Event(_)));
    assert_eq!(events.count(), 6);
}

#[test]
fn an_idle_engine_leaves_a_file_that_needs_no_repair_and_then_sleeps() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.finish(200);
    bench.settle();
    // The history, and then, after some quiet, the last commit of this burst.
    bench.after(500);
    assert!(bench.order.is_some() && !bench.quick_repair);
    bench.commit();
    bench.after(4_999);
    assert!(bench.order.is_none());
    bench.after(1);
    assert!(bench.order.is_some() && bench.quick_repair);
    bench.commit();
    // What was counted is written when its minute is over, and then there is peace.
    bench.after(60_000);
    assert!(bench.order.is_some() && bench.quick_repair);
    bench.commit();
    bench.after(3_600_000);
    assert!(bench.order.is_none(), "an idle engine writes");
    assert_eq!(next_wake(&bench.state, bench.now), None);
}

#[test]
fn a_commit_carries_so_much_and_no_more() {
    let mut bench = Bench::with_endpoints(0);
    bench.submit(&event("email:received", "0"));
    for call in 0..5_000 {
        bench.submit(&event("email:received", &call.to_string()));
    }
    let carried = |bench: &mut Bench| {
        let order = bench.order.clone().unwrap();
        bench.disk = order;
        let events = bench.disk.iter();
        events
            .filter(|change| matches!(change, Change::Event(_)))
            .count()
    };
    assert_eq!(carried(&mut bench), 1);
    bench.done(Ok(()));
    assert_eq!(carried(&mut bench), 24, "it went out behind the first");
    bench.done(Ok(()));
    assert_eq!(carried(&mut bench), 4_096);
    bench.commit();
    bench.settle();
    assert!(bench.state.batch.is_empty());
}
