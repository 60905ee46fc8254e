//! Applies changes to the tables: each in its order, row by row in the order of keys. What is
//! applied together may be of several batches.
//!
//! A batch that failed may be on disk all the same, and the engine gives its changes again: so
//! every change can be applied twice. An end that is already recorded is not recorded again, and
//! what moves a delivery that is no longer open does nothing.

use redb::{ReadableTable, WriteTransaction};

use super::OpenRow;
use super::damage::Damage;
use super::keyed::apply_keyed;
use super::life::Life;
use super::record;
use super::shared::Shared;
use super::tables::{CLOSED, EVENTS, HEADS, OPEN, Rows, place};
use super::tide::Tide;
use crate::domain::change::{Change, Ended, NewEvent, Reopened};
use crate::domain::id::{DeliveryKey, EventNumber};

/// After so many events the applier steps aside.
const HANDFUL: usize = 8;

/// Writes what the changes make of the tables.
pub(super) fn apply(
    transaction: &WriteTransaction,
    changes: &[Change],
    shared: &Shared,
) -> Result<(), redb::Error> {
    Events::open(transaction, shared)?.apply(changes)?;
    apply_keyed(transaction, changes)
}

/// Where a change belongs: the event it is about, and its own place.
type Mention = (EventNumber, usize);

/// The tables of events, and memory to write records in.
struct Events<'t> {
    heads: Rows<'t, u64>,
    bodies: Rows<'t, u64>,
    open: Rows<'t, u64>,
    closed: Rows<'t, u64>,
    damage: &'t Damage,
    tide: &'t Tide,
    buffer: Vec<u8>,
}

impl<'t> Events<'t> {
    fn open(transaction: &'t WriteTransaction, shared: &'t Shared) -> Result<Self, redb::Error> {
        Ok(Self {
            heads: transaction.open_table(HEADS)?,
            bodies: transaction.open_table(EVENTS)?,
            open: transaction.open_table(OPEN)?,
            closed: transaction.open_table(CLOSED)?,
            damage: &shared.damage,
            tide: &shared.tide,
            buffer: Vec::new(),
        })
    }

    /// Event by event in ascending order, so that neighbours in a page are written together,
    /// and each row is read and written once however often it is named.
    fn apply(&mut self, changes: &[Change]) -> Result<(), redb::Error> {
        let mut mentions: Vec<Mention> = Vec::with_capacity(changes.len());
        for (index, change) in changes.iter().enumerate() {
            let event = match change {
                Change::Event(new) => new.number,
                Change::Withdrawn(event)
                | Change::Pruned(event)
                | Change::Moved(event, _)
                | Change::Ended(event, _)
                | Change::Reopened(event, _) => *event,
                Change::Unopened(key) => key.event,
                _ => continue,
            };
            mentions.push((event, index));
        }
        mentions.sort_unstable();
        for (turn, group) in mentions.chunk_by(|one, next| one.0 == next.0).enumerate() {
            if turn % HANDFUL == HANDFUL - 1 {
                self.tide.step_aside();
            }
            self.one_event(group, changes)?;
        }
        Ok(())
    }

    fn one_event(&mut self, group: &[Mention], changes: &[Change]) -> Result<(), redb::Error> {
        let event = group[0].0;
        let mut life = Life::default();
        for (_, index) in group {
            match &changes[*index] {
                Change::Event(new) => {
                    self.accept(new)?;
                    if group.len() == 1 {
                        return self.accept_deliveries(new);
                    }
                    life = Life::begun(new);
                }
                Change::Withdrawn(_) => {
                    self.withdraw(event)?;
                    life = Life::default();
                }
                Change::Pruned(_) => {
                    let waits = match &life.open {
                        Some(row) => !row.open.is_empty(),
                        // A row that is damaged counts: nobody knows what waits there.
                        None => self.open.get(event.0)?.is_some(),
                    };
                    if !waits {
                        self.withdraw(event)?;
                        life = Life::default();
                    }
                }
                Change::Moved(_, moved) => {
                    if let Some(row) = self.open_row(event, &mut life)?
                        && let Some(one) = row
                            .open
                            .iter_mut()
                            .find(|one| one.key(event) == moved.key(event))
                    {
                        *one = *moved;
                        life.open_changed = true;
                    }
                }
                Change::Ended(_, ended) => self.end(event, ended, &mut life)?,
                Change::Reopened(_, reopened) => self.reopen(event, reopened, &mut life)?,
                Change::Unopened(key) => {
                    if let Some(row) = self.open_row(event, &mut life)? {
                        row.open.retain(|one| one.key(event) != *key);
                        life.open_changed = true;
                    }
                }
                _ => {}
            }
        }
        self.write_life(event, &life)
    }

    fn accept(&mut self, new: &NewEvent) -> Result<(), redb::Error> {
        let event = new.number.0;
        record::write_head(place(HEADS, &event), &new.head, &mut self.buffer);
        self.heads.insert(event, self.buffer.as_slice())?;
        record::write_body(place(EVENTS, &event), &new.body, &mut self.buffer);
        self.bodies.insert(event, self.buffer.as_slice())?;
        Ok(())
    }

