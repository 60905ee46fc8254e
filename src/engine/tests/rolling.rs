//! What is counted by minutes and hours, and when it goes to disk.

use super::bench::{Bench, event};
use crate::domain::change::Change;
use crate::domain::id::EndpointNumber;
use crate::domain::rollup::{HOURS_KEPT, MINUTES_KEPT, Rollup, RollupKey, Span};
use crate::engine::handle::Command;
use crate::engine::message::Message;
use crate::engine::turn::next_wake;

/// The rollups of the commits since the last call, in the order of their keys.
fn written(bench: &mut Bench) -> Vec<(RollupKey, Rollup)> {
    let of = |change: Change| match change {
        Change::Rollup(key, row) => Some((key, *row)),
        _ => None,
    };
    let mut rows: Vec<_> = bench.disk.drain(..).filter_map(of).collect();
    rows.sort_by_key(|(key, _)| *key);
    rows
}

/// One delivered, one failed.
fn busy(bench: &mut Bench) {
    for (call, status) in [("1", 200), ("2", 500)] {
        bench.submit(&event("call:missed", call));
        bench.commit();
        bench.finish(status);
        bench.settle();
    }
}

fn pass(bench: &mut Bench, ms: u64) {
    bench.after(ms);
    bench.commit();
    bench.after(1000);
    bench.commit();
}

#[test]
fn a_minute_that_is_over_is_written_with_its_hour_and_the_hours_of_its_endpoints() {
    let mut bench = Bench::with_endpoints(1);
    let began = bench.now.tick;
    busy(&mut bench);
    assert_eq!(written(&mut bench), []);
    pass(&mut bench, 60_000);
    let rows = written(&mut bench);
    let keys: Vec<_> = rows.iter().map(|(key, _)| *key).collect();
    let (hour, minute) = (Span::hour(began), Span::minute(began));
    let of = EndpointNumber(1);
    let expected = [
        RollupKey::whole(hour),
        RollupKey { span: hour, of },
        RollupKey::whole(minute),
    ];
    assert_eq!(keys, expected);
    let counts = |row: &Rollup| (row.accepted, row.delivered, row.failed, row.waiting);
    assert_eq!(counts(&rows[0].1), (2, 1, 1, 1));
    assert_eq!(counts(&rows[1].1), (0, 1, 1, 0));
    assert_eq!(counts(&rows[2].1), (2, 1, 1, 1));
    assert_eq!(rows[2].1.latency.percentile_ms(95), Some(13));
}

#[test]
fn what_is_too_old_goes() {
    let mut bench = Bench::with_endpoints(1);
    busy(&mut bench);
    bench.disk.clear();
    pass(&mut bench, 60_000);
    let now = bench.now.tick;
    let dropped = bench.disk.iter().find_map(|change| match change {
        Change::RollupsDropped { hours, minutes } => Some((*hours, *minutes)),
        _ => None,
    });
    let expected = (
        Span::hour(now).back(HOURS_KEPT),
        Span::minute(now).back(MINUTES_KEPT),
    );
    assert_eq!(dropped, Some(expected));
}

#[test]
fn rows_of_a_failed_commit_are_written_by_the_next() {
    let mut bench = Bench::with_endpoints(1);
    busy(&mut bench);
    bench.disk.clear();
    bench.after(60_000);
    if bench.order.is_none() {
        bench.after(500);
    }
    bench.fail();
    assert_eq!(written(&mut bench), []);
    bench.message(Message::Reopened);
    bench.commit();
    bench.after(1000);
    bench.commit();
    assert_eq!(written(&mut bench).len(), 3);
}

#[test]
fn a_stop_writes_what_the_running_minute_has() {
    let mut bench = Bench::with_endpoints(1);
    busy(&mut bench);
    bench.disk.clear();
    bench.message(Message::Stop);
    bench.message(Message::Grounded);
    bench.commit();
    assert_eq!(written(&mut bench).len(), 3);
}

#[test]
fn a_quiet_daemon_writes_nothing_and_what_waits_is_noted_now_and_then() {
    let mut bench = Bench::with_endpoints(1);
    for _ in 0..60 {
        pass(&mut bench, 60_000);
    }
    assert_eq!(written(&mut bench), []);
    bench.write(Command::Pause(EndpointNumber(1)));
    bench.commit();
    bench.submit(&event("call:missed", "1"));
    bench.commit();
    for _ in 0..60 {
        pass(&mut bench, 60_000);
    }
    let rows = written(&mut bench);
    let minutes = rows
        .iter()
        .filter(|(key, _)| key.span >= Span::FIRST_MINUTE);
    let waiting: Vec<_> = minutes.map(|(_, row)| row.waiting).collect();
    assert_eq!(waiting, [1; 5], "the first, and then every 15 minutes");
    let wake = next_wake(&bench.state, bench.now).unwrap();
    assert!(wake.ms_since(bench.now.tick) <= 60_000);
}
