//! The body that receivers get, rendered once per event and then frozen.

use std::sync::Arc;

use super::event::EventType;
use super::id::PublicId;
use super::time::Timestamp;

/// A body that lacks only its event id, and its time where the producer gave none. It is
/// rendered where the event is parsed, so the engine only patches 30 (or 54) bytes.
#[derive(Clone, Debug)]
pub struct Draft {
    bytes: Vec<u8>,
    id_at: usize,
    time_at: Option<usize>,
}

impl Draft {
    /// Renders `{"data":…,"event":"…","event_id":"…","occurred_at":"…","test":false}`.
    /// `data` is the producer's object, byte for byte; None for the time means: at acceptance.
    pub fn render(
        kind: &EventType,
        data: &str,
        occurred_at: Option<Timestamp>,
        test: bool,
    ) -> Self {
        todo!("{kind} {data} {occurred_at:?} {test}")
    }

    /// Length of the body in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Fills in what was not known; from now on the bytes never change.
    pub fn freeze(self, id: PublicId, received_at: Timestamp) -> Arc<[u8]> {
        let _ = (self.id_at, self.time_at);
        todo!("{id} {received_at}")
    }
}

/// The `data` object of a frozen body, byte for byte; None when it is not one of ours.
pub fn data_of(body: &[u8]) -> Option<&str> {
    todo!("{body:?}")
}

/// The built-in sample `data` of a type; own types get a small object with an id.
pub fn sample(kind: &EventType) -> &'static str {
    todo!("{kind}")
}

/// The label of a built-in type in English and French: `("At the end of a call", …)`.
pub fn labels(kind: &EventType) -> Option<(&'static str, &'static str)> {
    todo!("{kind}")
}
