//! What happened in a minute or an hour, as counters: for charts and for the figures of a day
//! that must not cost more the longer the history is.

use super::id::EndpointNumber;
use super::latency::Latency;
use super::time::Tick;

/// A minute in engine time.
pub const MINUTE_MS: u64 = 60_000;
/// An hour in engine time.
pub const HOUR_MS: u64 = 3_600_000;

/// Minutes of the whole daemon are kept for a week.
pub const MINUTES_KEPT: u32 = 7 * 24 * 60;
/// Hours are kept for 400 days: the same week of last year can be looked at.
pub const HOURS_KEPT: u32 = 400 * 24;

/// While nothing happens and the same waits, a row is written so many minutes apart.
pub const MINUTES_APART: u32 = 15;

/// Counters of one stretch of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rollup {
    /// Events accepted.
    pub accepted: u64,
    /// Attempts that delivered; tests apart, as everywhere here.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// How long those took that delivered.
    pub latency: Latency,
    /// The most deliveries that waited, as looked at once a minute.
    pub waiting: u32,
    /// For how long the oldest of them had, at most.
    pub oldest_ms: u64,
}

impl Rollup {
    /// An attempt delivered.
    pub fn note_delivered(&mut self, ms: u32) {
        self.delivered += 1;
        self.latency.note(ms);
    }

    /// Takes note of what waits.
    pub fn note_waiting(&mut self, waiting: u32, oldest_ms: u64) {
        if waiting > 0 {
            self.waiting = self.waiting.max(waiting);
            self.oldest_ms = self.oldest_ms.max(oldest_ms);
        }
    }

    /// Nothing happened, whatever waited.
    pub fn is_quiet(&self) -> bool {
        self.accepted == 0 && self.delivered == 0 && self.failed == 0
    }

    /// Both stretches as one.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.latency.add(&other.latency);
        self.note_waiting(other.waiting, other.oldest_ms);
    }
}

/// A stretch of time: a minute or an hour, counted from 1970 in engine time. The numbers of
/// hours stay below those of minutes for some thousands of years, so that one number says which
/// it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub u32);

impl Span {
    /// The first number of a minute; it lies in 1976, and as an hour in the year 2350.
    pub const FIRST_MINUTE: Self = Self(3_333_333);

    /// The minute that a time lies in.
    pub fn minute(at: Tick) -> Self {
        Self(number(at, MINUTE_MS).max(Self::FIRST_MINUTE.0))
    }

    /// The hour that a time lies in.
    pub fn hour(at: Tick) -> Self {
        Self(number(at, HOUR_MS))
    }

    /// When it begins.
    pub fn begins_at(self) -> Tick {
        let ms = if self < Self::FIRST_MINUTE {
            HOUR_MS
        } else {
            MINUTE_MS
        };
        Tick(u64::from(self.0) * ms)
    }

    /// So many before.
    pub const fn back(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count))
    }
}

fn number(at: Tick, ms: u64) -> u32 {
    u32::try_from(at.0 / ms).unwrap_or(u32::MAX)
}

/// Names a row: when, and of what. The whole daemon is the endpoint 0, which does not exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RollupKey {
    /// When.
    pub span: Span,
    /// Of what.
    pub of: EndpointNumber,
}

impl RollupKey {
    /// Of the whole daemon.
    pub const fn whole(span: Span) -> Self {
        Self {
            span,
            of: EndpointNumber(0),
        }
    }

    /// Whether it is of the whole daemon.
    pub fn is_whole(self) -> bool {
        self.of == EndpointNumber(0)
    }
}

/// What a person looks at: so many stretches of the same length, the last of them still running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// 60 minutes.
    Hour,
    /// 96 quarters of an hour.
    Day,
    /// 168 hours.
    Week,
}

