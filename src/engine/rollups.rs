//! What is counted by the minute of the whole daemon, and by the hour of it and of each
//! endpoint: kept here while it runs, and written once a minute, a slice with each commit.
//!
//! A crash loses what was counted since the last minute was written. A stop writes it all.

use std::collections::BTreeMap;

use super::state::State;
use crate::domain::change::Change;
use crate::domain::id::EndpointNumber;
use crate::domain::outcome::Outcome;
use crate::domain::rollup::{
    HOURS_KEPT, MINUTE_MS, MINUTES_APART, MINUTES_KEPT, Rollup, RollupKey, Span,
};
use crate::domain::time::{Now, Tick, Timestamp};
use crate::store::{ReadError, Reader};

/// Rows that go with one commit.
const SLICE_MAX: usize = 512;
/// Rows that wait; beyond it, which only a store that hangs lets gather, minutes are not kept.
const WAITING_MAX: usize = 4 * SLICE_MAX;
/// Hours of the day that an endpoint shows.
const HOURS_SHOWN: u32 = 24;

/// The rows that run, and those that are newer than the database.
#[derive(Debug)]
pub(super) struct Rollups {
    minute: Running,
    hour: Running,
    // What the last written minute said to wait, and which minute that was.
    told_waiting: u32,
    told: Span,
    /// When the oldest event came that has open deliveries, as the keeper last saw it.
    pub oldest_at: Option<Timestamp>,
    // Endpoints with counts that are not written; those of before this minute go next.
    marked: Vec<EndpointNumber>,
    leaving: Vec<EndpointNumber>,
    waiting: BTreeMap<RollupKey, Rollup>,
    // What the store has been given and not yet committed.
    sweeping: BTreeMap<RollupKey, Rollup>,
}

/// A row that still counts.
#[derive(Debug)]
struct Running {
    span: Span,
    row: Rollup,
}

impl Rollups {
    /// Nothing was counted yet.
    pub fn new(now: Tick) -> Self {
        let (minute, hour) = (Span::minute(now), Span::hour(now));
        let running = |span| Running {
            span,
            row: Rollup::default(),
        };
        Self {
            minute: running(minute),
            hour: running(hour),
            told_waiting: 0,
            told: minute,
            oldest_at: None,
            marked: Vec::new(),
            leaving: Vec::new(),
            waiting: BTreeMap::new(),
            sweeping: BTreeMap::new(),
        }
    }

    /// An event was accepted.
    pub fn note_accepted(&mut self) {
        self.minute.row.accepted += 1;
        self.hour.row.accepted += 1;
    }

    /// Nothing waits to be written.
    pub fn is_clean(&self) -> bool {
        self.waiting.is_empty() && self.leaving.is_empty()
    }

    /// The rows of the whole daemon that are newer than the database, the running ones with what
    /// waits now.
    pub fn newer(&self, waiting: u32, oldest_ms: u64) -> Vec<(RollupKey, Rollup)> {
        let rows = self.sweeping.iter().chain(&self.waiting);
        let whole = rows.filter(|(key, _)| key.is_whole());
        let mut newer: Vec<_> = whole.map(|(key, row)| (*key, row.clone())).collect();
        for running in [&self.hour, &self.minute] {
            let mut row = running.row.clone();
            row.note_waiting(waiting, oldest_ms);
            newer.push((RollupKey::whole(running.span), row));
        }
        newer
    }

    /// The slice is on disk.
    pub fn swept(&mut self) {
        self.sweeping.clear();
    }

    /// The slice is not on disk: it waits again, but for rows that were made anew since.
    pub fn restore(&mut self) {
        for (key, row) in std::mem::take(&mut self.sweeping) {
            self.waiting.entry(key).or_insert(row);
        }
    }

    /// The minute is over, and the hour may be.
    fn close(&mut self, now: Tick, waiting: u32, oldest_ms: u64) {
        let (minute, hour) = (Span::minute(now), Span::hour(now));
        let row = &mut self.minute.row;
        row.note_waiting(waiting, oldest_ms);
        self.hour.row.note_waiting(waiting, oldest_ms);
        let long_ago = self.minute.span >= Span(self.told.0 + MINUTES_APART);
        let is_news = waiting != self.told_waiting || (waiting > 0 && long_ago);
        let room = self.waiting.len() < WAITING_MAX;
        if room && (is_news || !row.is_quiet()) {
            (self.told_waiting, self.told) = (waiting, self.minute.span);
            let minute = RollupKey::whole(self.minute.span);
            self.waiting.insert(minute, row.clone());
            let hour = RollupKey::whole(self.hour.span);
            self.waiting.insert(hour, self.hour.row.clone());
        }
        if minute != self.minute.span {
            self.minute = Running {
                span: minute,
                row: Rollup::default(),
            };
        }
        if hour != self.hour.span {
            self.hour = Running {
                span: hour,
                row: Rollup::default(),
            };
        }
        self.leaving.append(&mut self.marked);
    }
}

