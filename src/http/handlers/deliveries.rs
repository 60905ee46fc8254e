//! Deliveries: listed across events, newest event first, or one with its attempts.

use std::sync::Arc;

use http::StatusCode;

use crate::domain::change::Head;
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber};
use crate::store::{ReadError, Reader, StoredEvent, Walk};

use super::super::answer::{self, Answer};
use super::super::edge::Edge;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::attempt::AttemptJson;
use super::super::wire::delivery::{
    DeliveryJson, DeliveryState, DeliveryView, DeliveryWithHistoryJson, Last,
};
use super::event_search::ROWS_MAX;
use super::live::Live;
use super::rings;

/// What a list is narrowed to.
struct Wanted {
    endpoint: Option<EndpointNumber>,
    event: Option<EventNumber>,
    state: Option<DeliveryState>,
}

impl Wanted {
    fn has(&self, view: &DeliveryView) -> bool {
        self.endpoint
            .is_none_or(|wanted| view.key.endpoint == wanted)
            && self.state.is_none_or(|wanted| view.state == wanted)
    }
}

type Found = (DeliveryView, Arc<Head>);

/// `?endpoint= &event= &state=`, paged.
pub async fn list(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let known = ["endpoint", "event", "state", "limit", "cursor"];
    let query = Query::parse(call.head.uri.query(), &known)?;
    let epochs = edge.epochs();
    let wanted = Wanted {
        endpoint: query.read("endpoint", "the id of an endpoint", |id| {
            epochs.parse_endpoint(id)
        })?,
        event: query.read("event", "the id of an event", |id| epochs.parse_event(id))?,
        state: query.read("state", "the state of a delivery", DeliveryState::parse)?,
    };
    let limit = query.limit()?;
    let after = query.cursor(parse_cursor)?;
    let live = Live::load(edge).await?;
    let (found, next) = edge
        .read(move |reader, _| Ok(find(reader, &live, &wanted, after, limit)?))
        .await?;
    let last = rings::last_attempts(edge, found.iter().map(|(view, _)| view)).await?;
    let shown =
        |(view, head): &Found| DeliveryJson::new(view, head, last.get(&view.key), edge.epochs());
    let page = Page {
        items: found.iter().map(shown).collect(),
        next: next.map(written_cursor),
    };
    Ok(answer::json(StatusCode::OK, &page))
}

/// A page of deliveries behind `after`, and the place where the next one goes on.
fn find(
    reader: &Reader,
    live: &Live,
    wanted: &Wanted,
    after: Option<DeliveryKey>,
    limit: usize,
) -> Result<(Vec<Found>, Option<DeliveryKey>), ReadError> {
    let mut found: Vec<Found> = Vec::new();
    // The last delivery that was looked at, and whether more of its event come behind it.
    let mut place = None;
    let mut each = |event: StoredEvent| {
        let head = Arc::new(event.head.clone());
        for view in live.deliveries(&event) {
            let is_behind = after.is_none_or(|after| is_behind(view.key, after));
            if !is_behind || !wanted.has(&view) {
                continue;
            }
            if found.len() == limit {
                return Walk::Stop;
            }
            place = Some(view.key);
            found.push((view, Arc::clone(&head)));
        }
        place = Some(last_of(event.number));
        Walk::On
    };
    let (before, rows_max) = match (wanted.event, after) {
        (Some(event), _) => (Some(EventNumber(event.0.saturating_add(1))), 1),
        (None, Some(after)) => (Some(EventNumber(after.event.0.saturating_add(1))), ROWS_MAX),
        (None, None) => (None, ROWS_MAX),
    };
    let mut stopped = false;
    let more = reader.events_backwards(before, rows_max, &mut |event| {
        if wanted.event.is_some_and(|wanted| wanted != event.number) {
            return Walk::Stop;
        }
        let walk = each(event);
        stopped = walk == Walk::Stop;
        walk
    })?;
    let goes_on = stopped || (more.is_some() && wanted.event.is_none());
    // Rows that could not be read leave no place; the walk itself knows how far it came.
    let place = place.or(more.map(last_of));
    Ok((found, place.filter(|_| goes_on)))
}

