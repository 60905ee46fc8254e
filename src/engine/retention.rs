//! Which events go, and which deliveries have waited too long: what is known of bodies on disk,
//! and laps over all events, a slice at a time.
//!
//! It reads nothing itself: a thread (see `keeper`) looks at a slice, and what it saw is decided
//! on here. There is never more than one slice under way, from the look to its commit, so that
//! events which wait to be accepted find every other commit without it. Between laps nothing is
//! done: a lap leaves behind when the next event will be too old.

use super::batch::Pruned;
use super::message::Effects;
use super::state::State;
use crate::config::RetentionSettings;
use crate::domain::change::{EndState, Reason};
use crate::domain::id::EventNumber;
use crate::domain::lanes::Left;
use crate::domain::retention::{Aim, Stored, Verdict, verdict, waited_too_long};
use crate::domain::time::{Now, Tick};
use crate::store::Slice;

/// Events in a slice, and deliveries that end for having waited too long.
pub(super) const SLICE_MAX: usize = 512;
/// Laps for age are at least this part of the age apart, and at most an hour.
const AGE_PARTS: u64 = 64;
const LAPS_APART_MS_MAX: u64 = 3_600_000;
/// Once over the bound, so much of it is made free that there is some time to the next lap.
const FREED_PARTS: u64 = 64;
/// After a lap that found nothing more to prune: rest so many times as long as it took.
const REST_PARTS: u64 = 16;
const REST_MS_MIN: u64 = 1000;

/// What is known between two slices.
#[derive(Debug)]
pub(super) struct Retention {
    settings: RetentionSettings,
    /// Bytes of all bodies as the last commit left them.
    pub body_bytes: u64,
    /// A slice is being looked at.
    looking: bool,
    lap: Option<Lap>,
    /// Where the next lap for bytes begins: before it there is little to prune.
    cursor: EventNumber,
    /// The next lap for age.
    aged_at: Tick,
    /// No lap for bytes before.
    rested_at: Tick,
}

/// A walk over all events.
#[derive(Clone, Copy, Debug)]
struct Lap {
    aim: Aim,
    began_at: Tick,
    from: EventNumber,
    /// It began with the first event.
    whole: bool,
    /// When the first of those that stay will be too old.
    due: Tick,
}

impl Retention {
    /// Nothing was looked at yet.
    pub fn new(settings: RetentionSettings, body_bytes: u64) -> Self {
        Self {
            settings,
            body_bytes,
            looking: false,
            lap: None,
            cursor: EventNumber(0),
            aged_at: Tick(0),
            rested_at: Tick(0),
        }
    }

    fn is_over(&self) -> bool {
        self.body_bytes > self.settings.bytes_max
    }

    /// The bytes that are left when a lap for them is done.
    fn target(&self) -> u64 {
        self.settings.bytes_max - self.settings.bytes_max / FREED_PARTS
    }

    fn laps_apart_ms(&self) -> u64 {
        (self.settings.age_ms / AGE_PARTS).min(LAPS_APART_MS_MAX)
    }

    /// The lap under way, or the next one that is due.
    fn lap(&mut self, now: Tick) -> Option<Lap> {
        if self.lap.is_none() {
            let aged = self.aged_at <= now;
            let over = self.is_over() && self.rested_at <= now;
            if aged {
                self.lap = Some(self.begin(Aim::Aged, EventNumber(0), now));
            } else if over {
                self.lap = Some(self.begin(Aim::Delivered, self.cursor, now));
            }
        }
        self.lap
    }

    fn begin(&self, aim: Aim, from: EventNumber, now: Tick) -> Lap {
        Lap {
            aim,
            began_at: now,
            from,
            whole: from == EventNumber(0),
            // What comes or ends from now on is not too old before.
            due: now.plus_ms(self.settings.age_ms),
        }
    }

    /// The lap has met the last event. One for bytes that did not free enough goes over all
    /// events, and then takes also those that were not delivered.
    fn end_lap(&mut self, lap: Lap, now: Tick) {
        self.lap = None;
        match lap.aim {
            Aim::Aged => self.age_lap_done(lap),
            Aim::Delivered => {
                let aim = if lap.whole { Aim::Any } else { Aim::Delivered };
                self.lap = Some(self.begin(aim, EventNumber(0), now));
            }
            Aim::Any => {
                self.cursor = EventNumber(0);
                let rest_ms = now.ms_since(lap.began_at).saturating_mul(REST_PARTS);
                self.rested_at = now.plus_ms(rest_ms.max(REST_MS_MIN));
            }
        }
    }

