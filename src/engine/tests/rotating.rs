//! Signature keys: the two steps of a rotation, and the end of its overlap.

use super::bench::{Bench, event, spec};
use crate::domain::change::Change;
use crate::domain::endpoint::{Endpoint, Keys};
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::engine::handle::{Command, Refusal};

const ONE: EndpointNumber = EndpointNumber(1);

fn key(text: &str) -> SignatureKey {
    SignatureKey::import(text).unwrap()
}

/// The endpoint as the last commit wrote it.
fn on_disk(bench: &Bench) -> &Endpoint {
    let written = bench.disk.iter().rev().find_map(|change| match change {
        Change::Endpoint(endpoint) => Some(&**endpoint),
        _ => None,
    });
    written.expect("it was written")
}

fn in_memory(bench: &Bench) -> &Endpoint {
    &bench.state.roster[&ONE].endpoint
}

/// Key `b` was switched to from `key`.
fn switched() -> Bench {
    let mut bench = Bench::with_endpoints(1);
    for command in [Command::NextKey(ONE, key("b")), Command::PromoteKey(ONE)] {
        let said = bench.write(command);
        bench.commit();
        assert!(said.try_recv().unwrap().is_ok());
    }
    bench
}

#[test]
fn a_rotation_is_in_force_once_it_is_committed() {
    let mut bench = Bench::with_endpoints(1);
    let early = bench.write(Command::PromoteKey(ONE));
    assert_eq!(early.try_recv().unwrap().unwrap_err(), Refusal::NoNextKey);
    bench.write(Command::NextKey(ONE, key("b")));
    assert_eq!(in_memory(&bench).keys.next, None, "not before its commit");
    bench.commit();
    assert_eq!(in_memory(&bench).keys.next, Some(key("b")));
    // Two who switch at once switch once.
    let first = bench.write(Command::PromoteKey(ONE));
    let second = bench.write(Command::PromoteKey(ONE));
    bench.commit();
    assert!(first.try_recv().unwrap().is_ok());
    assert_eq!(second.try_recv().unwrap().unwrap_err(), Refusal::NoNextKey);
    let keys = &in_memory(&bench).keys;
    assert_eq!((&keys.current, &keys.next), (&key("b"), &None));
    let until = bench.now.wall.plus_ms(Keys::OVERLAP_MS);
    assert_eq!(keys.previous, Some((key("key"), until)));
    assert_eq!(on_disk(&bench).keys, *keys);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    assert_eq!(bench.jobs[0].target.keys, in_memory(&bench).keys);
}

#[test]
fn a_switch_whose_commit_failed_did_not_happen() {
    let mut bench = Bench::with_endpoints(1);
    bench.write(Command::NextKey(ONE, key("b")));
    bench.commit();
    let said = bench.write(Command::PromoteKey(ONE));
    bench.fail();
    assert_eq!(said.try_recv().unwrap().unwrap_err(), Refusal::StoreAway);
    let keys = &in_memory(&bench).keys;
    assert_eq!((&keys.current, &keys.next), (&key("key"), &Some(key("b"))));
    assert!(bench.state.overlapping.is_empty());
}

#[test]
fn the_previous_key_is_forgotten_after_a_day_in_memory_and_on_disk() {
    let mut bench = switched();
    bench.after(Keys::OVERLAP_MS - 1);
    assert!(in_memory(&bench).keys.previous.is_some());
    let revision = in_memory(&bench).revision;
    bench.sleep();
    assert_eq!(in_memory(&bench).keys, Keys::only(key("b")));
    assert_eq!(bench.state.roster[&ONE].target.keys, Keys::only(key("b")));
    bench.settle();
    assert_eq!(on_disk(&bench).keys, Keys::only(key("b")));
    // Nobody's edit is spoiled by it.
    assert_eq!(in_memory(&bench).revision, revision);
    assert!(bench.state.overlapping.is_empty());
}

#[test]
fn the_end_of_an_overlap_composes_with_an_edit_of_the_same_moment() {
    let mut bench = switched();
    bench.after(Keys::OVERLAP_MS - 1);
    let mut other = spec();
    other.title = "Other".into();
    let said = bench.write(Command::EditEndpoint {
        endpoint: ONE,
        revision: in_memory(&bench).revision,
        spec: Box::new(other),
    });
    // The edit is with the store when the overlap ends.
    bench.after(1);
    bench.settle();
    assert!(said.try_recv().unwrap().is_ok());
    for endpoint in [in_memory(&bench), on_disk(&bench)] {
        assert_eq!(endpoint.spec.title, "Other");
        assert_eq!(endpoint.keys, Keys::only(key("b")));
    }
}

#[test]
fn a_second_rotation_and_a_replacement_end_the_overlap_before() {
    let mut bench = switched();
    bench.after(1_000);
    bench.write(Command::NextKey(ONE, key("c")));
    bench.commit();
    bench.write(Command::PromoteKey(ONE));
    bench.commit();
    assert_eq!(bench.state.overlapping.len(), 1);
    let previous = in_memory(&bench).keys.previous.clone();
    assert_eq!(previous.map(|(key, _)| key), Some(key("b")));
    bench.write(Command::ReplaceKey(ONE, key("d")));
    bench.commit();
    assert_eq!(in_memory(&bench).keys, Keys::only(key("d")));
    assert!(bench.state.overlapping.is_empty());
    bench.write(Command::NextKey(ONE, key("e")));
    bench.commit();
    bench.write(Command::PromoteKey(ONE));
    bench.commit();
    bench.write(Command::RemoveEndpoint(ONE));
    bench.commit();
    assert!(bench.state.overlapping.is_empty(), "it is gone");
}
