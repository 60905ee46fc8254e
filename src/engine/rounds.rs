//! Remembers which rounds were given out lately. Who asks for a new one has read the highest
//! from the database, which may be a moment old: two who ask at once must not get the same.

use std::collections::{HashMap, VecDeque};

use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};

/// How many are remembered: far more than can be asked for between a read and its command.
const KEPT: usize = 4096;

/// The highest round given out, by event and endpoint.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    last: HashMap<Name, u8>,
    // Oldest first. A pair that got another round leaves a line here that is skipped.
    order: VecDeque<(Name, u8)>,
}

type Name = (EventNumber, EndpointNumber);

impl Rounds {
    /// The round of `key`, or the first one behind those that were given out; None when there
    /// are no more.
    pub fn next(&self, key: DeliveryKey) -> Option<u8> {
        match self.last.get(&name(key)) {
            Some(last) => Some(key.round.max(last.checked_add(1)?)),
            None => Some(key.round),
        }
    }

    /// The round of `key` was given out.
    pub fn note(&mut self, key: DeliveryKey) {
        self.last.insert(name(key), key.round);
        self.order.push_back((name(key), key.round));
        if self.order.len() > KEPT
            && let Some((name, round)) = self.order.pop_front()
            && self.last.get(&name) == Some(&round)
        {
            self.last.remove(&name);
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
    fn a_round_is_given_out_once() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.next(key(1, 1)), Some(1));
        rounds.note(key(1, 1));
        assert_eq!(rounds.next(key(1, 1)), Some(2));
        assert_eq!(rounds.next(key(1, 7)), Some(7));
        assert_eq!(rounds.next(key(2, 1)), Some(1));
        rounds.note(key(1, 255));
        assert_eq!(rounds.next(key(1, 1)), None);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut rounds = Rounds::default();
        for event in 0..2 * KEPT as u64 {
            rounds.note(key(event, 1));
        }
        assert_eq!((rounds.last.len(), rounds.order.len()), (KEPT, KEPT));
    }
}
