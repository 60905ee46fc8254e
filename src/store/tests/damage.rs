//! Flipped bits: the record is set aside and counted, its neighbours are read, nobody panics.

use redb::{Key, ReadableTable};

use super::disk::Disk;
use super::story::Rows;
use super::{first_disk, open_database, open_on, samples};
use crate::domain::change::{Change, Head};
use crate::domain::dice::Dice;
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::store::tables::{self, Definition};
use crate::store::{OpenError, Store, Walk};

/// Two of everything.
fn filled() -> Disk {
    let disk = first_disk();
    let (mut store, _) = open_on(&disk).unwrap();
    let mut changes = Vec::new();
    for n in 1..=2 {
        let new = samples::new_event(
            u64::from(n),
            vec![samples::open(1)],
            vec![samples::ended(2)],
        );
        changes.push(Change::Event(new.into()));
        changes.push(Change::Endpoint(samples::endpoint(n).into()));
        changes.push(Change::Token(samples::token(n).into()));
        changes.push(Change::History(3, samples::attempt(n, 5).into()));
        changes.push(Change::Recent(
            EndpointNumber(n),
            vec![samples::recent(1), samples::recent(2)],
        ));
    }
    store.commit(changes).unwrap();
    store.close();
    disk
}

/// Flips one bit of the first record of a table, behind the store's back.
fn flip<K: Key + 'static>(disk: &Disk, table: Definition<K>, bit: usize) {
    let database = open_database(disk).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(table).unwrap();
        let first = table.pop_first().unwrap().unwrap();
        let mut bytes = first.1.value().to_vec();
        let at = bit / 8 % bytes.len();
        bytes[at] ^= 1 << (bit % 8);
        let key = K::as_bytes(&first.0.value()).as_ref().to_vec();
        drop(first);
        table.insert(K::from_bytes(&key), bytes.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    database.close().unwrap();
}

/// How many of the things in each table a store reads: endpoints, tokens, recent, open rows,
/// heads, bodies, events with their ends, attempts.
fn readable(disk: &Disk) -> ([usize; 8], u64) {
    let (store, loaded) = open_on(disk).unwrap();
    let reader = store.reader();
    let (mut open, mut heads, mut bodies, mut ended, mut attempts) = (0, 0, 0, 0, 0);
    reader.each_open(&mut |_, _| open += 1).unwrap();
    let mut count = |_, _| {
        heads += 1;
        Walk::On
    };
    reader.heads_backwards(&mut count).unwrap();
    for n in 1..=2 {
        bodies += usize::from(reader.body(EventNumber(n)).unwrap().is_some());
        attempts += reader.history(EndpointNumber(n as u32)).unwrap().len();
        reader.event(EventNumber(n)).unwrap();
    }
    let mut count = |stored: crate::store::StoredEvent| {
        ended += stored.ended.len();
        Walk::On
    };
    reader.events_backwards(None, 10, &mut count).unwrap();
    let counts = [
        loaded.endpoints.len(),
        loaded.tokens.len(),
        loaded.recent.len(),
        open,
        heads,
        bodies,
        ended,
        attempts,
    ];
    (counts, reader.damaged())
}

#[test]
fn a_damaged_record_is_set_aside_and_counted_once() {
    let disk = filled();
    assert_eq!(readable(&disk), ([2; 8], 0));
    // The version, the checksum, the body; the last bits wrap around in short records.
    for bit in [0, 7, 8, 39, 40, 41, 100, 1000] {
        let check = |damage: &dyn Fn(&Disk), expected: [usize; 8]| {
            let disk = disk.copy();
            damage(&disk);
            assert_eq!(readable(&disk), (expected, 1), "bit {bit}");
        };
        check(
            &|disk| flip(disk, tables::ENDPOINTS, bit),
            [1, 2, 2, 2, 2, 2, 2, 2],
        );
        check(
            &|disk| flip(disk, tables::TOKENS, bit),
            [2, 1, 2, 2, 2, 2, 2, 2],
        );
        check(
            &|disk| flip(disk, tables::RECENT, bit),
            [2, 2, 1, 2, 2, 2, 2, 2],
        );
        check(
            &|disk| flip(disk, tables::OPEN, bit),
            [2, 2, 2, 1, 2, 2, 2, 2],
        );
        // An event without a head is not listed, and so neither are its ends.
        check(
            &|disk| flip(disk, tables::HEADS, bit),
            [2, 2, 2, 2, 1, 2, 1, 2],
        );
        check(
            &|disk| flip(disk, tables::EVENTS, bit),
            [2, 2, 2, 2, 2, 1, 2, 2],
        );
        check(
            &|disk| flip(disk, tables::CLOSED, bit),
            [2, 2, 2, 2, 2, 2, 1, 2],
        );
        check(
            &|disk| flip(disk, tables::HISTORY, bit),
            [2, 2, 2, 2, 2, 2, 2, 1],
        );
    }
}

