//! News as the live stream tells them: the name of each, and its data.

use serde::Serialize;

use crate::domain::attempt::ErrorKind;
use crate::domain::id::{Epochs, PublicId};
use crate::domain::time::Timestamp;
use crate::engine::handle::EndpointView;
use crate::engine::news::{AttemptNews, EventNews, Figures, News, Skipped};

use super::Text;
use super::endpoint::{RecentJson, StatsJson};
use super::event::Names;

/// The data of one of the news.
#[derive(Serialize)]
#[serde(untagged)]
pub enum NewsJson<'a> {
    /// `attempt`
    Attempt(AttemptNewsJson<'a>),
    /// `event`
    Event(EventNewsJson<'a>),
    /// `endpoint`
    Endpoint(EndpointNewsJson<'a>),
    /// `stats`
    Stats(FiguresJson),
}

/// An attempt without what was sent and what came back.
#[derive(Serialize)]
pub struct AttemptNewsJson<'a> {
    id: Text<PublicId>,
    endpoint: Text<PublicId>,
    delivery: Option<Text<PublicId>>,
    event: Text<PublicId>,
    event_type: &'a str,
    test: bool,
    n: u8,
    at: Text<Timestamp>,
    duration_ms: u32,
    status: Option<u16>,
    error: Option<&'static str>,
    outcome: &'static str,
    next_at: Option<Text<Timestamp>>,
}

/// An event without its data.
#[derive(Serialize)]
pub struct EventNewsJson<'a> {
    id: Text<PublicId>,
    event: &'a str,
    occurred_at: Text<Timestamp>,
    received_at: Text<Timestamp>,
    origin: String,
    matched: u32,
}

/// An endpoint without its settings; of one that is gone, no more than that.
#[derive(Serialize)]
pub struct EndpointNewsJson<'a> {
    id: Text<PublicId>,
    deleted: bool,
    #[serde(flatten)]
    shown: Option<ShownJson<'a>>,
}

#[derive(Serialize)]
struct ShownJson<'a> {
    title: &'a str,
    enabled: bool,
    state: &'static str,
    reason: Option<String>,
    stats: StatsJson,
    recent: Vec<RecentJson>,
    updated_at: Text<Timestamp>,
}

/// The engine in figures; counts are since the start.
#[derive(Serialize)]
pub struct FiguresJson {
    at: Text<Timestamp>,
    accepted: u64,
    delivered: u64,
    not_delivered: u64,
    attempts: u64,
    waiting: u32,
    in_flight: u32,
    skipped: SkippedJson,
}

#[derive(Serialize)]
struct SkippedJson {
    attempt: u64,
    event: u64,
    endpoint: u64,
}

impl<'a> NewsJson<'a> {
    /// Of one of the news.
    pub fn new(news: &'a News, names: &Names<'_>) -> Self {
        let epochs = names.epochs;
        match news {
            News::Attempt(attempt) => Self::Attempt(AttemptNewsJson::new(attempt, epochs)),
            News::Event(event) => Self::Event(EventNewsJson::new(event, names)),
            News::Endpoint(number, view) => Self::Endpoint(EndpointNewsJson {
                id: Text(epochs.endpoint_id(*number)),
                deleted: view.is_none(),
                shown: view.as_deref().map(ShownJson::new),
            }),
            News::Figures(figures) => Self::Stats(FiguresJson::new(figures)),
        }
    }

    /// The name that the stream gives it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Attempt(_) => "attempt",
            Self::Event(_) => "event",
            Self::Endpoint(_) => "endpoint",
            Self::Stats(_) => "stats",
        }
    }
}

impl<'a> AttemptNewsJson<'a> {
    fn new(attempt: &'a AttemptNews, epochs: &Epochs) -> Self {
        let delivery = attempt.delivery.map(|key| Text(epochs.delivery_id(key)));
        Self {
            id: Text(epochs.attempt_id(attempt.endpoint, attempt.number)),
            endpoint: Text(epochs.endpoint_id(attempt.endpoint)),
            delivery,
            event: Text(epochs.event_id(attempt.event)),
            event_type: attempt.kind.as_str(),
            test: attempt.delivery.is_none(),
            n: attempt.n,
            at: Text(attempt.at),
            duration_ms: attempt.duration_ms,
            status: attempt.result.ok(),
            error: attempt.result.err().map(ErrorKind::as_str),
            outcome: attempt.outcome.as_str(),
            next_at: attempt.next_at.map(Text),
        }
    }
}

impl<'a> EventNewsJson<'a> {
    fn new(event: &'a EventNews, names: &Names<'_>) -> Self {
        Self {
            id: Text(names.epochs.event_id(event.number)),
            event: event.kind.as_str(),
            occurred_at: Text(event.occurred_at),
            received_at: Text(event.received_at),
            origin: names.origin(event.origin),
            matched: event.matched,
        }
    }
}

impl<'a> ShownJson<'a> {
    fn new(view: &'a EndpointView) -> Self {
        let endpoint = &*view.endpoint;
        Self {
            title: &endpoint.spec.title,
            enabled: endpoint.spec.enabled,
            state: endpoint.state().as_str(),
            reason: endpoint.reason(),
            stats: StatsJson::new(view),
            recent: view.recent.iter().map(RecentJson::new).collect(),
            updated_at: Text(endpoint.updated_at),
        }
    }
}

impl FiguresJson {
    fn new(figures: &Figures) -> Self {
        let Skipped {
            attempts,
            events,
            endpoints,
        } = figures.skipped;
        Self {
            at: Text(figures.at),
            accepted: figures.accepted,
            delivered: figures.delivered,
            not_delivered: figures.not_delivered,
            attempts: figures.attempts,
            waiting: figures.waiting,
            in_flight: figures.in_flight,
            skipped: SkippedJson {
                attempt: attempts,
                event: events,
                endpoint: endpoints,
            },
        }
    }
}
