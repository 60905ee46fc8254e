//! `GET /v1/stats`: what happened over time, from stored rollups.

use std::collections::BTreeMap;

use http::StatusCode;

use crate::domain::rollup::Window;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::stats::StatsSeriesJson;

/// `?window=1h|24h|7d`
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &["window"])?;
    let window = query.read("window", "one of 1h, 24h, 7d", Window::parse)?;
    let window = window.unwrap_or(Window::Day);
    // Before the database is read: a row that is written in between is in both, and counts once.
    let (newer, now) = ask(|reply| edge.handle().rollups(reply)).await?;
    let (from, to) = window.rows(now.tick);
    let stored = edge
        .read(move |reader, _| Ok(reader.whole_rollups(from, to)?))
        .await?;
    let rows = stored.into_iter().chain(newer);
    let rows = rows.filter(|(key, _)| key.is_whole() && (from..=to).contains(&key.span));
    let rows: BTreeMap<_, _> = rows.collect();
    let rows = rows.iter().map(|(key, row)| (key.span, row));
    let shown = StatsSeriesJson::new(window, now, &window.points(now.tick, rows));
    Ok(answer::json(StatusCode::OK, &shown))
}
