//! Questions to the memory.

use super::super::handle::EngineStatus;
use super::super::message::{Effects, Question, Tell};
use super::super::rollups;
use super::super::state::{Disk, Phase, State};
use crate::domain::id::EndpointNumber;
use crate::domain::time::Now;

/// Answers a question.
pub(super) fn ask(state: &mut State, now: Now, question: Question, effects: &mut Effects) {
    effects.tell(match question {
        Question::Endpoints(answer) => {
            let mut numbers: Vec<EndpointNumber> = state.roster.keys().copied().collect();
            numbers.sort_unstable();
            let views = numbers.into_iter();
            let views = views.filter_map(|number| state.view(now, number));
            Tell::Endpoints(answer, views.collect())
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

fn status(state: &mut State, now: Now) -> EngineStatus {
    let sending = state.roster.iter().filter(|(_, entry)| {
        let lane = entry.lane(&state.delivery);
        !lane.stopped
    });
    let oldest = sending
        .filter_map(|(number, _)| state.lanes.report(*number)?.oldest_due)
        .min();
    EngineStatus {
        ready: state.disk == Disk::Well
            && state.phase == Phase::Running
            && state.pace.doubt_at.is_none(),
        started_at: state.started_at,
        open: state.lanes.open(),
        in_flight: state.in_flight,
        oldest_due_at: oldest.map(|due| now.wall_at(due)),
        threads: 0,
        disk_low: false,
        body_bytes: state.retention.body_bytes,
        accepted_last_minute: state.accepted.last(now.tick),
        delivered_last_minute: state.delivered.last(now.tick),
    }
}
