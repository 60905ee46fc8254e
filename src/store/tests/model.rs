//! The store does what the model does, whatever the batches are, and over reopening.

use super::story::{Rows, Story};
use super::{first_disk, open_on, samples};
use crate::domain::change::Change;
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::rollup::{RollupKey, Span};
use crate::store::{Reader, Walk, tables};

#[test]
fn a_random_life_is_that_of_the_model() {
    let disk = first_disk();
    let (mut store, loaded) = open_on(&disk).unwrap();
    assert_eq!(loaded.numbers.event, EventNumber(1));
    let mut story = Story::new(1, Rows::of(&store));
    for round in 0..60 {
        let batch = story.batch(40);
        match round % 7 {
            0 => store.commit_quick_repair(batch.clone()).unwrap(),
            _ => store.commit(batch.clone()).unwrap(),
        }
        assert!(Rows::of(&store) == story.rows, "round {round}");
        match round % 10 {
            3 => store.reopen().unwrap(),
            6 => {
                assert!(store.close());
                store = open_on(&disk).unwrap().0;
            }
            _ => {}
        }
    }
    check_reader(&store.reader(), &story.rows);
    assert_eq!(store.reader().damaged(), 0);
}

#[test]
fn a_batch_may_come_twice() {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    let mut story = Story::new(2, Rows::of(&store));
    for _ in 0..60 {
        let batch = story.batch(30);
        store.commit(batch.clone()).unwrap();
        // It was on disk, and the answer said that it failed.
        store.commit(batch.clone()).unwrap();
        let mut expected = story.rows.clone();
        for change in &batch {
            expected.apply(change);
        }
        assert!(Rows::of(&store) == expected);
        story.rows = expected;
    }
}

/// Everything that a reader says of events is what the tables hold.
fn check_reader(reader: &Reader, rows: &Rows) {
    let mut open = Vec::new();
    reader
        .each_open(&mut |event, row| open.push((event.0, row)))
        .unwrap();
    assert!(open.into_iter().eq(rows.open.clone()));

    let mut heads = Vec::new();
    let mut take = |event: EventNumber, head| {
        heads.push((event.0, head));
        Walk::On
    };
    reader.heads_backwards(&mut take).unwrap();
    assert!(heads.into_iter().rev().eq(rows.heads.clone()));

    for (event, head) in &rows.heads {
        let number = EventNumber(*event);
        let stored = reader.event(number).unwrap().unwrap();
        assert_eq!((stored.number, &stored.head), (number, head));
        let open = rows.open.get(event).map(|row| row.open.clone());
        assert_eq!(stored.open, open.unwrap_or_default());
        let ended = rows.closed.get(event).cloned().unwrap_or_default();
        assert_eq!(stored.ended, ended);
        assert_eq!(
            reader.body(number).unwrap().as_ref(),
            rows.bodies.get(event)
        );
    }
    check_pages(reader, rows);
    check_rollups(reader, rows);
    for endpoint in 0..7 {
        let ring = reader.history(EndpointNumber(endpoint)).unwrap();
        let ring = ring
            .iter()
            .map(|(slot, attempt)| ((endpoint, *slot), format!("{attempt:?}")));
        let expected = rows.history.range((endpoint, 0)..(endpoint + 1, 0));
        assert!(ring.eq(expected.map(|(key, text)| (*key, text.clone()))));
    }
}

/// Hours of everything, and minutes or hours of the whole.
fn check_rollups(reader: &Reader, rows: &Rows) {
    let of = |from: Span, to: Span, is_whole: bool| {
        let range = rows.rollups.iter();
        let range = range.filter(move |(key, _)| (from..=to).contains(&key.span));
        let range = range.filter(move |(key, _)| !is_whole || key.is_whole());
        range.map(|(key, row)| (*key, row.clone()))
    };
    for (from, to) in [(0, 8), (2, 5), (4, 4)] {
        let (from, to) = (Span(from), Span(to));
        assert!(
            reader
                .hours(from, to)
                .unwrap()
                .into_iter()
                .eq(of(from, to, false))
        );
        let hours = reader.whole_rollups(from, to).unwrap();
        assert!(hours.into_iter().eq(of(from, to, true)));
    }
    let (minute, last) = (Span::FIRST_MINUTE, Span(Span::FIRST_MINUTE.0 + 8));
    let minutes = reader.whole_rollups(minute, last).unwrap();
    assert!(minutes.into_iter().eq(of(minute, last, true)));
}

/// Pages of any size, put together, are the same walk.
fn check_pages(reader: &Reader, rows: &Rows) {
    for rows_max in [1, 2, 7, 1000] {
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let mut take = |stored| {
                seen.push(stored);
                Walk::On
            };
            before = reader
                .events_backwards(before, rows_max, &mut take)
                .unwrap();
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), rows.heads.len());
        for (stored, event) in seen.iter().zip(rows.heads.keys().rev()) {
            let alone = reader.event(EventNumber(*event)).unwrap().unwrap();
            assert_eq!(format!("{stored:?}"), format!("{alone:?}"));
        }
    }
}

#[test]
fn a_walk_stops_when_told_and_says_where_it_would_go_on() {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    let events = (1..=3).map(|n| Change::Event(samples::new_event(n, vec![], vec![]).into()));
    store.commit(events.collect()).unwrap();
    let reader = store.reader();
    let check = |before: Option<u64>, rows_max, stop_at: u64, expected: Option<u64>| {
        let got = reader.events_backwards(before.map(EventNumber), rows_max, &mut |stored| {
            if stored.number.0 == stop_at {
                Walk::Stop
            } else {
                Walk::On
            }
        });
        assert_eq!(got.unwrap(), expected.map(EventNumber), "{before:?}");
    };
    check(None, 10, 2, Some(2));
    check(None, 10, 1, None);
    check(None, 10, 0, None);
    check(None, 2, 0, Some(2));
    check(None, 3, 0, None);
    check(Some(2), 10, 0, None);
    check(Some(1), 10, 0, None);
    check(None, 0, 0, Some(u64::MAX));
}

#[test]
fn a_database_of_before_there_were_rollups_has_none() {
    let disk = first_disk();
    let database = super::open_database(&disk).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.delete_table(tables::ROLLUPS).unwrap());
    transaction.commit().unwrap();
    database.close().unwrap();
    let (mut store, _) = open_on(&disk).unwrap();
    assert_eq!(store.reader().hours(Span(0), Span(9)).unwrap(), []);
    let key = RollupKey::whole(Span(3));
    let row = samples::rollup(1);
    store
        .commit(vec![Change::Rollup(key, Box::new(row.clone()))])
        .unwrap();
    assert_eq!(
        store.reader().hours(Span(0), Span(9)).unwrap(),
        [(key, row)]
    );
}
