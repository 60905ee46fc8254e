//! `POST /v1/test-receiver`: starts the built-in receiver, and an endpoint that leads to it.

use http::StatusCode;
use serde_json::json;

use crate::domain::key::SignatureKey;
use crate::engine::handle::{Command, EndpointView};

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::{Edge, ask};
use super::super::json;
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::test_receiver::url_of;
use super::super::wire::endpoint::EndpointJson;
use super::super::wire::endpoint_read;
use super::{endpoints, random_bytes};

/// What its endpoint is called when nobody says.
const TITLE: &str = "Test receiver";

/// `{"title":"…"?}`: 201 with the endpoint; 200 with the one that there is.
pub async fn open(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
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
    let receiver = &edge.test_receiver;
    let _making = receiver.making.lock().await;
    if let Some(known) = receiver.endpoint() {
        let views = ask(|reply| edge.handle().views(vec![known.number], reply)).await?;
        if let Some(view) = views.first() {
            return Ok(answer::json(StatusCode::OK, &shown(edge, view)));
        }
    }
    let port = receiver.start(0).await;
    let port = port.map_err(|error| Problem::internal(format!("the test receiver: {error}")))?;
    let wish = json!({
        "title": title.as_deref().unwrap_or(TITLE),
        "url": url_of(port),
        "events": ["*"],
    });
    let wish = wish.to_string();
    let now = edge.parts.clock.now().wall;
    let (spec, _) = endpoint_read::create(json::object(wish.as_bytes())?, now)?;
    let command = Command::AddEndpoint {
        spec: Box::new(spec),
        key: SignatureKey::from_random(random_bytes()?),
    };
    let view = endpoints::written(edge.write(command).await?)?;
    receiver.is_led_to_by(view.endpoint.number);
    let id = edge.epochs().endpoint_id(view.endpoint.number);
    audit(
        edge,
        call.caller,
        "added the test receiver as endpoint",
        &id,
    );
    let location = format!("/v1/endpoints/{id}");
    Ok(answer::created(&location, &shown(edge, &view)))
}

fn shown<'a>(edge: &Edge, view: &'a EndpointView) -> EndpointJson<'a> {
    let configuration = edge.configuration();
    EndpointJson::new(view, edge.epochs(), &configuration.settings.delivery)
}
