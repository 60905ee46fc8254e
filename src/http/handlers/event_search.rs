//! Finds events: a walk over heads, newest first, that compares by digest and looks into the
//! body only where that matched.

use std::borrow::Cow;

use crate::domain::digest;
use crate::domain::event::EventType;
use crate::domain::filter::comparable;
use crate::domain::id::{Epochs, EventNumber};
use crate::domain::time::Timestamp;
use crate::domain::{intake, payload};
use crate::store::{ReadError, Reader, StoredEvent, Walk};

use super::super::problem::Problem;
use super::super::query::Query;
use super::super::wire::delivery::{DeliveryState, DeliveryView};
use super::super::wire::event::Summary;
use super::live::Live;

/// The most rows that one request walks over.
pub const ROWS_MAX: usize = 10_000;
/// Times of acceptance go up but for steps of the clock; a walk for `since` goes on that long
/// below it.
const STEP_MS: u64 = 3_600_000;

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct Search {
    kind: Option<EventType>,
    account: Option<String>,
    number: Option<String>,
    state: Option<Standing>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    exact: Option<Exact>,
}

/// The state of an event's deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// It has none.
    Unmatched,
    /// One of them is in this state.
    Has(DeliveryState),
}

/// What `q` names.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Exact {
    /// An event by its id.
    Event(EventNumber),
    /// A `data.id`, or a number.
    Text {
        /// As given.
        id: String,
        /// In the form in which numbers are compared.
        number: String,
    },
}

/// An event that was found.
pub struct Found {
    /// All but its body.
    pub event: StoredEvent,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryView>,
    /// What a list shows of its data.
    pub summary: Summary,
}

impl Search {
    /// The parameters of the contract.
    pub const PARAMETERS: [&'static str; 9] = [
        "type", "account", "number", "state", "since", "until", "q", "limit", "cursor",
    ];

    /// Reads them.
    pub fn read(query: &Query<'_>, epochs: &Epochs) -> Result<Self, Problem> {
        let number = query.literal("number")?.map(|text| comparable(&text));
        let exact = query
            .literal("q")?
            .map(|text| match epochs.parse_event(&text) {
                Some(event) => Exact::Event(event),
                None => Exact::Text {
                    number: comparable(&text),
                    id: text.into_owned(),
                },
            });
        let standing = |text: &str| match text {
            "unmatched" => Some(Standing::Unmatched),
            other => DeliveryState::parse(other).map(Standing::Has),
        };
        Ok(Self {
            kind: query.read("type", "an event type", |text| EventType::parse(text).ok())?,
            account: query.text("account")?.map(Cow::into_owned),
            number,
            state: query.read("state", "the state of a delivery, or unmatched", standing)?,
            since: query.time("since")?,
            until: query.time("until")?,
            exact,
        })
    }

    /// A page of events before `before`, and where the next one goes on.
    pub fn find(
        &self,
        reader: &Reader,
        live: &Live,
        before: Option<EventNumber>,
        limit: usize,
    ) -> Result<(Vec<Found>, Option<EventNumber>), ReadError> {
        let (before, rows_max) = match self.exact {
            Some(Exact::Event(event)) => (Some(EventNumber(event.0.saturating_add(1))), 1),
            _ => (before, ROWS_MAX),
        };
        let mut matched = Vec::new();
        let mut is_over = matches!(self.exact, Some(Exact::Event(_)));
        let next = reader.events_backwards(before, rows_max, &mut |event| {
            if self.is_past(&event) {
                is_over = true;
                return Walk::Stop;
            }
            let deliveries = live.deliveries(&event);
            if self.has_head(&event) && self.has_state(&deliveries) {
                matched.push((event, deliveries));
            }
            if matched.len() == limit {
                Walk::Stop
            } else {
                Walk::On
            }
        })?;
        let mut found = Vec::with_capacity(matched.len());
        for (event, deliveries) in matched {
            found.extend(self.look_inside(reader, event, deliveries)?);
        }
        Ok((found, next.filter(|_| !is_over)))
    }

    /// Whether what comes now is older than anything that is asked for.
    fn is_past(&self, event: &StoredEvent) -> bool {
        let received_at = event.head.received_at;
        self.since
            .is_some_and(|since| received_at.plus_ms(STEP_MS) < since)
    }

    fn has_head(&self, event: &StoredEvent) -> bool {
        let head = &event.head;
        let has_number = |number: &str| {
            let digest = Some(digest::short(number));
            head.caller_number == digest || head.tracked_number == digest
        };
        self.kind.as_ref().is_none_or(|kind| head.kind == *kind)
            && self.since.is_none_or(|since| head.received_at >= since)
            && self.until.is_none_or(|until| head.received_at <= until)
            && self
                .account
                .as_ref()
                .is_none_or(|account| head.account == Some(digest::short(account)))
            && self.number.as_deref().is_none_or(has_number)
            && self.exact.as_ref().is_none_or(|exact| match exact {
                Exact::Event(number) => event.number == *number,
                Exact::Text { id, number } => {
                    head.call == Some(digest::short(id)) || has_number(number)
                }
            })
    }

    fn has_state(&self, deliveries: &[DeliveryView]) -> bool {
        self.state.is_none_or(|wanted| match wanted {
            Standing::Unmatched => deliveries.is_empty(),
            Standing::Has(state) => deliveries.iter().any(|view| view.state == state),
        })
    }

    /// Reads the body: for the summary, and because two texts may share a digest. A body that
    /// can't be read is shown without a summary.
    fn look_inside(
        &self,
        reader: &Reader,
        event: StoredEvent,
        deliveries: Vec<DeliveryView>,
    ) -> Result<Option<Found>, ReadError> {
        let body = reader.body(event.number)?;
        let data = body.as_deref().and_then(payload::data_of);
        let has = data.is_none_or(|data| self.has_data(&event.head.kind, data));
        Ok(has.then(|| Found {
            event,
            deliveries,
            summary: data.map(Summary::of).unwrap_or_default(),
        }))
    }

    fn has_data(&self, kind: &EventType, data: &str) -> bool {
        let asks = self.account.is_some() || self.number.is_some() || self.exact.is_some();
        let Some(facts) = asks.then(|| intake::read_data(kind, data).ok()).flatten() else {
            return true;
        };
        let has_number = |number: &str| {
            let number = Some(number);
            facts.caller_number.as_deref() == number || facts.tracked_number.as_deref() == number
        };
        (self.account.is_none() || facts.account == self.account)
            && self.number.as_deref().is_none_or(has_number)
            && self.exact.as_ref().is_none_or(|exact| match exact {
                Exact::Event(_) => true,
                Exact::Text { id, number } => facts.id.as_ref() == Some(id) || has_number(number),
            })
    }
}