    /// The deliveries of an event of which nothing else is said: no copies. Its number
    /// is new, so there is no older row to take away where it has none.
    fn accept_deliveries(&mut self, new: &NewEvent) -> Result<(), redb::Error> {
        let event = new.number.0;
        if !new.open.is_empty() {
            let NewEvent {
                head, expires_at, ..
            } = new;
            record::write_open(
                place(OPEN, &event),
                head.call,
                &head.kind,
                *expires_at,
                &new.open,
                &mut self.buffer,
            );
            self.open.insert(event, self.buffer.as_slice())?;
        }
        if !new.ended.is_empty() {
            record::write_ended(place(CLOSED, &event), &new.ended, &mut self.buffer);
            self.closed.insert(event, self.buffer.as_slice())?;
        }
        Ok(())
    }

    fn withdraw(&mut self, event: EventNumber) -> Result<(), redb::Error> {
        self.heads.remove(event.0)?;
        self.bodies.remove(event.0)?;
        self.open.remove(event.0)?;
        self.closed.remove(event.0)?;
        Ok(())
    }

    fn end(
        &mut self,
        event: EventNumber,
        ended: &Ended,
        life: &mut Life,
    ) -> Result<(), redb::Error> {
        let key = ended.key(event);
        let row = self.open_row(event, life)?;
        let found = row.and_then(|row| row.open.iter().position(|one| one.key(event) == key));
        if let (Some(row), Some(index)) = (&mut life.open, found) {
            row.open.remove(index);
            life.open_changed = true;
        } else if self.has_ended(event, key, life)? {
            return Ok(());
        }
        life.ended.push(*ended);
        Ok(())
    }

    /// Adds a delivery, unless it is there, or was and has ended, or its event is gone.
    fn reopen(
        &mut self,
        event: EventNumber,
        reopened: &Reopened,
        life: &mut Life,
    ) -> Result<(), redb::Error> {
        let key = reopened.open.key(event);
        let row = self.open_row(event, life)?;
        let is_open = row.is_some_and(|row| row.open.iter().any(|one| one.key(event) == key));
        if is_open || self.has_ended(event, key, life)? || self.heads.get(event.0)?.is_none() {
            return Ok(());
        }
        match &mut life.open {
            Some(row) if !row.open.is_empty() => row.open.push(reopened.open),
            row => {
                *row = Some(OpenRow {
                    call: reopened.call,
                    kind: reopened.kind.clone(),
                    expires_at: None,
                    open: vec![reopened.open],
                });
            }
        }
        life.open_changed = true;
        Ok(())
    }

    /// The event's open deliveries, read at their first mention; None when there are none, or
    /// when the row is damaged: it is left as it is.
    fn open_row<'l>(
        &self,
        event: EventNumber,
        life: &'l mut Life,
    ) -> Result<Option<&'l mut OpenRow>, redb::Error> {
        if !life.open_read {
            life.open_read = true;
            if let Some(bytes) = self.open.get(event.0)? {
                let row = record::read_open(place(OPEN, &event.0), bytes.value());
                life.open = self.damage.sift("open", event.0, row);
            }
        }
        Ok(life.open.as_mut())
    }

    fn has_ended(
        &self,
        event: EventNumber,
        key: DeliveryKey,
        life: &Life,
    ) -> Result<bool, redb::Error> {
        let same = |one: &Ended| one.key(event) == key;
        if life.ended.iter().any(same) || life.closed_is_new {
            return Ok(life.ended.iter().any(same));
        }
        let Some(bytes) = self.closed.get(event.0)? else {
            return Ok(false);
        };
        // A damaged row is reported when the end is added to it.
        let row = record::read_ended(place(CLOSED, &event.0), bytes.value());
        Ok(row.is_ok_and(|row| row.iter().any(same)))
    }

    fn write_life(&mut self, event: EventNumber, life: &Life) -> Result<(), redb::Error> {
        match &life.open {
            Some(row) if life.open_changed && row.open.is_empty() => {
                self.open.remove(event.0)?;
            }
            Some(row) if life.open_changed => {
                let (at, buffer) = (place(OPEN, &event.0), &mut self.buffer);
                record::write_open(at, row.call, &row.kind, row.expires_at, &row.open, buffer);
                self.open.insert(event.0, self.buffer.as_slice())?;
            }
            _ => {}
        }
        if !life.ended.is_empty() {
            self.write_closed(event, life)?;
        }
        Ok(())
    }

    /// Adds to the row of ended deliveries. One that is damaged makes way for a new one.
    fn write_closed(&mut self, event: EventNumber, life: &Life) -> Result<(), redb::Error> {
        let at = place(CLOSED, &event.0);
        let mut added = None;
        if !life.closed_is_new
            && let Some(bytes) = self.closed.get(event.0)?
        {
            let result = record::add_ended(at, bytes.value(), &life.ended, &mut self.buffer);
            added = self.damage.sift("closed", event.0, result);
        }
        if added.is_none() {
            record::write_ended(at, &life.ended, &mut self.buffer);
        }
        self.closed.insert(event.0, self.buffer.as_slice())?;
        Ok(())
    }
}
