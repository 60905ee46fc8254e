//! Replays of an endpoint's window: counted, started, looked at, stopped.

use std::sync::Arc;

use http::StatusCode;

use crate::domain::endpoint::{Endpoint, FieldError};
use crate::domain::event::EventType;
use crate::domain::replay::{Only, Window};
use crate::domain::time::Timestamp;
use crate::engine::handle::Refusal;
use crate::engine::replay::{Candidate, Plan, ReplayView, begin, look};

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::json::{self, Object, Value};
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::replay::{CountJson, CountedJson, ReplayJson};
use super::no_fields;

/// Events that are looked at in one read of a count.
const ROWS_MAX: usize = 5_000;
/// What `rate_per_s` may be.
const RATE: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

/// What is asked for.
#[derive(Debug)]
struct Wanted {
    window: Window,
    rate_per_s: Option<f64>,
    dry_run: bool,
}

/// Counts, and starts unless that was all that was wanted.
pub async fn start(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let at = edge.parts.clock.now().wall;
    let wanted = read_wanted(json::object(&body)?, at)?;
    let endpoint = edge.endpoint(call.id).await?.endpoint;
    let counted = count(edge, &endpoint, &wanted.window).await?;
    if wanted.dry_run {
        let shown = counted.shown(edge, wanted.rate_per_s);
        return Ok(answer::json(StatusCode::OK, &shown));
    }
    if !endpoint.spec.enabled {
        return Err(Refusal::Disabled.into());
    }
    let view = edge.handle().start_replay(Plan {
        endpoint,
        window: wanted.window,
        rate_per_s: wanted.rate_per_s,
        count: counted.count,
        at,
    })?;
    audit(edge, call.caller, "started a replay for", &call.id);
    let shown = ReplayJson::new(&view, edge.epochs());
    let location = format!("/v1/replays/{}", edge.epochs().replay_id(view.number));
    Ok(answer::created(&location, &shown))
}

fn read_wanted(mut body: Object<'_>, now: Timestamp) -> Result<Wanted, Problem> {
    let mut take = |name| body.take(name).and_then(Value::non_null);
    let (since, until, only) = (take("since"), take("until"), take("only"));
    let (event, rate, dry_run) = (take("event"), take("rate_per_s"), take("dry_run"));
    body.finish()?;
    let mut errors = Vec::new();
    let since = read_time(since, &mut errors)?;
    let until = read_time(until, &mut errors)?.map_or(now, |until| until.min(now));
    if since.is_some_and(|since| since > until) {
        let message = "is later than until, which is now at most";
        errors.push(FieldError::new("since", "out_of_range", message));
    }
    let wanted = Wanted {
        window: Window {
            since,
            until,
            only: read_only(only, &mut errors)?,
            kind: read_kind(event, &mut errors)?,
        },
        rate_per_s: read_rate(rate, &mut errors)?,
        dry_run: dry_run.map_or(Ok(false), |value| value.boolean())?,
    };
    match errors.is_empty() {
        true => Ok(wanted),
        false => Err(Problem::not_acceptable(errors)),
    }
}

type Errors = Vec<FieldError>;

fn read_time(value: Option<Value<'_>>, errors: &mut Errors) -> Result<Option<Timestamp>, Problem> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value.string()?;
    let time = Timestamp::parse_rfc3339(&text);
    if time.is_none() {
        let message = format!("{text:?} is not a time such as 2026-03-04T10:08:22+01:00");
        errors.push(FieldError::new(value.path(), "invalid", message));
    }
    Ok(time)
}

fn read_only(value: Option<Value<'_>>, errors: &mut Errors) -> Result<Only, Problem> {
    let Some(value) = value else {
        return Ok(Only::default());
    };
    let text = value.string()?;
    let only = Only::ALL.into_iter().find(|only| only.as_str() == text);
    if only.is_none() {
        let message = format!("{text:?} is not one of failed, all");
        errors.push(FieldError::new(value.path(), "invalid", message));
    }
    Ok(only.unwrap_or_default())
}

fn read_kind(value: Option<Value<'_>>, errors: &mut Errors) -> Result<Option<EventType>, Problem> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value.string()?;
    let kind = EventType::parse(&text);
    if let Err(error) = &kind {
        let message = format!("{text:?} {error}");
        errors.push(FieldError::new(value.path(), "invalid", message));
    }
    Ok(kind.ok())
}

fn read_rate(value: Option<Value<'_>>, errors: &mut Errors) -> Result<Option<f64>, Problem> {
    let Some(value) = value else {
        return Ok(None);
    };
    let rate = value.number()?;
    if !RATE.contains(&rate) {
        let message = format!(
            "{} is not from {} to {}; leave it out for as fast as the endpoint takes them",
            value.raw(),
            RATE.start(),
            RATE.end()
        );
        errors.push(FieldError::new(value.path(), "out_of_range", message));
    }
    Ok(Some(rate))
}

#[derive(Default)]
struct Counted {
    count: u64,
    oldest: Option<Candidate>,
    newest: Option<Candidate>,
}