/// An attempt of a delivery came back.
pub(super) fn attempted(
    state: &mut State,
    now: Tick,
    endpoint: EndpointNumber,
    (meaning, ms): (Outcome, u32),
) {
    let entry = state.roster.get_mut(&endpoint);
    let rollups = &mut state.rollups;
    let newly = match meaning {
        Outcome::Delivered => {
            rollups.minute.row.note_delivered(ms);
            rollups.hour.row.note_delivered(ms);
            entry.is_some_and(|entry| entry.tallies.delivered(now, ms))
        }
        Outcome::Retry { .. } => {
            rollups.minute.row.failed += 1;
            rollups.hour.row.failed += 1;
            entry.is_some_and(|entry| entry.tallies.failed(now))
        }
        Outcome::Pause | Outcome::Cut => false,
    };
    if newly {
        rollups.marked.push(endpoint);
    }
}

/// Lets time pass: a minute that is over goes to be written.
pub(super) fn turn(state: &mut State, now: Now) {
    if Span::minute(now.tick) != state.rollups.minute.span {
        close(state, now);
    }
}

/// Closes the running minute before it is over, for a stop.
pub(super) fn close(state: &mut State, now: Now) {
    let (waiting, oldest_ms) = waiting(state, now);
    state.rollups.close(now.tick, waiting, oldest_ms);
}

/// When the running minute is over, where it has something to say.
pub(super) fn next_wake(state: &State) -> Option<Tick> {
    let rollups = &state.rollups;
    let waits = state.lanes.open() > 0 || rollups.told_waiting > 0;
    let counts = !rollups.minute.row.is_quiet();
    (waits || counts).then(|| rollups.minute.span.begins_at().plus_ms(MINUTE_MS))
}

/// How many deliveries wait, and for how long the oldest has.
pub(super) fn waiting(state: &State, now: Now) -> (u32, u64) {
    let waiting = state.lanes.open().saturating_sub(state.in_flight);
    let oldest_at = state.rollups.oldest_at.filter(|_| waiting > 0);
    (waiting, oldest_at.map_or(0, |at| now.wall.ms_since(at)))
}

/// The next slice, which counts as newer than the database until it is committed; and what has
/// become too old goes.
pub(super) fn sweep(state: &mut State, now: Tick, room: usize, changes: &mut Vec<Change>) {
    let room = room.min(SLICE_MAX);
    let rollups = &mut state.rollups;
    while rollups.waiting.len() < room
        && let Some(endpoint) = rollups.leaving.pop()
    {
        let entry = state.roster.get_mut(&endpoint);
        let rows = entry.map(|entry| entry.tallies.take_rows(now));
        for (span, row) in rows.into_iter().flatten() {
            let key = RollupKey { span, of: endpoint };
            rollups.waiting.insert(key, row);
        }
    }
    if rollups.waiting.is_empty() {
        return;
    }
    for _ in 0..room {
        let Some((key, row)) = rollups.waiting.pop_first() else {
            break;
        };
        changes.push(Change::Rollup(key, Box::new(row.clone())));
        rollups.sweeping.insert(key, row);
    }
    changes.push(Change::RollupsDropped {
        hours: Span::hour(now).back(HOURS_KEPT),
        minutes: Span::minute(now).back(MINUTES_KEPT),
    });
}

/// Goes on with the hours and the minute that an earlier run has written.
pub(super) fn rebuild(state: &mut State, now: Now, reader: &Reader) -> Result<(), ReadError> {
    let minute = Span::minute(now.tick);
    for (_, row) in reader.whole_rollups(minute, minute)? {
        state.rollups.minute.row = row;
    }
    let hour = Span::hour(now.tick);
    for (key, row) in reader.hours(hour.back(HOURS_SHOWN - 1), hour)? {
        if key == RollupKey::whole(hour) {
            state.rollups.hour.row = row;
        } else if let Some(entry) = state.roster.get_mut(&key.of) {
            entry.tallies.restore(key.span, &row);
        }
    }
    Ok(())
}
