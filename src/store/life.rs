//! What changes make of the deliveries of one event, gathered before it is written.

use super::OpenRow;
use crate::domain::change::{Ended, NewEvent};

/// What the changes of one transaction make of the deliveries of one event.
#[derive(Default)]
pub(super) struct Life {
    /// Whether `open` is what the database or an earlier change has.
    pub open_read: bool,
    pub open: Option<OpenRow>,
    pub open_changed: bool,
    /// Ends to be added.
    pub ended: Vec<Ended>,
    /// The event came with these changes: no ended deliveries are in the database.
    pub closed_is_new: bool,
}

impl Life {
    /// Of an event that is new.
    pub fn begun(new: &NewEvent) -> Self {
        Self {
            open_read: true,
            open: Some(OpenRow {
                call: new.head.call,
                kind: new.head.kind.clone(),
                expires_at: new.expires_at,
                open: new.open.clone(),
            }),
            open_changed: true,
            ended: new.ended.clone(),
            closed_is_new: true,
        }
    }
}
