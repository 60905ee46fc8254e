//! What is counted for people: per endpoint over the last 24 hours, and the last full minute of
//! the whole daemon. In memory only; a restart begins anew.

use super::handle::EndpointStats;
use crate::domain::time::Tick;

const HOUR_MS: u64 = 3_600_000;
const HOURS: usize = 24;
/// Four buckets to a doubling, so that a p95 is at most 19 % too high: up to 65 s.
const BUCKETS: usize = 65;

/// Counts of one endpoint. Empty until something happens: most of many endpoints are quiet.
#[derive(Debug, Default)]
pub(super) struct Tallies(Option<Box<Counts>>);

#[derive(Debug)]
struct Counts {
    hours: [Hour; HOURS],
    // Two halves of a day: the older one is dropped as a whole, so that the p95 is over the
    // last 12 to 24 hours.
    halves: [Half; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    // Which hour since 1970 it counts, so that an old one is known as such.
    hour: u64,
    delivered: u32,
    failed: u32,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    half: u64,
    latency: [u32; BUCKETS],
}

impl Tallies {
    /// A delivery was delivered by an attempt of that length.
    pub fn delivered(&mut self, now: Tick, ms: u32) {
        let counts = self.counts();
        counts.hour(now).delivered += 1;
        let half = now.0 / (12 * HOUR_MS);
        let slot = &mut counts.halves[(half % 2) as usize];
        if slot.half != half {
            *slot = Half::of(half);
        }
        slot.latency[bucket(ms)] += 1;
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: Tick) {
        self.counts().hour(now).failed += 1;
    }

    /// The last 24 hours.
    pub fn stats(&self, now: Tick) -> EndpointStats {
        let Some(counts) = &self.0 else {
            return EndpointStats::default();
        };
        let hour = now.0 / HOUR_MS;
        let mut stats = EndpointStats::default();
        for slot in &counts.hours {
            if slot.hour + HOURS as u64 > hour {
                stats.delivered += u64::from(slot.delivered);
                stats.failed += u64::from(slot.failed);
            }
        }
        stats.p95_ms = counts.p95(now.0 / (12 * HOUR_MS));
        stats
    }

    fn counts(&mut self) -> &mut Counts {
        self.0.get_or_insert_with(|| {
            Box::new(Counts {
                hours: [Hour::default(); HOURS],
                halves: [Half::of(0); 2],
            })
        })
    }
}

impl Counts {
    fn hour(&mut self, now: Tick) -> &mut Hour {
        let hour = now.0 / HOUR_MS;
        let slot = &mut self.hours[(hour % HOURS as u64) as usize];
        if slot.hour != hour {
            *slot = Hour {
                hour,
                ..Hour::default()
            };
        }
        slot
    }

    fn p95(&self, half: u64) -> Option<u32> {
        let of = |bucket: usize| -> u64 {
            let counted = self.halves.iter().filter(|slot| slot.half + 1 >= half);
            counted.map(|slot| u64::from(slot.latency[bucket])).sum()
        };
        let total: u64 = (0..BUCKETS).map(of).sum();
        let mut seen = 0;
        (0..BUCKETS).find_map(|bucket| {
            seen += of(bucket);
            (seen > 0 && seen * 100 >= total * 95).then(|| upper_ms(bucket))
        })
    }
}

impl Half {
    const fn of(half: u64) -> Self {
        Self {
            half,
            latency: [0; BUCKETS],
        }
    }
}

/// Bucket `b` ends at 2^(b/4) ms.
fn upper_ms(bucket: usize) -> u32 {
    2f64.powf(bucket as f64 / 4.0).round() as u32
}

fn bucket(ms: u32) -> usize {
    let exact = (f64::from(ms.max(1)).log2() * 4.0).ceil() as usize;
    exact.min(BUCKETS - 1)
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

    #[test]
    fn a_day_is_counted_and_then_forgotten() {
        let mut tallies = Tallies::default();
        let at = |hours: u64| Tick(1_000_000 * HOUR_MS + hours * HOUR_MS);
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
    fn every_length_has_a_bucket_that_holds_it() {
        for ms in [0, 1, 2, 3, 10, 999, 15_000, 60_000] {
            assert!(upper_ms(bucket(ms)) >= ms, "{ms}");
        }
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
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
