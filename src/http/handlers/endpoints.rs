//! Endpoints: listed, added, read, edited, removed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::domain::endpoint::{State, Tls};
use crate::domain::event::EventType;
use crate::domain::filter::Wants;
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::engine::handle::{Command, EndpointView, Refusal, Written};

use super::super::answer::{self, Answer};
use super::super::auth::{Caller, audit};
use super::super::edge::{Edge, ask};
use super::super::json;
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::endpoint::EndpointJson;
use super::super::wire::endpoint_read;
use super::random_bytes;

/// How often an edit is tried again when someone else was faster.
const EDIT_TRIES: usize = 5;

/// Adds one: 201 with it, and where it can be read.
pub async fn add(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    add_as(edge, call.caller, &body).await
}

/// Adds what this body says.
pub async fn add_as(edge: &Edge, caller: Caller, body: &[u8]) -> Result<Answer, Problem> {
    let now = edge.parts.clock.now().wall;
    let (spec, key) = endpoint_read::create(json::object(body)?, now)?;
    check_tls(edge, &spec.policy.tls)?;
    let key = match key {
        Some(key) => key,
        None => SignatureKey::from_random(random_bytes()?),
    };
    let spec = Box::new(spec);
    let view = written(edge.write(Command::AddEndpoint { spec, key }).await?)?;
    let id = edge.epochs().endpoint_id(view.endpoint.number);
    audit(edge, caller, "added endpoint", &id);
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

/// `?q= &state= &type= &sort=`, paged.
pub async fn list(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let known = ["q", "state", "type", "sort", "limit", "cursor"];
    let query = Query::parse(call.head.uri.query(), &known)?;
    let limit = query.limit()?;
    let wanted = Wanted::read(&query)?;
    let sort = query.read("sort", Sort::EXPECTED, Sort::parse)?;
    let sort = sort.unwrap_or(Sort::AGE);
    let after = query.cursor(Place::parse)?;
    let mut views = ask(|reply| edge.handle().endpoints(reply)).await?;
    let id = |view: &EndpointView| edge.epochs().endpoint_id(view.endpoint.number);
    views.retain(|view| wanted.has(view, id(view).as_str()));
    let mut placed: Vec<_> = views.iter().map(|view| (sort.place(view), view)).collect();
    placed.sort_by(|(a, _), (b, _)| sort.compare(a, b));
    if let Some(after) = after {
        placed.retain(|(place, _)| sort.compare(place, &after).is_gt());
    }
    let is_cut = placed.len() > limit;
    placed.truncate(limit);
    let last = placed.last().filter(|_| is_cut);
    let page = Page {
        next: last.map(|(place, _)| place.written()),
        items: placed
            .iter()
            .map(|(_, view)| {
                EndpointJson::new(view, edge.epochs(), &edge.configuration().settings.delivery)
            })
            .collect(),
    };
    Ok(answer::json(StatusCode::OK, &page))
}

/// What a list is narrowed to.
struct Wanted {
    text: Option<String>,
    state: Option<State>,
    kind: Option<EventType>,
}

impl Wanted {
    fn read(query: &Query<'_>) -> Result<Self, Problem> {
        let state = |text: &str| State::ALL.into_iter().find(|state| state.as_str() == text);
        let expected = "one of active, failing, paused, disabled";
        Ok(Self {
            text: query.text("q")?.map(|text| text.to_lowercase()),
            state: query.read("state", expected, state)?,
            kind: query.read("type", "an event type", |text| EventType::parse(text).ok())?,
        })
    }

    fn has(&self, view: &EndpointView, id: &str) -> bool {
        let spec = &view.endpoint.spec;
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
            texts.iter().any(|known| known.contains(text.as_str())) || id == text
        };
        self.text.as_ref().is_none_or(says)
            && self
                .state
                .is_none_or(|state| view.endpoint.state() == state)
            && self.kind.as_ref().is_none_or(wants)
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
    Age,
    Title,
    Waiting,
    /// Those that need somebody first, then by title.
    State,
}

/// Where an endpoint stands in a sorted list: it also is the cursor, so that a page goes on at
/// the right place when endpoints come and go.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    key: String,
    number: EndpointNumber,
}

impl Sort {
    const AGE: Self = Self {
        by: SortBy::Age,
        descends: false,
    };
    const EXPECTED: &'static str =
        "one of created_at, title, waiting, state, with or without a leading -";

    fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix('-');
        let by = match name.unwrap_or(text) {
            "created_at" => SortBy::Age,
            "title" => SortBy::Title,
            "waiting" => SortBy::Waiting,
            "state" => SortBy::State,
            _ => return None,
        };
        let descends = name.is_some();
        Some(Self { by, descends })
    }

    fn place(self, view: &EndpointView) -> Place {
        let key = match self.by {
            SortBy::Age => String::new(),
            SortBy::Title => view.endpoint.spec.title.to_lowercase(),
            SortBy::Waiting => format!("{:010}", view.lane.waiting),
            SortBy::State => {
                let rank = match view.endpoint.state() {
                    State::Failing => 0,
                    State::Paused => 1,
                    State::Active => 2,
                    State::Disabled => 3,
                };
                format!("{rank}{}", view.endpoint.spec.title.to_lowercase())
            }
        };
        let number = view.endpoint.number;
        Place { key, number }
    }

    fn compare(self, a: &Place, b: &Place) -> std::cmp::Ordering {
        if self.descends { b.cmp(a) } else { a.cmp(b) }
    }
}

impl Place {
    fn written(&self) -> String {
        format!("{:x}.{}", self.number.0, URL_SAFE_NO_PAD.encode(&self.key))
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, key) = text.split_once('.')?;
        Some(Self {
            key: String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?,
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
        check("title", Some((SortBy::Title, false)));
        check("-waiting", Some((SortBy::Waiting, true)));
        check("state", Some((SortBy::State, false)));
        check("created_at", Some((SortBy::Age, false)));
        check("--title", None);
        check("", None);
        check("odd", None);
    }

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        let place = Place {
            key: "é.a".into(),
            number: EndpointNumber(300),
        };
        assert_eq!(Place::parse(&place.written()), Some(place));
        for bad in ["", "x", "1", "1.*", "g.AA", "1._w"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
