//! Reading: short snapshots, copied out.
//!
//! A snapshot that lives on keeps pages from being used again, and the file grows without
//! shrinking: every transaction is begun and ended in this file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use redb::{Range, ReadTransaction, ReadableTable, TableHandle};

use super::record::{self, Broken, Place};
use super::shared::{Shared, failed};
use super::tables::{self, Definition};
use super::tide::Away;
use super::{OpenRow, ReadError, StoredEvent, Walk};
use crate::domain::attempt::Attempt;
use crate::domain::change::Head;
use crate::domain::id::{EndpointNumber, EventNumber};

/// Reads snapshots. Every call is a short transaction; what it returns is copied out.
/// Blocking: not for the async threads.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Calls `each` for every row of open deliveries, in the order of events.
    pub fn each_open(&self, each: &mut dyn FnMut(EventNumber, OpenRow)) -> Result<(), ReadError> {
        self.read(|transaction, caller| {
            tables::walk(transaction, tables::OPEN, |event, place, bytes| {
                let row = record::read_open(place, bytes);
                if let Some(row) = self.shared.damage.sift("open", event, row) {
                    caller.call(|| each(EventNumber(event), row));
                }
            })
        })
    }

    /// The heads of events, newest first, for as long as `each` says `On`: without deliveries.
    pub fn heads_backwards(
        &self,
        each: &mut dyn FnMut(EventNumber, Head) -> Walk,
    ) -> Result<(), ReadError> {
        self.read(|transaction, caller| {
            for row in transaction.open_table(tables::HEADS)?.iter()?.rev() {
                let (event, bytes) = row?;
                let (event, head) = (event.value(), bytes.value());
                let head = record::read_head(tables::place(tables::HEADS, &event), head);
                if let Some(head) = self.shared.damage.sift("heads", event, head)
                    && caller.call(|| each(EventNumber(event), head)) == Walk::Stop
                {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The frozen body of an event; None when there is none, or it is damaged.
    pub fn body(&self, event: EventNumber) -> Result<Option<Arc<[u8]>>, ReadError> {
        let read = |transaction: &ReadTransaction, _: &Caller| {
            self.one(transaction, tables::EVENTS, event, record::read_body)
        };
        // It never changes, and what a delivery wants is there as a rule: no need to have all
        // that was committed since.
        match self.read_as_is(read)? {
            Some(body) => Ok(Some(body)),
            None => self.read(read),
        }
    }

    /// An event; None when there is none.
    pub fn event(&self, event: EventNumber) -> Result<Option<StoredEvent>, ReadError> {
        self.read(|transaction, _| {
            let Some(head) = self.one(transaction, tables::HEADS, event, record::read_head)? else {
                return Ok(None);
            };
            let open = self.one(transaction, tables::OPEN, event, record::read_open)?;
            let ended = self.one(transaction, tables::CLOSED, event, record::read_ended)?;
            Ok(Some(StoredEvent {
                number: event,
                head,
                open: open.map(|row| row.open).unwrap_or_default(),
                ended: ended.unwrap_or_default(),
            }))
        })
    }

    /// Events before `before` (None: from the newest), newest first, for as long as `each` says
    /// `On` and at most `rows_max`. Returns where a next call would go on, None at the end.
    pub fn events_backwards(
        &self,
        before: Option<EventNumber>,
        rows_max: usize,
        each: &mut dyn FnMut(StoredEvent) -> Walk,
    ) -> Result<Option<EventNumber>, ReadError> {
        let below = before.map_or(u64::MAX, |event| event.0);
        self.read(|transaction, caller| {
            let mut heads = transaction.open_table(tables::HEADS)?.range(..below)?.rev();
            let mut open = Beside::open(transaction, tables::OPEN, below)?;
            let mut closed = Beside::open(transaction, tables::CLOSED, below)?;
            let mut last = below;
            for _ in 0..rows_max {
                let Some(row) = heads.next() else {
                    return Ok(None);
                };
                let (key, bytes) = row?;
                last = key.value();
                let damage = &self.shared.damage;
                let open = open.at(last, |place, bytes| {
                    damage.sift("open", last, record::read_open(place, bytes))
                })?;
                let ended = closed.at(last, |place, bytes| {
                    damage.sift("closed", last, record::read_ended(place, bytes))
                })?;
                let place = tables::place(tables::HEADS, &last);
                let head = damage.sift("heads", last, record::read_head(place, bytes.value()));
                let Some(head) = head else { continue };
                let stored = StoredEvent {
                    number: EventNumber(last),
                    head,
                    open: open.map(|row| row.open).unwrap_or_default(),
                    ended: ended.unwrap_or_default(),
                };
                if caller.call(|| each(stored)) == Walk::Stop {
                    break;
                }
            }
            Ok(heads.next().transpose()?.map(|_| EventNumber(last)))
        })
    }

    /// The attempts in an endpoint's ring as the database has them, in no order. The engine's
    /// dirty slots are newer.
    pub fn history(&self, endpoint: EndpointNumber) -> Result<Vec<(u8, Attempt)>, ReadError> {
        let key = endpoint.0;
        self.read(|transaction, _| {
            let mut attempts = Vec::new();
            let table = transaction.open_table(tables::HISTORY)?;
            for row in table.range((key, 0)..=(key, u8::MAX))? {
                let (slot, bytes) = row?;
                let slot = slot.value();
                let place = tables::place(tables::HISTORY, &slot);
                let attempt = record::read_attempt(place, bytes.value());
                if let Some(attempt) = self.shared.damage.sift("history", slot, attempt) {
                    attempts.push((slot.1, attempt));
                }
            }
            Ok(attempts)
        })
    }

    /// Size of the file in bytes; 0 when the system does not say.
    pub fn file_bytes(&self) -> u64 {
        std::fs::metadata(&self.shared.path).map_or(0, |file| file.len())
    }

    /// Free bytes of the file's disk; 0 when the system does not say, for then the disk is as
    /// good as full.
    pub fn disk_free_bytes(&self) -> u64 {
        rustix::fs::statvfs(&self.shared.path)
            .map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// How many damaged records were met and set aside since the start.
    pub fn damaged(&self) -> u64 {
        self.shared.damage.count()
    }

    /// A snapshot with all that was committed before, for as long as `work` takes.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction, &Caller) -> Result<T, redb::Error>,
    ) -> Result<T, ReadError> {
        let caught_up = self.shared.tide.catch_up();
        caught_up.map_err(|Away| ReadError::Away)?;
        self.read_as_is(work)
    }

    /// The same without what is only in the journal. redb may panic over a damaged page, and one
    /// event that can't be read must not end the process at each start: that is an error like
    /// others.
    pub(super) fn read_as_is<T>(
        &self,
        work: impl FnOnce(&ReadTransaction, &Caller) -> Result<T, redb::Error>,
    ) -> Result<T, ReadError> {
        let transaction = self.shared.begin_read()?;
        let caller = Caller::default();
        match catch_unwind(AssertUnwindSafe(|| work(&transaction, &caller))) {
            Ok(result) => result.map_err(|error| failed(&error)),
            Err(panic) if caller.0.get() => resume_unwind(panic),
            Err(_) => Err(ReadError::Failed("a page of it is damaged".into())),
        }
    }

    fn one<T>(
        &self,
        transaction: &ReadTransaction,
        table: Definition<u64>,
        event: EventNumber,
        read: impl FnOnce(Place, &[u8]) -> Result<T, Broken>,
    ) -> Result<Option<T>, redb::Error> {
        let bytes = transaction.open_table(table)?.get(event.0)?;
        Ok(bytes.and_then(|bytes| {
            let record = read(tables::place(table, &event.0), bytes.value());
            self.shared.damage.sift(table.name(), event.0, record)
        }))
    }
}

/// Knows whether it is the caller's code that runs: its panics are its own.
#[derive(Default)]
pub(super) struct Caller(Cell<bool>);

impl Caller {
    pub(super) fn call<T>(&self, each: impl FnOnce() -> T) -> T {
        self.0.set(true);
        let answer = each();
        self.0.set(false);
        answer
    }
}

/// A table that is walked backwards beside `heads`, with rows for some events only: cheaper
/// than a look-up for each.
struct Beside {
    table: Definition<u64>,
    rows: Range<'static, u64, &'static [u8]>,
    next: Option<(u64, redb::AccessGuard<'static, &'static [u8]>)>,
}

impl Beside {
    fn open(
        transaction: &ReadTransaction,
        table: Definition<u64>,
        below: u64,
    ) -> Result<Self, redb::Error> {
        let rows = transaction.open_table(table)?.range(..below)?;
        let next = None;
        let mut beside = Self { table, rows, next };
        beside.step()?;
        Ok(beside)
    }

    /// The row of that event. Events must come in descending order.
    fn at<T>(
        &mut self,
        event: u64,
        read: impl FnOnce(Place, &[u8]) -> Option<T>,
    ) -> Result<Option<T>, redb::Error> {
        // A row whose event is gone is passed over.
        while self.next.as_ref().is_some_and(|(key, _)| *key > event) {
            self.step()?;
        }
        Ok(match &self.next {
            Some((key, bytes)) if *key == event => {
                read(tables::place(self.table, key), bytes.value())
            }
            _ => None,
        })
    }

    fn step(&mut self) -> Result<(), redb::Error> {
        let row = self.rows.next_back().transpose()?;
        self.next = row.map(|(key, bytes)| (key.value(), bytes));
        Ok(())
    }
}
