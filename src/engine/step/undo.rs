//! Undoes on disk what a failed commit carried of what persons asked for.

use super::super::batch::{Planned, Row};
use super::super::state::State;
use crate::domain::change::Change;
use crate::domain::time::Now;

/// What was refused may be on disk all the same, and would be in force after the next start: so
/// the next commit writes how things are.
pub(super) fn undo(state: &mut State, now: Now, planned: &Planned) {
    let change = match planned {
        Planned::Add(endpoint) => Change::EndpointRemoved(endpoint.number),
        Planned::AddToken(token) => Change::TokenRemoved(token.number),
        Planned::Change(number, _) | Planned::Remove(number) => {
            return state.batch.mark(now.tick, *number);
        }
        Planned::RemoveToken(number) => {
            state.batch.tokens.insert(*number);
            return;
        }
        // Their own undoing follows, see `hand`.
        Planned::Reopen(..) | Planned::Cancel(..) => return,
    };
    let release = None;
    state.batch.row(now.tick, Row { change, release });
}
