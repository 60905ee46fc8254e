//! `GET /v1/event-types`: the built-in types with labels and samples.

use http::StatusCode;

use super::super::answer::{self, Answer};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::event::EventTypeJson;

/// They are few: always one page.
pub fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &["limit", "cursor"])?;
    query.limit()?;
    let page = Page::whole(EventTypeJson::all());
    Ok(answer::json(StatusCode::OK, &page))
}
