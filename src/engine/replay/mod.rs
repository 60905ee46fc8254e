//! Replays of windows: events of a time sent to one endpoint once more, in slices, at a rate, and
//! until they are stopped.
//!
//! A thread of its own (`driver`) looks for what is to be sent (`look`) just before it asks the
//! engine for it, a few at a time, through the queue that everything else goes through: so the
//! engine is never held up, no read lives long, and what changed meanwhile is seen. The engine
//! decides on each (`step/hand`): what waits, or was sent by somebody else since it was looked
//! at, is not sent twice. How far it is (`desk`) is kept in memory only: after a restart what was
//! queued is still sent, and the rest of the replay is forgotten.

mod desk;
mod driver;
mod look;
mod outstanding;
mod pace;

pub use desk::{Phase, Plan, RUNNING_MAX, ReplayView};
pub use look::{Candidate, Looked, begin, look};

pub(super) use desk::{Desk, Order};
pub(super) use driver::Replayer;
pub(super) use outstanding::Outstanding;

use super::handle::{Handle, Refusal};
use crate::domain::id::ReplayNumber;
use crate::domain::time::Timestamp;

impl Handle {
    /// Starts a replay, or says why not: one of the endpoint is running, or as many as may be.
    pub fn start_replay(&self, plan: Plan) -> Result<ReplayView, Refusal> {
        self.shared.replays.start(plan)
    }

    /// How far a replay is; None when it is not known, or not any more.
    pub fn replay(&self, replay: ReplayNumber) -> Option<ReplayView> {
        self.shared.replays.view(replay)
    }

    /// Every replay that is known, newest first.
    pub fn replays(&self) -> Vec<ReplayView> {
        self.shared.replays.views()
    }

    /// Stops a replay that runs; how it stands then. What it has queued stays.
    pub fn stop_replay(&self, replay: ReplayNumber, now: Timestamp) -> Option<ReplayView> {
        self.shared.replays.stop(replay, now)
    }
}
