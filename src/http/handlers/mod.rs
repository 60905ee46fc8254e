//! What answers each row of the route table: one file per thing that is asked for.

mod attempts;
mod config;
mod deliveries;
mod delivery_actions;
mod endpoint_actions;
mod endpoint_check;
mod endpoints;
mod event_batch;
mod event_post;
mod event_replay;
mod event_search;
mod event_types;
mod events;
mod health;
mod key;
mod live;
mod page;
mod preview;
mod replays;
mod rings;
mod session;
mod status;
mod stream;
mod test;
mod test_receiver;
mod tokens;

use super::answer::Answer;
use super::body::Body;
use super::edge::Edge;
use super::json;
use super::problem::Problem;
use super::routes::Operation;
use super::service::Call;

/// Answers a request. Posting events is the hot path and is awaited in place; the others are
/// rare and large, and would make every request's future as large as the largest of them.
pub async fn handle(edge: &Edge, operation: Operation, call: Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Operation::EventPost => event_post::post(edge, call).await,
        other => Box::pin(handle_rare(edge, other, call)).await,
    }
}

async fn handle_rare(edge: &Edge, operation: Operation, call: Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Operation::EventPost => event_post::post(edge, call).await,
        Operation::EventBatch => event_batch::post(edge, call).await,
        Operation::EventList => events::list(edge, call).await,
        Operation::EventRead => events::read(edge, call).await,
        Operation::EventReplay => event_replay::replay(edge, call).await,
        Operation::EndpointList => endpoints::list(edge, call).await,
        Operation::EndpointAdd => endpoints::add(edge, call).await,
        Operation::EndpointCheck => endpoint_check::check(edge, call).await,
        Operation::EndpointRead => endpoints::read(edge, call).await,
        Operation::EndpointEdit => endpoints::edit(edge, call).await,
        Operation::EndpointRemove => endpoints::remove(edge, call).await,
        Operation::EndpointPause => endpoint_actions::pause(edge, call).await,
        Operation::EndpointResume => endpoint_actions::resume(edge, call).await,
        Operation::EndpointEnable => endpoint_actions::enable(edge, call).await,
        Operation::EndpointDisable => endpoint_actions::disable(edge, call).await,
        Operation::KeyRead => key::read(edge, call).await,
        Operation::KeyChange => key::change(edge, call).await,
        Operation::Test => test::send(edge, call).await,
        Operation::AttemptList => attempts::list(edge, call).await,
        Operation::ReplayStart => replays::start(edge, call).await,
        Operation::ReplayList => replays::list(edge, &call),
        Operation::ReplayRead => replays::read(edge, &call),
        Operation::ReplayStop => replays::stop(edge, call).await,
        Operation::DeliveryList => deliveries::list(edge, call).await,
        Operation::DeliveryRead => deliveries::read(edge, call).await,
        Operation::DeliveryRetry => delivery_actions::retry(edge, call).await,
        Operation::DeliveryCancel => delivery_actions::cancel(edge, call).await,
        Operation::FilterPreview => preview::preview(edge, call).await,
        Operation::EventTypeList => event_types::list(&call),
        Operation::TokenList => tokens::list(edge, &call),
        Operation::TokenAdd => tokens::add(edge, call).await,
        Operation::TokenRemove => tokens::remove(edge, call).await,
        Operation::TestReceiver => test_receiver::add(edge, call).await,
        Operation::SignIn => session::sign_in(edge, call).await,
        Operation::SessionRead => session::read(edge, &call),
        Operation::SignOut => session::sign_out(edge, call).await,
        Operation::SignInCode => session::code(edge, call).await,
        Operation::Status => status::read(edge, call).await,
        Operation::Stream => stream::open(edge, call).await,
        Operation::Config => config::read(edge, &call),
        Operation::PageIndex => page::index(edge, &call).await,
        Operation::PageAsset => page::asset(edge, &call).await,
        Operation::Healthy => Ok(health::healthy()),
        Operation::Ready => health::ready(edge).await,
    }
}

/// Ends the request's body where nothing is asked for: empty, or an object without fields.
async fn no_fields(edge: &Edge, body: &mut Body, call: &http::HeaderMap) -> Result<(), Problem> {
    let bytes = body.optional_json(call, edge.bodies).await?;
    json::object(&bytes)?.finish()
}

/// New secret bytes from the system.
fn random_bytes() -> Result<[u8; 32], Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Problem::internal(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}
