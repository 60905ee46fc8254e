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

    /// Reads RFC 3339 with any offset and precision; finer digits than milliseconds are cut, a
    /// leap second is the last one before it. None when it is not RFC 3339 (section 5.6, with
    /// `T`, and an offset), or lies outside the years 1970 to 9999.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (local, rest) = text.as_bytes().split_at_checked(19)?;
        for (place, mark) in [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')] {
            (local[place] == mark).then_some(())?;
        }
        local[10].eq_ignore_ascii_case(&b'T').then_some(())?;
        let year = digits(&local[..4])?;
        let two = |at: usize| digits(&local[at..at + 2]).and_then(|n| i8::try_from(n).ok());
        let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
        let second = if second == 60 { 59 } else { second };
        let date = jiff::civil::Date::new(year, two(5)?, two(8)?).ok()?;
        let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
        let (ms, offset) = split_fraction(rest)?;
        let offset = jiff::tz::Offset::from_seconds(offset_seconds(offset)?).ok()?;
        let at = offset.to_timestamp(date.to_datetime(time)).ok()?;
        u64::try_from(at.as_millisecond())
            .ok()
            .map(|whole| Self(whole + ms))
            .filter(|at| *at <= Self::LAST)
    }

    /// 9999-12-30T22:00:00.999Z, the last time that the calendar library can write.
    pub const LAST: Self = Self(253_402_207_200_999);
}

/// The number that these digits, at most four, write; None when one of them is none.
fn digits(bytes: &[u8]) -> Option<i16> {
    bytes.iter().try_fold(0, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        Some(number * 10 + i16::from(digit))
    })
}

/// The milliseconds of `.123456`, of which there may be none, and what follows them.
fn split_fraction(rest: &[u8]) -> Option<(u64, &[u8])> {
    let Some(fraction) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let length = fraction
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (fraction, rest) = fraction.split_at(length);
    let places = fraction.iter().zip([100, 10, 1]);
    let ms = places
        .map(|(byte, worth)| u64::from(byte - b'0') * worth)
        .sum();
    (length > 0).then_some((ms, rest))
}

/// The seconds of `Z`, `+01:00` or `-05:30`.
fn offset_seconds(offset: &[u8]) -> Option<i32> {
    match offset {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
            let signed = if *sign == b'-' { -seconds } else { seconds };
            (hours < 24 && minutes < 60).then_some(signed)
        }
        _ => None,
    }
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
        check("2026-03-04t09:08:22z", Some("2026-03-04T09:08:22.000Z"));
        check("2026-03-04T09:08:22.1Z", Some("2026-03-04T09:08:22.100Z"));
        check(
            "2026-03-04T09:08:22.01234567890123456789-05:30",
            Some("2026-03-04T14:38:22.012Z"),
        );
        check("2026-06-30T23:59:60.5Z", Some("2026-06-30T23:59:59.500Z"));
        check(
            "2024-02-29T00:00:00-00:00",
            Some("2024-02-29T00:00:00.000Z"),
        );
        check("1970-01-01T00:30:00+01:00", None);
        check(
            "1969-12-31T23:30:00-01:00",
            Some("1970-01-01T00:30:00.000Z"),
        );
        check("9999-12-31T23:59:59Z", None);
        for bad in [
            "",
            "Z",
            "2026-03-04T09:08:22.Z",
            "2026-03-04T09:08:22,5Z",
            "2026-03-04 09:08:22Z",
            "2026-03-04T09:08:22+0100",
            "2026-03-04T09:08:22+01",
            "2026-03-04T09:08:22+24:00",
            "2026-03-04T09:08:22+01:60",
            "2026-03-04T09:08:22Z ",
            " 2026-03-04T09:08:22Z",
            "2026-03-04T09:08:61Z",
            "2026-03-04T24:00:00Z",
            "2026-13-04T09:08:22Z",
            "2025-02-29T09:08:22Z",
            "2026-00-01T09:08:22Z",
            "+2026-03-04T09:08:22Z",
            "2026-03-04T09:08:22Z[UTC]",
            "20260304T090822Z",
            "2026-03-04T09:08:2éZ",
            "2026-03-04T-9:08:22Z",
            "２026-03-04T09:08:22Z",
        ] {
            check(bad, None);
        }
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
