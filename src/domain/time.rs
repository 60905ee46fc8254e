//! Times. `Timestamp` is what is shown and stored as "when"; `Tick` is what the lanes count.
//!
//! Nothing here reads a clock: `Now` is always an argument.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

/// Engine time in milliseconds: monotonic, on the axis of `Timestamp`, and never stepped.
///
/// It starts at the later of the wall clock and the newest tick of the last run, so a due
/// time that was stored stays comparable after a restart, whatever the wall clock did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Tick(pub u64);

/// One reading of both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// What a person's watch shows.
    pub wall: Timestamp,
    /// What the lanes count.
    pub tick: Tick,
}

impl Timestamp {
    /// The time `ms` milliseconds later.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`, 0 when that is in the future.
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since 1970, as `webhook-timestamp` wants them.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Reads RFC 3339 with any offset and precision; finer digits than milliseconds are cut.
    /// None when it is not RFC 3339, or lies outside the years 1970 to 9999.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(at.as_millisecond())
            .ok()
            .map(Self)
            .filter(|t| *t <= Self::LAST)
    }

    /// 9999-12-30T22:00:00.999Z, the last time that the calendar library can write.
    pub const LAST: Self = Self(253_402_207_200_999);
}

/// RFC 3339 in UTC with exactly three digits of milliseconds: always 24 bytes.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.min(Self::LAST.0);
        let at = jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap_or(0))
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{at:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Tick {
    /// The tick `ms` milliseconds later.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`, 0 when that is in the future.
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Now {
    /// The wall time at which `tick` is, was or will be reached, by today's clocks.
    pub const fn wall_at(self, tick: Tick) -> Timestamp {
        if tick.0 >= self.tick.0 {
            self.wall.plus_ms(tick.0 - self.tick.0)
        } else {
            Timestamp(self.wall.0.saturating_sub(self.tick.0 - tick.0))
        }
    }

    /// The tick that belongs to a wall time, by today's clocks.
    pub const fn tick_at(self, wall: Timestamp) -> Tick {
        if wall.0 >= self.wall.0 {
            self.tick.plus_ms(wall.0 - self.wall.0)
        } else {
            Tick(self.tick.0.saturating_sub(self.wall.0 - wall.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_three_digits_and_read_with_any() {
        let check = |input: &str, expected: Option<&str>| {
            let got = Timestamp::parse_rfc3339(input).map(|t| t.to_string());
            assert_eq!(got.as_deref(), expected, "{input}");
        };
        check("2026-03-04T09:08:22.114Z", Some("2026-03-04T09:08:22.114Z"));
        check(
            "2026-03-04T10:08:22+01:00",
            Some("2026-03-04T09:08:22.000Z"),
        );
        check(
            "2026-03-04T09:08:22.1149Z",
            Some("2026-03-04T09:08:22.114Z"),
        );
        check("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00.000Z"));
        check("1969-12-31T23:59:59Z", None);
        check("2026-03-04", None);
        check("2026-03-04T09:08:22", None);
        check("yesterday", None);
    }

    #[test]
    fn always_24_bytes() {
        for t in [
            Timestamp(0),
            Timestamp(999),
            Timestamp::LAST,
            Timestamp(u64::MAX),
        ] {
            assert_eq!(t.to_string().len(), 24, "{t}");
        }
    }

    #[test]
    fn ticks_and_wall_times_convert_both_ways() {
        let now = Now {
            wall: Timestamp(50_000),
            tick: Tick(1_000_000),
        };
        for tick in [Tick(990_000), Tick(1_000_000), Tick(1_234_567)] {
            assert_eq!(now.tick_at(now.wall_at(tick)), tick);
        }
    }
}
