//! What must be known of each event that still has open deliveries, beside the lanes: its type,
//! which every request names, and how many deliveries are left.

use std::collections::HashMap;

use crate::domain::event::EventType;
use crate::domain::id::EventNumber;
use crate::domain::spread::NumberMap;

/// The events that have open deliveries: 16 bytes each, the types kept once.
#[derive(Debug, Default)]
pub(super) struct Live {
    events: NumberMap<EventNumber, Entry>,
    kinds: Vec<Kind>,
    by_kind: HashMap<EventType, u32>,
    // Places of `kinds` that no event uses. Producers invent types, so places are used again.
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    open: u32,
    kind: u32,
}

#[derive(Debug)]
struct Kind {
    kind: EventType,
    events: u32,
}

impl Live {
    /// An event with that many open deliveries.
    pub fn insert(&mut self, event: EventNumber, kind: &EventType, open: u32) {
        let place = self.place(kind);
        self.kinds[place as usize].events += 1;
        self.events.insert(event, Entry { open, kind: place });
    }

    /// One more delivery of an event, which may have none left.
    pub fn reopen(&mut self, event: EventNumber, kind: &EventType) {
        match self.events.get_mut(&event) {
            Some(entry) => entry.open += 1,
            None => self.insert(event, kind, 1),
        }
    }

    /// The event's type; None when it has no open deliveries.
    pub fn kind(&self, event: EventNumber) -> Option<&EventType> {
        let entry = self.events.get(&event)?;
        Some(&self.kinds[entry.kind as usize].kind)
    }

    /// One of its deliveries ended. `true` when it was the last.
    pub fn ended(&mut self, event: EventNumber) -> bool {
        let Some(entry) = self.events.get_mut(&event) else {
            return true;
        };
        entry.open -= 1;
        if entry.open > 0 {
            return false;
        }
        let place = entry.kind;
        self.events.remove(&event);
        let kind = &mut self.kinds[place as usize];
        kind.events -= 1;
        if kind.events == 0 {
            self.by_kind.remove(&kind.kind);
            self.free.push(place);
        }
        true
    }

    fn place(&mut self, kind: &EventType) -> u32 {
        if let Some(place) = self.by_kind.get(kind) {
            return *place;
        }
        let new = Kind {
            kind: kind.clone(),
            events: 0,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.kinds[place as usize] = new;
                place
            }
            None => {
                self.kinds.push(new);
                u32::try_from(self.kinds.len() - 1).expect("open events are below 2 million")
            }
        };
        self.by_kind.insert(kind.clone(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_leaves_with_its_last_delivery_and_its_type_with_it() {
        let mut live = Live::default();
        let own = EventType::parse("pbx:queue_left").unwrap();
        live.insert(EventNumber(1), &own, 2);
        live.insert(EventNumber(2), &EventType::CallMissed, 1);
        assert!(!live.ended(EventNumber(1)));
        assert_eq!(live.kind(EventNumber(1)), Some(&own));
        assert!(live.ended(EventNumber(1)));
        assert_eq!(live.kind(EventNumber(1)), None);
        let other = EventType::parse("pbx:other").unwrap();
        live.insert(EventNumber(3), &other, 1);
        assert_eq!(live.kind(EventNumber(3)), Some(&other));
        assert_eq!(live.kind(EventNumber(2)), Some(&EventType::CallMissed));
        assert_eq!(live.kinds.len(), 2);
    }
}
