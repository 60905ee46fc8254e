//! The journal: what is only there outlives the process, and nothing is taken for what it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::StorageBackend;

use super::disk::Disk;
use super::story::{Rows, Story};
use super::{CACHE_BYTES, first_disk, open_database, open_on, samples};
use crate::domain::change::{Change, Reopened};
use crate::domain::event::EventType;
use crate::domain::id::{EndpointNumber, EventNumber, TokenNumber};
use crate::domain::rollup::{RollupKey, Span};
use crate::store::journal::{self, Journal, Standing};
use crate::store::tables::{META, META_FORMAT, place};
use crate::store::{OpenError, Options, Store, open, record};

/// As `samples` have it.
const DATABASE: Standing = Standing {
    database: 7,
    applied: 0,
};

fn event(number: u64) -> Change {
    Change::Event(samples::new_event(number, vec![samples::open(1)], vec![]).into())
}

/// One with a body of so many bytes.
fn large(number: u64, bytes: usize) -> Change {
    let mut new = samples::new_event(number, vec![], vec![]);
    new.body = vec![b'x'; bytes].into();
    Change::Event(Arc::new(new))
}

fn files(disk: &Disk) -> journal::Files {
    [1, 2].map(|file| Box::new(disk.file(file)) as _)
}

/// The events of the batches that the tables do not have, and the number of the last batch.
fn missing(disk: &Disk, standing: Standing) -> (Vec<u64>, u64) {
    let (changes, last) = journal::read_missing(&files(disk), standing).unwrap();
    let events = changes.iter().map(|change| match change {
        Change::Event(new) => new.number.0,
        other => panic!("{other:?}"),
    });
    (events.collect(), last)
}

#[test]
fn every_change_reads_back_as_it_was() {
    let mut story = Story::new(9, Rows::default());
    let (mut bytes, mut scratch) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let mut batch = story.batch(30);
        batch.push(Change::History(3, Arc::new(samples::failed_attempt(1, 2))));
        bytes.clear();
        record::write_changes(&batch, &mut scratch, &mut bytes);
        let back = record::read_changes(&bytes).unwrap();
        assert_eq!(format!("{back:?}"), format!("{batch:?}"));
        assert!(record::read_changes(&bytes[..bytes.len() - 1]).is_err());
    }
}

/// The bytes as they were released, by their length and checksum: a new form gets a new name
/// at the head of a batch, and the old one is still read.
#[test]
fn the_form_of_a_change_never_changes() {
    let check = |change: Change, golden: (usize, u32)| {
        let (mut bytes, mut scratch) = (Vec::new(), Vec::new());
        record::write_changes(std::slice::from_ref(&change), &mut scratch, &mut bytes);
        assert_eq!((bytes.len(), crc32c::crc32c(&bytes)), golden, "{change:?}");
    };
    let (event, endpoint, token) = (EventNumber(300), EndpointNumber(4), TokenNumber(5));
    let new = samples::new_event(1, vec![samples::open(1)], vec![samples::ended(2)]);
    let reopened = Reopened {
        call: Some(9),
        kind: EventType::CallMissed,
        open: samples::open(2),
    };
    let key = samples::open(3).key(event);
    let rollup = RollupKey {
        span: Span(70_000),
        of: endpoint,
    };
    check(Change::Event(new.into()), (130, 0x4c0ee6f9));
    check(Change::Withdrawn(event), (3, 0x73c8fa6c));
    check(Change::Pruned(event), (3, 0x99e63a1f));
    check(Change::Moved(event, samples::open(1)), (13, 0xaceac34b));
    check(Change::Ended(event, samples::ended(1)), (18, 0x91d9f7a6));
    check(
        Change::Reopened(event, Box::new(reopened)),
        (23, 0xbfa4fda6),
    );
    check(Change::Unopened(key), (5, 0xa67e62e8));
    check(
        Change::Endpoint(samples::endpoint(4).into()),
        (310, 0x3f0b67bb),
    );
    check(Change::EndpointRemoved(endpoint), (2, 0xabef2375));
    check(Change::Token(samples::token(5).into()), (52, 0x823ee3b7));
    check(Change::TokenRemoved(token), (2, 0x7ec19098));
    check(
        Change::History(3, samples::attempt(4, 5).into()),
        (100, 0x3a92f18c),
    );
    check(
        Change::Recent(endpoint, vec![samples::recent(1)]),
        (19, 0x4f8e7386),
    );
    check(
        Change::Rollup(rollup, Box::new(samples::rollup(1))),
        (24, 0xd9080fa7),
    );
    let (hours, minutes) = (Span(1), Span(70_001));
    check(Change::RollupsDropped { hours, minutes }, (5, 0xd145eb84));
    check(Change::Numbers(samples::numbers()), (18, 0x7a2ccb7f));
    check(Change::BodyBytes(1 << 40), (7, 0x5736381a));
}

