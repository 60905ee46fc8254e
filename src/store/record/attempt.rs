//! The records of attempts: a slot of the history, and the last ones in short.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::{
    Broken, Bytes, Place, add, begin, close_envelope, codes, only, packed, seal, unseal_only,
};
use crate::domain::attempt::{
    Attempt, BODY_KEPT_BYTES, Exchange, Headers, Recent, Reply, Request, SendError, Timings,
};
use crate::domain::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber};
use crate::domain::time::Timestamp;

const ATTEMPT_VERSION: u8 = 1;
const RECENT_VERSION: u8 = 1;

/// `H` is borrowed header fields when a record is written, and owned ones when it is read.
#[derive(Serialize, Deserialize)]
struct AttemptRow<'a, H> {
    number: u64,
    endpoint: u32,
    /// Event, endpoint, round.
    delivery: Option<(u64, u32, u8)>,
    event: u64,
    #[serde(borrow)]
    kind: Kind<'a>,
    n: u8,
    at: u64,
    duration_ms: u32,
    #[serde(borrow)]
    request: RequestRow<'a, H>,
    #[serde(borrow)]
    answer: AnswerRow<'a, H>,
    /// Resolve, connect, TLS, wait, read.
    timings_ms: [Option<u32>; 5],
    cut: bool,
    outcome: u8,
    next_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct RequestRow<'a, H> {
    url: &'a str,
    headers: H,
    #[serde(borrow)]
    body: Bytes<'a>,
    timeout_ms: u32,
}

#[derive(Serialize, Deserialize)]
enum AnswerRow<'a, H> {
    Reply {
        status: u16,
        headers: H,
        #[serde(borrow)]
        body: Bytes<'a>,
        truncated: bool,
    },
    Error {
        kind: u8,
        phase: u8,
        message: &'a str,
    },
}

#[derive(Serialize, Deserialize)]
struct RecentEntry {
    at: u64,
    outcome: u8,
    status: u16,
    ms: u32,
    slot: u8,
}

/// An attempt, with as much of its bodies as is kept.
pub fn write_attempt(place: Place, attempt: &Attempt, buffer: &mut Vec<u8>) {
    let Exchange {
        request, timings, ..
    } = &attempt.exchange;
    let row = AttemptRow {
        number: attempt.number.0,
        endpoint: attempt.endpoint.0,
        delivery: attempt
            .delivery
            .map(|key| (key.event.0, key.endpoint.0, key.round)),
        event: attempt.event.0,
        kind: (&attempt.kind).into(),
        n: attempt.n,
        at: attempt.exchange.at.0,
        duration_ms: attempt.exchange.duration_ms,
        request: RequestRow {
            url: &request.url,
            headers: request.headers.as_slice(),
            body: kept(&request.body),
            timeout_ms: request.timeout_ms,
        },
        answer: answer_row(&attempt.exchange.result),
        timings_ms: [
            timings.resolve_ms,
            timings.connect_ms,
            timings.tls_ms,
            timings.wait_ms,
            timings.read_ms,
        ],
        cut: attempt.exchange.cut,
        outcome: codes::outcome::code(attempt.outcome),
        next_at: attempt.next_at.map(|at| at.0),
    };
    seal(place, ATTEMPT_VERSION, &row, buffer);
}

/// An attempt.
pub fn read_attempt(place: Place, bytes: &[u8]) -> Result<Attempt, Broken> {
    let row: AttemptRow<'_, Headers> = only(unseal_only(place, ATTEMPT_VERSION, bytes)?)?;
    let [resolve_ms, connect_ms, tls_ms, wait_ms, read_ms] = row.timings_ms;
    Ok(Attempt {
        number: AttemptNumber(row.number),
        endpoint: EndpointNumber(row.endpoint),
        delivery: row.delivery.map(|(event, endpoint, round)| DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(endpoint),
            round,
        }),
        event: EventNumber(row.event),
        kind: row.kind.into(),
        n: row.n,
        exchange: Exchange {
            at: Timestamp(row.at),
            duration_ms: row.duration_ms,
            request: Request {
                url: row.request.url.into(),
                headers: row.request.headers,
                body: row.request.body.0.into(),
                timeout_ms: row.request.timeout_ms,
                tls: None,
            },
            result: answer(row.answer)?,
            timings: Timings {
                resolve_ms,
                connect_ms,
                tls_ms,
                wait_ms,
                read_ms,
            },
            cut: row.cut,
        },
        outcome: codes::outcome::read(row.outcome)?,
        next_at: row.next_at.map(Timestamp),
    })
}

/// The last attempts in short.
pub fn write_recent(place: Place, recent: &[Recent], buffer: &mut Vec<u8>) {
    begin(buffer);
    for one in recent {
        let entry = RecentEntry {
            at: one.at.0,
            outcome: codes::outcome::code(one.outcome),
            status: one.status,
            ms: one.ms,
            slot: one.slot,
        };
        add(&entry, buffer);
    }
    close_envelope(place, RECENT_VERSION, buffer);
}

/// The last attempts in short, as they were given.
pub fn read_recent(place: Place, bytes: &[u8]) -> Result<Vec<Recent>, Broken> {
    packed(
        unseal_only(place, RECENT_VERSION, bytes)?,
        |entry: RecentEntry| {
            Ok(Recent {
                at: Timestamp(entry.at),
                outcome: codes::outcome::read(entry.outcome)?,
                status: entry.status,
                ms: entry.ms,
                slot: entry.slot,
            })
        },
    )
}

fn answer_row(result: &Result<Reply, SendError>) -> AnswerRow<'_, &[(String, String)]> {
    match result {
        Ok(reply) => AnswerRow::Reply {
            status: reply.status,
            headers: &reply.headers,
            body: kept(&reply.body),
            truncated: reply.truncated || reply.body.len() > BODY_KEPT_BYTES,
        },
        Err(error) => AnswerRow::Error {
            kind: codes::error_kind::code(error.kind),
            phase: codes::phase::code(error.phase),
            message: &error.message,
        },
    }
}

fn answer(row: AnswerRow<'_, Headers>) -> Result<Result<Reply, SendError>, Broken> {
    Ok(match row {
        AnswerRow::Reply {
            status,
            headers,
            body,
            truncated,
        } => Ok(Reply {
            status,
            headers,
            body: body.0.to_vec(),
            truncated,
        }),
        AnswerRow::Error {
            kind,
            phase,
            message,
        } => Err(SendError {
            kind: codes::error_kind::read(kind)?,
            phase: codes::phase::read(phase)?,
            message: message.to_owned(),
        }),
    })
}

/// The history keeps the beginning of a body; the whole one is in `events`.
fn kept(body: &[u8]) -> Bytes<'_> {
    Bytes(&body[..body.len().min(BODY_KEPT_BYTES)])
}
