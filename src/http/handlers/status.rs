//! `GET /v1/status`: one screen.

use http::StatusCode;

use crate::domain::endpoint::State;
use crate::domain::id::EndpointNumber;
use crate::engine::directory::{Directory, Order};

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::status::{Attention, Disk, EndpointsJson, StatusJson};

/// Endpoints in trouble that are named; the counts tell of the others.
const TROUBLED_MAX: usize = 20;

/// The engine, the endpoints, the database.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let status = ask(|reply| edge.handle().status(reply)).await?;
    let handle = edge.handle();
    let views = ask(|reply| handle.views(troubled(handle.directory()), reply)).await?;
    let disk = edge
        .read(|reader, _| {
            Ok(Disk {
                file_bytes: reader.file_bytes(),
                free_bytes: reader.disk_free_bytes(),
                records_damaged: reader.damaged(),
                oldest_event_at: reader.oldest_event()?,
            })
        })
        .await?;
    let now = edge.parts.clock.now().wall;
    let count = |state| edge.handle().directory().count(state);
    let shown = StatusJson::new(
        (&status, now),
        (
            EndpointsJson::new(&count),
            Attention::of(&views, edge.epochs()),
        ),
        &edge.parts.counters,
        (disk, edge.parts.free_bytes_min),
    );
    Ok(answer::json(StatusCode::OK, &shown))
}

/// What needs a person first: failing ones, then paused ones.
fn troubled(directory: &Directory) -> Vec<EndpointNumber> {
    let mut numbers = Vec::new();
    directory.walk((Order::State, false), None, &mut |(_, endpoint)| {
        let is_troubled = matches!(endpoint.state(), State::Failing | State::Paused);
        if is_troubled {
            numbers.push(endpoint.number);
        }
        is_troubled && numbers.len() < TROUBLED_MAX
    });
    numbers
}