#[test]
fn what_is_read_has_what_was_committed_just_before() {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    let reader = store.reader();
    for number in 1..=50 {
        store.commit(vec![event(number)]).unwrap();
        let found = reader.event(EventNumber(number)).unwrap().unwrap();
        assert_eq!(found.open.len(), 1);
        assert!(reader.body(EventNumber(number)).unwrap().is_some());
    }
}

/// Else bodies that are gone would be counted off again.
#[test]
fn what_was_pruned_just_before_is_not_in_the_next_slice() {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    let reader = store.reader();
    let slice = || reader.slice(EventNumber(1), 10).unwrap().events.len();
    let ended = samples::new_event(1, vec![], vec![samples::ended(1)]);
    store.commit(vec![Change::Event(ended.into())]).unwrap();
    assert_eq!(slice(), 1);
    store.commit(vec![Change::Pruned(EventNumber(1))]).unwrap();
    assert_eq!(slice(), 0);
}

#[test]
fn what_only_the_journal_has_is_there_after_the_process_ended() {
    let disk = first_disk();
    let mut story = Story::new(5, Rows::of(&open_on(&disk).unwrap().0));
    for _ in 0..30 {
        let (mut store, _) = open_on(&disk).unwrap();
        for _ in 0..story.dice.below(5) {
            store.commit(story.batch(10)).unwrap();
        }
        // Nobody reads, so the applier has hardly begun.
        drop(store);
        let copy = disk.copy();
        assert!(Rows::of(&open_on(&copy).unwrap().0) == story.rows);
    }
}

#[test]
fn a_batch_that_was_cut_short_is_not_there_and_those_before_are() {
    let disk = Disk::default();
    let mut journal = Journal::new(files(&disk), DATABASE);
    for number in 1..=3 {
        journal.append(&[event(number)], 0).unwrap();
    }
    // The third begins with the third block, and is shorter than one.
    let bytes = disk.file(1).bytes();
    assert_eq!(bytes, 3 * 4096);
    let written = |disk: &Disk, length: usize| {
        disk.file(1).set_len(length as u64).unwrap();
        missing(disk, DATABASE).1
    };
    let end = (2 * 4096..=bytes).find(|length| written(&disk.copy(), *length) == 3);
    let end = end.unwrap();
    assert!((1..=bytes - end).all(|more| written(&disk.copy(), end + more) == 3));
    for byte in 2 * 4096..end {
        let disk = disk.copy();
        disk.file(1).flip(byte, 3);
        assert_eq!(missing(&disk, DATABASE), (vec![1, 2], 2), "byte {byte}");
    }
}

#[test]
fn a_damaged_batch_that_others_follow_is_not_passed_over_in_silence() {
    let disk = Disk::default();
    let mut journal = Journal::new(files(&disk), DATABASE);
    for number in 1..=3 {
        journal.append(&[event(number)], 0).unwrap();
    }
    // The second begins with the second block.
    disk.file(1).flip(4096 + 40, 3);
    let refused = journal::read_missing(&files(&disk), DATABASE);
    let why = format!("{:?}", refused.unwrap_err());
    assert!(why.contains("batch 2 of its journal is damaged"), "{why}");
}

#[test]
fn a_file_begins_anew_when_the_tables_have_everything() {
    let disk = Disk::default();
    let mut journal = Journal::new(files(&disk), DATABASE);
    journal.append(&[large(1, 10_000)], 0).unwrap();
    journal.append(&[large(2, 10_000)], 0).unwrap();
    let bytes = disk.file(1).bytes();
    // The second is longer than what is left of the first two.
    journal.append(&[event(3)], 2).unwrap();
    journal.append(&[event(4)], 2).unwrap();
    assert_eq!((disk.file(1).bytes(), disk.file(2).bytes()), (bytes, 0));
    let standing = |applied| Standing {
        applied,
        ..DATABASE
    };
    assert_eq!(missing(&disk, standing(2)), (vec![3, 4], 4));
    assert_eq!(missing(&disk, standing(3)), (vec![4], 4));
    assert_eq!(missing(&disk, standing(4)), (vec![], 4));
    journal.clear().unwrap();
    assert_eq!((disk.file(1).bytes(), disk.file(2).bytes()), (0, 0));
}

#[test]
fn the_files_take_turns_and_stay_small() {
    let disk = Disk::default();
    let mut journal = Journal::new(files(&disk), DATABASE);
    // The tables are always some batches behind.
    const BEHIND: u64 = 6;
    for number in 1..=200 {
        let applied = u64::saturating_sub(number, BEHIND);
        journal.append(&[large(number, 300_000)], applied).unwrap();
        if number % 20 == 0 {
            let standing = Standing {
                applied,
                ..DATABASE
            };
            let expected: Vec<_> = (applied + 1..=number).collect();
            assert_eq!(missing(&disk, standing), (expected, number));
        }
    }
    for file in [1, 2] {
        let bytes = disk.file(file).bytes();
        assert!((1..7_000_000).contains(&bytes), "{bytes}");
    }
}

