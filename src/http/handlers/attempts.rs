//! `GET …/attempts`: the ring of an endpoint, newest start first, tests included.

use http::StatusCode;

use super::super::answer::{self, Answer};
use super::super::edge::Edge;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::attempt::AttemptJson;
use super::rings;

/// Never more than the ring holds: always one page, cut where a smaller one is asked for.
pub async fn list(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &["limit", "cursor"])?;
    let limit = query.limit()?;
    let endpoint = edge.endpoint(call.id).await?.endpoint.number;
    let ring = rings::ring(edge, endpoint).await?;
    let shown = ring.iter().take(limit);
    let page = Page::whole(
        shown
            .map(|attempt| AttemptJson::new(attempt, edge.epochs()))
            .collect(),
    );
    Ok(answer::json(StatusCode::OK, &page))
}
