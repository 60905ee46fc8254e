//! Remembers the calls that have ended, so that a ringing event that comes late is not sent.

use std::collections::VecDeque;

use super::spread::NumberMap;
use super::time::Tick;

/// The last 65,536 ended calls. A call counts as ended for 2 minutes.
#[derive(Debug, Default)]
pub struct EndedCalls {
    /// By the digest of the call: its newest note.
    notes: NumberMap<u64, Note>,
    /// All notes, oldest first. One that is not the newest of its call is skipped.
    order: VecDeque<(u64, u64)>,
    /// How many notes there have been.
    noted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    /// The number of the note.
    number: u64,
    /// When the call ended.
    at: Tick,
}

impl EndedCalls {
    /// How many are remembered.
    pub const KEPT: usize = 65_536;
    /// For how long an end counts.
    pub const COUNTS_MS: u64 = 120_000;

    /// A call ended. Noted again, its latest end counts, and it is the last to be forgotten.
    pub fn note(&mut self, call: u64, at: Tick) {
        self.noted += 1;
        let number = self.noted;
        let note = self.notes.entry(call).or_insert(Note { number, at });
        note.number = number;
        note.at = note.at.max(at);
        self.order.push_back((call, number));
        if self.notes.len() > Self::KEPT {
            self.forget_oldest();
        }
        // A call that is noted again and again must not make the order grow without a bound.
        // Each sweep halves it at least, so that a note costs the same on average.
        if self.order.len() > 2 * Self::KEPT {
            let notes = &self.notes;
            self.order
                .retain(|(call, number)| notes.get(call).is_some_and(|n| n.number == *number));
        }
    }

    /// Whether the call ended within the last 2 minutes.
    pub fn ended(&self, call: u64, now: Tick) -> bool {
        self.notes
            .get(&call)
            .is_some_and(|note| now.ms_since(note.at) <= Self::COUNTS_MS)
    }

    fn forget_oldest(&mut self) {
        while let Some((call, number)) = self.order.pop_front() {
            if self.notes.get(&call).is_some_and(|n| n.number == number) {
                self.notes.remove(&call);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_counts_for_two_minutes() {
        let mut calls = EndedCalls::default();
        calls.note(7, Tick(1_000));
        let check = |call: u64, now: u64, expected: bool| {
            assert_eq!(calls.ended(call, Tick(now)), expected, "{call} at {now}");
        };
        check(7, 1_000, true);
        check(7, 121_000, true);
        check(7, 121_001, false);
        check(8, 1_000, false);
        // Engine time does not run back; if it did, the end would count.
        check(7, 0, true);
    }

    #[test]
    fn noted_again_it_counts_from_its_latest_end() {
        let mut calls = EndedCalls::default();
        calls.note(7, Tick(1_000));
        calls.note(7, Tick(100_000));
        calls.note(7, Tick(50_000));
        assert!(calls.ended(7, Tick(220_000)));
        assert!(!calls.ended(7, Tick(220_001)));
    }

    #[test]
    fn the_last_65_536_calls_are_remembered() {
        let mut calls = EndedCalls::default();
        let kept = EndedCalls::KEPT as u64;
        (0..kept).for_each(|call| calls.note(call, Tick(0)));
        // Call 0 is noted again, so that call 1 is the oldest now.
        calls.note(0, Tick(0));
        calls.note(kept, Tick(0));
        assert!(calls.ended(0, Tick(0)));
        assert!(!calls.ended(1, Tick(0)));
        assert!(calls.ended(2, Tick(0)));
        assert!(calls.ended(kept, Tick(0)));
    }

    #[test]
    fn one_call_noted_for_ever_takes_no_more_room() {
        let mut calls = EndedCalls::default();
        calls.note(1, Tick(0));
        (0..400_000).for_each(|at| calls.note(2, Tick(at)));
        assert!(calls.ended(1, Tick(0)));
        assert_eq!(calls.notes.len(), 2);
        assert!(calls.order.len() <= 2 * EndedCalls::KEPT);
    }
}
