//! The records of an event: its head, its frozen body, its deliveries.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::{
    Broken, ENVELOPE_BYTES, Place, add, begin, close_envelope, codes, only, packed, seal, take,
    unseal_only,
};
use crate::domain::change::{Ended, Head, Open};
use crate::domain::event::{EventType, Origin};
use crate::domain::id::{EndpointNumber, TokenNumber};
use crate::domain::time::{Tick, Timestamp};
use crate::store::OpenRow;

const HEAD_VERSION: u8 = 1;
const BODY_VERSION: u8 = 1;
const OPEN_VERSION: u8 = 1;
const CLOSED_VERSION: u8 = 1;

/// Digests are random bits, which a variable length would only make longer.
type Digest = [u8; 8];
type LongDigest = [u8; 16];

#[derive(Serialize, Deserialize)]
enum OriginRow {
    Token(u32),
    Socket(u32),
    Own,
}

#[derive(Serialize, Deserialize)]
struct HeadRow<'a> {
    occurred_at: u64,
    received_at: u64,
    #[serde(borrow)]
    kind: Kind<'a>,
    origin: OriginRow,
    call: Option<Digest>,
    account: Option<Digest>,
    caller_number: Option<Digest>,
    tracked_number: Option<Digest>,
    idempotency_key: Option<LongDigest>,
    content: LongDigest,
    body_bytes: u32,
    matched: u32,
}

/// What stands before the entries of an `open` row.
#[derive(Serialize, Deserialize)]
struct OpenHeadRow<'a> {
    call: Option<Digest>,
    #[serde(borrow)]
    kind: Kind<'a>,
    expires_at: Option<u64>,
}

/// A delivery that has not ended.
#[derive(Serialize, Deserialize)]
pub(super) struct OpenEntry {
    endpoint: u32,
    due: u64,
    attempts: u8,
    round: u8,
    flags: u8,
}

/// A delivery that has ended.
#[derive(Serialize, Deserialize)]
pub(super) struct EndedEntry {
    endpoint: u32,
    round: u8,
    state: u8,
    reason: u8,
    attempts: u8,
    status: u16,
    ms: u32,
    ended_at: u64,
}

impl From<&Open> for OpenEntry {
    fn from(open: &Open) -> Self {
        Self {
            endpoint: open.endpoint.0,
            due: open.due.0,
            attempts: open.attempts,
            round: open.round,
            flags: open.flags,
        }
    }
}

impl From<OpenEntry> for Open {
    fn from(entry: OpenEntry) -> Self {
        Self {
            endpoint: EndpointNumber(entry.endpoint),
            due: Tick(entry.due),
            attempts: entry.attempts,
            round: entry.round,
            flags: entry.flags,
        }
    }
}

impl From<&Ended> for EndedEntry {
    fn from(ended: &Ended) -> Self {
        Self {
            endpoint: ended.endpoint.0,
            round: ended.round,
            state: codes::state::code(ended.state),
            reason: codes::reason::code(ended.reason),
            attempts: ended.attempts,
            status: ended.status,
            ms: ended.ms,
            ended_at: ended.ended_at.0,
        }
    }
}

impl TryFrom<EndedEntry> for Ended {
    type Error = Broken;

    fn try_from(entry: EndedEntry) -> Result<Self, Broken> {
        Ok(Self {
            endpoint: EndpointNumber(entry.endpoint),
            round: entry.round,
            state: codes::state::read(entry.state)?,
            reason: codes::reason::read(entry.reason)?,
            attempts: entry.attempts,
            status: entry.status,
            ms: entry.ms,
            ended_at: Timestamp(entry.ended_at),
        })
    }
}

/// The head of an event.
pub fn write_head(place: Place, head: &Head, buffer: &mut Vec<u8>) {
    let row = HeadRow {
        occurred_at: head.occurred_at.0,
        received_at: head.received_at.0,
        kind: (&head.kind).into(),
        origin: match head.origin {
            Origin::Token(token) => OriginRow::Token(token.0),
            Origin::Socket(user) => OriginRow::Socket(user),
            Origin::Own => OriginRow::Own,
        },
        call: head.call.map(u64::to_le_bytes),
        account: head.account.map(u64::to_le_bytes),
        caller_number: head.caller_number.map(u64::to_le_bytes),
        tracked_number: head.tracked_number.map(u64::to_le_bytes),
        idempotency_key: head.idempotency_key.map(u128::to_le_bytes),
        content: head.content.to_le_bytes(),
        body_bytes: head.body_bytes,
        matched: head.matched,
    };
    seal(place, HEAD_VERSION, &row, buffer);
}

