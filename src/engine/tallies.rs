//! What is counted of one endpoint for people: the last 24 hours. Each hour of it is a row of
//! the rollups, from which a restart goes on.

use super::handle::EndpointStats;
use crate::domain::latency::Latency;
use crate::domain::rollup::{HOUR_MS, Rollup, Span};
use crate::domain::time::Tick;

const HOURS: u32 = 24;
/// A half of a day.
const HALF_HOURS: u32 = 12;

/// Counts of one endpoint. Empty until something happens: most of many endpoints are quiet.
#[derive(Debug, Default)]
pub(super) struct Tallies(Option<Box<Counts>>);

#[derive(Debug)]
struct Counts {
    hours: [Hour; HOURS as usize],
    // Two halves of a day: the older one is dropped as a whole, so that the p95 is over the
    // last 12 to 24 hours.
    halves: [Half; 2],
    // The hour that runs, and how long the attempts of it took.
    hour: u32,
    running: Latency,
    // The running hour is to be written.
    marked: bool,
    // The hour before, where that was not written as it ended.
    before: Option<(Span, Rollup)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    // Which hour since 1970 it counts, so that an old one is known as such.
    hour: u32,
    delivered: u32,
    failed: u32,
}

#[derive(Clone, Debug, Default)]
struct Half {
    half: u32,
    latency: Latency,
}

impl Tallies {
    /// A delivery was delivered by an attempt of that length. `true` where the hour was not yet
    /// marked as one that is to be written.
    pub fn delivered(&mut self, now: Tick, ms: u32) -> bool {
        let hour = hour_of(now);
        let counts = self.counts();
        counts.turn(hour);
        counts.slot(hour).delivered += 1;
        counts.half(hour).note(ms);
        counts.running.note(ms);
        !std::mem::replace(&mut counts.marked, true)
    }

    /// An attempt failed. `true` as above.
    pub fn failed(&mut self, now: Tick) -> bool {
        let hour = hour_of(now);
        let counts = self.counts();
        counts.turn(hour);
        counts.slot(hour).failed += 1;
        !std::mem::replace(&mut counts.marked, true)
    }

    /// The last 24 hours.
    pub fn stats(&self, now: Tick) -> EndpointStats {
        let Some(counts) = &self.0 else {
            return EndpointStats::default();
        };
        let hour = hour_of(now);
        let mut stats = EndpointStats::default();
        for slot in &counts.hours {
            if slot.hour + HOURS > hour {
                stats.delivered += u64::from(slot.delivered);
                stats.failed += u64::from(slot.failed);
            }
        }
        stats.p95_ms = counts.p95(hour / HALF_HOURS);
        stats
    }

    /// The rows of hours that are to be written, the running one as it is now.
    pub fn take_rows(&mut self, now: Tick) -> Vec<(Span, Rollup)> {
        let Some(counts) = &mut self.0 else {
            return Vec::new();
        };
        counts.turn(hour_of(now));
        let mut rows: Vec<_> = counts.before.take().into_iter().collect();
        if std::mem::take(&mut counts.marked) {
            rows.push(counts.row());
        }
        rows
    }

    /// Takes back a row that an earlier run has written. They come in the order of their hours.
    pub fn restore(&mut self, span: Span, row: &Rollup) {
        let counts = self.counts();
        counts.turn(span.0);
        *counts.slot(span.0) = Hour {
            hour: span.0,
            delivered: u32::try_from(row.delivered).unwrap_or(u32::MAX),
            failed: u32::try_from(row.failed).unwrap_or(u32::MAX),
        };
        counts.half(span.0).add(&row.latency);
        counts.running.clone_from(&row.latency);
    }

    fn counts(&mut self) -> &mut Counts {
        self.0.get_or_insert_with(|| {
            Box::new(Counts {
                hours: [Hour::default(); HOURS as usize],
                halves: Default::default(),
                hour: 0,
                running: Latency::default(),
                marked: false,
                before: None,
            })
        })
    }
}

impl Counts {
    /// Another hour may run now: the one before is put aside until it is written.
    fn turn(&mut self, hour: u32) {
        if self.hour == hour {
            return;
        }
        if std::mem::take(&mut self.marked) {
            self.before = Some(self.row());
        }
        self.hour = hour;
        self.running = Latency::default();
        *self.slot(hour) = Hour {
            hour,
            ..Hour::default()
        };
    }

    fn slot(&mut self, hour: u32) -> &mut Hour {
        &mut self.hours[(hour % HOURS) as usize]
    }

