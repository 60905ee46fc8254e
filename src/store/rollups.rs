//! The rows of rollups: read in a range, and dropped when they are too old. And what the oldest
//! events are.

use redb::{ReadOnlyTable, ReadableTable, TableError, WriteTransaction};

use super::read::Reader;
use super::tables::{self, ROLLUPS};
use super::{ReadError, record};
use crate::domain::id::EndpointNumber;
use crate::domain::rollup::{Rollup, RollupKey, Span};
use crate::domain::time::Timestamp;

type Table = ReadOnlyTable<(u32, u32), &'static [u8]>;

/// Rows of one kind that are dropped in one commit.
const DROPPED_MAX: usize = 1024;

impl Reader {
    /// The rollups of everything from one hour to another, both included, ascending.
    pub fn hours(&self, from: Span, to: Span) -> Result<Vec<(RollupKey, Rollup)>, ReadError> {
        self.rollups(|table, rows| {
            for row in table.range((from.0, 0)..=(to.0, u32::MAX))? {
                let (key, bytes) = row?;
                rows.extend(self.rollup(key.value(), bytes.value()));
            }
            Ok(())
        })
    }

    /// The rollups of the whole daemon from one minute or hour to another, both included,
    /// ascending. What it costs does not depend on how many endpoints there are.
    pub fn whole_rollups(
        &self,
        from: Span,
        to: Span,
    ) -> Result<Vec<(RollupKey, Rollup)>, ReadError> {
        self.rollups(|table, rows| {
            // Among the minutes there are no others. Many have none.
            if from >= Span::FIRST_MINUTE {
                for row in table.range((from.0, 0)..=(to.0, u32::MAX))? {
                    let (key, bytes) = row?;
                    rows.extend(self.rollup(key.value(), bytes.value()));
                }
                return Ok(());
            }
            for key in (from.0..=to.0).map(|span| stored(RollupKey::whole(Span(span)))) {
                if let Some(bytes) = table.get(key)? {
                    rows.extend(self.rollup(key, bytes.value()));
                }
            }
            Ok(())
        })
    }

    fn rollups(
        &self,
        fill: impl FnOnce(&Table, &mut Vec<(RollupKey, Rollup)>) -> Result<(), redb::Error>,
    ) -> Result<Vec<(RollupKey, Rollup)>, ReadError> {
        self.read(|transaction, _| {
            let mut rows = Vec::new();
            match transaction.open_table(ROLLUPS) {
                // A database of before there were any.
                Err(TableError::TableDoesNotExist(_)) => {}
                table => fill(&table?, &mut rows)?,
            }
            Ok(rows)
        })
    }

    fn rollup(&self, key: (u32, u32), bytes: &[u8]) -> Option<(RollupKey, Rollup)> {
        let rollup = record::read_rollup(tables::place(ROLLUPS, &key), bytes);
        let rollup = self.shared.damage.sift("rollups", key, rollup)?;
        let (span, of) = (Span(key.0), EndpointNumber(key.1));
        Some((RollupKey { span, of }, rollup))
    }

    /// When the oldest event came that is kept; None where there is none.
    pub fn oldest_event(&self) -> Result<Option<Timestamp>, ReadError> {
        self.read(|transaction, _| {
            let heads = transaction.open_table(tables::HEADS)?;
            Ok(heads.first()?.and_then(|(event, bytes)| {
                let event = event.value();
                let place = tables::place(tables::HEADS, &event);
                let head = record::read_head(place, bytes.value());
                let head = self.shared.damage.sift("heads", event, head);
                head.map(|head| head.received_at)
            }))
        })
    }

    /// When the oldest event came that has open deliveries; None where there is none.
    pub fn oldest_open(&self) -> Result<Option<Timestamp>, ReadError> {
        self.read(|transaction, _| {
            let open = transaction.open_table(tables::OPEN)?;
            let first = open.first()?.map(|(event, _)| event.value());
            let Some(event) = first else {
                return Ok(None);
            };
            let heads = transaction.open_table(tables::HEADS)?;
            let head = heads.get(event)?;
            Ok(head.and_then(|bytes| {
                let place = tables::place(tables::HEADS, &event);
                let head = record::read_head(place, bytes.value());
                let head = self.shared.damage.sift("heads", event, head);
                head.map(|head| head.received_at)
            }))
        })
    }
}

/// Drops hours and minutes that are older than these.
pub(super) fn drop_old(
    transaction: &WriteTransaction,
    hours: Span,
    minutes: Span,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(ROLLUPS)?;
    for (from, before) in [(Span(0), hours), (Span::FIRST_MINUTE, minutes)] {
        let old = table.range((from.0, 0)..(before.0, 0))?;
        let old = old.take(DROPPED_MAX).map(|row| Ok(row?.0.value()));
        let old: Vec<_> = old.collect::<Result<_, redb::Error>>()?;
        for key in old {
            table.remove(key)?;
        }
    }
    Ok(())
}

/// Whether a row is of an hour or a minute before these.
pub(super) fn is_old((span, _): (u32, u32), hours: Span, minutes: Span) -> bool {
    let before = if Span(span) < Span::FIRST_MINUTE {
        hours
    } else {
        minutes
    };
    Span(span) < before
}

/// The key of a row.
pub(super) const fn stored(key: RollupKey) -> (u32, u32) {
    (key.span.0, key.of.0)
}