/// The head of an event.
pub fn read_head(place: Place, bytes: &[u8]) -> Result<Head, Broken> {
    let row: HeadRow<'_> = only(unseal_only(place, HEAD_VERSION, bytes)?)?;
    Ok(Head {
        occurred_at: Timestamp(row.occurred_at),
        received_at: Timestamp(row.received_at),
        kind: row.kind.into(),
        origin: match row.origin {
            OriginRow::Token(token) => Origin::Token(TokenNumber(token)),
            OriginRow::Socket(user) => Origin::Socket(user),
            OriginRow::Own => Origin::Own,
        },
        call: row.call.map(u64::from_le_bytes),
        account: row.account.map(u64::from_le_bytes),
        caller_number: row.caller_number.map(u64::from_le_bytes),
        tracked_number: row.tracked_number.map(u64::from_le_bytes),
        idempotency_key: row.idempotency_key.map(u128::from_le_bytes),
        content: u128::from_le_bytes(row.content),
        body_bytes: row.body_bytes,
        matched: row.matched,
    })
}

/// A frozen body, as it is.
pub fn write_body(place: Place, body: &[u8], buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(&[0; ENVELOPE_BYTES]);
    buffer.extend_from_slice(body);
    close_envelope(place, BODY_VERSION, buffer);
}

/// A frozen body.
pub fn read_body(place: Place, bytes: &[u8]) -> Result<Arc<[u8]>, Broken> {
    unseal_only(place, BODY_VERSION, bytes).map(Arc::from)
}

/// The deliveries of an event that have not ended, and what order and expiry read of it.
pub fn write_open(
    place: Place,
    call: Option<u64>,
    kind: &EventType,
    expires_at: Option<Tick>,
    open: &[Open],
    buffer: &mut Vec<u8>,
) {
    let head = OpenHeadRow {
        call: call.map(u64::to_le_bytes),
        kind: kind.into(),
        expires_at: expires_at.map(|at| at.0),
    };
    begin(buffer);
    add(&head, buffer);
    for one in open {
        add(&OpenEntry::from(one), buffer);
    }
    close_envelope(place, OPEN_VERSION, buffer);
}

/// The deliveries of an event that have not ended.
pub fn read_open(place: Place, bytes: &[u8]) -> Result<OpenRow, Broken> {
    let (head, rest): (OpenHeadRow<'_>, _) = take(unseal_only(place, OPEN_VERSION, bytes)?)?;
    Ok(OpenRow {
        call: head.call.map(u64::from_le_bytes),
        kind: head.kind.into(),
        expires_at: head.expires_at.map(Tick),
        open: packed(rest, |entry: OpenEntry| Ok(entry.into()))?,
    })
}

/// The deliveries of an event that have ended.
pub fn write_ended(place: Place, ended: &[Ended], buffer: &mut Vec<u8>) {
    begin(buffer);
    close_ended(place, ended, buffer);
}

/// The same after those that `bytes` holds, which are not decoded for it.
pub fn add_ended(
    place: Place,
    bytes: &[u8],
    ended: &[Ended],
    buffer: &mut Vec<u8>,
) -> Result<(), Broken> {
    let before = unseal_only(place, CLOSED_VERSION, bytes)?;
    begin(buffer);
    buffer.extend_from_slice(before);
    close_ended(place, ended, buffer);
    Ok(())
}

fn close_ended(place: Place, ended: &[Ended], buffer: &mut Vec<u8>) {
    for one in ended {
        add(&EndedEntry::from(one), buffer);
    }
    close_envelope(place, CLOSED_VERSION, buffer);
}

/// The deliveries of an event that have ended, in the order in which they did.
pub fn read_ended(place: Place, bytes: &[u8]) -> Result<Vec<Ended>, Broken> {
    let body = unseal_only(place, CLOSED_VERSION, bytes)?;
    packed(body, |entry: EndedEntry| entry.try_into())
}
