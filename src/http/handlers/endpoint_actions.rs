//! Pause, resume, enable, disable: each answers with the endpoint as it is then.

use http::StatusCode;

use crate::domain::id::EndpointNumber;
use crate::engine::handle::Command;

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::wire::endpoint::EndpointJson;
use super::{endpoints, no_fields};

/// Events keep queueing and are not sent.
pub async fn pause(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    act(edge, call, Command::Pause, "paused").await
}

/// What waited is sent.
pub async fn resume(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    act(edge, call, Command::Resume, "resumed").await
}

/// New events match again.
pub async fn enable(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    act(edge, call, Command::Enable, "enabled").await
}

/// New events do not match.
pub async fn disable(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    act(edge, call, Command::Disable, "disabled").await
}

async fn act(
    edge: &Edge,
    mut call: Call<'_>,
    command: fn(EndpointNumber) -> Command,
    done: &str,
) -> Result<Answer, Problem> {
    no_fields(edge, &mut call.body, &call.head.headers).await?;
    let number = edge.endpoint_number(call.id)?;
    let view = endpoints::written(edge.write(command(number)).await?)?;
    audit(edge, call.caller, done, &call.id);
    let shown = EndpointJson::new(
        &view,
        edge.epochs(),
        &edge.configuration().settings.delivery,
    );
    Ok(answer::json(StatusCode::OK, &shown))
}