#[test]
fn a_journal_of_another_database_or_of_a_later_state_is_refused() {
    let disk = Disk::default();
    let mut journal = Journal::new(files(&disk), DATABASE);
    for number in 1..=3 {
        // The first two go when the third comes.
        journal.append(&[event(number)], number - 1).unwrap();
    }
    let check = |standing| {
        let refused = journal::read_missing(&files(&disk), standing);
        let why = format!("{:?}", refused.unwrap_err());
        assert!(why.contains("put that database back"), "{why}");
    };
    check(Standing {
        database: 8,
        applied: 2,
    });
    check(Standing {
        applied: 1,
        ..DATABASE
    });
}

fn try_open(path: &Path) -> Result<Store, OpenError> {
    let options = Options {
        path: path.to_owned(),
        cache_bytes: CACHE_BYTES,
        salt: [5; 8],
    };
    open(&options).map(|(store, _)| store)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(format!("redb{ending}"))
}

#[test]
fn an_older_copy_of_a_database_is_not_opened_beside_a_newer_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    let mut store = try_open(&path).unwrap();
    store.commit(vec![event(1)]).unwrap();
    assert!(store.close());
    let older = fs::read(&path).unwrap();
    let mut store = try_open(&path).unwrap();
    for number in 2..=3 {
        store.commit(vec![event(number)]).unwrap();
        store.reader().event(EventNumber(number)).unwrap();
    }
    store.commit(vec![event(4)]).unwrap();
    // The process is killed; what it left is 4, or nothing where the tables had it already.
    drop(store);
    fs::write(&path, older).unwrap();
    let error = try_open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains(".journal-a"), "{error}");

    // As it says.
    for ending in [".journal-a", ".journal-b"] {
        fs::remove_file(beside(&path, ending)).unwrap();
    }
    let store = try_open(&path).unwrap();
    assert!(store.reader().event(EventNumber(1)).unwrap().is_some());
    assert!(store.reader().event(EventNumber(2)).unwrap().is_none());
}

#[test]
fn a_stop_leaves_an_empty_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    let mut store = try_open(&path).unwrap();
    store.commit(vec![event(1)]).unwrap();
    let bytes = |ending| fs::metadata(beside(&path, ending)).unwrap().len();
    assert!(bytes(".journal-a") > 0);
    assert!(store.close());
    assert_eq!((bytes(".journal-a"), bytes(".journal-b")), (0, 0));
    let copy = directory.path().join("copy/ringhook.redb");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::copy(&path, &copy).unwrap();
    let store = try_open(&copy).unwrap();
    assert!(store.reader().event(EventNumber(1)).unwrap().is_some());
}

#[test]
fn a_database_of_before_there_was_a_journal_is_opened_and_gets_one() {
    let disk = first_disk();
    let database = open_database(&disk).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut first = Vec::new();
    record::write_format(place(META, &META_FORMAT), 1, &mut first);
    let mut meta = transaction.open_table(META).unwrap();
    meta.insert(META_FORMAT, first.as_slice()).unwrap();
    drop(meta);
    transaction.commit().unwrap();
    database.close().unwrap();
    let (mut store, _) = open_on(&disk).unwrap();
    store.commit(vec![event(1)]).unwrap();
    assert!(store.close());
    let database = open_database(&disk).unwrap();
    let meta = redb::ReadableDatabase::begin_read(&database).unwrap();
    let meta = meta.open_table(META).unwrap();
    let bytes = meta.get(META_FORMAT).unwrap().unwrap();
    let format = record::read_format(place(META, &META_FORMAT), bytes.value());
    assert_eq!(format, Ok(2));
}

#[test]
fn tables_that_can_not_be_written_refuse_the_next_batch_and_lose_nothing() {
    let disk = first_disk();
    let (mut store, _) = open_on(&disk).unwrap();
    store.commit(vec![event(1)]).unwrap();
    disk.fail(0, u64::MAX);
    assert!(store.reader().event(EventNumber(1)).is_err());
    disk.heal();
    let error = store.commit(vec![event(2)]).unwrap_err();
    assert!(error.words.contains("the disk of a test fails"), "{error}");
    store.reopen().unwrap();
    assert!(store.reader().event(EventNumber(1)).unwrap().is_some());
    assert!(store.reader().event(EventNumber(2)).unwrap().is_none());
    store.commit(vec![event(2)]).unwrap();
    assert!(store.reader().event(EventNumber(2)).unwrap().is_some());
}

#[test]
fn a_batch_waits_while_the_tables_are_far_behind() {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    // 64 MiB in all: if they all waited in memory, none would have been applied yet.
    for number in 1..=64 {
        store.commit(vec![large(number, 1 << 20)]).unwrap();
    }
    assert!(store.shared.tide.applied() > 20);
}