/// Newest event first; within one event by endpoint and round.
fn is_behind(key: DeliveryKey, after: DeliveryKey) -> bool {
    let within = |key: DeliveryKey| (key.endpoint, key.round);
    key.event < after.event || (key.event == after.event && within(key) > within(after))
}

/// A place behind every delivery of an event.
fn last_of(event: EventNumber) -> DeliveryKey {
    DeliveryKey {
        event,
        endpoint: EndpointNumber(u32::MAX),
        round: u8::MAX,
    }
}

fn written_cursor(key: DeliveryKey) -> String {
    let DeliveryKey {
        event,
        endpoint,
        round,
    } = key;
    format!("{:x}.{:x}.{round:x}", event.0, endpoint.0)
}

fn parse_cursor(text: &str) -> Option<DeliveryKey> {
    let mut parts = text.split('.');
    let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
    let key = DeliveryKey {
        event: EventNumber(part()?),
        endpoint: EndpointNumber(u32::try_from(part()?).ok()?),
        round: u8::try_from(part()?).ok()?,
    };
    parts.next().is_none().then_some(key)
}

/// One as it stands, and its event; 404 without it.
pub async fn find_one(
    edge: &Edge,
    key: DeliveryKey,
) -> Result<(DeliveryView, StoredEvent), Problem> {
    let live = Live::load(edge).await?;
    let event = edge
        .read(move |reader, _| Ok(reader.event(key.event)?))
        .await?;
    let found = event.and_then(|event| {
        let mut views = live.deliveries(&event).into_iter();
        Some((views.find(|view| view.key == key)?, event))
    });
    found.ok_or_else(|| Problem::no_object("delivery"))
}

/// One, with its attempts where the ring still has them.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let key = edge.epochs().parse_delivery(call.id);
    let key = key.ok_or_else(|| Problem::no_object("delivery"))?;
    let (view, event) = find_one(edge, key).await?;
    let mut ring = rings::ring(edge, key.endpoint).await?;
    ring.retain(|attempt| attempt.delivery == Some(key));
    let last = ring.first().and_then(|attempt| Last::of(attempt));
    let shown = DeliveryWithHistoryJson {
        delivery: DeliveryJson::new(&view, &event.head, last.as_ref(), edge.epochs()),
        history: ring
            .iter()
            .map(|attempt| AttemptJson::new(attempt, edge.epochs()))
            .collect(),
    };
    Ok(answer::json(StatusCode::OK, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(event: u64, endpoint: u32, round: u8) -> DeliveryKey {
        DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(endpoint),
            round,
        }
    }

    #[test]
    fn the_order_of_a_list() {
        let check = |a: DeliveryKey, b: DeliveryKey, expected: bool| {
            assert_eq!(is_behind(a, b), expected, "{a:?} {b:?}");
        };
        check(key(4, 9, 0), key(5, 1, 0), true);
        check(key(5, 2, 0), key(5, 1, 9), true);
        check(key(5, 1, 1), key(5, 1, 0), true);
        check(key(5, 1, 0), key(5, 1, 0), false);
        check(key(6, 9, 0), key(5, 1, 0), false);
        check(key(5, 9, 9), last_of(EventNumber(5)), false);
        check(key(4, 0, 0), last_of(EventNumber(5)), true);
    }

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        for place in [key(1, 2, 3), last_of(EventNumber(u64::MAX))] {
            assert_eq!(parse_cursor(&written_cursor(place)), Some(place));
        }
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.100",
            "x.1.1",
            "1.100000000.1",
        ] {
            assert_eq!(parse_cursor(bad), None, "{bad}");
        }
    }
}
