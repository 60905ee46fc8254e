//! `POST /v1/events/batch`: several events, one on each line, in one commit or not at all.

use bytes::Bytes;
use http::StatusCode;

use crate::domain::endpoint::FieldError;
use crate::domain::event::{Incoming, Origin};
use crate::domain::id::Epochs;
use crate::domain::intake::{LINES_MAX, Unreadable, UnreadableLines, read_lines};
use crate::engine::handle::{Accepted, Refusal};

use super::super::answer::{self, Answer};
use super::super::body::{NDJSON, check_media_type};
use super::super::edge::{Edge, aside, ask, stopping};
use super::super::problem::{Code, FieldProblem, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::event_post::{ITEM_BYTES, write_item};

/// Takes all of them; the answer comes when all are on disk.
pub async fn post(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let headers = &call.head.headers;
    check_media_type(headers, NDJSON)?;
    if headers.contains_key("idempotency-key") {
        let message = "belongs into each line of a batch, as idempotency_key";
        let problem = Problem::malformed("Idempotency-Key", "not_allowed", message, None);
        return Err(problem);
    }
    let place = tokio::time::timeout(edge.batches.timeout, edge.batch_places.acquire());
    let place = place
        .await
        .map_err(|_| Problem::from(Refusal::Busy))?
        .map_err(|_| stopping())?;
    let body = call.body.read(headers, edge.batches).await?;
    let (origin, line_bytes_max) = (call.caller.origin(), edge.bodies.bytes_max);
    // Some milliseconds of work for a large one: not on the threads that all requests share.
    let events = aside(move || read(&body, line_bytes_max, origin)).await?;
    let accepted = ask(|reply| {
        edge.handle().submit_group(events, reply);
        // From here on the bytes count in the engine's queue.
        drop(place);
    });
    let accepted = accepted.await?.map_err(refused)?;
    Ok(answer::bytes(
        StatusCode::ACCEPTED,
        written(edge.epochs(), &accepted),
    ))
}

fn read(body: &Bytes, line_bytes_max: usize, origin: Origin) -> Result<Vec<Incoming>, Problem> {
    read_lines(body, line_bytes_max, origin).map_err(|wrong| match wrong {
        UnreadableLines::Empty => {
            let message = "the body is empty; send one event on each line";
            Problem::malformed("", "not_json", message, None)
        }
        UnreadableLines::TooMany => {
            let message = format!("are more than {LINES_MAX}, which a batch may have");
            Problem::field("lines", "too_many", message)
        }
        UnreadableLines::Wrong(lines) => wrong_lines(lines),
    })
}

/// 400 when one of the lines is malformed, otherwise 422. Both name every line.
fn wrong_lines(lines: Vec<(usize, Unreadable)>) -> Problem {
    let is_malformed = |(_, why): &(usize, Unreadable)| !matches!(why, Unreadable::Unacceptable(_));
    let code = match lines.iter().any(is_malformed) {
        true => Code::Malformed,
        false => Code::NotAcceptable,
    };
    let detail = match lines.len() {
        1 => "1 line can't be accepted, see errors; nothing was stored".to_owned(),
        count => format!("{count} lines can't be accepted, see errors; nothing was stored"),
    };
    let errors = lines.into_iter().flat_map(|(line, why)| in_line(line, why));
    Problem::new(code, detail).with_errors(errors.collect())
}

/// What is wrong with a line, counted from 0: `lines[2].data.id`, offsets within the line.
fn in_line(line: usize, why: Unreadable) -> Vec<FieldProblem> {
    let path = |field: &str| match field {
        "" => format!("lines[{line}]"),
        field => format!("lines[{line}].{field}"),
    };
    let of = |error: FieldError| FieldProblem {
        field: path(&error.field),
        code: error.code,
        message: error.message,
        offset: None,
    };
    match why {
        Unreadable::Malformed {
            field,
            offset,
            code,
            message,
        } => vec![FieldProblem {
            field: path(&field),
            code,
            message,
            offset: Some(offset),
        }],
        Unreadable::Unacceptable(errors) => errors.into_iter().map(of).collect(),
        // A line has no header whose key could differ from its own.
        Unreadable::KeysDiffer => Vec::new(),
    }
}

fn refused(refusal: Refusal) -> Problem {
    let Refusal::KeysReused(lines) = &refusal else {
        return refusal.into();
    };
    let errors = lines.iter().map(|line| FieldProblem {
        field: format!("lines[{line}].idempotency_key"),
        code: "key_reused",
        message: "was used for another event".to_owned(),
        offset: None,
    });
    let errors = errors.collect();
    Problem::from(refusal).with_errors(errors)
}

/// `{"items":[…]}`
fn written(epochs: &Epochs, accepted: &[Accepted]) -> Vec<u8> {
    let mut json = Vec::with_capacity(16 + accepted.len() * ITEM_BYTES);
    json.extend_from_slice(br#"{"items":["#);
    for (place, item) in accepted.iter().enumerate() {
        if place > 0 {
            json.push(b',');
        }
        write_item(&mut json, epochs.event_id(item.event), *item);
    }
    json.extend_from_slice(b"]}");
    json
}
