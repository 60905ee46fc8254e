//! Endpoints, listed: narrowed, sorted, and paged. A page is read from the directory, and the
//! engine is asked for no more than what the page shows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::domain::endpoint::{Endpoint, State};
use crate::domain::event::EventType;
use crate::domain::filter::Wants;
use crate::domain::id::{EndpointNumber, Epochs};
use crate::engine::directory::{Directory, Order, Place};
use crate::engine::handle::Ranking;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, aside, ask};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::endpoint::EndpointJson;

/// Endpoints that the engine ranks in one go.
const RANKED_MAX: usize = 512;

/// `?q= &state= &type= &sort=`, paged.
pub async fn list(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let known = ["q", "state", "type", "sort", "limit", "cursor"];
    let query = Query::parse(call.head.uri.query(), &known)?;
    let limit = query.limit()?;
    let wanted = Wanted::read(&query, edge.epochs())?;
    let sort = query.read("sort", Sort::EXPECTED, Sort::parse)?;
    let sort = sort.unwrap_or(Sort::ADDED);
    let after = query.cursor(Cursor::parse)?;
    // One more than the page shows whether there is another.
    let mut found = match sort.by {
        SortBy::Listed(order) => {
            let behind = after.map(Cursor::place);
            let order = (order, sort.descends);
            listed(edge, wanted, (order, behind, limit + 1)).await?
        }
        SortBy::Ranked(by) => ranked(edge, wanted, (by, sort.descends), after, limit + 1).await?,
    };
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| is_cut);
    let next = last.map(Cursor::written);
    let numbers = found.iter().map(|cursor| cursor.number).collect();
    let views = ask(|reply| edge.handle().views(numbers, reply)).await?;
    let configuration = edge.configuration();
    let delivery = &configuration.settings.delivery;
    let items = views.iter();
    let items = items.map(|view| EndpointJson::new(view, edge.epochs(), delivery));
    let page = Page {
        items: items.collect(),
        next,
    };
    Ok(answer::json(StatusCode::OK, &page))
}

/// A page in an order that the directory has.
async fn listed(
    edge: &Edge,
    wanted: Wanted,
    (order, behind, limit): ((Order, bool), Option<Place>, usize),
) -> Result<Vec<Cursor>, Problem> {
    let handle = edge.handle().clone();
    aside(move || {
        let mut found = Vec::new();
        wanted.walk(handle.directory(), order, behind, &mut |place| {
            found.push(Cursor::of(&place));
            found.len() < limit
        });
        Ok(found)
    })
    .await
}

