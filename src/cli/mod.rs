//! argv to command to exit code. One file per verb; but for `serve` the verbs are clients of the
//! HTTP API, over the Unix socket or from afar. No rule of ringhook's own lives here.

mod attempts;
mod bench;
mod client;
mod columns;
mod config;
mod console;
mod deliveries;
mod demo;
mod document;
mod endpoint;
mod events;
mod failure;
mod input;
mod listen;
mod log;
mod open;
pub mod receiver;
mod reference;
mod replay;
mod send;
mod serve;
mod sign;
mod signals;
mod signing;
mod sources;
mod status;
mod test;
mod token;
mod verify;
mod words;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::Identity;
use crate::domain::time::Tick;
use client::Client;
use console::Console;
use failure::{Exit, Failure};

/// Webhooks for phone systems: every call event signed, delivered, retried and explained.
#[derive(Parser)]
#[command(name = "ringhook", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Args)]
struct Global {
    /// The daemon's Unix socket [env: RINGHOOK_SOCKET]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Connection")]
    socket: Option<PathBuf>,
    /// A daemon on another machine, with a token [env: RINGHOOK_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    server: Option<String>,
    /// The token for --server [env: RINGHOOK_TOKEN_FILE, or RINGHOOK_TOKEN itself]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    token_file: Option<PathBuf>,
    /// Print the API's JSON document
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
    /// Print ids only
    #[arg(long, short, global = true, help_heading = "Output")]
    quiet: bool,
    /// Print without colours, as with NO_COLOR
    #[arg(long, global = true, help_heading = "Output")]
    no_color: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Arguments),
    /// See it work: a throw-away daemon with receivers and traffic
    Demo(demo::Arguments),
    /// Print a link that signs in to the web page, once
    Open(open::Arguments),
    /// Add, show, change and remove endpoints
    #[command(alias = "ep", subcommand)]
    Endpoint(endpoint::Command),
    /// Send one signed sample to an endpoint and show its answer
    Test(test::Arguments),
    /// Post an event as the phone system would
    Send(send::Arguments),
    /// List events, or show one
    Events(events::Arguments),
    /// Show the last attempts of an endpoint
    Attempts(attempts::Arguments),
    /// List deliveries, or show one with its attempts
    Deliveries(deliveries::Arguments),
    /// Try deliveries now: waiting ones at once, ended ones anew
    Retry(deliveries::ActionArguments),
    /// Cancel waiting deliveries
    Cancel(deliveries::ActionArguments),
    /// Send events again: by id, or what an endpoint did not get
    Replay(replay::Arguments),
    /// Show how the daemon and its endpoints are doing
    Status(status::Arguments),
    /// Create, list and revoke tokens of the API
    #[command(subcommand)]
    Token(token::Command),
    /// Check the signatures of a request, and say why one does not match
    Verify(verify::Arguments),
    /// Print the headers that sign a body, for tests of receivers
    Sign(sign::Arguments),
    /// Write, check and show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Receive, verify and print deliveries on this machine
    Listen(listen::Arguments),
    /// Measure how fast ringhook is on this machine, beside the machine's limits
    Bench(bench::Arguments),
}

/// What the verbs work with.
struct Context {
    global: Global,
    identity: Identity,
    console: Console,
    clock: Clock,
}

impl Context {
    fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.global, &self.identity)
    }
}

/// Runs the command line, and says with which code the process is to end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with code 0, mistakes to stderr with code 2. When
            // even that can't be written, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if cli.global.no_color {
        anstream::ColorChoice::Never.write_global();
    }
    let context = Context {
        console: Console::new(cli.global.json, cli.global.quiet),
        identity: identity(),
        clock: Clock::system(Tick(0)),
        global: cli.global,
    };
    let exit = dispatch(&cli.command, &context).unwrap_or_else(|failure| failure.print());
    ExitCode::from(exit.code())
}

