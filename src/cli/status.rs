//! `status`: one screen. Exit code 1 when something needs attention.

use clap::Args;

use super::Context;
use super::failure::{Exit, Failure};

/// `status`
#[derive(Args)]
pub struct Arguments {}

/// Shows it.
pub fn run(_: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let status = context.client()?.get("/v1/status")?;
    context.console.machine(&status)?;
    Ok(Exit::Done)
}
