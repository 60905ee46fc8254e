//! Endpoints: added, read, edited, removed.

use http::StatusCode;

use crate::domain::endpoint::Tls;
use crate::domain::key::SignatureKey;
use crate::engine::handle::{Command, EndpointView, Refusal, Written};

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::json;
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::endpoint::EndpointJson;
use super::super::wire::endpoint_read;
use super::random_bytes;

/// How often an edit is tried again when someone else was faster.
const EDIT_TRIES: usize = 5;

/// Adds one: 201 with it, and where it can be read.
pub async fn add(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let now = edge.parts.clock.now().wall;
    let (spec, key) = endpoint_read::create(json::object(&body)?, now)?;
    check_tls(edge, &spec.policy.tls)?;
    let key = match key {
        Some(key) => key,
        None => SignatureKey::from_random(random_bytes()?),
    };
    let spec = Box::new(spec);
    let view = written(edge.write(Command::AddEndpoint { spec, key }).await?)?;
    let id = edge.epochs().endpoint_id(view.endpoint.number);
    audit(edge, call.caller, "added endpoint", &id);
    warn_if_unchecked(&view);
    let shown = EndpointJson::new(
        &view,
        edge.epochs(),
        &edge.configuration().settings.delivery,
    );
    Ok(answer::created(&format!("/v1/endpoints/{id}"), &shown))
}

/// One.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let view = edge.endpoint(call.id).await?;
    let shown = EndpointJson::new(
        &view,
        edge.epochs(),
        &edge.configuration().settings.delivery,
    );
    Ok(answer::json(StatusCode::OK, &shown))
}

/// A merge patch, made again on the newer endpoint where someone else was faster.
pub async fn edit(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    for _ in 0..EDIT_TRIES {
        let found = edge.endpoint(call.id).await?.endpoint;
        let mut spec = found.spec.clone();
        let now = edge.parts.clock.now().wall;
        endpoint_read::patch(&mut spec, json::object(&body)?, now)?;
        check_tls(edge, &spec.policy.tls)?;
        let command = Command::EditEndpoint {
            endpoint: found.number,
            revision: found.revision,
            spec: Box::new(spec),
        };
        match edge.write(command).await? {
            Err(Refusal::Changed) => {}
            done => {
                let view = written(done)?;
                audit(edge, call.caller, "changed endpoint", &call.id);
                warn_if_unchecked(&view);
                let shown = EndpointJson::new(
                    &view,
                    edge.epochs(),
                    &edge.configuration().settings.delivery,
                );
                return Ok(answer::json(StatusCode::OK, &shown));
            }
        }
    }
    let detail = "others keep changing this endpoint: read it and try again";
    Err(Problem::new(Code::Changed, detail))
}

/// What only a try can show: that a key is that of its certificate, that a root can be one.
fn check_tls(edge: &Edge, tls: &Tls) -> Result<(), Problem> {
    match edge.parts.checker.check_tls(tls) {
        errors if errors.is_empty() => Ok(()),
        errors => Err(Problem::not_acceptable(errors)),
    }
}

fn warn_if_unchecked(view: &EndpointView) {
    let spec = &view.endpoint.spec;
    if let Some(warning) = spec.policy.tls.warning() {
        log::warn!("endpoint {:?}: {warning}", spec.title);
    }
}

/// Its waiting deliveries read as `cancelled` from now on.
pub async fn remove(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    super::no_fields(edge, &mut call.body, &call.head.headers).await?;
    let number = edge.endpoint_number(call.id)?;
    edge.write(Command::RemoveEndpoint(number))
        .await?
        .map_err(named)?;
    audit(edge, call.caller, "removed endpoint", &call.id);
    Ok(answer::gone())
}

/// The endpoint that a command has written.
pub fn written(done: Result<Written, Refusal>) -> Result<EndpointView, Problem> {
    match done.map_err(named)? {
        Written::Endpoint(view) => Ok(*view),
        other => Err(Problem::internal(format!(
            "a write to an endpoint made {other:?}"
        ))),
    }
}

fn named(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unknown => Problem::no_object("endpoint"),
        other => other.into(),
    }
}