#[test]
fn without_its_meta_a_database_is_not_opened() {
    let disk = filled();
    // Epochs, format, numbers: the first three rows, one after the other.
    for row in 0..3 {
        let disk = disk.copy();
        let database = open_database(&disk).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(tables::META).unwrap();
            let keys = meta.iter().unwrap().map(|row| row.unwrap().0);
            let keys: Vec<_> = keys.map(|key| key.value().to_owned()).collect();
            meta.insert(keys[row].as_str(), &b"\x01\0\0\0\0\0"[..])
                .unwrap();
        }
        transaction.commit().unwrap();
        drop(database);
        let error = open_on(&disk).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
}

/// Wherever a bit flips in a closed file: it is refused, or some of it is not readable, or
/// nothing is missing; and what is read is what was written.
#[test]
fn a_bit_anywhere_in_the_file_never_makes_wrong_data() {
    let whole = filled();
    let expected = Rows::of(&open_on(&whole).unwrap().0);
    let mut dice = Dice::seeded(6);
    for page in 0..whole.bytes() / 4096 {
        for _ in 0..3 {
            let disk = whole.copy();
            disk.flip(page * 4096 + dice.below(4096) as usize, dice.below(8) as u8);
            let Ok((store, _)) = open_on(&disk) else {
                continue;
            };
            let reader = store.reader();
            let is_known = |number: EventNumber, head: &Head| {
                expected
                    .heads
                    .get(&number.0)
                    .is_some_and(|known| known == head)
            };
            let _ = reader.heads_backwards(&mut |number, head| {
                assert!(is_known(number, &head));
                Walk::On
            });
            let _ = reader.events_backwards(None, 10, &mut |stored| {
                assert!(is_known(stored.number, &stored.head));
                Walk::On
            });
            let _ = reader.each_open(&mut |number, row| {
                assert_eq!(expected.open.get(&number.0), Some(&row));
            });
            for number in 0..4 {
                if let Ok(Some(body)) = reader.body(EventNumber(number)) {
                    assert_eq!(expected.bodies.get(&number), Some(&body));
                }
            }
        }
    }
}

#[test]
fn commits_go_on_over_damaged_rows() {
    let disk = filled();
    flip(&disk, tables::OPEN, 77);
    flip(&disk, tables::CLOSED, 77);
    let (mut store, _) = open_on(&disk).unwrap();
    let mut ended = samples::ended(1);
    ended.round = 0;
    let moved = samples::open(1);
    let event = EventNumber(1);
    store
        .commit(vec![
            Change::Moved(event, moved),
            Change::Ended(event, ended),
        ])
        .unwrap();
    let stored = store.reader().event(event).unwrap().unwrap();
    assert_eq!((stored.open, stored.ended), (vec![], vec![ended]));
    assert_eq!(store.reader().damaged(), 2);
    assert!(withdrawn(&mut store, event));
}

/// Whatever state its rows are in, an event can be taken back.
fn withdrawn(store: &mut Store, event: EventNumber) -> bool {
    store.commit(vec![Change::Withdrawn(event)]).unwrap();
    let mut seen = false;
    let mut look = |at, _| seen |= at == event;
    store.reader().each_open(&mut look).unwrap();
    !seen && store.reader().event(event).unwrap().is_none()
}

#[test]
fn an_endpoint_whose_record_is_damaged_is_named() {
    let disk = filled();
    flip(&disk, tables::ENDPOINTS, 77);
    let (_, loaded) = open_on(&disk).unwrap();
    assert_eq!(loaded.endpoints_set_aside, [EndpointNumber(1)]);
    assert_eq!(loaded.endpoints.len(), 1);
}
