//! Questions to the memory.

use super::super::handle::{EngineStatus, Ranking};
use super::super::message::{Effects, Question, Tell};
use super::super::rollups;
use super::super::state::{Disk, Phase, State};
use crate::domain::id::EndpointNumber;
use crate::domain::time::Now;

/// Answers a question.
pub(super) fn ask(state: &mut State, now: Now, question: Question, effects: &mut Effects) {
    effects.tell(match question {
        Question::Views(numbers, answer) => {
            let views = numbers.into_iter();
            let views = views.filter_map(|number| state.view(now, number));
            Tell::Views(answer, views.collect())
        }
        Question::Ranks(by, numbers, answer) => {
            let ranks = numbers.into_iter();
            let ranks = ranks.map(|number| rank(state, now, by, number));
            Tell::Ranks(answer, ranks.collect())
        }
        Question::Endpoint(number, answer) => Tell::Endpoint(answer, state.view(now, number)),
        Question::DirtyHistory(number, answer) => {
            Tell::DirtyHistory(answer, state.history.of(number))
        }
        Question::InFlight(answer) => Tell::InFlight(answer, (state.lanes.in_flight(), now)),
        Question::Rollups(answer) => {
            let (waiting, oldest_ms) = rollups::waiting(state, now);
            Tell::Rollups(answer, (state.rollups.newer(waiting, oldest_ms), now))
        }
        Question::Status(answer) => Tell::Status(answer, status(state, now)),
    });
}

/// What an endpoint is ranked by; 0 for one that is gone.
fn rank(state: &State, now: Now, by: Ranking, number: EndpointNumber) -> u64 {
    let stats = || {
        state
            .roster
            .get(&number)
            .map(|entry| entry.tallies.stats(now.tick))
    };
    let rank = match by {
        Ranking::Waiting => state
            .lanes
            .report(number)
            .map(|lane| u64::from(lane.waiting)),
        Ranking::Delivered => stats().map(|stats| stats.delivered),
        Ranking::Failed => stats().map(|stats| stats.failed),
        Ranking::P95 => stats().and_then(|stats| stats.p95_ms).map(u64::from),
    };
    rank.unwrap_or(0)
}

fn status(state: &mut State, now: Now) -> EngineStatus {
    let (waiting, oldest_ms) = rollups::waiting(state, now);
    let oldest = state.lanes.oldest_due();
    EngineStatus {
        ready: state.disk == Disk::Well
            && state.phase == Phase::Running
            && state.pace.doubt_at.is_none(),
        started_at: state.started_at,
        open: state.lanes.open(),
        in_flight: state.in_flight,
        oldest_waiting_ms: (waiting > 0).then_some(oldest_ms),
        oldest_due_at: oldest.map(|due| now.wall_at(due)),
        threads: 0,
        disk_low: false,
        body_bytes: state.retention.body_bytes,
        accepted_last_minute: state.accepted.last(now.tick),
        delivered_last_minute: state.delivered.last(now.tick),
    }
}
