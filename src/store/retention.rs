//! What pruning reads: a slice of events in ascending order, without their bodies.

use redb::ReadTransaction;

use super::record;
use super::tables::{self, CLOSED, HEADS, OPEN, place};
use super::{ReadError, Reader};
use crate::domain::change::{EndState, Ended, Head};
use crate::domain::id::EventNumber;
use crate::domain::retention::Stored;

/// A part of a walk over all events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Slice {
    /// The events, ascending.
    pub events: Vec<Stored>,
    /// Where the next slice begins; None at the end.
    pub next: Option<EventNumber>,
}

impl Reader {
    /// Up to `rows_max` events from that number on. One whose head is damaged is passed over:
    /// it is kept until somebody has looked at it.
    pub fn slice(&self, from: EventNumber, rows_max: usize) -> Result<Slice, ReadError> {
        self.read(|transaction, _| {
            let mut heads = transaction.open_table(HEADS)?.range(from.0..)?;
            let mut slice = Slice::default();
            for _ in 0..rows_max {
                let Some(row) = heads.next() else {
                    return Ok(slice);
                };
                let (key, bytes) = row?;
                let event = key.value();
                let head = record::read_head(place(HEADS, &event), bytes.value());
                if let Some(head) = self.shared.damage.sift("heads", event, head) {
                    slice.events.push(self.stored(transaction, event, &head)?);
                }
            }
            let next = heads.next().transpose()?;
            slice.next = next.map(|(key, _)| EventNumber(key.value()));
            Ok(slice)
        })
    }

    fn stored(
        &self,
        transaction: &ReadTransaction,
        event: u64,
        head: &Head,
    ) -> Result<Stored, redb::Error> {
        let damage = &self.shared.damage;
        let open_row = transaction.open_table(OPEN)?.get(event)?;
        let open = open_row.as_ref().and_then(|bytes| {
            let row = record::read_open(place(OPEN, &event), bytes.value());
            damage.sift("open", event, row)
        });
        let closed = transaction.open_table(tables::CLOSED)?.get(event)?;
        let ended = match closed {
            Some(bytes) => {
                let row = record::read_ended(place(CLOSED, &event), bytes.value());
                damage.sift("closed", event, row)
            }
            None => Some(Vec::new()),
        };
        let delivered = |one: &Ended| one.state == EndState::Delivered;
        Ok(Stored {
            number: EventNumber(event),
            received_at: head.received_at,
            ended_at: ended.iter().flatten().map(|one| one.ended_at).max(),
            // Of a damaged row nobody knows.
            delivered: ended.is_some_and(|ended| ended.iter().all(delivered)),
            body_bytes: head.body_bytes,
            call: head.call,
            waits: open_row.is_some(),
            open: open.map(|row| row.open).unwrap_or_default(),
        })
    }
}
