//! `GET /v1/status`: one screen.

use http::StatusCode;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::status::{Disk, StatusJson};

/// The engine, the endpoints, the database.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let status = ask(|reply| edge.handle().status(reply)).await?;
    let views = ask(|reply| edge.handle().endpoints(reply)).await?;
    let disk = edge
        .read(|reader, _| {
            Ok(Disk {
                file_bytes: reader.file_bytes(),
                free_bytes: reader.disk_free_bytes(),
                records_damaged: reader.damaged(),
            })
        })
        .await?;
    let now = edge.parts.clock.now().wall;
    let shown = StatusJson::new(&status, &views, &edge.parts.counters, disk, now);
    Ok(answer::json(StatusCode::OK, &shown))
}
