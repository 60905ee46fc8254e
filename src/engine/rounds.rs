//! Remembers which rounds were given out lately. Who asks for a new one has read the highest
//! from the database, which may be a moment old: two who ask at once must not get the same, nor
//! one each, which would send the event twice.

use std::collections::{HashMap, VecDeque};

use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};

/// How many are remembered: far more than can be asked for between a read and its command.
const KEPT: usize = 4096;

/// The rounds given out, by event and endpoint.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    given: HashMap<Name, Given>,
    // Oldest first. A pair that got another round leaves a line here that is skipped.
    order: VecDeque<(Name, u8)>,
}

type Name = (EventNumber, EndpointNumber);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Given {
    /// The highest that was given out, which is never given out again.
    last: u8,
    /// The highest that was not taken back; 0 where none is known.
    stands: u8,
    /// That before the last one was given out.
    stood: u8,
}

/// What becomes of a wish for a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Round {
    /// This one.
    Free(u8),
    /// Somebody was given one that the reader has not seen.
    Stale,
    /// There are no more.
    Used,
}

impl Rounds {
    /// The round of `key`, which lies just behind the highest that its reader saw, or the first
    /// one behind those that were given out and taken back.
    pub fn next(&self, key: DeliveryKey) -> Round {
        match self.given.get(&name(key)) {
            None => Round::Free(key.round),
            Some(given) if given.stands >= key.round => Round::Stale,
            Some(given) => match given.last.checked_add(1) {
                Some(next) => Round::Free(key.round.max(next)),
                None => Round::Used,
            },
        }
    }

    /// The round of `key` was given out.
    pub fn note(&mut self, key: DeliveryKey) {
        let name = name(key);
        let stood = self.given.get(&name).map_or(0, |given| given.stands);
        let given = Given {
            last: key.round,
            stands: key.round,
            stood,
        };
        self.given.insert(name, given);
        self.order.push_back((name, key.round));
        if self.order.len() > KEPT
            && let Some((name, round)) = self.order.pop_front()
            && self.given.get(&name).map(|given| given.last) == Some(round)
        {
            self.given.remove(&name);
        }
    }

    /// The round of `key` was given out and did not come to be.
    pub fn take_back(&mut self, key: DeliveryKey) {
        if let Some(given) = self.given.get_mut(&name(key))
            && given.stands == key.round
        {
            given.stands = given.stood;
        }
    }
}

fn name(key: DeliveryKey) -> Name {
    (key.event, key.endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(event: u64, round: u8) -> DeliveryKey {
        DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(1),
            round,
        }
    }

    #[test]
    fn a_round_is_given_out_once_and_to_one_only() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.next(key(1, 1)), Round::Free(1));
        rounds.note(key(1, 1));
        assert_eq!(rounds.next(key(1, 1)), Round::Stale);
        assert_eq!(rounds.next(key(1, 2)), Round::Free(2));
        assert_eq!(rounds.next(key(1, 7)), Round::Free(7));
        assert_eq!(rounds.next(key(2, 1)), Round::Free(1));
        rounds.note(key(1, 255));
        assert_eq!(rounds.next(key(1, 255)), Round::Stale);
    }

    #[test]
    fn one_that_was_taken_back_leaves_its_number_used_and_the_way_free() {
        let mut rounds = Rounds::default();
        rounds.note(key(1, 1));
        rounds.take_back(key(1, 1));
        assert_eq!(rounds.next(key(1, 1)), Round::Free(2));
        rounds.note(key(1, 2));
        assert_eq!(rounds.next(key(1, 1)), Round::Stale);
        rounds.note(key(1, 3));
        rounds.take_back(key(1, 3));
        assert_eq!(
            rounds.next(key(1, 2)),
            Round::Stale,
            "the second one stands"
        );
        assert_eq!(rounds.next(key(1, 3)), Round::Free(4));
        rounds.note(key(1, 255));
        rounds.take_back(key(1, 255));
        assert_eq!(rounds.next(key(1, 3)), Round::Used);
        // Of what is forgotten nothing is taken back.
        rounds.take_back(key(9, 1));
        assert_eq!(rounds.next(key(9, 1)), Round::Free(1));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut rounds = Rounds::default();
        for event in 0..2 * KEPT as u64 {
            rounds.note(key(event, 1));
        }
        assert_eq!((rounds.given.len(), rounds.order.len()), (KEPT, KEPT));
    }
}
