//! The only clock. Everyone else is handed `Now`, or this.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::time::{Now, Tick, Timestamp};

/// Reads the time. A closure in one newtype, so that a test can hand in its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Now + Send + Sync>);

impl Clock {
    /// The machine's clocks. Ticks start at the later of the wall clock and `newest`, the newest
    /// tick of the last run.
    pub fn system(newest: Tick) -> Self {
        let begun = Instant::now();
        let first = wall().0.max(newest.0);
        Self(Arc::new(move || {
            let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            Now {
                wall: wall(),
                tick: Tick(first.saturating_add(elapsed)),
            }
        }))
    }

    /// A clock of a test.
    pub fn from_fn(read: impl Fn() -> Now + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Both times, now.
    pub fn now(&self) -> Now {
        (self.0)()
    }
}

fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
