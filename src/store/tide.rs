//! What is committed and not yet in the tables: it waits here for the applier, and is bounded.
//! Readers ask here whether the tables have everything.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::CommitError;
use crate::domain::change::Change;

/// So many changes, or bytes of the journal, are worth a commit of the tables …
const ENOUGH: usize = 1024;
const ENOUGH_BYTES: usize = 1024 * 1024;
/// … and fewer get one after so long, when nobody wants to read them.
const PAUSE: Duration = Duration::from_millis(200);
/// The more waits, the less does the applier rest; from this much on not at all.
const MUCH: usize = WAITING_MAX / 4;
const MUCH_BYTES: usize = WAITING_BYTES_MAX / 4;
/// A batch waits for its place while more than this waits.
const WAITING_MAX: usize = 16 * ENOUGH;
const WAITING_BYTES_MAX: usize = 16 * ENOUGH_BYTES;

/// What waits, and how far the tables are. Numbers are those of batches in the journal.
#[derive(Default)]
pub struct Tide {
    state: Mutex<State>,
    /// For the applier: there is something to do.
    more: Condvar,
    /// For the others: the tables have more, or never will.
    applied: Condvar,
    /// For the applier where it rests: it is not to.
    hurry: Condvar,
    /// `State::committed` and `State::applied`, so that looking takes no lock.
    numbers: [AtomicU64; 2],
    /// Called when the applier has failed.
    alarm: Mutex<Option<Alarm>>,
}

/// See `Tide::on_failure`.
type Alarm = Box<dyn Fn() + Send>;

#[derive(Debug, Default)]
struct State {
    waiting: Portion,
    committed: u64,
    applied: u64,
    /// The last batch that the applier has taken.
    taken: u64,
    /// The last batch that somebody waits or has waited for.
    wanted: u64,
    end: Option<End>,
    failure: Option<CommitError>,
    panicked: bool,
}

/// How the applier ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// When the tables have everything.
    Done,
    /// At once: the journal has it.
    Now,
}

/// What is applied in one commit of the tables.
#[derive(Debug, Default)]
pub struct Portion {
    /// Of one batch or of many, in their order.
    pub changes: Vec<Change>,
    /// The number of the last batch.
    pub last: u64,
    /// It leaves a file that needs no repair.
    pub quick_repair: bool,
    bytes: usize,
}

/// The tables will not have it: the database is closed, or closing after an error.
#[derive(Debug)]
pub struct Away;

impl Tide {
    /// Everything up to that batch is in the tables, and nothing waits.
    pub fn begin(&self, applied: u64) {
        *self.state() = State {
            committed: applied,
            applied,
            taken: applied,
            ..State::default()
        };
        self.publish(&self.state());
    }

    /// The number of the last batch that the tables have.
    pub fn applied(&self) -> u64 {
        self.numbers[1].load(Ordering::Acquire)
    }

    /// Whether the tables have everything.
    pub fn is_even(&self) -> bool {
        let state = self.state();
        state.applied == state.committed
    }

    /// Waits while too much waits. An error when the applier has failed.
    pub fn wait_for_room(&self) -> Result<(), CommitError> {
        let is_full = |state: &mut State| {
            let Portion { changes, bytes, .. } = &state.waiting;
            let much = changes.len() > WAITING_MAX || *bytes > WAITING_BYTES_MAX;
            much && state.failure.is_none() && !state.panicked
        };
        let state = self.applied.wait_while(self.state(), is_full);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        state.check()
    }

    /// A batch was committed under that number, as so many bytes; the tables are to get it.
    pub fn add(&self, mut changes: Vec<Change>, (number, bytes): (u64, usize), quick_repair: bool) {
        let mut state = self.state();
        let waiting = &mut state.waiting;
        let was_empty = waiting.is_empty();
        waiting.bytes += bytes;
        waiting.last = number;
        waiting.quick_repair |= quick_repair;
        match waiting.changes.is_empty() {
            true => waiting.changes = changes,
            false => waiting.changes.append(&mut changes),
        }
        state.committed = number;
        self.publish(&state);
        let wake = was_empty || state.is_due();
        drop(state);
        if wake {
            self.more.notify_one();
        }
    }

    /// Waits until the tables have all that was committed before.
    pub fn catch_up(&self) -> Result<(), Away> {
        let [committed, applied] = &self.numbers;
        let target = committed.load(Ordering::Acquire);
        if applied.load(Ordering::Acquire) >= target {
            return Ok(());
        }
        let mut state = self.state();
        if state.applied < target {
            state.wanted = state.wanted.max(target);
            self.more.notify_one();
            self.hurry.notify_one();
        }
        let behind = |state: &mut State| state.applied < target && !state.is_over();
        let state = self.applied.wait_while(state, behind);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        if state.applied < target {
            Err(Away)
        } else {
            Ok(())
        }
    }

