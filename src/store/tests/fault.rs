//! A disk that fails at the n-th operation, for every n.

use super::disk::Disk;
use super::story::{Rows, Story};
use super::{first_disk, open_on};
use crate::domain::change::Change;
use crate::domain::id::EventNumber;
use crate::store::{OpenError, ReadError, Store};

const OPERATIONS: u64 = 150;

#[test]
fn a_failure_at_any_operation_loses_nothing() {
    fail_from(1, 1);
}

#[test]
fn a_disk_that_fails_for_good_loses_nothing() {
    fail_from(3, u64::MAX);
}

/// So many failures from every `step`-th operation on, each on a disk of its own.
fn fail_from(step: usize, times: u64) {
    let (disk, past) = disk_with_a_past();
    for operation in (0..OPERATIONS).step_by(step) {
        let disk = disk.copy();
        disk.fail(operation, times);
        fail_once(&disk, Story::new(operation, past.clone()));
    }
}

/// A few batches and a file that was not closed, so that opening it is work.
fn disk_with_a_past() -> (Disk, Rows) {
    let disk = first_disk();
    let (mut store, _) = open_on(&disk).unwrap();
    let mut story = Story::new(4, Rows::of(&store));
    for _ in 0..5 {
        store.commit(story.batch(10)).unwrap();
    }
    (disk.copy(), story.rows)
}

fn fail_once(disk: &Disk, mut story: Story) {
    let mut store = match open_on(disk) {
        Ok((store, _)) => store,
        Err(OpenError::Io { .. }) => {
            disk.heal();
            open_on(disk).unwrap().0
        }
        Err(other) => panic!("a disk that fails is not a damaged file: {other}"),
    };
    let mut acknowledged = story.rows.clone();
    for _ in 0..20 {
        let batch = story.batch(12);
        if store.commit(batch.clone()).is_ok() {
            acknowledged = story.rows.clone();
            continue;
        }
        bring_back(disk, &mut store);
        let found = Rows::of(&store);
        assert!(found == acknowledged || found == story.rows);
        finish(&mut store, &batch, &found, &story);
        return;
    }
    assert!(!disk.has_failed(), "a failure that no commit reported");
}

fn bring_back(disk: &Disk, store: &mut Store) {
    let reader = store.reader();
    assert!(matches!(reader.event(EventNumber(1)), Err(ReadError::Away)));
    assert!(store.commit(vec![]).is_err(), "closed until it is reopened");
    if store.reopen().is_err() {
        assert!(matches!(reader.event(EventNumber(1)), Err(ReadError::Away)));
        disk.heal();
        store.reopen().unwrap();
    }
    reader.event(EventNumber(1)).unwrap();
    disk.heal();
}

/// The batch that failed is taken up again.
fn finish(store: &mut Store, batch: &[Change], found: &Rows, story: &Story) {
    store.commit(batch.to_vec()).unwrap();
    let mut expected = found.clone();
    batch.iter().for_each(|change| expected.apply(change));
    assert!(Rows::of(store) == expected);
    assert_eq!(expected.numbers, story.rows.numbers);
}
