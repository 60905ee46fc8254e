//! `POST /v1/test-receiver`: an endpoint that leads to the receiver inside of the daemon.

use serde_json::json;

use super::super::answer::Answer;
use super::super::edge::Edge;
use super::super::json;
use super::super::problem::Problem;
use super::super::service::Call;
use super::endpoints;

/// How the endpoint is called where nobody says.
const TITLE: &str = "Test receiver";

/// `{"title":"…"?}`: starts the receiver where it does not run yet; the answer is that of an
/// endpoint that was added, and wants every event.
pub async fn add(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call
        .body
        .optional_json(&call.head.headers, edge.bodies)
        .await?;
    let mut fields = json::object(&body)?;
    let title = fields
        .take("title")
        .map(|title| title.string())
        .transpose()?;
    fields.finish()?;
    let url = edge.test_receiver.url().await.map_err(|error| {
        Problem::internal(format!("the test receiver can't be started: {error}"))
    })?;
    let title = title.unwrap_or_else(|| TITLE.to_owned());
    let wanted = json!({"title": title, "url": url, "events": ["*"]}).to_string();
    endpoints::add_as(edge, call.caller, wanted.as_bytes()).await
}
