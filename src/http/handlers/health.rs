//! `/healthz` and `/readyz`: alive, and able to accept.

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, ask};
use super::super::problem::{Code, Problem};
use crate::engine::handle::Refusal;

/// The process answers.
pub fn healthy() -> Answer {
    answer::text("ok\n")
}

/// Events are accepted and sent; 503 while they are not.
pub async fn ready(edge: &Edge) -> Result<Answer, Problem> {
    let status = ask(|reply| edge.handle().status(reply)).await?;
    if status.ready {
        return Ok(answer::text("ready\n"));
    }
    if status.disk_low {
        return Err(Problem::new(Code::Stopping, Refusal::DiskLow.to_string()));
    }
    let detail = "events are not accepted at the moment: starting, stopping, or the database \
                  can't be written";
    Err(Problem::new(Code::Stopping, detail))
}
