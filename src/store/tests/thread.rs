//! The store thread: answers, the way back after an error, stop at any moment.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::disk::Disk;
use super::story::Rows;
use super::{first_disk, open_on, samples};
use crate::domain::change::Change;
use crate::store::thread::{Order, StoreThread};

/// What the thread said.
#[derive(PartialEq, Debug)]
enum Said {
    Done(bool),
    Reopened,
    Panicked,
}

/// A limit for answers that should come at once: only a hang meets it.
const LONG: Duration = Duration::from_secs(10);

fn start(disk: &Disk, panics: bool) -> (StoreThread, Receiver<Said>) {
    let (said, heard) = channel();
    let (done, reopened, panicked) = (said.clone(), said.clone(), said);
    let thread = StoreThread::start(
        open_on(disk).unwrap().0,
        Box::new(move |committed| {
            assert!(!panics, "a panic of a test");
            done.send(Said::Done(committed.is_ok())).unwrap();
        }),
        Box::new(move || reopened.send(Said::Reopened).unwrap()),
        Arc::new(move || panicked.send(Said::Panicked).unwrap()),
    );
    (thread.unwrap(), heard)
}

fn batch(event: u64) -> Vec<Change> {
    let new = samples::new_event(event, vec![samples::open(1)], vec![]);
    vec![Change::Event(new.into())]
}

#[test]
fn batches_are_answered_and_on_disk() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    thread.send(Order::Commit(batch(1)));
    thread.send(Order::CommitQuickRepair(batch(2)));
    thread.send(Order::Stop);
    assert!(thread.join());
    let said: Vec<_> = heard.iter().collect();
    assert_eq!(said, [Said::Done(true), Said::Done(true)]);
    let rows = Rows::of(&open_on(&disk).unwrap().0);
    assert_eq!(rows.heads.len(), 2);
}

#[test]
fn a_failed_batch_comes_back_and_the_file_is_opened_again() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    disk.fail(0, u64::MAX);
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
    disk.heal();
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Reopened));
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(true)));
    thread.send(Order::Stop);
    assert!(thread.join());
}

#[test]
fn a_batch_behind_one_that_failed_is_refused() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    disk.fail(0, 1);
    thread.send(Order::Commit(batch(1)));
    thread.send(Order::Commit(batch(2)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Reopened));
    thread.send(Order::Stop);
    assert!(thread.join());
    assert!(Rows::of(&open_on(&disk).unwrap().0).heads.is_empty());
}

#[test]
fn tables_that_can_not_be_written_are_brought_back_without_another_batch() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(true)));
    disk.fail(0, u64::MAX);
    while !disk.has_failed() {
        std::thread::yield_now();
    }
    disk.heal();
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Reopened));
    thread.send(Order::Stop);
    assert!(thread.join());
    assert_eq!(Rows::of(&open_on(&disk).unwrap().0).heads.len(), 1);
}

#[test]
fn each_failure_is_waited_for_longer_also_when_the_file_opens_in_between() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    let fail = || {
        disk.fail(0, u64::MAX);
        thread.send(Order::Commit(batch(1)));
        assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
        disk.heal();
    };
    // 100 ms, 200 ms, then 400 ms.
    for _ in 0..2 {
        fail();
        assert_eq!(heard.recv_timeout(LONG), Ok(Said::Reopened));
    }
    fail();
    assert!(heard.recv_timeout(Duration::from_millis(300)).is_err());
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Reopened));
    thread.send(Order::Stop);
    assert!(thread.join());
}

#[test]
fn stop_does_not_wait_for_a_disk() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    disk.fail(0, u64::MAX);
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(false)));
    thread.send(Order::Stop);
    assert!(!thread.join());
}

#[test]
fn a_thread_that_nobody_talks_to_any_more_closes_the_file() {
    let disk = first_disk();
    let (thread, _heard) = start(&disk, false);
    assert!(thread.join());
}

#[test]
fn a_thread_that_is_dropped_closes_the_file() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    drop(thread);
    // It ends, and with it what it would say things to.
    assert!(heard.recv_timeout(LONG) == Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_panic_is_told() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, true);
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Panicked));
    assert!(!thread.join());
}

#[test]
fn a_panic_of_the_applier_is_told_and_what_was_committed_is_there_at_the_next_start() {
    let disk = first_disk();
    let (thread, heard) = start(&disk, false);
    disk.file(0).panic();
    thread.send(Order::Commit(batch(1)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Done(true)));
    assert_eq!(heard.recv_timeout(LONG), Ok(Said::Panicked));
    assert!(!thread.join());
    assert_eq!(Rows::of(&open_on(&disk).unwrap().0).heads.len(), 1);
}