fn dispatch(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Serve(arguments) => serve::run(arguments, context),
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Open(arguments) => open::run(arguments, context),
        Command::Endpoint(command) => endpoint::run(command, context),
        Command::Test(arguments) => test::run(arguments, context),
        Command::Send(arguments) => send::run(arguments, context),
        Command::Events(arguments) => events::run(arguments, context),
        Command::Attempts(arguments) => attempts::run(arguments, context),
        Command::Deliveries(arguments) => deliveries::run(arguments, context),
        Command::Retry(arguments) => deliveries::act(deliveries::Action::Retry, arguments, context),
        Command::Cancel(arguments) => {
            deliveries::act(deliveries::Action::Cancel, arguments, context)
        }
        Command::Replay(arguments) => replay::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Status(arguments) => status::run(arguments, context),
        Command::Token(command) => token::run(command, context),
        Command::Config(command) => config::run(command, context),
        Command::Listen(arguments) => listen::run(arguments, context),
        Command::Bench(arguments) => bench::run(arguments, context),
    }
}

/// Who we are, and the environment as far as its names can be read.
fn identity() -> Identity {
    let environment: BTreeMap<String, OsString> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .collect();
    Identity {
        is_root: rustix::process::geteuid().is_root(),
        environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn spellings_that_people_use() {
        let check = |line: &str, expected: bool| {
            let got = Cli::try_parse_from(line.split(' '));
            assert_eq!(got.is_ok(), expected, "{line}");
        };
        check("ringhook serve --data /d --listen 127.0.0.1:0", true);
        check("ringhook ep ls", true);
        check("ringhook ep rm CRM --yes", true);
        check("ringhook endpoint key CRM", true);
        check("ringhook endpoint key CRM set --from-file k", true);
        check("ringhook endpoint key CRM rotate --next", true);
        check("ringhook endpoint key CRM rotate --promote --yes", true);
        check("ringhook endpoint key CRM rotate --next --now", false);
        check("ringhook endpoint key CRM rotate", false);
        check("ringhook test CRM --next-key", true);
        check("ringhook endpoint edit CRM --unset timeout", true);
        check("ringhook endpoint edit CRM --unset colour", false);
        check("ringhook events", true);
        check("ringhook events --type call:missed --since 2h", true);
        check("ringhook events show evt_1 --why --json", true);
        check("ringhook status --socket /s", true);
        check("ringhook send call:completed", false);
        check("ringhook send call:completed --sample --data -", false);
        check("ringhook token create pbx --role ingest", true);
        check("ringhook token create pbx --role root", false);
        check("ringhook deliveries --endpoint CRM --state failed", true);
        check("ringhook deliveries show dlv_1", true);
        check("ringhook retry dlv_1 dlv_2", true);
        check("ringhook cancel", false);
        check("ringhook replay evt_1 evt_2", true);
        check("ringhook replay evt_1 --endpoint CRM --endpoint B", true);
        check("ringhook replay --endpoint CRM --since 2h --rate 2/s", true);
        check("ringhook replay evt_1 --since 2h", false);
        check("ringhook replay", false);
        check("ringhook replay stop rpl_1", true);
        check("ringhook replay list", true);
        check("ringhook verify --key-file k --body b -H a:b", true);
        check("ringhook verify --key-file k --body b", false);
        check("ringhook verify --body b -H a:b", false);
        check("ringhook sign --key-file k --endpoint CRM --body b", false);
        check("ringhook sign --key-file k --body b --now 1614265330", true);
        check("ringhook config show --origin", true);
        check("ringhook config init --stdout --config f", false);
        check("ringhook listen --no-register --key-file k", true);
        check("ringhook listen --respond 99", false);
        check("ringhook bench --quick --only ingest hosts --runs 3", true);
        check("ringhook bench --only everything", false);
        check("ringhook bench --runs 0", false);
        check("ringhook open --browser", true);
        check("ringhook open CRM", false);
        check("ringhook endpoint", false);
        check("ringhook", false);
    }
}
