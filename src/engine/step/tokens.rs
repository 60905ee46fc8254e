//! What is noted of the use of tokens.

use std::sync::Arc;

use super::super::message::{Effects, Tell};
use super::super::state::State;
use crate::domain::id::TokenNumber;
use crate::domain::time::{Now, Timestamp};

/// Tokens were used: to the minute, which is often enough to write it down.
pub(super) fn tokens_used(
    state: &mut State,
    now: Now,
    tokens: &[TokenNumber],
    effects: &mut Effects,
) {
    let minute = Timestamp(now.wall.0 - now.wall.0 % 60_000);
    for number in tokens {
        if let Some(token) = state.tokens.get_mut(number)
            && token.last_used_at != Some(minute)
        {
            Arc::make_mut(token).last_used_at = Some(minute);
            effects.tell(Tell::TokenPut(Arc::clone(token)));
            state.batch.tokens.insert(*number);
            state.batch.since.get_or_insert(now.tick);
        }
    }
}
