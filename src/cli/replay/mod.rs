//! `replay`: events sent once more: some of them by their ids, or all of a time that an endpoint
//! did not get.

mod events;
mod progress;
mod window;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::columns::columns;
use super::console::{DIM, PLAIN, style_of};
use super::document::text;
use super::failure::{Exit, Failure, code};
use super::input::{Moment, query_value};
use super::words::time;
use super::{Context, deliveries, document, reference, signals, words};

/// `replay`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true,
          after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    what: What,
}

#[derive(Subcommand)]
enum Command {
    /// List the replays of endpoints that are remembered
    #[command(alias = "ls")]
    List,
    /// Show how far a replay is, until it is done
    Show {
        /// The replay's id
        #[arg(value_name = "ID")]
        replay: String,
    },
    /// Stop a replay; what it has queued is still sent
    Stop {
        /// The replay's id
        #[arg(value_name = "ID")]
        replay: String,
    },
}

#[derive(Args)]
struct What {
    /// Events by their ids, or the beginnings of recent ones; to --endpoint, or to all that
    /// match now
    #[arg(value_name = "EVENT", required_unless_present = "endpoint")]
    events: Vec<String>,
    /// To this endpoint: id, beginning of an id, or title; with EVENT several times
    #[arg(long, value_name = "REF")]
    endpoint: Vec<String>,
    /// Without EVENT: only events that came since then: 2h, or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, conflicts_with = "events")]
    since: Option<Moment>,
    /// Only events that came until then
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, conflicts_with = "events")]
    until: Option<Moment>,
    /// Those that failed, expired or were cancelled, or all that match now
    #[arg(long, value_enum, default_value = "failed", conflicts_with = "events")]
    only: Only,
    /// Only events of this type
    #[arg(long, value_name = "TYPE", conflicts_with = "events")]
    event: Option<String>,
    /// How fast they are queued: 2/s, 30/min [default: as fast as the endpoint takes them]
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "events")]
    rate: Option<f64>,
    /// Count them, and send nothing
    #[arg(long, conflicts_with = "events")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Failed,
    All,
}

impl Only {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::All => "all",
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  ringhook replay evt_01kaqz9c2h…
  ringhook replay evt_01kaqz9c2h… --endpoint CRM
  ringhook replay --endpoint CRM --since 2h --dry-run
  ringhook replay --endpoint CRM --since 2h --rate 2/s
  ringhook replay --endpoint CRM --since 2026-03-01T00:00:00Z --only all --event call:missed
  ringhook replay stop rpl_01kaqzb1…

A replay runs in the daemon: Ctrl-C leaves it running. How far it is, is known until the daemon is
restarted; what it had queued by then is sent all the same.";

/// For clap: so many in a second.
fn rate(text: &str) -> Result<f64, String> {
    let (number, per_s) = match text.split_once('/') {
        None => (text, 1.0),
        Some((number, "s")) => (number, 1.0),
        Some((number, "min" | "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3_600.0),
        Some(_) => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number / per_s),
        _ => Err("write it like 2/s, 0.5/s or 30/min".to_owned()),
    }
}

/// Sends, counts, shows or stops.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        Some(Command::List) => list(context),
        Some(Command::Show { replay }) => show(replay, context),
        Some(Command::Stop { replay }) => stop(replay, context),
        None if arguments.what.events.is_empty() => window::run(&arguments.what, context),
        None => events::run(&arguments.what, context),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let page = client.get("/v1/replays")?;
    if context.console.machine(&page)? {
        return Ok(Exit::Done);
    }
    let titles = deliveries::titles(&client.all("/v1/endpoints")?);
    let now = context.clock.now().wall.0;
    let headings = ["STATE", "ENDPOINT", "STARTED", "PROGRESS", "ID"];
    let row = |replay: &Value| {
        let (state, endpoint) = (text(replay, "/state"), text(replay, "/endpoint"));
        let style = style_of(&state);
        vec![
            (state, style),
            (titles.get(&endpoint).cloned().unwrap_or(endpoint), PLAIN),
            (time(&text(replay, "/started_at"), now), PLAIN),
            (progress::in_short(replay), PLAIN),
            (text(replay, "/id"), DIM),
        ]
    };
    let rows: Vec<_> = page.items().iter().map(row).collect();
    context.console.lines(&columns(&headings, &rows))?;
    if rows.is_empty() {
        context.console.note("No replays.");
    }
    Ok(Exit::Done)
}

fn path_of(replay: &str) -> String {
    format!("/v1/replays/{}", query_value(replay))
}

fn show(replay: &str, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let shown = client.get(&path_of(replay))?;
    if context.console.machine(&shown)? {
        return Ok(Exit::Done);
    }
    progress::follow(&client, shown, context)
}

fn stop(replay: &str, context: &Context) -> Result<Exit, Failure> {
    let stopped = context.client()?.delete(&path_of(replay))?;
    if context.console.machine(&stopped)? {
        return Ok(Exit::Done);
    }
    let stopped = stopped.value();
    context.console.line(progress::in_short(stopped))?;
    match text(stopped, "/reason").as_str() {
        "" => context
            .console
            .note(format!("It had ended: {}.", text(stopped, "/state"))),
        reason => context.console.note(format!("It is {reason}.")),
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_people_write() {
        let check = |text: &str, expected: Option<f64>| {
            assert_eq!(rate(text).ok(), expected, "{text}");
        };
        check("2/s", Some(2.0));
        check("2", Some(2.0));
        check("0.5/s", Some(0.5));
        check("30/min", Some(0.5));
        check("36/h", Some(0.01));
        for bad in ["", "0", "-1/s", "2/d", "fast", "inf"] {
            check(bad, None);
        }
    }
}
