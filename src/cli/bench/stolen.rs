//! The time that the host of a virtual machine took away from it: steal, in the words of Linux.
//! What runs on that processor stands still meanwhile, which shows in the highest latencies
//! first.

/// What `/proc/stat` has counted, in ticks over all processors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stolen {
    stolen: u64,
    all: u64,
}

impl Stolen {
    /// Up to now; None where the system does not say.
    pub fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The eighth number of the first line is steal; the two behind it are counted among the
    /// first two, see proc(5).
    fn parse(stat: &str) -> Option<Self> {
        let numbers = stat.lines().next()?.strip_prefix("cpu ")?;
        let numbers = numbers.split_whitespace().take(8);
        let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        Some(Self {
            stolen: *numbers.get(7)?,
            all: numbers.iter().sum(),
        })
    }

    /// The share since then, in percent.
    pub fn percent_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        self.stolen.saturating_sub(before.stolen) as f64 / all as f64 * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read_from_the_first_line() {
        let read = |line| Stolen::parse(line);
        let before = read("cpu  10 20 30 40 0 0 0 0 7 7\ncpu0 1 2 3 4 5 6 7 8\n").unwrap();
        let after = read("cpu  10 20 30 60 10 5 5 10 9 9\n").unwrap();
        assert!((after.percent_since(before) - 20.0).abs() < 1e-9);
        assert!(before.percent_since(before).abs() < 1e-9);
        for nothing in [
            "",
            "cpu0 1 2 3 4 5 6 7 8",
            "cpu  1 2 3",
            "cpu  1 2 3 4 5 6 7 x",
        ] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
