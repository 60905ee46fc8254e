//! How long events are kept: the rule for one of them. Pure; it reads no clock and no disk.

use super::change::Open;
use super::id::EventNumber;
use super::time::{Now, Timestamp};

/// What the rule reads of a stored event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its number.
    pub number: EventNumber,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// When the last of its deliveries ended; None where none has.
    pub ended_at: Option<Timestamp>,
    /// All that ended were delivered. True of an event that matched nothing.
    pub delivered: bool,
    /// Length of its body.
    pub body_bytes: u32,
    /// Digest of its call.
    pub call: Option<u64>,
    /// It has a row of open deliveries.
    pub waits: bool,
    /// Those, as far as they can be read.
    pub open: Vec<Open>,
}

/// What goes beside what is too old.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// Nothing.
    Aged,
    /// Events whose deliveries all succeeded.
    Delivered,
    /// Every event that nothing waits for.
    Any,
}

/// What becomes of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes.
    Prune,
    /// A delivery of it is open: it stays.
    Waits,
    /// It stays, and is too old from then on.
    Until(Timestamp),
}

/// What becomes of an event that is kept for `age_ms` after the end of its last delivery.
pub fn verdict(stored: &Stored, aim: Aim, age_ms: u64, now: Timestamp) -> Verdict {
    if stored.waits {
        return Verdict::Waits;
    }
    let until = stored
        .ended_at
        .unwrap_or(stored.received_at)
        .plus_ms(age_ms);
    let wanted = match aim {
        Aim::Aged => false,
        Aim::Delivered => stored.delivered,
        Aim::Any => true,
    };
    if wanted || until <= now {
        Verdict::Prune
    } else {
        Verdict::Until(until)
    }
}

/// Whether an open delivery has waited for `age_ms`. A replay of an old event is counted from
/// when it was due, for it began long after its event came.
pub fn waited_too_long(stored: &Stored, open: &Open, age_ms: u64, now: Now) -> bool {
    let waited_ms = match open.round {
        0 => now.wall.ms_since(stored.received_at),
        _ => now.tick.ms_since(open.due),
    };
    waited_ms >= age_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::EndpointNumber;
    use crate::domain::time::Tick;

    const AGE_MS: u64 = 1_000;

    fn stored(received_at: u64, ended_at: Option<u64>, delivered: bool, waits: bool) -> Stored {
        Stored {
            number: EventNumber(1),
            received_at: Timestamp(received_at),
            ended_at: ended_at.map(Timestamp),
            delivered,
            body_bytes: 100,
            call: None,
            waits,
            open: Vec::new(),
        }
    }

    #[test]
    fn what_goes_and_what_stays() {
        use Aim::{Aged, Any, Delivered};
        use Verdict::{Prune, Until, Waits};
        let check = |stored: Stored, aim: Aim, now: u64, expected: Verdict| {
            let got = verdict(&stored, aim, AGE_MS, Timestamp(now));
            assert_eq!(got, expected, "{stored:?} {aim:?} at {now}");
        };
        let unmatched = || stored(5_000, None, true, false);
        check(unmatched(), Aged, 5_999, Until(Timestamp(6_000)));
        check(unmatched(), Aged, 6_000, Prune);
        check(unmatched(), Delivered, 5_000, Prune);
        let delivered = || stored(5_000, Some(7_000), true, false);
        check(delivered(), Aged, 7_999, Until(Timestamp(8_000)));
        check(delivered(), Aged, 8_000, Prune);
        check(delivered(), Delivered, 7_000, Prune);
        let failed = || stored(5_000, Some(7_000), false, false);
        check(failed(), Delivered, 7_000, Until(Timestamp(8_000)));
        check(failed(), Delivered, 8_000, Prune);
        check(failed(), Any, 7_000, Prune);
        let waiting = || stored(5_000, Some(5_500), true, true);
        check(waiting(), Aged, 99_000, Waits);
        check(waiting(), Any, 99_000, Waits);
        // A clock that was set back makes nothing old.
        check(delivered(), Aged, 0, Until(Timestamp(8_000)));
    }

    #[test]
    fn how_long_a_delivery_may_wait() {
        let check = |round: u8, due: u64, now: u64, expected: bool| {
            let open = Open {
                endpoint: EndpointNumber(1),
                due: Tick(due),
                attempts: 0,
                round,
                flags: 0,
            };
            let now = Now {
                wall: Timestamp(now),
                tick: Tick(now),
            };
            let got = waited_too_long(&stored(5_000, None, true, true), &open, AGE_MS, now);
            assert_eq!(got, expected, "round {round}, due at {due}");
        };
        check(0, 5_000, 5_999, false);
        check(0, 5_000, 6_000, true);
        check(0, 9_000, 6_000, true);
        check(1, 9_000, 9_999, false);
        check(1, 9_000, 10_000, true);
    }
}