    fn half(&mut self, hour: u32) -> &mut Latency {
        let half = hour / HALF_HOURS;
        let slot = &mut self.halves[(half % 2) as usize];
        if slot.half != half {
            *slot = Half {
                half,
                latency: Latency::default(),
            };
        }
        &mut slot.latency
    }

    fn row(&self) -> (Span, Rollup) {
        let slot = self.hours[(self.hour % HOURS) as usize];
        let row = Rollup {
            delivered: u64::from(slot.delivered),
            failed: u64::from(slot.failed),
            latency: self.running.clone(),
            ..Rollup::default()
        };
        (Span(self.hour), row)
    }

    fn p95(&self, half: u32) -> Option<u32> {
        let mut day = Latency::default();
        for slot in self.halves.iter().filter(|slot| slot.half + 1 >= half) {
            day.add(&slot.latency);
        }
        day.percentile_ms(95)
    }
}

fn hour_of(now: Tick) -> u32 {
    u32::try_from(now.0 / HOUR_MS).unwrap_or(u32::MAX - HOURS)
}

/// Counts what happens in the running minute, and remembers the one before.
#[derive(Debug, Default)]
pub(super) struct Minute {
    minute: u64,
    running: u64,
    full: u64,
}

impl Minute {
    /// It happened once more.
    pub fn note(&mut self, now: Tick) {
        self.turn(now);
        self.running += 1;
    }

    /// How often in the last full minute.
    pub fn last(&mut self, now: Tick) -> u64 {
        self.turn(now);
        self.full
    }

    fn turn(&mut self, now: Tick) {
        let minute = now.0 / 60_000;
        if minute != self.minute {
            let follows = minute == self.minute + 1;
            self.full = if follows { self.running } else { 0 };
            self.running = 0;
            self.minute = minute;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Tick {
        Tick(1_000_000 * HOUR_MS + hours * HOUR_MS)
    }

    #[test]
    fn a_day_is_counted_and_then_forgotten() {
        let mut tallies = Tallies::default();
        for ms in 1..=100 {
            tallies.delivered(at(0), ms);
        }
        tallies.failed(at(5));
        let check = |hours: u64, expected: (u64, u64, bool)| {
            let stats = tallies.stats(at(hours));
            let got = (stats.delivered, stats.failed, stats.p95_ms.is_some());
            assert_eq!(got, expected, "after {hours} h");
        };
        check(0, (100, 1, true));
        check(11, (100, 1, true));
        check(23, (100, 1, false));
        check(24, (0, 1, false));
        check(29, (0, 0, false));
        let p95 = tallies.stats(at(1)).p95_ms.unwrap();
        assert!((95..=113).contains(&p95), "{p95}");
    }

    #[test]
    fn rows_are_taken_once_and_go_on_counting_after_a_restart() {
        let mut tallies = Tallies::default();
        assert!(tallies.take_rows(at(0)).is_empty());
        assert!(tallies.delivered(at(0), 10) && !tallies.delivered(at(0), 10));
        let first = tallies.take_rows(at(0));
        assert!(tallies.take_rows(at(0)).is_empty());
        assert!(tallies.failed(at(0)), "marked anew");
        tallies.delivered(at(1), 20);
        let then = tallies.take_rows(at(1));
        let shown = |rows: &[(Span, Rollup)]| -> Vec<(u32, u64, u64)> {
            let of = |(span, row): &(Span, Rollup)| (span.0, row.delivered, row.failed);
            rows.iter().map(of).collect()
        };
        assert_eq!(shown(&first), [(1_000_000, 2, 0)]);
        assert_eq!(shown(&then), [(1_000_000, 2, 1), (1_000_001, 1, 0)]);
        let mut restored = Tallies::default();
        for (span, row) in &then {
            restored.restore(*span, row);
        }
        assert_eq!(restored.stats(at(1)), tallies.stats(at(1)));
        restored.delivered(at(1), 20);
        assert_eq!(shown(&restored.take_rows(at(1))), [(1_000_001, 2, 0)]);
    }

    #[test]
    fn the_last_full_minute() {
        let mut minute = Minute::default();
        let check = |minute: &mut Minute, at: u64, expected: u64| {
            assert_eq!(minute.last(Tick(at)), expected, "at {at}");
        };
        minute.note(Tick(60_000));
        minute.note(Tick(119_999));
        check(&mut minute, 119_999, 0);
        check(&mut minute, 120_000, 2);
        check(&mut minute, 240_000, 0);
    }
}
