//! `POST /v1/events/{id}/replay`: one event once more, to the endpoints that are named or to all
//! that match it now.
//!
//! For each endpoint the rules are those of a retry: what waits is sent now, what has ended gets
//! a new round, what is in flight is left alone. Unlike a retry it also sends again what arrived,
//! for that is what was asked for.

use std::collections::{BTreeSet, HashSet};

use http::StatusCode;

use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};
use crate::domain::replay::{Only, round};
use crate::domain::{intake, payload, route};
use crate::engine::directory::Order;
use crate::engine::handle::{Command, Named, Refusal, Written};
use crate::store::StoredEvent;

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::json::{self, Object, Value};
use super::super::problem::{Code, Problem};
use super::super::service::Call;
use super::super::wire::delivery::{DeliveryJson, DeliveryState};
use super::super::wire::replay::{EventReplayJson, SkippedJson};
use super::live::Live;
use super::rings;

/// Endpoints that one event is sent to at once.
const ENDPOINTS_MAX: usize = 1_000;
/// How often the event is read anew where a delivery changes between the read and its command.
const TRIES: usize = 4;

/// 201 with the deliveries where there is a new one, else 200; what was left alone says why.
pub async fn replay(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let headers = &call.head.headers;
    let body = call.body.optional_json(headers, edge.bodies).await?;
    let named = endpoints(edge, json::object(&body)?)?;
    let number = edge.epochs().parse_event(call.id);
    // The events of tests have ids, and are not kept.
    let number = number.filter(|number| !number.is_test());
    let number = number.ok_or_else(|| Problem::no_object("event"))?;
    let left = match named {
        Some(named) => named,
        None => matching(edge, number).await?,
    };
    if left.len() > ENDPOINTS_MAX {
        let detail = format!(
            "{} endpoints match the event now: name them in \"endpoints\", at most {ENDPOINTS_MAX} \
             at a time",
            left.len()
        );
        return Err(Problem::new(Code::TooMany, detail));
    }
    let sent = send(edge, number, left).await?;
    audit(edge, call.caller, "replayed event", &call.id);
    let is_new = sent.is_new;
    let shown = shown(edge, number, sent).await?;
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok(answer::json(status, &shown))
}

/// Those that are named, each once; None for all that match.
fn endpoints(edge: &Edge, mut body: Object<'_>) -> Result<Option<Vec<EndpointNumber>>, Problem> {
    let list = body.take("endpoints").and_then(Value::non_null);
    body.finish()?;
    let Some(list) = list else {
        return Ok(None);
    };
    let mut named = BTreeSet::new();
    for item in list.list()? {
        let id = item.string()?;
        let Some(endpoint) = edge.epochs().parse_endpoint(&id) else {
            let message = format!("{id:?} is no endpoint's id");
            return Err(Problem::field(item.path(), "unknown", message));
        };
        named.insert(endpoint);
    }
    if named.is_empty() {
        let message = "is empty: name an endpoint, or leave it out for all that match now";
        return Err(Problem::field("endpoints", "required", message));
    }
    Ok(Some(named.into_iter().collect()))
}

async fn matching(edge: &Edge, number: EventNumber) -> Result<Vec<EndpointNumber>, Problem> {
    let handle = edge.handle().clone();
    let found = edge.read(move |reader, epochs| {
        let Some(event) = reader.event(number)? else {
            return Err(Problem::no_object("event"));
        };
        let (body, kind) = (reader.body(number)?, &event.head.kind);
        let data = body.as_deref().and_then(payload::data_of);
        let facts = data.and_then(|data| intake::read_data(kind, data).ok());
        let Some(facts) = facts else {
            return Ok(Vec::new());
        };
        let mut wanting = Vec::new();
        let order = (Order::Added, false);
        handle.directory().walk(order, None, &mut |(_, endpoint)| {
            let id = epochs.endpoint_id(endpoint.number);
            if route::wants(&endpoint, id.as_str(), kind, &facts) {
                wanting.push(endpoint.number);
            }
            true
        });
        Ok(wanting)
    });
    found.await
}

