//! `POST /v1/filters/preview`: what a filter would make of the events that came last, with the
//! reason of each miss from the very code that matches.

use std::sync::Arc;

use http::StatusCode;

use crate::domain::event::EventType;
use crate::domain::filter::{self, Miss, Subscription};
use crate::domain::id::Epochs;
use crate::domain::{intake, payload};
use crate::store::{ReadError, Reader, StoredEvent, Walk};

use super::super::answer::{self, Answer};
use super::super::edge::Edge;
use super::super::json::{self, Object, Value};
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::wire::preview::{PreviewJson, SampleJson};
use super::super::wire::subscription_read;

/// How many events are looked at when nobody says, and at most.
const LAST_DEFAULT: usize = 200;
const LAST_MAX: usize = 500;
/// Bodies are read for their facts: so many bytes of them, and then it is enough.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Judges them, newest first; the built-in samples where none is stored.
pub async fn preview(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let (wanted, last) = request(json::object(&body)?)?;
    let place = Arc::clone(&edge.preview_places).acquire_owned().await;
    let place = place.map_err(|_| Problem::internal("the places of previews are closed"))?;
    let shown = edge.read(move |reader, epochs| {
        let events = stored(reader, epochs, &wanted, last)?;
        // Held by the thread, which goes on where the client does not wait.
        drop(place);
        Ok(match events.is_empty() {
            true => PreviewJson::of_samples(built_in(&wanted)),
            false => PreviewJson::of_events(events),
        })
    });
    Ok(answer::json(StatusCode::OK, &shown.await?))
}

fn request(mut body: Object<'_>) -> Result<(Vec<Subscription>, usize), Problem> {
    let events = body.require("events")?;
    let last = body.take("last").and_then(Value::non_null);
    body.finish()?;
    let last = match last {
        None => LAST_DEFAULT,
        Some(value) => {
            let given = value.number()?;
            let fits = given.fract() == 0.0 && (1.0..=LAST_MAX as f64).contains(&given);
            if !fits {
                let message = format!("{} is not a whole number from 1 to {LAST_MAX}", value.raw());
                return Err(Problem::field("last", "out_of_range", message));
            }
            given as usize
        }
    };
    Ok((subscription_read::acceptable(events)?, last))
}

/// The heads in one short snapshot; then each body in one of its own.
fn stored(
    reader: &Reader,
    epochs: &Epochs,
    wanted: &[Subscription],
    last: usize,
) -> Result<Vec<SampleJson>, ReadError> {
    let mut found: Vec<StoredEvent> = Vec::with_capacity(last);
    reader.events_backwards(None, last, &mut |event| {
        found.push(event);
        Walk::On
    })?;
    let mut samples = Vec::with_capacity(found.len());
    let mut bytes = 0;
    for event in found {
        let body = reader.body(event.number)?;
        let data = body.as_deref().and_then(payload::data_of);
        bytes += body.as_deref().map_or(0, <[u8]>::len);
        let (kind, at) = (&event.head.kind, event.head.received_at);
        let stored = (epochs.event_id(event.number), at);
        let miss = judge(wanted, kind, data);
        samples.push(SampleJson::new(Some(stored), kind, data, miss));
        if bytes >= BODY_BYTES_MAX {
            break;
        }
    }
    Ok(samples)
}

fn built_in(wanted: &[Subscription]) -> Vec<SampleJson> {
    let sample = |kind: &EventType| {
        let data = payload::sample(kind);
        SampleJson::new(None, kind, Some(data), judge(wanted, kind, Some(data)))
    };
    EventType::BUILT_IN.iter().map(sample).collect()
}

fn judge(wanted: &[Subscription], kind: &EventType, data: Option<&str>) -> Option<Miss> {
    let facts = data.and_then(|data| intake::read_data(kind, data).ok());
    filter::miss(wanted, kind, facts.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let check = |body: &str, expected: Result<(usize, usize), u16>| {
            let got = json::object(body.as_bytes()).and_then(request);
            let got = got.map(|(wanted, last)| (wanted.len(), last));
            let got = got.map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{body}");
        };
        check(r#"{"events":["*"]}"#, Ok((1, 200)));
        check(r#"{"events":["*","call:missed"],"last":500}"#, Ok((2, 500)));
        check(r#"{"events":["*"],"last":null}"#, Ok((1, 200)));
        check(r#"{"events":[]}"#, Err(422));
        check(r#"{"events":["Bad"]}"#, Err(422));
        let ringing = r#"{"events":[{"type":"call:ringing","duration":{"min":1}}]}"#;
        check(ringing, Err(422));
        for last in ["0", "501", "1.5", "-1"] {
            check(&format!(r#"{{"events":["*"],"last":{last}}}"#), Err(422));
        }
        check(r#"{"events":["*"],"last":"5"}"#, Err(400));
        check(r#"{"events":"*"}"#, Err(400));
        check(r#"{"last":5}"#, Err(400));
        check(r#"{"events":["*"],"odd":1}"#, Err(400));
    }

    #[test]
    fn the_built_in_samples_can_all_be_judged() {
        let wanted = [Subscription {
            wants: filter::Wants::All,
            filter: filter::Filter {
                accounts: vec!["nobody".to_owned()],
                ..filter::Filter::default()
            },
        }];
        for kind in &EventType::BUILT_IN {
            let miss = judge(&wanted, kind, Some(payload::sample(kind)));
            assert_eq!(miss.map(|miss| miss.code), Some("account"), "{kind}");
        }
    }
}
