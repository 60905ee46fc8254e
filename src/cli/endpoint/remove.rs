//! `endpoint remove`

use clap::Args;

use super::document::{number, text};
use super::failure::{Exit, Failure};
use super::words::plural;
use super::{Context, name, reference};

/// `endpoint remove`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Removes it; its waiting deliveries are cancelled.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let name = name(endpoint.value());
    let waiting = number(endpoint.value(), "/stats/waiting").unwrap_or(0);
    let with_it = match waiting {
        0 => String::new(),
        1 => " 1 waiting delivery goes with it.".to_owned(),
        _ => format!(" {} that wait go with it.", plural(waiting, "delivery")),
    };
    let question = format!("Remove {name}?{with_it}");
    context.console.confirm(&question, arguments.yes)?;
    let path = format!("/v1/endpoints/{}", text(endpoint.value(), "/id"));
    let gone = client.delete(&path)?;
    if context.console.is_machine() {
        context.console.machine(&gone)?;
    } else {
        context.console.line(format!("Removed {name}.{with_it}"))?;
    }
    Ok(Exit::Done)
}
