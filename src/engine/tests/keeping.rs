//! How long events are kept: laps for age and for bytes, and deliveries that wait too long.

use std::collections::{BTreeMap, HashMap};

use super::bench::{Bench, KEPT, event};
use crate::domain::change::{Change, EndState, Ended, Head, Open, Reason};
use crate::domain::id::EventNumber;
use crate::domain::retention::Stored;
use crate::engine::handle::Command;
use crate::engine::message::Message;
use crate::store::Slice;

/// What the commits so far make of the events on disk.
#[derive(Default)]
struct Rows {
    heads: BTreeMap<u64, Head>,
    open: HashMap<u64, Vec<Open>>,
    ended: HashMap<u64, Vec<Ended>>,
}

impl Rows {
    fn of(bench: &Bench) -> Self {
        let mut rows = Self::default();
        for change in &bench.disk {
            match change {
                Change::Event(new) => {
                    let number = new.number.0;
                    rows.heads.insert(number, new.head.clone());
                    rows.open.insert(number, new.open.clone());
                    rows.ended.insert(number, new.ended.clone());
                }
                Change::Ended(number, ended) => {
                    let key = ended.key(*number);
                    let open = rows.open.get_mut(&number.0).unwrap();
                    open.retain(|one| one.key(*number) != key);
                    rows.ended.get_mut(&number.0).unwrap().push(*ended);
                }
                Change::Pruned(number) | Change::Withdrawn(number) => {
                    rows.heads.remove(&number.0);
                }
                _ => {}
            }
        }
        rows
    }

    fn slice(&self, from: EventNumber, rows_max: usize) -> Slice {
        let mut heads = self.heads.range(from.0..);
        let events = heads.by_ref().take(rows_max).map(|(number, head)| {
            let (open, ended) = (&self.open[number], &self.ended[number]);
            Stored {
                number: EventNumber(*number),
                received_at: head.received_at,
                ended_at: ended.iter().map(|one| one.ended_at).max(),
                delivered: ended.iter().all(|one| one.state == EndState::Delivered),
                body_bytes: head.body_bytes,
                call: head.call,
                waits: !open.is_empty(),
                open: open.clone(),
            }
        });
        Slice {
            events: events.collect(),
            next: heads.next().map(|(number, _)| EventNumber(*number)),
        }
    }
}

impl Bench {
    /// The keeper looks, four rows at a time, as long as it is asked to, and what is decided is
    /// committed. How many slices it were.
    fn keep(&mut self) -> usize {
        let mut slices = 0;
        while let Some(from) = self.look.take() {
            let slice = Rows::of(self).slice(from, 4);
            self.message(Message::Looked(Some(slice)));
            self.settle();
            slices += 1;
            assert!(slices < 1000, "laps without end");
        }
        slices
    }

    fn kept(&self) -> Vec<u64> {
        Rows::of(self).heads.into_keys().collect()
    }

    fn bring_one(&mut self, call: u32) {
        self.submit(&event("email:received", &call.to_string()));
        self.settle();
    }

    fn check_bytes(&self) {
        let rows = Rows::of(self);
        let heads = rows.heads.values();
        let bytes: u64 = heads.map(|head| u64::from(head.body_bytes)).sum();
        assert_eq!(self.state.retention.body_bytes, bytes);
        let last = self.disk.iter().rev().find_map(|change| match change {
            Change::BodyBytes(bytes) => Some(*bytes),
            _ => None,
        });
        assert_eq!(last, Some(bytes));
    }
}

#[test]
fn what_is_old_goes_and_nothing_is_looked_at_before() {
    let mut bench = Bench::with_endpoints(0);
    bench.keep();
    for call in 1..=10 {
        bench.bring_one(call);
    }
    bench.after(KEPT.age_ms / 2);
    bench.bring_one(11);
    bench.keep();
    assert_eq!(bench.kept().len(), 11);
    bench.after(KEPT.age_ms / 2 - 1000);
    assert_eq!(bench.keep(), 0, "nothing was due");
    bench.after(20_000);
    assert!(bench.keep() >= 3);
    assert_eq!(bench.kept(), [11]);
    bench.check_bytes();
    bench.after(KEPT.age_ms);
    bench.keep();
    assert_eq!(bench.kept(), [0; 0]);
    bench.check_bytes();
}

#[test]
fn age_counts_from_the_end_of_the_last_delivery() {
    let mut bench = Bench::with_endpoints(1);
    bench.bring_one(1);
    bench.after(KEPT.age_ms - 20_000);
    bench.finish(200);
    bench.settle();
    bench.after(100_000);
    bench.keep();
    assert_eq!(bench.kept(), [1]);
    bench.after(KEPT.age_ms);
    bench.keep();
    assert_eq!(bench.kept(), [0; 0]);
}