    fn age_lap_done(&mut self, lap: Lap) {
        let soonest = lap.began_at.plus_ms(self.laps_apart_ms().max(1));
        self.aged_at = lap.due.max(soonest);
    }
}

/// Asks for the next slice where a lap is under way or due. `free`: the store is well, nobody
/// is stopping, and not much waits to be committed.
pub(super) fn go_on(state: &mut State, now: Now, free: bool, effects: &mut Effects) {
    let pruning = state.flight.as_ref().map(|flight| &flight.pruned);
    let busy = !state.batch.pruned.is_empty() || pruning.is_some_and(|some| !some.is_empty());
    let retention = &mut state.retention;
    if !free || busy || retention.looking {
        return;
    }
    if let Some(lap) = retention.lap(now.tick) {
        retention.looking = true;
        effects.look = Some(lap.from);
    }
}

/// When a lap is due, where none is under way. One that is goes on with what it waits for.
pub(super) fn next_wake(state: &State) -> Option<Tick> {
    let retention = &state.retention;
    if retention.looking || retention.lap.is_some() {
        return None;
    }
    let rested = retention.is_over().then_some(retention.rested_at);
    [Some(retention.aged_at), rested]
        .into_iter()
        .flatten()
        .min()
}

/// Decides on a slice; None when it could not be read.
pub(super) fn looked(state: &mut State, now: Now, slice: Option<Slice>) {
    state.retention.looking = false;
    let Some(mut lap) = state.retention.lap.take() else {
        return;
    };
    let Some(slice) = slice else {
        let later = now.tick.plus_ms(REST_MS_MIN);
        state.retention.aged_at = state.retention.aged_at.max(later);
        state.retention.rested_at = later;
        return;
    };
    let target = state.retention.target();
    let mut left_bytes = state.retention.body_bytes;
    let mut expired = 0;
    for stored in &slice.events {
        if lap.aim != Aim::Aged && left_bytes <= target {
            state.retention.cursor = stored.number;
            return;
        }
        if expired >= SLICE_MAX {
            lap.from = stored.number;
            state.retention.lap = Some(lap);
            return;
        }
        let age_ms = state.retention.settings.age_ms;
        match verdict(stored, lap.aim, age_ms, now.wall) {
            Verdict::Prune => left_bytes -= prune(state, now.tick, stored).min(left_bytes),
            Verdict::Waits => expired += expire(state, now, stored),
            Verdict::Until(at) => lap.due = lap.due.min(now.tick_at(at)),
        }
        let old_at = stored.received_at.plus_ms(age_ms);
        // Those that follow came later. A time that is still to come was a wrong clock's, and
        // says nothing.
        let young = old_at > now.wall && stored.received_at <= now.wall;
        if stored.waits || young {
            lap.due = lap.due.min(now.tick_at(old_at));
        }
        if lap.aim == Aim::Aged && young {
            state.retention.age_lap_done(lap);
            return;
        }
    }
    match slice.next {
        Some(from) => {
            lap.from = from;
            state.retention.lap = Some(lap);
        }
        None if lap.aim != Aim::Aged && left_bytes <= target => {}
        None => state.retention.end_lap(lap, now.tick),
    }
}

/// The event goes with the next commit; the bytes that this frees. One that has become open
/// again since it was looked at stays.
fn prune(state: &mut State, now: Tick, stored: &Stored) -> u64 {
    if state.live.kind(stored.number).is_some() {
        return 0;
    }
    let body_bytes = u64::from(stored.body_bytes);
    let event = stored.number;
    state.batch.prune(now, Pruned { event, body_bytes });
    body_bytes
}

/// Ends those deliveries of an event that have waited too long; how many. What is in flight or
/// has ended meanwhile is let be.
fn expire(state: &mut State, now: Now, stored: &Stored) -> usize {
    let age_ms = state.retention.settings.age_ms;
    let late = stored.open.iter();
    let late = late.filter(|open| waited_too_long(stored, open, age_ms, now));
    let keys = late.map(|open| open.key(stored.number));
    let left: Vec<Left> = keys
        .filter_map(|key| state.lanes.take(now.tick, key, stored.call))
        .collect();
    let count = left.len();
    state.end_all(now, left, (EndState::Expired, Reason::WaitedTooLong));
    count
}
