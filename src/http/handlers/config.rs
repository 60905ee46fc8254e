//! `GET /v1/config`: the settings as they hold now, each with its origin.

use http::StatusCode;

use super::super::answer::{self, Answer};
use super::super::edge::Edge;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::setting::SettingJson;

/// Every setting, in the order of the table. None of them is a secret.
pub fn read(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let configuration = edge.configuration();
    let settings = configuration.effective.iter().map(SettingJson::new);
    Ok(answer::json(
        StatusCode::OK,
        &Page::whole(settings.collect()),
    ))
}
