//! Events: listed, or one with its data and with why each other endpoint did not get it.

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use serde_json::value::RawValue;

use crate::domain::change::Head;
use crate::domain::endpoint::{Endpoint, State};
use crate::domain::id::{DeliveryKey, EndpointNumber, Epochs, EventNumber};
use crate::domain::{intake, payload, route};
use crate::engine::directory::Order;
use crate::store::StoredEvent;

use super::super::answer::{self, Answer};
use super::super::edge::Edge;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::delivery::{DeliveryJson, DeliveryView, Last};
use super::super::wire::event::{Content, EventJson, MissJson, Misses, Names};
use super::event_search::{Found, Search};
use super::live::Live;
use super::rings;

/// Endpoints of which an event says why they did not get it, those first that were added first;
/// of any other it says so when asked for that one.
const MISSES_MAX: usize = 30;

/// Newest first, narrowed and paged.
pub async fn list(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &Search::PARAMETERS)?;
    let search = Search::read(&query, edge.epochs())?;
    let limit = query.limit()?;
    let before = query.cursor(|text| u64::from_str_radix(text, 16).ok().map(EventNumber))?;
    let live = Live::load(edge).await?;
    let (found, next) = edge
        .read(move |reader, _| Ok(search.find(reader, &live, before, limit)?))
        .await?;
    let all = found.iter().flat_map(|found| &found.deliveries);
    let last = rings::last_attempts(edge, all).await?;
    let names = names(edge);
    let shown = |found: &Found| {
        let event = &found.event;
        let deliveries = shown_deliveries(&found.deliveries, &event.head, &last, names.epochs);
        let content = Content::Summary(&found.summary);
        let head = (event.number, &event.head);
        // Borrowed from `found`, so it is written here and now.
        serde_json::value::to_raw_value(&EventJson::new(head, content, deliveries, None, &names))
            .expect("wire forms have text keys and finite numbers")
    };
    let page = Page {
        items: found.iter().map(shown).collect(),
        next: next.map(|event| format!("{:x}", event.0)),
    };
    Ok(answer::json(StatusCode::OK, &page))
}

/// One, with everything; `?endpoint=`: with why that one did not get it.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &["endpoint"])?;
    let only = query.read("endpoint", "the id of an endpoint", |id| {
        edge.epochs().parse_endpoint(id)
    })?;
    let number = edge.epochs().parse_event(call.id);
    // The events of tests have ids, and are not kept.
    let number = number.filter(|number| !number.is_test());
    let number = number.ok_or_else(|| Problem::no_object("event"))?;
    let live = Live::load(edge).await?;
    let found = edge
        .read(move |reader, epochs| {
            let Some(event) = reader.event(number)? else {
                return Ok(None);
            };
            let body = reader.body(number)?;
            let data = body.as_deref().and_then(payload::data_of);
            let deliveries = live.deliveries(&event);
            let missed = not_matched((&live, only), &event, &deliveries, data, epochs);
            let data = data.and_then(|data| RawValue::from_string(data.to_owned()).ok());
            Ok(Some((event, deliveries, missed, data)))
        })
        .await?;
    let (event, deliveries, missed, data) = found.ok_or_else(|| Problem::no_object("event"))?;
    let last = rings::last_attempts(edge, deliveries.iter()).await?;
    let shown = EventJson::new(
        (number, &event.head),
        Content::Data(data.as_deref()),
        shown_deliveries(&deliveries, &event.head, &last, edge.epochs()),
        Some(missed),
        &names(edge),
    );
    Ok(answer::json(StatusCode::OK, &shown))
}

/// Why endpoints without a delivery have none, and how many more there are of which it is not
/// said.
fn not_matched(
    (live, only): (&Live, Option<EndpointNumber>),
    event: &StoredEvent,
    deliveries: &[DeliveryView],
    data: Option<&str>,
    epochs: &Epochs,
) -> Misses {
    let head = &event.head;
    let facts = data.and_then(|data| intake::read_data(&head.kind, data).ok());
    let has: HashSet<_> = deliveries.iter().map(|view| view.key.endpoint).collect();
    let directory = live.handle.directory();
    let mut told = Vec::new();
    let mut tell = |endpoint: &Endpoint| {
        if !has.contains(&endpoint.number) {
            let id = epochs.endpoint_id(endpoint.number);
            let of = (endpoint, id.as_str());
            let miss = route::why_not(of, &head.kind, facts.as_ref(), head.received_at);
            told.push(MissJson::new(endpoint.number, miss, epochs));
        }
        told.len() < MISSES_MAX
    };
    if let Some(only) = only {
        if let Some(endpoint) = directory.get(only) {
            tell(&endpoint);
        }
    } else {
        let order = (Order::Added, false);
        directory.walk(order, None, &mut |(_, endpoint)| tell(&endpoint));
    }
    let all: usize = State::ALL.iter().map(|state| directory.count(*state)).sum();
    let sent = has
        .iter()
        .filter(|number| directory.get(**number).is_some());
    let more = all.saturating_sub(sent.count() + told.len());
    Misses { told, more }
}

fn shown_deliveries(
    views: &[DeliveryView],
    head: &Head,
    last: &HashMap<DeliveryKey, Last>,
    epochs: &Epochs,
) -> Vec<DeliveryJson> {
    let shown = |view: &DeliveryView| DeliveryJson::new(view, head, last.get(&view.key), epochs);
    views.iter().map(shown).collect()
}

fn names(edge: &Edge) -> Names<'_> {
    Names {
        epochs: edge.epochs(),
        tokens: edge.handle().tokens(),
    }
}
