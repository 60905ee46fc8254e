//! Which deliveries of replays have not ended: a part of the engine's memory, so that a replay
//! learns what became of them.

use std::collections::HashMap;

use crate::domain::change::EndState;
use crate::domain::id::{DeliveryKey, ReplayNumber};

/// The deliveries that replays queued in this run, and those that ended since they were told.
#[derive(Debug, Default)]
pub(in crate::engine) struct Outstanding {
    // Bounded by what a replay may have waiting.
    open: HashMap<DeliveryKey, ReplayNumber>,
    news: Vec<(ReplayNumber, EndState)>,
}

impl Outstanding {
    /// A replay has queued this.
    pub fn began(&mut self, key: DeliveryKey, replay: ReplayNumber) {
        self.open.insert(key, replay);
    }

    /// A delivery ended. First rounds, which are nearly all, are no replays.
    pub fn ended(&mut self, key: DeliveryKey, state: EndState) {
        if key.round > 0
            && let Some(replay) = self.open.remove(&key)
        {
            self.news.push((replay, state));
        }
    }

    /// What ended and was not yet told.
    pub const fn news(&mut self) -> &mut Vec<(ReplayNumber, EndState)> {
        &mut self.news
    }
}
