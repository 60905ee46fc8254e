//! A failing spell: when an endpoint counts as failing, what happens as that lasts, when it is
//! probed once it is paused, and when it catches up afterwards.
//!
//! It knows no clock: times are arguments, and what it answers is when the next step is due.

use super::time::Tick;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// From this many failed attempts in a row on, an endpoint is failing.
pub const FAILING_FROM: u32 = 3;
/// A paused endpoint is probed that often when nothing new comes …
pub const PROBE_MS: u64 = HOUR;
/// … and at once for a new event, when the last probe was that long ago.
pub const PROBE_AGAIN_MS: u64 = MINUTE;
/// After so many successes in a row an endpoint that had failed catches up …
pub const CATCH_UP_AFTER: u8 = 5;
/// … when it last did that long ago.
pub const CATCH_UP_APART_MS: u64 = HOUR;
/// So long after a start an endpoint that was failing before may show that it is well, before
/// it is paused: the time in which nothing ran says nothing.
pub const GRACE_MS: u64 = MINUTE;
/// Notices are given when it has failed for so long.
const NOTICES_MS: [u64; 2] = [15 * MINUTE, 2 * HOUR];

/// What is next in a failing spell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A notice; how many there are with it.
    Notice(u8),
    /// It is paused.
    Pause,
}

/// What is next, and when, in a spell that began at `since` and of which so many notices were
/// given.
pub fn next(since: Tick, notices: u8, pause_after_ms: u64) -> (Tick, Step) {
    let notice = NOTICES_MS.get(usize::from(notices)).copied();
    match notice.filter(|after| *after < pause_after_ms) {
        Some(after) => (since.plus_ms(after), Step::Notice(notices + 1)),
        None => (since.plus_ms(pause_after_ms), Step::Pause),
    }
}

/// When the spell of an endpoint began, as seen after a start.
pub fn since_start(since: Tick, now: Tick, pause_after_ms: u64) -> Tick {
    let soonest = now.plus_ms(GRACE_MS).0.saturating_sub(pause_after_ms);
    since.min(now).max(Tick(soonest))
}

/// Whether a new event is worth a probe of its own, when the next one is due at that time.
pub fn probes_at_once(next_probe_at: Tick, now: Tick) -> bool {
    next_probe_at <= now.plus_ms(PROBE_MS - PROBE_AGAIN_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_at_a_quarter_and_at_two_hours_and_then_the_pause() {
        let check = |notices: u8, pause_after_ms: u64, expected: (u64, Step)| {
            let (at, step) = next(Tick(1_000), notices, pause_after_ms);
            assert_eq!((at.0 - 1_000, step), expected, "{notices} {pause_after_ms}");
        };
        check(0, 12 * HOUR, (15 * MINUTE, Step::Notice(1)));
        check(1, 12 * HOUR, (2 * HOUR, Step::Notice(2)));
        check(2, 12 * HOUR, (12 * HOUR, Step::Pause));
        check(200, 12 * HOUR, (12 * HOUR, Step::Pause));
        // A notice that would come with the pause or after it is not given.
        check(0, 15 * MINUTE, (15 * MINUTE, Step::Pause));
        check(1, HOUR, (HOUR, Step::Pause));
    }

    #[test]
    fn a_start_leaves_a_minute_to_get_well() {
        let check = |since: u64, now: u64, expected: u64| {
            let got = since_start(Tick(since), Tick(now), 12 * HOUR);
            assert_eq!(got.0, expected, "{since} {now}");
        };
        let now = 100 * HOUR;
        check(now - HOUR, now, now - HOUR);
        check(now - 12 * HOUR, now, now - 12 * HOUR + MINUTE);
        check(0, now, now - 12 * HOUR + MINUTE);
        check(now + HOUR, now, now);
        check(0, HOUR, 0);
    }

    #[test]
    fn a_new_event_is_probed_with_when_the_last_probe_is_a_minute_old() {
        let last = Tick(1_000_000);
        let check = |after_ms: u64, expected: bool| {
            let next = last.plus_ms(PROBE_MS);
            assert_eq!(probes_at_once(next, last.plus_ms(after_ms)), expected);
        };
        check(0, false);
        check(59_999, false);
        check(60_000, true);
        check(PROBE_MS * 2, true);
    }
}