    /// For the applier: what is to be applied next; None when it is to end.
    pub fn next_portion(&self) -> Option<Portion> {
        let idle = |state: &mut State| state.waiting.is_empty() && state.end.is_none();
        let state = self.more.wait_while(self.state(), idle);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let gathers = |state: &mut State| !state.is_due();
        let gathered = self.more.wait_timeout_while(state, PAUSE, gathers);
        let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if state.end == Some(End::Now) || state.waiting.is_empty() {
            return None;
        }
        let portion = std::mem::take(&mut state.waiting);
        state.taken = portion.last;
        drop(state);
        self.applied.notify_all();
        Some(portion)
    }

    /// For the applier in the middle of a portion: waits for so long, less where much waits to
    /// come into the tables, and not at all where somebody waits for them or the store is being
    /// closed. `false`: the rest of the portion is in a hurry.
    pub fn rest(&self, most: Duration) -> bool {
        let state = self.state();
        let time = most.mul_f64(1.0 - state.fill());
        let rests = |state: &mut State| state.may_rest();
        let state = self.hurry.wait_timeout_while(state, time, rests);
        let (state, _) = state.unwrap_or_else(PoisonError::into_inner);
        state.may_rest()
    }

    /// For the applier, where it may rest: lets others have the processor. A thread that the disk
    /// has woken would otherwise wait until a slice of time is over.
    pub fn step_aside(&self) {
        let may_rest = self.state().may_rest();
        if may_rest {
            std::thread::yield_now();
        }
    }

    /// The tables have a portion.
    pub fn done(&self, last: u64) {
        let mut state = self.state();
        state.applied = last;
        self.publish(&state);
        drop(state);
        self.applied.notify_all();
    }

    /// The tables could not be written. None: the applier has panicked.
    pub fn fail(&self, error: Option<CommitError>) {
        let mut state = self.state();
        state.panicked = error.is_none();
        state.failure = error;
        drop(state);
        self.applied.notify_all();
        let alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        alarm.iter().for_each(|alarm| alarm());
    }

    /// Has `alarm` called when the applier fails, for otherwise only the next batch finds out.
    pub fn on_failure(&self, alarm: Alarm) {
        let mut place = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(alarm);
    }

    /// An error when the applier has failed.
    pub fn check(&self) -> Result<(), CommitError> {
        self.state().check()
    }

    /// The applier is to end.
    pub fn end(&self, how: End) {
        self.state().end = Some(how);
        self.more.notify_one();
        self.hurry.notify_one();
        self.applied.notify_all();
    }

    fn publish(&self, state: &State) {
        self.numbers[0].store(state.committed, Ordering::Release);
        self.numbers[1].store(state.applied, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock, so what a panic left behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_due(&self) -> bool {
        let Portion {
            changes,
            bytes,
            quick_repair,
            ..
        } = &self.waiting;
        let enough = changes.len() >= ENOUGH || *bytes >= ENOUGH_BYTES;
        let wanted = self.wanted > self.taken;
        enough || *quick_repair || wanted || self.end.is_some()
    }

    /// How near to `MUCH` it is that waits: from 0 to 1.
    fn fill(&self) -> f64 {
        let Portion { changes, bytes, .. } = &self.waiting;
        let share = |part: usize, whole: usize| part.min(whole) as f64 / whole as f64;
        share(changes.len(), MUCH).max(share(*bytes, MUCH_BYTES))
    }

    fn may_rest(&self) -> bool {
        let nobody_waits = self.wanted <= self.applied && self.end.is_none();
        self.applied < self.taken && nobody_waits && self.fill() < 1.0
    }

    fn check(&self) -> Result<(), CommitError> {
        assert!(!self.panicked, "the tables could not be written");
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn is_over(&self) -> bool {
        self.end == Some(End::Now) || self.failure.is_some() || self.panicked
    }
}

impl Portion {
    fn is_empty(&self) -> bool {
        // A batch may have no changes; the tables get its number all the same.
        self.last == 0
    }
}

impl fmt::Debug for Tide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tide")
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_full_it_is() {
        let check = |changes: usize, bytes: usize, expected: f64| {
            let waiting = Portion {
                changes: vec![Change::BodyBytes(0); changes],
                bytes,
                ..Portion::default()
            };
            let state = State {
                waiting,
                ..State::default()
            };
            assert!(
                (state.fill() - expected).abs() < 1e-9,
                "{changes} changes, {bytes} bytes"
            );
        };
        check(0, 0, 0.0);
        check(MUCH / 4, 0, 0.25);
        check(0, MUCH_BYTES / 2, 0.5);
        check(MUCH / 4, MUCH_BYTES / 2, 0.5);
        check(MUCH * 3 / 4, MUCH_BYTES / 2, 0.75);
        check(MUCH, 0, 1.0);
        check(WAITING_MAX, WAITING_BYTES_MAX, 1.0);
    }
}
