//! What a filter would do, shown on events that came.

use serde::Serialize;

use crate::domain::event::EventType;
use crate::domain::filter::Miss;
use crate::domain::id::PublicId;
use crate::domain::time::Timestamp;

use super::Text;
use super::event::Summary;

/// The answer to a preview.
#[derive(Serialize)]
pub struct PreviewJson {
    /// `events`: those that came last. `samples`: the built-in ones, as no event is stored.
    source: &'static str,
    total: usize,
    matched: usize,
    samples: Vec<SampleJson>,
}

/// What becomes of one event.
#[derive(Serialize)]
pub struct SampleJson {
    event: SampledJson,
    matched: bool,
    /// The code and the words of the miss, as in `not_matched` of an event.
    code: Option<&'static str>,
    reason: Option<String>,
}

/// What is shown of the event: as in a list. A built-in sample has no id and no time.
#[derive(Serialize)]
struct SampledJson {
    id: Option<Text<PublicId>>,
    event: String,
    received_at: Option<Text<Timestamp>>,
    summary: Summary,
}

impl PreviewJson {
    /// Of events that came, newest first.
    pub fn of_events(samples: Vec<SampleJson>) -> Self {
        Self::new("events", samples)
    }

    /// Of the built-in samples.
    pub fn of_samples(samples: Vec<SampleJson>) -> Self {
        Self::new("samples", samples)
    }

    fn new(source: &'static str, samples: Vec<SampleJson>) -> Self {
        Self {
            source,
            total: samples.len(),
            matched: samples.iter().filter(|sample| sample.matched).count(),
            samples,
        }
    }
}

impl SampleJson {
    /// `stored`: the id of the event and when it came. `data` is None where it is damaged.
    pub fn new(
        stored: Option<(PublicId, Timestamp)>,
        kind: &EventType,
        data: Option<&str>,
        miss: Option<Miss>,
    ) -> Self {
        let event = SampledJson {
            id: stored.map(|(id, _)| Text(id)),
            event: kind.to_string(),
            received_at: stored.map(|(_, at)| Text(at)),
            summary: data.map(Summary::of).unwrap_or_default(),
        };
        Self {
            event,
            matched: miss.is_none(),
            code: miss.as_ref().map(|miss| miss.code),
            reason: miss.map(|miss| miss.reason),
        }
    }
}
