//! Decides: what a message means for the memory, and what is to be done for it.
//!
//! Nothing here reads a clock, throws dice of its own, touches the disk or the network: `now` is
//! an argument, and what is to be done goes into `Effects`.

mod accept;
mod admin;
mod aging;
mod ask;
mod committed;
mod finish;
mod group;
mod hand;
mod health;
mod notice;
mod test;
mod tokens;
mod undo;
mod watch;

use super::message::{Effects, Message};
use super::retention;
use super::rollups;
use super::state::{Disk, Phase, State};
use crate::domain::time::Now;

pub(super) use admin::changed;
pub(super) use aging::{end_due, next_end, note as note_ends};
pub(super) use test::TESTS_MAX;
pub(super) use watch::{pass, restarted, watch};

/// Takes one message in.
pub(super) fn step(state: &mut State, now: Now, message: Message, effects: &mut Effects) {
    match message {
        Message::Submit(submission) => accept::accept(state, now, *submission, effects),
        Message::SubmitGroup(group) => group::accept(state, now, *group, effects),
        Message::Write(command, answer) => admin::write(state, now, command, answer, effects),
        Message::Test(test, answer) => test::start(state, now, *test, answer, effects),
        Message::Ask(question) => ask::ask(state, now, question, effects),
        Message::Finished(finished) => finish::finished(state, now, *finished, effects),
        Message::Committed(done) => {
            committed::committed(state, now, done.is_ok(), effects);
        }
        Message::Looked(slice) => retention::looked(state, now, slice),
        Message::Reopened => state.disk = Disk::Reopened,
        Message::Reconfigure(delivery) => state.reconfigure(now.tick, *delivery),
        Message::TokensUsed(tokens) => tokens::tokens_used(state, now, &tokens, effects),
        Message::Stop => {
            if state.phase == Phase::Running {
                state.phase = Phase::Draining(now.tick.plus_ms(state.delivery.stop_timeout_ms));
            }
        }
        Message::Doubt => state.doubt(now.tick),
        // The second signal may come in before the stop that the first one asked for.
        Message::Hurry => {
            if matches!(state.phase, Phase::Running | Phase::Draining(_)) {
                state.phase = Phase::Draining(now.tick);
            }
        }
        Message::Grounded => {
            // The tests whose results did not come are answered by dropping them.
            state.tests.clear();
            rollups::close(state, now);
            state.phase = Phase::Flushing;
        }
    }
}
