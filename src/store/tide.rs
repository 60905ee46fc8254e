//! What is committed and not yet in the tables: it waits here for the applier, and is bounded.
//! Readers ask here whether the tables have everything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::CommitError;
use crate::domain::change::Change;

/// So many changes, or bytes of bodies, are worth a commit of the tables …
const ENOUGH: usize = 1024;
const ENOUGH_BYTES: usize = 1024 * 1024;
/// … and fewer get one after so long, when nobody wants to read them.
const PAUSE: Duration = Duration::from_millis(200);
/// A batch waits for its place while more than this waits.
const WAITING_MAX: usize = 4 * ENOUGH;
const WAITING_BYTES_MAX: usize = 8 * ENOUGH_BYTES;

/// What waits, and how far the tables are. Numbers are those of batches in the journal.
#[derive(Debug, Default)]
pub struct Tide {
    state: Mutex<State>,
    /// For the applier: there is something to do.
    more: Condvar,
    /// For the others: the tables have more, or never will.
    applied: Condvar,
    /// `State::committed` and `State::applied`, so that looking takes no lock.
    marks: [AtomicU64; 2],
}

#[derive(Debug, Default)]
struct State {
    waiting: Group,
    committed: u64,
    applied: u64,
    /// Somebody waits for what is here.
    wanted: bool,
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
pub struct Group {
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
            ..State::default()
        };
        self.mark(&self.state());
    }

    /// The number of the last batch that the tables have.
    pub fn applied(&self) -> u64 {
        self.marks[1].load(Ordering::Acquire)
    }

    /// Whether the tables have everything.
    pub fn is_even(&self) -> bool {
        let state = self.state();
        state.applied == state.committed
    }

    /// Waits while too much waits. An error when the applier has failed.
    pub fn wait_for_room(&self) -> Result<(), CommitError> {
        let is_full = |state: &mut State| {
            let Group { changes, bytes, .. } = &state.waiting;
            let much = changes.len() > WAITING_MAX || *bytes > WAITING_BYTES_MAX;
            much && state.failure.is_none() && !state.panicked
        };
        let state = self.applied.wait_while(self.state(), is_full);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        assert!(!state.panicked, "the tables could not be written");
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// A batch was committed under that number; the tables are to get it.
    pub fn add(&self, mut changes: Vec<Change>, number: u64, quick_repair: bool) {
        let mut state = self.state();
        let waiting = &mut state.waiting;
        let was_empty = waiting.changes.is_empty();
        waiting.bytes += changes.iter().map(bytes).sum::<usize>();
        waiting.last = number;
        waiting.quick_repair |= quick_repair;
        match was_empty {
            true => waiting.changes = changes,
            false => waiting.changes.append(&mut changes),
        }
        state.committed = number;
        self.mark(&state);
        let wake = was_empty || state.is_due();
        drop(state);
        if wake {
            self.more.notify_one();
        }
    }

    /// Waits until the tables have all that was committed before.
    pub fn catch_up(&self) -> Result<(), Away> {
        let [committed, applied] = &self.marks;
        let target = committed.load(Ordering::Acquire);
        if applied.load(Ordering::Acquire) >= target {
            return Ok(());
        }
        let mut state = self.state();
        if state.applied < target {
            state.wanted = true;
            self.more.notify_one();
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
    pub fn next_group(&self) -> Option<Group> {
        let idle = |state: &mut State| state.waiting.is_empty() && state.end.is_none();
        let state = self.more.wait_while(self.state(), idle);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let gathers = |state: &mut State| !state.is_due();
        let gathered = self.more.wait_timeout_while(state, PAUSE, gathers);
        let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if state.end == Some(End::Now) || state.waiting.is_empty() {
            return None;
        }
        state.wanted = false;
        let group = std::mem::take(&mut state.waiting);
        drop(state);
        self.applied.notify_all();
        Some(group)
    }

    /// The tables have a group.
    pub fn done(&self, last: u64) {
        let mut state = self.state();
        state.applied = last;
        self.mark(&state);
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
    }

    /// The applier is to end.
    pub fn end(&self, how: End) {
        self.state().end = Some(how);
        self.more.notify_one();
        self.applied.notify_all();
    }

    fn mark(&self, state: &State) {
        self.marks[0].store(state.committed, Ordering::Release);
        self.marks[1].store(state.applied, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock, so what a panic left behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_due(&self) -> bool {
        let Group {
            changes,
            bytes,
            quick_repair,
            ..
        } = &self.waiting;
        let enough = changes.len() >= ENOUGH || *bytes >= ENOUGH_BYTES;
        enough || *quick_repair || self.wanted || self.end.is_some()
    }

    fn is_over(&self) -> bool {
        self.end == Some(End::Now) || self.failure.is_some() || self.panicked
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        // A batch may have no changes; the tables get its number all the same.
        self.last == 0
    }
}

/// What a change takes in memory, where that is much.
fn bytes(change: &Change) -> usize {
    match change {
        Change::Event(new) => new.body.len(),
        Change::History(_, attempt) => attempt.exchange.request.body.len(),
        _ => 0,
    }
}
