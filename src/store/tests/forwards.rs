//! The walk of a replay, and the place where it begins.

use super::{first_disk, open_on, samples};
use crate::domain::change::{Change, Head, NewEvent};
use crate::domain::id::EventNumber;
use crate::domain::time::Timestamp;
use crate::store::{Reader, Store, Walk};

/// Events of these numbers, each with its time of acceptance.
fn store(events: &[(u64, u64)]) -> Store {
    let (mut store, _) = open_on(&first_disk()).unwrap();
    let new = |(number, at): &(u64, u64)| {
        let event = samples::new_event(
            *number,
            vec![samples::open(1)],
            vec![samples::ended(2), samples::ended(3)],
        );
        let head = Head {
            received_at: Timestamp(*at),
            ..event.head.clone()
        };
        Change::Event(NewEvent { head, ..event }.into())
    };
    store.commit(events.iter().map(new).collect()).unwrap();
    store
}

#[test]
fn slices_of_any_size_are_one_walk_with_all_rows() {
    let store = store(&[(1, 1), (2, 2), (5, 3), (6, 4), (900, 5)]);
    let reader = store.reader();
    for rows_max in [1, 2, 3, 100] {
        let (mut from, mut seen) = (Some(EventNumber(2)), Vec::new());
        while let Some(at) = from {
            let mut take = |stored| {
                seen.push(stored);
                Walk::On
            };
            from = reader.events_forwards(at, rows_max, &mut take).unwrap();
        }
        let numbers: Vec<_> = seen.iter().map(|stored| stored.number.0).collect();
        assert_eq!(numbers, [2, 5, 6, 900]);
        for stored in seen {
            let alone = reader.event(stored.number).unwrap().unwrap();
            assert_eq!(format!("{stored:?}"), format!("{alone:?}"));
        }
    }
}

#[test]
fn a_walk_forwards_stops_when_told_and_says_where_it_would_go_on() {
    let store = store(&[(1, 1), (2, 2), (5, 3)]);
    let check = |from: u64, rows_max, stop_at: u64, expected: Option<u64>| {
        let got = store
            .reader()
            .events_forwards(
                EventNumber(from),
                rows_max,
                &mut |stored| match stored.number.0 == stop_at {
                    true => Walk::Stop,
                    false => Walk::On,
                },
            );
        assert_eq!(got.unwrap(), expected.map(EventNumber), "{from} {rows_max}");
    };
    check(0, 10, 2, Some(5));
    check(0, 10, 5, None);
    check(0, 2, 0, Some(5));
    check(3, 1, 0, None);
    check(6, 10, 0, None);
}

#[test]
fn the_first_event_of_a_time_is_found_whatever_is_missing() {
    fn first(reader: &Reader, since: u64) -> Option<u64> {
        let found = reader.first_since(Timestamp(since)).unwrap();
        found.map(|event| event.0)
    }
    let empty = store(&[]);
    assert_eq!(first(&empty.reader(), 0), None);
    let events: Vec<_> = (0..200u64).map(|n| (n * n + 3, 1_000 + n * 10)).collect();
    let store = store(&events);
    let reader = store.reader();
    for since in (900..3_100).step_by(5) {
        let expected = events.iter().find(|(_, at)| *at >= since);
        assert_eq!(
            first(&reader, since),
            expected.map(|(number, _)| *number),
            "{since}"
        );
    }
}
