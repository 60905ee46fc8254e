//! A disk that is full, and later is not: what was acknowledged is there all the while.

use super::disk::Disk;
use super::story::{Rows, Story};
use super::{first_disk, open_on};
use crate::store::Store;

/// Batches until the disk is full in any case.
const BATCHES: usize = 2000;

#[test]
fn a_full_disk_loses_nothing_and_goes_on_with_space() {
    for kib in (0..600).step_by(24) {
        let disk = first_disk();
        let (mut store, _) = open_on(&disk).unwrap();
        let mut story = Story::new(kib, Rows::of(&store));
        disk.leave_space(Some(usize::try_from(kib).unwrap() * 1024));
        let acknowledged = fill(&mut store, &mut story);

        // As long as it is full it may open and be full again, or not open.
        for _ in 0..3 {
            if store.reopen().is_ok() {
                check(&store, &acknowledged, &story);
            }
        }
        // The process may end meanwhile.
        if kib % 48 == 0 {
            drop(store);
            disk.leave_space(None);
            store = open_on(&disk).unwrap().0;
        } else {
            disk.leave_space(None);
            store.reopen().unwrap();
        }
        check(&store, &acknowledged, &story);
        go_on(&disk, store, story);
    }
}

/// Commits until there is no more space; what was acknowledged by then.
fn fill(store: &mut Store, story: &mut Story) -> Rows {
    for _ in 0..BATCHES {
        let acknowledged = story.rows.clone();
        let batch = story.batch(40);
        if let Err(error) = store.commit(batch) {
            assert!(error.is_full, "{error}");
            return acknowledged;
        }
    }
    panic!("the disk never was full");
}

/// What was acknowledged is there; the batch that was refused may be.
fn check(store: &Store, acknowledged: &Rows, story: &Story) {
    let found = Rows::of(store);
    assert!(found == *acknowledged || found == story.rows);
}

fn go_on(disk: &Disk, mut store: Store, mut story: Story) {
    story.rows = Rows::of(&store);
    for _ in 0..5 {
        store.commit(story.batch(40)).unwrap();
    }
    assert!(Rows::of(&store) == story.rows);
    assert!(store.close());
    assert!(Rows::of(&open_on(disk).unwrap().0) == story.rows);
}
