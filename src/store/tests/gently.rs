//! The tables are written at leisure, and at once where somebody waits for them.

use std::sync::Arc;
use std::time::Duration;

use super::{CACHE_BYTES, samples};
use crate::domain::change::Change;
use crate::domain::id::EventNumber;
use crate::store::tide::{End, Tide};
use crate::store::{Options, open};

/// Nothing here takes so long, unless it is broken.
const LONG: Duration = Duration::from_secs(10);

/// One of so many changes; the applier has taken it.
fn taken(changes: usize) -> Arc<Tide> {
    let tide = Arc::new(Tide::default());
    tide.begin(0);
    add(&tide, 1, changes);
    assert_eq!(tide.next_portion().unwrap().last, 1);
    tide
}

fn add(tide: &Tide, number: u64, changes: usize) {
    let changes = vec![Change::Withdrawn(EventNumber(1)); changes];
    tide.add(changes, (number, 0), false);
}

#[test]
fn a_rest_ends_when_somebody_wants_to_read() {
    let tide = taken(1);
    assert!(tide.rest(Duration::ZERO), "nobody waits");
    let other = Arc::clone(&tide);
    let reader = std::thread::spawn(move || other.catch_up().is_ok());
    assert!(!tide.rest(LONG));
    tide.done(1);
    assert!(reader.join().unwrap());
}

#[test]
fn what_was_wanted_before_it_was_taken_is_in_a_hurry() {
    let tide = Arc::new(Tide::default());
    tide.begin(0);
    add(&tide, 1, 1);
    let other = Arc::clone(&tide);
    let reader = std::thread::spawn(move || other.catch_up().is_ok());
    assert!(tide.next_portion().is_some());
    assert!(!tide.rest(LONG));
    tide.done(1);
    assert!(reader.join().unwrap());
}

#[test]
fn a_rest_ends_with_the_store() {
    let tide = taken(1);
    let other = Arc::clone(&tide);
    let ending = std::thread::spawn(move || other.end(End::Done));
    assert!(!tide.rest(LONG));
    ending.join().unwrap();
}

#[test]
fn what_is_taken_when_the_store_ends_is_in_a_hurry() {
    let tide = Tide::default();
    tide.begin(0);
    add(&tide, 1, 1);
    tide.end(End::Done);
    assert!(tide.next_portion().is_some());
    assert!(!tide.rest(LONG));
}

#[test]
fn a_reader_hurries_only_what_it_waits_for() {
    let tide = taken(1);
    let other = Arc::clone(&tide);
    let reader = std::thread::spawn(move || other.catch_up().is_ok());
    assert!(!tide.rest(LONG));
    tide.done(1);
    assert!(reader.join().unwrap());
    add(&tide, 2, 1);
    assert!(tide.next_portion().is_some());
    assert!(tide.rest(Duration::ZERO), "nobody waits for this one");
}

#[test]
fn there_is_no_rest_where_much_waits_or_nothing_is_applied() {
    let tide = taken(1);
    add(&tide, 2, 16 * 1024);
    assert!(!tide.rest(LONG));
    let tide = taken(1);
    tide.done(1);
    assert!(!tide.rest(LONG));
    assert!(!Tide::default().rest(LONG), "while it is opened");
}

#[test]
fn what_is_written_in_pieces_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        path: directory.path().join("ringhook.redb"),
        cache_bytes: CACHE_BYTES,
        salt: [5; 8],
    };
    let (mut store, _) = open(&options).unwrap();
    for first in [1, 401] {
        let events = (first..first + 400).map(|number| {
            let mut event = samples::new_event(number, vec![samples::open(1)], vec![]);
            event.body = vec![b'x'; 2000].into();
            Change::Event(event.into())
        });
        store.commit(events.collect()).unwrap();
        // Without a reader, which would put it in a hurry.
        while !store.shared.tide.is_even() {
            store.shared.tide.check().unwrap();
            std::thread::yield_now();
        }
    }
    assert!(store.close());
    let (store, _) = open(&options).unwrap();
    for number in 1..=800 {
        let body = store.reader().body(EventNumber(number)).unwrap().unwrap();
        assert_eq!(&*body, [b'x'; 2000]);
    }
}
