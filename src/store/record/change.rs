//! The changes of a batch, as the journal keeps them until the tables have them.
//!
//! What a table keeps as a record is kept here as that record, so that a new form of it needs
//! nothing here. There is no checksum but those of the records: the journal has one for a batch.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{EndedEntry, OpenEntry};
use super::kind::Kind;
use super::{Broken, Bytes, Place, add, take};
use crate::domain::change::{Change, NewEvent, Reopened};
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber, TokenNumber};
use crate::domain::rollup::{RollupKey, Span};
use crate::domain::time::Tick;

/// One change. The order of the variants is the disk form: new ones are added at the end.
#[derive(Serialize, Deserialize)]
enum Row<'a> {
    Event(#[serde(borrow)] EventRow<'a>),
    Withdrawn(u64),
    Pruned(u64),
    Moved(u64, OpenEntry),
    Ended(u64, EndedEntry),
    Reopened(u64, Option<[u8; 8]>, #[serde(borrow)] Kind<'a>, OpenEntry),
    /// Event, endpoint, round.
    Unopened(u64, u32, u8),
    Endpoint(u32, #[serde(borrow)] Bytes<'a>),
    EndpointRemoved(u32),
    Token(u32, #[serde(borrow)] Bytes<'a>),
    TokenRemoved(u32),
    History(u8, #[serde(borrow)] Bytes<'a>),
    Recent(u32, #[serde(borrow)] Bytes<'a>),
    /// Hour or minute, endpoint.
    Rollup(u32, u32, #[serde(borrow)] Bytes<'a>),
    /// Hours, minutes.
    RollupsDropped(u32, u32),
    Numbers(#[serde(borrow)] Bytes<'a>),
    BodyBytes(u64),
}

#[derive(Serialize, Deserialize)]
struct EventRow<'a> {
    number: u64,
    #[serde(borrow)]
    head: Bytes<'a>,
    #[serde(borrow)]
    body: Bytes<'a>,
    expires_at: Option<u64>,
    open: Vec<OpenEntry>,
    ended: Vec<EndedEntry>,
}

/// The place of every record in a journal.
fn place() -> Place {
    Place::new("journal", &[])
}

/// Adds the changes to what `out` holds. `record` is memory to write records in.
pub fn write_changes(changes: &[Change], record: &mut Vec<u8>, out: &mut Vec<u8>) {
    let place = place();
    for change in changes {
        write_record(place, change, record);
        add(&row(change, Bytes(record)), out);
    }
}

/// The changes of a batch.
pub fn read_changes(mut bytes: &[u8]) -> Result<Vec<Change>, Broken> {
    let place = place();
    let mut changes = Vec::new();
    while !bytes.is_empty() {
        let (row, rest) = take(bytes)?;
        changes.push(change(place, row)?);
        bytes = rest;
    }
    Ok(changes)
}

/// The record that a change brings, with its place; of an event that is its head. `false`: it
/// brings none, and `record` stays as it was.
pub fn write_record(place: Place, change: &Change, record: &mut Vec<u8>) -> bool {
    match change {
        Change::Event(new) => super::write_head(place, &new.head, record),
        Change::Endpoint(endpoint) => super::write_endpoint(place, endpoint, record),
        Change::Token(token) => super::write_token(place, token, record),
        Change::History(_, attempt) => super::write_attempt(place, attempt, record),
        Change::Recent(_, recent) => super::write_recent(place, recent, record),
        Change::Rollup(_, rollup) => super::write_rollup(place, rollup, record),
        Change::Numbers(numbers) => super::write_numbers(place, numbers, record),
        Change::BodyBytes(bytes) => super::write_body_bytes(place, *bytes, record),
        Change::Withdrawn(_)
        | Change::Pruned(_)
        | Change::Moved(..)
        | Change::Ended(..)
        | Change::Reopened(..)
        | Change::Unopened(_)
        | Change::EndpointRemoved(_)
        | Change::TokenRemoved(_)
        | Change::RollupsDropped { .. } => return false,
    }
    true
}

fn row<'a>(change: &'a Change, record: Bytes<'a>) -> Row<'a> {
    match change {
        Change::Event(new) => Row::Event(EventRow {
            number: new.number.0,
            head: record,
            body: Bytes(&new.body),
            expires_at: new.expires_at.map(|at| at.0),
            open: new.open.iter().map(OpenEntry::from).collect(),
            ended: new.ended.iter().map(EndedEntry::from).collect(),
        }),
        Change::Withdrawn(event) => Row::Withdrawn(event.0),
        Change::Pruned(event) => Row::Pruned(event.0),
        Change::Moved(event, open) => Row::Moved(event.0, open.into()),
        Change::Ended(event, ended) => Row::Ended(event.0, ended.into()),
        Change::Reopened(event, reopened) => {
            let Reopened { call, kind, open } = &**reopened;
            let call = call.map(u64::to_le_bytes);
            Row::Reopened(event.0, call, kind.into(), open.into())
        }
        Change::Unopened(key) => Row::Unopened(key.event.0, key.endpoint.0, key.round),
        Change::Endpoint(endpoint) => Row::Endpoint(endpoint.number.0, record),
        Change::EndpointRemoved(endpoint) => Row::EndpointRemoved(endpoint.0),
        Change::Token(token) => Row::Token(token.number.0, record),
        Change::TokenRemoved(token) => Row::TokenRemoved(token.0),
        Change::History(slot, _) => Row::History(*slot, record),
        Change::Recent(endpoint, _) => Row::Recent(endpoint.0, record),
        Change::Rollup(key, _) => Row::Rollup(key.span.0, key.of.0, record),
        Change::RollupsDropped { hours, minutes } => Row::RollupsDropped(hours.0, minutes.0),
        Change::Numbers(_) => Row::Numbers(record),
        Change::BodyBytes(bytes) => Row::BodyBytes(*bytes),
    }
}

fn change(place: Place, row: Row<'_>) -> Result<Change, Broken> {
    Ok(match row {
        Row::Event(row) => Change::Event(Arc::new(new_event(place, row)?)),
        Row::Withdrawn(event) => Change::Withdrawn(EventNumber(event)),
        Row::Pruned(event) => Change::Pruned(EventNumber(event)),
        Row::Moved(event, open) => Change::Moved(EventNumber(event), open.into()),
        Row::Ended(event, ended) => Change::Ended(EventNumber(event), ended.try_into()?),
        Row::Reopened(event, call, kind, open) => {
            let reopened = Reopened {
                call: call.map(u64::from_le_bytes),
                kind: kind.into(),
                open: open.into(),
            };
            Change::Reopened(EventNumber(event), Box::new(reopened))
        }
        Row::Unopened(event, endpoint, round) => Change::Unopened(DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(endpoint),
            round,
        }),
        Row::Endpoint(number, record) => {
            let endpoint = super::read_endpoint(place, EndpointNumber(number), record.0)?;
            Change::Endpoint(Arc::new(endpoint))
        }
        Row::EndpointRemoved(endpoint) => Change::EndpointRemoved(EndpointNumber(endpoint)),
        Row::Token(number, record) => {
            let token = super::read_token(place, TokenNumber(number), record.0)?;
            Change::Token(Arc::new(token))
        }
        Row::TokenRemoved(token) => Change::TokenRemoved(TokenNumber(token)),
        Row::History(slot, record) => {
            Change::History(slot, Arc::new(super::read_attempt(place, record.0)?))
        }
        Row::Recent(endpoint, record) => {
            let recent = super::read_recent(place, record.0)?;
            Change::Recent(EndpointNumber(endpoint), recent)
        }
        Row::Rollup(span, of, record) => {
            let (span, of) = (Span(span), EndpointNumber(of));
            let rollup = super::read_rollup(place, record.0)?;
            Change::Rollup(RollupKey { span, of }, Box::new(rollup))
        }
        Row::RollupsDropped(hours, minutes) => Change::RollupsDropped {
            hours: Span(hours),
            minutes: Span(minutes),
        },
        Row::Numbers(record) => Change::Numbers(super::read_numbers(place, record.0)?),
        Row::BodyBytes(bytes) => Change::BodyBytes(bytes),
    })
}

fn new_event(place: Place, row: EventRow<'_>) -> Result<NewEvent, Broken> {
    let ended = row.ended.into_iter().map(TryInto::try_into);
    Ok(NewEvent {
        number: EventNumber(row.number),
        head: super::read_head(place, row.head.0)?,
        body: row.body.0.into(),
        expires_at: row.expires_at.map(Tick),
        open: row.open.into_iter().map(Into::into).collect(),
        ended: ended.collect::<Result<_, _>>()?,
    })
}
