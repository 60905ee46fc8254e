//! Several events that come as one.

use super::bench::{Bench, event, keyed};
use crate::domain::change::Change;
use crate::engine::handle::{Accepted, Refusal};
use crate::engine::message::Message;

/// Numbers and whether they were there, of a group that was accepted.
fn told(said: Result<Vec<Accepted>, Refusal>) -> Vec<(u64, bool)> {
    let items = said.unwrap().into_iter();
    items.map(|item| (item.event.0, item.duplicate)).collect()
}

fn events(changes: &[Change]) -> Vec<u64> {
    let number = |change: &Change| match change {
        Change::Event(new) => Some(new.number.0),
        _ => None,
    };
    changes.iter().filter_map(number).collect()
}

fn calls(count: u64) -> Vec<String> {
    (0..count)
        .map(|call| event("email:received", &call.to_string()))
        .collect()
}

#[test]
fn a_group_is_numbered_together_and_answered_by_its_commit() {
    let mut bench = Bench::with_endpoints(2);
    let said = bench.submit_group(&calls(3));
    assert!(said.try_recv().is_err(), "answered before the commit");
    assert_eq!(events(bench.order.as_ref().unwrap()), [1, 2, 3]);
    bench.commit();
    let items = said.try_recv().unwrap();
    assert!(items.iter().flatten().all(|item| item.matched == 2));
    assert_eq!(told(items), [(1, false), (2, false), (3, false)]);
    assert!(!bench.jobs.is_empty());
}

#[test]
fn a_group_is_never_split_over_two_commits() {
    let mut bench = Bench::with_endpoints(0);
    bench.submit(&event("email:received", "first"));
    // So many wait for the next commit that the second group would go in part.
    bench.submit_group(&calls(3_000));
    bench.submit_group(&calls(2_000));
    let carried = |bench: &mut Bench| {
        let changes = bench.order.clone().unwrap();
        let count = events(&changes).len();
        bench.done(Ok(()));
        count
    };
    assert_eq!(carried(&mut bench), 1);
    assert_eq!(carried(&mut bench), 3_000);
    assert_eq!(carried(&mut bench), 2_000);
}

#[test]
fn a_group_larger_than_a_commit_is_one_commit_all_the_same() {
    let mut bench = Bench::with_endpoints(0);
    let large = |call: u64| {
        let text = "x".repeat(1024 * 1024 - 200);
        format!(r#"{{"event":"pbx:own","data":{{"id":"{call}","text":"{text}"}}}}"#)
    };
    let bodies: Vec<String> = (0..16).map(large).collect();
    let said = bench.submit_group(&bodies);
    assert_eq!(events(bench.order.as_ref().unwrap()).len(), 16);
    bench.commit();
    assert_eq!(told(said.try_recv().unwrap()).len(), 16);
}

#[test]
fn keys_of_a_group() {
    let mut bench = Bench::with_endpoints(1);
    let [a, b, c] = ["a", "b", "c"].map(|key| keyed("email:received", key, key));
    let one = bench.submit(&a);
    // The first is on its way to the disk, and the group repeats it and itself.
    let said = bench.submit_group(&[b.clone(), a.clone(), b.clone()]);
    let only_known = bench.submit_group(&[a.clone(), b.clone()]);
    assert!(said.try_recv().is_err() && only_known.try_recv().is_err());
    bench.commit();
    assert!(one.try_recv().unwrap().is_ok());
    assert_eq!(
        told(said.try_recv().unwrap()),
        [(2, false), (1, true), (2, true)]
    );
    assert_eq!(told(only_known.try_recv().unwrap()), [(1, true), (2, true)]);
    // All of it is on disk: answered at once, nothing to write.
    let later = bench.submit_group(&[a.clone(), b]);
    assert_eq!(told(later.try_recv().unwrap()), [(1, true), (2, true)]);
    assert!(bench.order.is_none());
    // Another event under a known key, and under one of the same group: nothing is stored.
    let other = |key: &str| keyed("email:received", "other", key);
    let refused = bench.submit_group(&[c.clone(), other("a"), other("c")]);
    assert_eq!(
        refused.try_recv().unwrap(),
        Err(Refusal::KeysReused(vec![1, 2]))
    );
    assert!(bench.order.is_none());
    let free = bench.submit_group(&[c]);
    bench.commit();
    assert_eq!(told(free.try_recv().unwrap()), [(3, false)]);
}

#[test]
fn a_group_whose_commit_fails_is_refused_as_a_whole() {
    let mut bench = Bench::with_endpoints(1);
    let a = keyed("email:received", "a", "a");
    let b = keyed("email:received", "b", "b");
    let one = bench.submit(&a);
    let said = bench.submit_group(&[a.clone(), b.clone()]);
    let known = bench.submit_group(std::slice::from_ref(&b));
    bench.fail();
    assert_eq!(one.try_recv().unwrap(), Err(Refusal::StoreAway));
    for said in [said, known] {
        assert_eq!(said.try_recv().unwrap(), Err(Refusal::StoreAway));
    }
    bench.message(Message::Reopened);
    bench.commit();
    let again = bench.submit_group(&[a, b]);
    bench.commit();
    let again = told(again.try_recv().unwrap());
    assert!(again.iter().all(|(_, duplicate)| !duplicate), "{again:?}");
}

#[test]
fn a_group_that_is_not_let_in_in_full_leaves_nothing_behind() {
    let mut bench = Bench::with_endpoints(1);
    // Few open deliveries in all, so that the second event finds no place.
    let mut limits = bench.state.lanes.limits();
    limits.open_max = 1;
    let mut lanes = crate::domain::lanes::Lanes::new(limits);
    std::mem::swap(&mut bench.state.lanes, &mut lanes);
    let one = crate::domain::id::EndpointNumber(1);
    bench.state.put_lane(bench.now.tick, one);
    let body = |key: &str| keyed("email:received", key, key);
    let said = bench.submit_group(&[body("a"), body("b")]);
    assert_eq!(said.try_recv().unwrap(), Err(Refusal::Busy));
    assert!(bench.order.is_none() && bench.state.batch.is_empty());
    let said = bench.submit_group(&[body("a")]);
    bench.commit();
    assert!(told(said.try_recv().unwrap()).iter().all(|item| !item.1));
}
