//! `endpoint key`: show it, rotate it in two steps, set one that you have.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::document::{Document, text};
use super::failure::{Exit, Failure};
use super::{Context, input, name, reference};

/// `endpoint key`
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The endpoint: id, beginning of an id, or title
    #[arg(value_name = "REF")]
    endpoint: String,
    #[command(subcommand)]
    action: Option<Action>,
}

const EXAMPLES: &str = "\
Examples, a rotation that loses nothing:
  ringhook endpoint key CRM rotate --next      make the next key; the receiver accepts both
  ringhook test CRM --next-key                 try it
  ringhook endpoint key CRM rotate --promote   switch; for 24 h the old one signs as well";

#[derive(Subcommand)]
enum Action {
    /// Show the key (the default); the daemon's log notes it
    Show,
    /// Change to a new key, in two steps or at once
    Rotate(Rotate),
    /// Set a key that you have, at once
    Set {
        /// The file that holds it; - is stdin
        #[arg(long, value_name = "FILE")]
        from_file: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    step: Step,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Step {
    /// Step 1: make the next key. From now on it signs webhook-signature beside the current one
    #[arg(long)]
    next: bool,
    /// Step 2: switch to it. The old key goes on to sign webhook-signature for 24 h
    #[arg(long)]
    promote: bool,
    /// For a key that leaked: replace it at once. Requests are refused until the receiver has
    /// the new one
    #[arg(long)]
    now: bool,
}

/// Shows, rotates or sets it.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let endpoint = reference::endpoint(&client, &arguments.endpoint)?;
    let endpoint = endpoint.value();
    let path = format!("/v1/endpoints/{}/key", text(endpoint, "/id"));
    let name = name(endpoint);
    let change = |body: &Value| client.post(&path, &body.to_string());
    match &arguments.action {
        None | Some(Action::Show) => show(&client.get(&path)?, endpoint, context)?,
        Some(Action::Rotate(rotate)) if rotate.step.next => {
            let keys = change(&json!({"action": "next"}))?;
            let made = format!(
                "The next key of {name}. Teach its receiver to accept both, try it with \
                 ringhook test --next-key, then switch with --promote:"
            );
            one(&keys, "/next", &made, context)?;
        }
        Some(Action::Rotate(rotate)) if rotate.step.promote => {
            let question = format!(
                "Switch {name} to its next key? X-CALLTRACKING-SIGNATURE is made with it from now \
                 on; webhook-signature with the old one as well, for 24 h."
            );
            context.console.confirm(&question, rotate.yes)?;
            let keys = change(&json!({"action": "promote"}))?;
            one(&keys, "/key", &format!("{name} signs with:"), context)?;
        }
        Some(Action::Rotate(rotate)) => {
            confirm_replacement(&name, rotate.yes, context)?;
            let keys = change(&json!({"action": "replace"}))?;
            one(&keys, "/key", &format!("The new key of {name}:"), context)?;
        }
        Some(Action::Set { from_file, yes }) => {
            let key = input::secret(from_file)?;
            confirm_replacement(&name, *yes, context)?;
            let keys = change(&json!({"action": "replace", "key": key}))?;
            match context.console.is_json() {
                true => context.console.machine(&keys).map(drop)?,
                false => context.console.note(format!("Set the key of {name}.")),
            }
        }
    }
    Ok(Exit::Done)
}

fn confirm_replacement(name: &str, yes: bool, context: &Context) -> Result<(), Failure> {
    let question = format!(
        "Replace the key of {name} at once? Its receiver refuses requests until it has the new one."
    );
    context.console.confirm(&question, yes)
}

/// The current key as data, so that a script gets it and nothing else; the others beside it.
fn show(keys: &Document, endpoint: &Value, context: &Context) -> Result<(), Failure> {
    one(keys, "/key", "", context)?;
    let next = text(keys.value(), "/next");
    if !next.is_empty() {
        let what = "The next key, which signs webhook-signature as well";
        context.console.note(format!("{what}: {next}"));
    }
    let previous = text(keys.value(), "/previous");
    if !previous.is_empty() {
        let until = text(endpoint, "/signature/previous_until");
        let what = format!("The previous key, which signs webhook-signature until {until}");
        context.console.note(format!("{what}: {previous}"));
    }
    Ok(())
}

/// One of the keys as data, behind a remark; the whole document with `--json`.
fn one(keys: &Document, field: &str, remark: &str, context: &Context) -> Result<(), Failure> {
    if context.console.is_json() {
        return context.console.machine(keys).map(drop);
    }
    if !remark.is_empty() {
        context.console.note(remark);
    }
    context.console.line(text(keys.value(), field))
}