#[test]
fn what_waits_too_long_expires_also_when_paused_and_is_kept_on() {
    let mut bench = Bench::with_endpoints(1);
    bench.write(Command::Pause(crate::domain::id::EndpointNumber(1)));
    bench.settle();
    for call in 1..=6 {
        bench.bring_one(call);
    }
    bench.after(KEPT.age_ms - 10_000);
    bench.keep();
    assert!(bench.ends().is_empty());
    bench.after(30_000);
    bench.keep();
    let ends = bench.ends();
    let expected = (EndState::Expired, Reason::WaitedTooLong);
    assert_eq!(ends.len(), 6);
    assert!(ends.iter().all(|end| (end.1, end.2) == expected));
    assert_eq!(bench.state.lanes.open(), 0);
    assert_eq!(bench.kept().len(), 6, "they can be replayed");
    bench.after(KEPT.age_ms + 20_000);
    bench.keep();
    assert_eq!(bench.kept(), [0; 0]);
}

#[test]
fn beyond_the_bytes_delivered_ones_go_first_and_waiting_ones_never() {
    let mut bench = Bench::with_endpoints(1);
    bench.keep();
    // The first fails for good, the second is delivered, and so on; the last ones wait.
    bench.bring_one(1);
    let each = bench.state.retention.body_bytes;
    let all = KEPT.bytes_max / each;
    for call in 2..=all as u32 {
        bench.bring_one(call);
    }
    let mut done = 0;
    while done < all - 8 {
        let number = match bench.jobs.front().expect("a job is out").ticket {
            crate::engine::message::Errand::Delivery(dispatch) => dispatch.key.event.0,
            crate::engine::message::Errand::Test(_) => unreachable!("no test is sent"),
        };
        if number % 2 == 1 {
            // Its endpoint is not asked: the end is written as the rules would.
            bench.finish(500);
            let take = crate::domain::id::DeliveryKey {
                event: EventNumber(number),
                endpoint: crate::domain::id::EndpointNumber(1),
                round: 0,
            };
            let call = Rows::of(&bench).heads[&number].call;
            let now = bench.now;
            let left = bench.state.lanes.take(now.tick, take, call).unwrap();
            let how = (EndState::Failed, Reason::AttemptsUsed);
            bench.state.end_all(now, vec![left], how);
        } else {
            bench.finish(200);
        }
        bench.settle();
        done += 1;
    }
    assert_eq!(bench.keep(), 0);
    let before = bench.kept();
    bench.bring_one(1000);
    bench.keep();
    bench.check_bytes();
    let gone: Vec<u64> = before
        .into_iter()
        .filter(|number| !bench.kept().contains(number))
        .collect();
    assert!(
        !gone.is_empty() && gone.iter().all(|number| number % 2 == 0),
        "{gone:?}"
    );
    assert!(bench.state.retention.body_bytes <= KEPT.bytes_max);
    // Now more than all that was delivered: failed ones go too, those that wait do not.
    for call in 2000..2000 + 2 * all as u32 {
        bench.bring_one(call);
        bench.keep();
    }
    bench.after(10_000);
    bench.keep();
    let rows = Rows::of(&bench);
    let waiting = rows
        .heads
        .keys()
        .filter(|number| !rows.open[number].is_empty());
    assert_eq!(waiting.count(), rows.heads.len(), "all that ended went");
    assert_eq!(rows.heads.len(), bench.state.lanes.open() as usize);
    assert!(bench.state.retention.body_bytes > KEPT.bytes_max);
    bench.check_bytes();
    // There is nothing to find: it rests.
    bench.keep();
    bench.message(Message::Looked(None));
    assert!(bench.look.is_none());
}

#[test]
fn what_a_failed_commit_pruned_goes_with_the_next() {
    let mut bench = Bench::with_endpoints(0);
    bench.keep();
    for call in 1..=3 {
        bench.bring_one(call);
    }
    bench.after(KEPT.age_ms + 20_000);
    let from = bench.look.take().expect("a lap is due");
    let slice = Rows::of(&bench).slice(from, 4);
    bench.message(Message::Looked(Some(slice)));
    bench.after(20);
    bench.fail();
    assert_eq!(bench.kept().len(), 3);
    bench.message(Message::Reopened);
    bench.settle();
    assert_eq!(bench.kept(), [0; 0]);
    bench.check_bytes();
}