/// A page in an order that changes with every delivery: the engine says what each of those that
/// are wanted is ranked by, some at a time.
async fn ranked(
    edge: &Edge,
    wanted: Wanted,
    (by, descends): (Ranking, bool),
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>, Problem> {
    let everything = ((Order::Added, false), None, usize::MAX);
    let mut all = listed(edge, wanted, everything).await?;
    for some in all.chunks_mut(RANKED_MAX) {
        let numbers = some.iter().map(|cursor| cursor.number).collect();
        let ranks = ask(|reply| edge.handle().ranks(by, numbers, reply)).await?;
        for (cursor, rank) in some.iter_mut().zip(ranks) {
            cursor.rank = rank;
        }
    }
    let key = |cursor: &Cursor| (cursor.rank, cursor.number);
    all.sort_unstable_by(|a, b| match descends {
        false => key(a).cmp(&key(b)),
        true => key(b).cmp(&key(a)),
    });
    if let Some(after) = after {
        let after = key(&after);
        all.retain(|cursor| match descends {
            false => key(cursor) > after,
            true => key(cursor) < after,
        });
    }
    all.truncate(limit);
    Ok(all)
}

/// What a list is narrowed to.
struct Wanted {
    text: Option<String>,
    number: Option<EndpointNumber>,
    state: Option<State>,
    kind: Option<EventType>,
}

impl Wanted {
    fn read(query: &Query<'_>, epochs: &Epochs) -> Result<Self, Problem> {
        let state = |text: &str| State::ALL.into_iter().find(|state| state.as_str() == text);
        let expected = "one of active, failing, paused, disabled";
        let text = query.text("q")?;
        Ok(Self {
            number: text.as_ref().and_then(|id| epochs.parse_endpoint(id)),
            text: text.map(|text| text.to_lowercase()),
            state: query.read("state", expected, state)?,
            kind: query.read("type", "an event type", |text| EventType::parse(text).ok())?,
        })
    }

    /// The places of those that are wanted, for as long as `each` says `true`. Where only one
    /// state is, the walk in the order of states is over that state only.
    fn walk(
        &self,
        directory: &Directory,
        order: (Order, bool),
        behind: Option<Place>,
        each: &mut dyn FnMut(Place) -> bool,
    ) {
        let state = self.state.filter(|_| order.0 == Order::State);
        let behind = behind.or(state.map(|state| Order::beginning(state, order.1)));
        directory.walk(order, behind, &mut |(place, endpoint)| {
            let is_over = state.is_some_and(|state| endpoint.state() != state);
            !is_over && (!self.has(&endpoint) || each(place))
        });
    }

    fn has(&self, endpoint: &Endpoint) -> bool {
        let spec = &endpoint.spec;
        let wants = |kind: &EventType| {
            spec.events
                .iter()
                .any(|subscription| match &subscription.wants {
                    Wants::All => !kind.is_notice(),
                    Wants::Type(wanted) => wanted == kind,
                })
        };
        let says = |text: &String| {
            let texts = [spec.title.to_lowercase(), spec.url.to_lowercase()];
            texts.iter().any(|known| known.contains(text.as_str()))
                || self.number == Some(endpoint.number)
        };
        self.state.is_none_or(|state| endpoint.state() == state)
            && self.kind.as_ref().is_none_or(wants)
            && self.text.as_ref().is_none_or(says)
    }
}

/// What a list is sorted by; a leading `-` turns it round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sort {
    by: SortBy,
    descends: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SortBy {
    Listed(Order),
    Ranked(Ranking),
}

impl Sort {
    const ADDED: Self = Self {
        by: SortBy::Listed(Order::Added),
        descends: false,
    };
    const EXPECTED: &'static str = "one of created_at, title, state, waiting, delivered_24h, \
        failed_24h, p95_ms, with or without a leading -";

    fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix('-');
        let by = match name.unwrap_or(text) {
            "created_at" => SortBy::Listed(Order::Added),
            "title" => SortBy::Listed(Order::Title),
            "state" => SortBy::Listed(Order::State),
            "waiting" => SortBy::Ranked(Ranking::Waiting),
            "delivered_24h" => SortBy::Ranked(Ranking::Delivered),
            "failed_24h" => SortBy::Ranked(Ranking::Failed),
            "p95_ms" => SortBy::Ranked(Ranking::P95),
            _ => return None,
        };
        let descends = name.is_some();
        Some(Self { by, descends })
    }
}

/// Where an endpoint stands in a sorted list, so that a page goes on at the right place when
/// endpoints come and go.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Cursor {
    rank: u64,
    title: String,
    number: EndpointNumber,
}

impl Cursor {
    fn of(place: &Place) -> Self {
        Self {
            rank: u64::from(place.rank),
            title: place.title.as_ref().to_owned(),
            number: place.number,
        }
    }

    fn place(self) -> Place {
        Place {
            rank: u8::try_from(self.rank).unwrap_or(u8::MAX),
            title: self.title.into(),
            number: self.number,
        }
    }

    fn written(&self) -> String {
        let title = URL_SAFE_NO_PAD.encode(&self.title);
        format!("{:x}.{:x}.{title}", self.number.0, self.rank)
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, rest) = text.split_once('.')?;
        let (rank, title) = rest.split_once('.')?;
        Some(Self {
            rank: u64::from_str_radix(rank, 16).ok()?,
            title: String::from_utf8(URL_SAFE_NO_PAD.decode(title).ok()?).ok()?,
            number: EndpointNumber(u32::from_str_radix(number, 16).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts() {
        let check = |text: &str, expected: Option<(SortBy, bool)>| {
            let got = Sort::parse(text).map(|sort| (sort.by, sort.descends));
            assert_eq!(got, expected, "{text}");
        };
        check("title", Some((SortBy::Listed(Order::Title), false)));
        check("-state", Some((SortBy::Listed(Order::State), true)));
        check("created_at", Some((SortBy::Listed(Order::Added), false)));
        check("-waiting", Some((SortBy::Ranked(Ranking::Waiting), true)));
        check("-p95_ms", Some((SortBy::Ranked(Ranking::P95), true)));
        check("--title", None);
        check("", None);
        check("odd", None);
    }

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        let cursor = Cursor {
            rank: 7000,
            title: "é.a".into(),
            number: EndpointNumber(300),
        };
        assert_eq!(Cursor::parse(&cursor.written()), Some(cursor));
        for bad in ["", "x", "1", "1.*", "1.1.*", "g.1.AA", "1.g.AA", "1.1._w"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
