//! What happened over time: a series of points of the same length, the last of them running.

use serde::Serialize;

use crate::domain::rollup::{Rollup, Window};
use crate::domain::time::{Now, Tick, Timestamp};

use super::Text;

/// The answer of `/v1/stats`.
#[derive(Serialize)]
pub struct StatsSeriesJson {
    window: &'static str,
    step_s: u64,
    from: Text<Timestamp>,
    until: Text<Timestamp>,
    total: CountsJson,
    points: Vec<PointJson>,
}

#[derive(Serialize)]
struct PointJson {
    at: Text<Timestamp>,
    #[serde(flatten)]
    counts: CountsJson,
}

#[derive(Serialize)]
struct CountsJson {
    accepted: u64,
    delivered: u64,
    failed: u64,
    /// Of all attempts, those that delivered: 0 to 1; null without any.
    success: Option<f64>,
    p95_ms: Option<u32>,
    waiting: u32,
    oldest_waiting_ms: u64,
}

impl StatsSeriesJson {
    /// The points with their beginnings in engine time, oldest first.
    pub fn new(window: Window, now: Now, points: &[(Tick, Rollup)]) -> Self {
        let mut total = Rollup::default();
        for (_, point) in points {
            total.add(point);
        }
        let shown = |(at, point): &(Tick, Rollup)| PointJson {
            at: Text(shown_at(now, *at)),
            counts: CountsJson::new(point),
        };
        Self {
            window: window.as_str(),
            step_s: window.steps().1 / 1000,
            from: Text(shown_at(now, window.begins_at(now.tick))),
            until: Text(now.wall),
            total: CountsJson::new(&total),
            points: points.iter().map(shown).collect(),
        }
    }
}

/// To the second: the wall clock is a little ahead or behind, and stretches begin with one.
fn shown_at(now: Now, at: Tick) -> Timestamp {
    let ms = now.wall_at(at).plus_ms(500).0;
    Timestamp(ms - ms % 1000)
}

impl CountsJson {
    fn new(rollup: &Rollup) -> Self {
        let attempts = rollup.delivered + rollup.failed;
        Self {
            accepted: rollup.accepted,
            delivered: rollup.delivered,
            failed: rollup.failed,
            success: (attempts > 0).then(|| rollup.delivered as f64 / attempts as f64),
            p95_ms: rollup.latency.percentile_ms(95),
            waiting: rollup.waiting,
            oldest_waiting_ms: rollup.oldest_ms,
        }
    }
}
