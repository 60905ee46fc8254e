//! `endpoint key`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::document::text;
use super::failure::{Exit, Failure};
use super::{Context, input, name, reference};

/// `endpoint key`
#[derive(Args)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Show the key (the default); the daemon's log notes it
    Show,
    /// Set a key that you have, at once
    Set {
        /// The file that holds it; - is stdin
        #[arg(long, value_name = "FILE")]
        from_file: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Replace the key by a new one, at once
    Replace {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Shows, sets or replaces it.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let path = format!("/v1/endpoints/{}/key", text(endpoint.value(), "/id"));
    let (body, yes) = match &arguments.action {
        None | Some(Action::Show) => {
            let keys = client.get(&path)?;
            if context.console.is_json() {
                return context.console.machine(&keys).map(|_| Exit::Done);
            }
            context.console.line(text(keys.value(), "/key"))?;
            return Ok(Exit::Done);
        }
        Some(Action::Set { from_file, yes }) => {
            let key = input::secret(from_file)?;
            (json!({"action": "replace", "key": key}), *yes)
        }
        Some(Action::Replace { yes }) => (json!({"action": "replace"}), *yes),
    };
    let name = name(endpoint.value());
    let question = format!("Replace the key of {name}? Its receiver refuses requests until it");
    let question = format!("{question} has the new one.");
    context.console.confirm(&question, yes)?;
    let keys = client.post(&path, &body.to_string())?;
    if context.console.is_json() {
        context.console.machine(&keys)?;
    } else if body.get("key").is_none() {
        context.console.note(format!("The new key of {name}:"));
        context.console.line(text(keys.value(), "/key"))?;
    } else {
        context.console.note(format!("Set the key of {name}."));
    }
    Ok(Exit::Done)
}