#[derive(Default)]
struct Sent {
    keys: HashSet<DeliveryKey>,
    is_new: bool,
    skipped: Vec<(EndpointNumber, Refusal)>,
}

async fn send(
    edge: &Edge,
    number: EventNumber,
    mut left: Vec<EndpointNumber>,
) -> Result<Sent, Problem> {
    let mut sent = Sent::default();
    for tries_left in (0..TRIES).rev() {
        let event = read(edge, number).await?;
        let mut asked = Vec::with_capacity(left.len());
        let mut commands = Vec::with_capacity(left.len());
        for endpoint in std::mem::take(&mut left) {
            match command(&event, endpoint) {
                Ok((command, is_new)) => {
                    asked.push((endpoint, is_new));
                    commands.push(command);
                }
                Err(refusal) => sent.skipped.push((endpoint, refusal)),
            }
        }
        let said = edge.write_all(commands).await?;
        for ((endpoint, is_new), said) in asked.into_iter().zip(said) {
            match said {
                Ok(Written::Delivery(key)) => {
                    sent.keys.insert(key);
                    sent.is_new |= is_new;
                }
                Ok(other) => {
                    let log = format!("a command for a delivery made {other:?}");
                    return Err(Problem::internal(log));
                }
                Err(Refusal::Changed) if tries_left > 0 => left.push(endpoint),
                Err(refusal) => sent.skipped.push((endpoint, refusal)),
            }
        }
        if left.is_empty() {
            break;
        }
    }
    Ok(sent)
}

async fn read(edge: &Edge, number: EventNumber) -> Result<StoredEvent, Problem> {
    let event = edge
        .read(move |reader, _| Ok(reader.event(number)?))
        .await?;
    event.ok_or_else(|| Problem::no_object("event"))
}

/// What is asked of the engine, and whether that is a new delivery.
fn command(event: &StoredEvent, endpoint: EndpointNumber) -> Result<(Command, bool), Refusal> {
    let call = event.head.call;
    let waits = event.open.iter().find(|open| open.endpoint == endpoint);
    if let Some(open) = waits {
        let key = open.key(event.number);
        return Ok((Command::SendNow(Named { key, call }), false));
    }
    let round = round(Only::All, endpoint, &event.open, &event.ended);
    let key = DeliveryKey {
        event: event.number,
        endpoint,
        round: round.ok_or(Refusal::RoundsUsed)?,
    };
    let kind = event.head.kind.clone();
    Ok((Command::Reopen(Named { key, call }, kind), true))
}

async fn shown(edge: &Edge, number: EventNumber, sent: Sent) -> Result<EventReplayJson, Problem> {
    let live = Live::load(edge).await?;
    let event = read(edge, number).await?;
    let mut views = live.deliveries(&event);
    views.retain(|view| sent.keys.contains(&view.key));
    let now = edge.parts.clock.now().wall;
    for view in &mut views {
        if view.state == DeliveryState::Waiting {
            // Its row, and what is said of its endpoint, do not know of the wish.
            view.next_at = Some(now);
            view.held = None;
        }
    }
    let last = rings::last_attempts(edge, views.iter()).await?;
    let epochs = edge.epochs();
    let items = views
        .iter()
        .map(|view| DeliveryJson::new(view, &event.head, last.get(&view.key), epochs));
    let skipped = sent.skipped.iter();
    let skipped = skipped.map(|(endpoint, why)| {
        SkippedJson::new(epochs.endpoint_id(*endpoint), code(why), why.to_string())
    });
    Ok(EventReplayJson {
        items: items.collect(),
        skipped: skipped.collect(),
    })
}

/// Why an endpoint was left out, for programs.
const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InFlight => "in_flight",
        Refusal::HeldByOrder => "held_by_order",
        Refusal::Disabled => "disabled",
        Refusal::EndpointGone => "endpoint_deleted",
        Refusal::RoundsUsed => "rounds_used",
        Refusal::OwnNotice => "itself",
        Refusal::Changed => "changed",
        Refusal::Busy => "busy",
        Refusal::StoreAway => "database_away",
        Refusal::Unknown => "event_gone",
        _ => "refused",
    }
}
