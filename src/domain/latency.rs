//! How long attempts took: counts in buckets, four to a doubling of the time, so that a
//! percentile is at most 19 % too high. Few buckets are ever used by one receiver, and only
//! those take room.

/// Up to 65 s, which is longer than an attempt may take.
const BUCKETS: u8 = 65;

/// Counts of attempts by their length, ascending; none of them is 0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Latency(Vec<(u8, u32)>);

impl Latency {
    /// From its entries; None where they are not in order, or of no bucket.
    pub fn of(entries: Vec<(u8, u32)>) -> Option<Self> {
        let ascends = entries.is_sorted_by(|one, next| one.0 < next.0);
        let known = entries.last().is_none_or(|last| last.0 < BUCKETS);
        (ascends && known).then_some(Self(entries))
    }

    /// Bucket and count, ascending.
    pub fn entries(&self) -> &[(u8, u32)] {
        &self.0
    }

    /// Nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An attempt took so long.
    pub fn note(&mut self, ms: u32) {
        self.count(bucket(ms), 1);
    }

    /// Counts what the other one has counted.
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.count(*bucket, *count);
        }
    }

    /// The time that so many of 100 attempts did not exceed; None without any.
    pub fn percentile_ms(&self, percent: u64) -> Option<u32> {
        let total: u64 = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        let mut seen = 0;
        let reached = self.0.iter().find(|(_, count)| {
            seen += u64::from(*count);
            seen * 100 >= total * percent
        });
        reached.map(|(bucket, _)| upper_ms(*bucket))
    }

    fn count(&mut self, bucket: u8, more: u32) {
        match self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => {
                let count = &mut self.0[place].1;
                *count = count.saturating_add(more);
            }
            Err(place) => self.0.insert(place, (bucket, more)),
        }
    }
}

/// Bucket `b` ends at 2^(b/4) ms.
fn upper_ms(bucket: u8) -> u32 {
    2f64.powf(f64::from(bucket) / 4.0).round() as u32
}

fn bucket(ms: u32) -> u8 {
    let exact = (f64::from(ms.max(1)).log2() * 4.0).ceil() as u8;
    exact.min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let check = |lengths: &[u32], percent: u64, expected: Option<std::ops::Range<u32>>| {
            let mut latency = Latency::default();
            for ms in lengths {
                latency.note(*ms);
            }
            let got = latency.percentile_ms(percent);
            let is_right = match (&got, &expected) {
                (Some(ms), Some(range)) => range.contains(ms),
                (None, None) => true,
                _ => false,
            };
            assert!(
                is_right,
                "{percent} of {lengths:?}: {got:?}, not {expected:?}"
            );
        };
        let hundred: Vec<u32> = (1..=100).collect();
        check(&[], 95, None);
        check(&hundred, 95, Some(95..114));
        check(&hundred, 50, Some(50..60));
        check(&[10, 10, 10, 10_000], 75, Some(10..12));
        check(&[10, 10, 10, 10_000], 95, Some(10_000..11_900));
    }

    #[test]
    fn every_length_has_a_bucket_that_holds_it() {
        for ms in [0, 1, 2, 3, 10, 999, 15_000, 60_000] {
            assert!(upper_ms(bucket(ms)) >= ms, "{ms}");
        }
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
    }

    #[test]
    fn sums_and_entries() {
        let (mut one, mut two) = (Latency::default(), Latency::default());
        one.note(5);
        two.note(5);
        two.note(900);
        one.add(&two);
        assert_eq!(one.entries().iter().map(|(_, count)| count).sum::<u32>(), 3);
        assert_eq!(Latency::of(one.entries().to_vec()), Some(one));
        for bad in [
            vec![(2, 1), (1, 1)],
            vec![(1, 1), (1, 1)],
            vec![(BUCKETS, 1)],
        ] {
            assert_eq!(Latency::of(bad), None);
        }
    }
}
