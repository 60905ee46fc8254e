//! What a replay reads: events in ascending order, from the first that came in its window.

use redb::ReadOnlyTable;

use super::record;
use super::tables::{CLOSED, HEADS, OPEN, place};
use super::{ReadError, Reader, StoredEvent, Walk};
use crate::domain::change::Head;
use crate::domain::id::EventNumber;
use crate::domain::time::Timestamp;

/// What stands beside the heads, for some events only.
struct Beside {
    open: ReadOnlyTable<u64, &'static [u8]>,
    closed: ReadOnlyTable<u64, &'static [u8]>,
}

impl Reader {
    /// Events from that number on, ascending, for as long as `each` says `On` and at most
    /// `rows_max`. Returns where a next call would go on, None at the end. One whose head is
    /// damaged is passed over.
    pub fn events_forwards(
        &self,
        from: EventNumber,
        rows_max: usize,
        each: &mut dyn FnMut(StoredEvent) -> Walk,
    ) -> Result<Option<EventNumber>, ReadError> {
        self.read(|transaction, caller| {
            let mut heads = transaction.open_table(HEADS)?.range(from.0..)?;
            let beside = Beside {
                open: transaction.open_table(OPEN)?,
                closed: transaction.open_table(CLOSED)?,
            };
            for _ in 0..rows_max {
                let Some(row) = heads.next() else {
                    return Ok(None);
                };
                let (key, bytes) = row?;
                let event = key.value();
                let head = record::read_head(place(HEADS, &event), bytes.value());
                if let Some(head) = self.shared.damage.sift("heads", event, head) {
                    let stored = self.with_rows(&beside, event, head)?;
                    if caller.call(|| each(stored)) == Walk::Stop {
                        break;
                    }
                }
            }
            let next = heads.next().transpose()?;
            Ok(next.map(|(key, _)| EventNumber(key.value())))
        })
    }

    fn with_rows(
        &self,
        beside: &Beside,
        event: u64,
        head: Head,
    ) -> Result<StoredEvent, redb::Error> {
        let damage = &self.shared.damage;
        let open = beside.open.get(event)?;
        let open = open.and_then(|bytes| {
            let row = record::read_open(place(OPEN, &event), bytes.value());
            damage.sift("open", event, row)
        });
        let ended = beside.closed.get(event)?;
        let ended = ended.and_then(|bytes| {
            let row = record::read_ended(place(CLOSED, &event), bytes.value());
            damage.sift("closed", event, row)
        });
        Ok(StoredEvent {
            number: EventNumber(event),
            head,
            open: open.map(|row| row.open).unwrap_or_default(),
            ended: ended.unwrap_or_default(),
        })
    }

    /// The first event that came at that time or later, as far as times go up with numbers: for
    /// a step of the clock the caller asks for an earlier time. None when there is none. It looks
    /// at some forty rows, however many there are.
    pub fn first_since(&self, since: Timestamp) -> Result<Option<EventNumber>, ReadError> {
        self.read(|transaction, _| {
            let heads = transaction.open_table(HEADS)?;
            // The first readable row from a number on, and when its event came.
            let at = |from: u64| -> Result<Option<(u64, Timestamp)>, redb::Error> {
                for row in heads.range(from..)? {
                    let (key, bytes) = row?;
                    let event = key.value();
                    let head = record::read_head(place(HEADS, &event), bytes.value());
                    if let Some(head) = self.shared.damage.sift("heads", event, head) {
                        return Ok(Some((event, head.received_at)));
                    }
                }
                Ok(None)
            };
            let newest = heads.range(0u64..)?.next_back().transpose()?;
            let Some((newest, _)) = newest else {
                return Ok(None);
            };
            // All before `low` came earlier; the row that is looked for is not behind `high`.
            let (mut low, mut high) = (0, newest.value().saturating_add(1));
            while low < high {
                let middle = low + (high - low) / 2;
                match at(middle)? {
                    Some((event, received_at)) if received_at < since => low = event + 1,
                    _ => high = middle,
                }
            }
            Ok(at(low)?.map(|(event, _)| EventNumber(event)))
        })
    }
}
