//! `endpoint pause`, `resume`, `enable`, `disable`

use clap::Args;

use super::document::{number, text};
use super::failure::{Exit, Failure};
use super::words::plural;
use super::{Context, name, reference};

/// What all four take.
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
}

/// Does what the verb says, which is also the last part of the path.
pub fn run(verb: &str, arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let id = text(endpoint.value(), "/id");
    let now = client.post_empty(&format!("/v1/endpoints/{id}/{verb}"))?;
    if context.console.machine(&now)? {
        return Ok(Exit::Done);
    }
    let waiting = number(now.value(), "/stats/waiting").unwrap_or(0);
    let done = match verb {
        "pause" => "Paused",
        "resume" => "Resumed",
        "enable" => "Enabled",
        _ => "Disabled",
    };
    let mut line = format!("{done} {}", name(endpoint.value()));
    if waiting > 0 {
        line.push_str(&format!(", {} waiting", plural(waiting, "delivery")));
    }
    context.console.line(format!("{line}."))?;
    Ok(Exit::Done)
}