impl Window {
    /// `1h`, `24h`, `7d`
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Week]
            .into_iter()
            .find(|window| window.as_str() == text)
    }

    /// `1h`, `24h`, `7d`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// How many stretches it has, and how long each is.
    pub const fn steps(self) -> (u32, u64) {
        match self {
            Self::Hour => (60, MINUTE_MS),
            Self::Day => (96, 15 * MINUTE_MS),
            Self::Week => (168, HOUR_MS),
        }
    }

    /// When its first stretch begins, seen from `now`.
    pub fn begins_at(self, now: Tick) -> Tick {
        let (count, step_ms) = self.steps();
        let last = now.0 - now.0 % step_ms;
        Tick(last.saturating_sub(u64::from(count - 1) * step_ms))
    }

    /// The rows of the whole daemon that it is made from: first and last.
    pub fn rows(self, now: Tick) -> (Span, Span) {
        let begins_at = self.begins_at(now);
        match self {
            // What waited at its beginning may stand in a row before.
            Self::Hour | Self::Day => (
                Span::minute(begins_at).back(MINUTES_APART),
                Span::minute(now),
            ),
            Self::Week => (Span::hour(begins_at), Span::hour(now)),
        }
    }

    /// Rows put together to its stretches, each with its beginning, oldest first. The rows are
    /// ascending. While nothing happens there is not one for each minute: what waited in the
    /// one before still did.
    pub fn points<'r>(
        self,
        now: Tick,
        rows: impl IntoIterator<Item = (Span, &'r Rollup)>,
    ) -> Vec<(Tick, Rollup)> {
        let (count, step_ms) = self.steps();
        let begins_at = self.begins_at(now);
        let mut points: Vec<_> = (0..u64::from(count))
            .map(|step| (begins_at.plus_ms(step * step_ms), Rollup::default()))
            .collect();
        let place = |span: Span| {
            let ms = span.begins_at().0.checked_sub(begins_at.0)?;
            usize::try_from(ms / step_ms).ok()
        };
        let mut before: Option<(Span, &Rollup)> = None;
        for (span, row) in rows {
            if let Some((last, waited)) = before.filter(|_| self != Self::Week) {
                let gap = span.0.saturating_sub(last.0 + 1).min(MINUTES_APART);
                for minutes in 1..=gap {
                    let between = place(Span(last.0 + minutes));
                    if let Some((_, point)) = between.and_then(|at| points.get_mut(at)) {
                        let oldest_ms = waited.oldest_ms + u64::from(minutes) * MINUTE_MS;
                        point.note_waiting(waited.waiting, oldest_ms);
                    }
                }
            }
            if let Some((_, point)) = place(span).and_then(|at| points.get_mut(at)) {
                point.add(row);
            }
            before = Some((span, row));
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Tick = Tick(1_800_000_000_000 + 17 * MINUTE_MS + 5);

    #[test]
    fn minutes_and_hours_are_told_apart() {
        let (minute, hour) = (Span::minute(NOW), Span::hour(NOW));
        assert!(hour < Span::FIRST_MINUTE && Span::FIRST_MINUTE < minute);
        assert_eq!(minute.begins_at(), Tick(NOW.0 - 5));
        assert_eq!(hour.begins_at(), Tick(NOW.0 - NOW.0 % HOUR_MS));
        assert_eq!(Span::minute(Tick(0)), Span::FIRST_MINUTE);
    }

    #[test]
    fn windows() {
        let check = |window: Window, count: usize, long_ms: u64| {
            assert_eq!(Window::parse(window.as_str()), Some(window));
            let points = window.points(NOW, []);
            assert_eq!(points.len(), count);
            let (first, last) = (points[0].0, points[count - 1].0);
            assert!(last <= NOW && NOW.ms_since(last) < window.steps().1);
            assert_eq!(last.ms_since(first) + window.steps().1, long_ms);
            let (from, to) = window.rows(NOW);
            assert!(from.begins_at() <= first);
            assert!(to.begins_at() <= NOW);
        };
        check(Window::Hour, 60, HOUR_MS);
        check(Window::Day, 96, 24 * HOUR_MS);
        check(Window::Week, 168, 7 * 24 * HOUR_MS);
        assert_eq!(Window::parse("2h"), None);
    }

    #[test]
    fn rows_find_their_points() {
        let row = |delivered| Rollup {
            delivered,
            waiting: 10 * delivered as u32,
            ..Rollup::default()
        };
        let minute = Span::minute(NOW);
        let rows = [
            (minute.back(96 * 15), row(8)),
            (minute.back(3), row(4)),
            (minute.back(1), row(2)),
            (minute, row(1)),
        ];
        let rows = rows.iter().map(|(span, row)| (*span, row));
        let points = Window::Day.points(NOW, rows);
        let (last, before) = (&points[95].1, &points[94].1);
        assert_eq!(
            (last.delivered, last.waiting),
            (3, 40),
            "sums, and the most"
        );
        assert_eq!((before.delivered, before.waiting), (4, 40));
        let total: u64 = points.iter().map(|(_, row)| row.delivered).sum();
        assert_eq!(total, 7, "what is older than the window is left out");
    }

    #[test]
    fn what_waits_while_nothing_happens_is_seen_in_every_minute() {
        let waits = |waiting, minutes: u64| Rollup {
            waiting,
            oldest_ms: minutes * MINUTE_MS,
            ..Rollup::default()
        };
        let minute = Span::minute(NOW);
        let rows = [
            (minute.back(61), waits(5, 1)),
            (minute.back(50), waits(6, 9)),
            (minute.back(20), waits(0, 0)),
            (minute, waits(7, 2)),
        ];
        let rows = rows.iter().map(|(span, row)| (*span, row));
        let points = Window::Hour.points(NOW, rows);
        let check = |back: usize, expected: (u32, u64)| {
            let point = &points[59 - back].1;
            let got = (point.waiting, point.oldest_ms / MINUTE_MS);
            assert_eq!(got, expected, "{back} minutes ago");
        };
        check(59, (5, 3));
        check(51, (5, 11));
        check(50, (6, 9));
        check(35, (6, 24));
        check(34, (0, 0));
        check(20, (0, 0));
        check(1, (0, 0));
        check(0, (7, 2));
    }
}