impl Counted {
    fn shown(&self, edge: &Edge, rate_per_s: Option<f64>) -> CountJson {
        let event = |found: &Candidate| CountedJson::new(found, edge.epochs());
        CountJson {
            count: self.count,
            oldest: self.oldest.as_ref().map(event),
            newest: self.newest.as_ref().map(event),
            seconds: rate_per_s.map(|rate| self.count as f64 / rate),
        }
    }
}

/// Looks at the whole window as the replay would, in slices. A client that goes away ends it.
async fn count(edge: &Edge, endpoint: &Arc<Endpoint>, window: &Window) -> Result<Counted, Problem> {
    let place = edge.count_places.acquire().await;
    let _place = place.map_err(|_| Problem::internal("the places of counts are closed"))?;
    let mut counted = Counted::default();
    let of = window.clone();
    let mut from = edge.read(move |reader, _| Ok(begin(reader, &of)?)).await?;
    while let Some(at) = from {
        let (to, of) = (Arc::clone(endpoint), window.clone());
        let looked = edge
            .read(move |reader, epochs| {
                Ok(look(reader, (&to, &of, epochs), at, (ROWS_MAX, ROWS_MAX))?)
            })
            .await?;
        from = looked.next;
        counted.count += looked.found.len() as u64;
        let mut found = looked.found.into_iter();
        if counted.oldest.is_none() {
            counted.oldest = found.next();
            counted.newest.clone_from(&counted.oldest);
        }
        counted.newest = found.next_back().or(counted.newest);
    }
    Ok(counted)
}

/// Those that are remembered, newest first.
pub fn list(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let views = edge.handle().replays();
    let shown = |view: &ReplayView| ReplayJson::new(view, edge.epochs());
    let page = Page::whole(views.iter().map(shown).collect());
    Ok(answer::json(StatusCode::OK, &page))
}

/// How far it is.
pub fn read(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let number = edge.epochs().parse_replay(call.id).ok_or_else(unknown)?;
    shown(edge, edge.handle().replay(number))
}

/// Queues no more of it; how it stands then. One that has ended is left as it is.
pub async fn stop(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    no_fields(edge, &mut call.body, &call.head.headers).await?;
    let number = edge.epochs().parse_replay(call.id).ok_or_else(unknown)?;
    let now = edge.parts.clock.now().wall;
    let answer = shown(edge, edge.handle().stop_replay(number, now))?;
    audit(edge, call.caller, "stopped", &call.id);
    Ok(answer)
}

fn shown(edge: &Edge, view: Option<ReplayView>) -> Result<Answer, Problem> {
    let view = view.ok_or_else(unknown)?;
    let shown = ReplayJson::new(&view, edge.epochs());
    Ok(answer::json(StatusCode::OK, &shown))
}

fn unknown() -> Problem {
    let detail = "there is no replay with this id, or not any more: how far a replay is, is known \
                  of the last 64 and until ringhook is restarted. What one had queued is sent all \
                  the same; start another for the rest";
    Problem::new(Code::NoObject, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let now = Timestamp::parse_rfc3339("2026-03-04T10:00:00Z").unwrap();
        let read =
            |body: &str| json::object(body.as_bytes()).and_then(|body| read_wanted(body, now));
        let wanted = read("{}").unwrap();
        assert_eq!((wanted.window.since, wanted.window.until), (None, now));
        assert_eq!(
            (wanted.window.only, wanted.window.kind),
            (Only::Failed, None)
        );
        assert_eq!((wanted.rate_per_s, wanted.dry_run), (None, false));
        let body = r#"{"since":"2026-03-04T08:00:00Z","until":"2026-03-04T09:00:00Z","only":"all",
            "event":"call:missed","rate_per_s":2,"dry_run":true}"#;
        let wanted = read(body).unwrap();
        assert_eq!(
            wanted.window.until.0 - wanted.window.since.unwrap().0,
            3_600_000
        );
        assert_eq!(wanted.window.only, Only::All);
        assert_eq!(wanted.window.kind, Some(EventType::CallMissed));
        assert_eq!((wanted.rate_per_s, wanted.dry_run), (Some(2.0), true));
        // What comes after it was asked for is no part of it.
        let later = read(r#"{"until":"2030-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(later.window.until, now);
        let check = |body: &str, status: u16| {
            let got = read(body).map_err(|problem| problem.code().row().1);
            assert_eq!(got.err(), Some(status), "{body}");
        };
        check(
            r#"{"since":"2026-03-04T09:00:00Z","until":"2026-03-04T08:00:00Z"}"#,
            422,
        );
        check(r#"{"since":"2030-01-01T00:00:00Z"}"#, 422);
        check(r#"{"since":"2h"}"#, 422);
        check(r#"{"only":"some"}"#, 422);
        check(r#"{"event":"Odd"}"#, 422);
        check(r#"{"rate_per_s":0}"#, 422);
        check(r#"{"rate_per_s":1001}"#, 422);
        check(r#"{"rate_per_s":"2"}"#, 400);
        check(r#"{"dry_run":1}"#, 400);
        check(r#"{"odd":1}"#, 400);
    }
}
