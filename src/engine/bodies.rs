//! The bodies of events that were accepted just now, so that most first attempts need no read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::id::EventNumber;

/// Bytes that are kept, each body counted with what holding it costs.
const BYTES_MAX: usize = 8 * 1024 * 1024;
const COST_BYTES: usize = 96;

/// The cache. When it is full the oldest event goes: what is old and still waits is most likely
/// waiting for an endpoint that is away.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    kept: BTreeMap<EventNumber, Arc<[u8]>>,
    bytes: usize,
}

impl Bodies {
    /// Keeps a body for a while.
    pub fn put(&mut self, event: EventNumber, body: Arc<[u8]>) {
        self.bytes += cost(&body);
        self.kept.insert(event, body);
        while self.bytes > BYTES_MAX
            && let Some((_, old)) = self.kept.pop_first()
        {
            self.bytes -= cost(&old);
        }
    }

    /// The body, where it is still here.
    pub fn get(&self, event: EventNumber) -> Option<Arc<[u8]>> {
        self.kept.get(&event).map(Arc::clone)
    }

    /// Nothing of the event waits any more.
    pub fn remove(&mut self, event: EventNumber) {
        if let Some(body) = self.kept.remove(&event) {
            self.bytes -= cost(&body);
        }
    }
}

fn cost(body: &[u8]) -> usize {
    body.len() + COST_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let mut bodies = Bodies::default();
        let body: Arc<[u8]> = vec![b'x'; 1024 * 1024].into();
        for number in 1..=8 {
            bodies.put(EventNumber(number), Arc::clone(&body));
        }
        assert!(bodies.get(EventNumber(1)).is_none());
        assert!(bodies.get(EventNumber(2)).is_some());
        for number in 1..=8 {
            bodies.remove(EventNumber(number));
        }
        assert_eq!(bodies.bytes, 0);
    }
}
