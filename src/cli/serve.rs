//! `serve`: settings complete, then the log, then the daemon. Nothing opens before the settings
//! are right, and nothing is said before everything is ready.

use std::io::{ErrorKind, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Exit, Failure, code};
use super::words::span;
use super::{Context, sources};
use crate::app::{App, StartError};
use crate::config::Flags;
use crate::http::Page;
use crate::store::OpenError;

/// `serve`
#[derive(Args)]
pub struct Arguments {
    /// The configuration file [default: /etc/ringhook/ringhook.toml for root, else
    /// ~/.config/ringhook/ringhook.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port of the API [default: 127.0.0.1:7464]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Directory of the database [default: /var/lib/ringhook for root, else
    /// ~/.local/share/ringhook]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Serve the page from this folder instead of from the program, to work on it (debug builds)
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "DIR")]
    page_dir: Option<PathBuf>,
}

#[cfg(debug_assertions)]
fn page(arguments: &Arguments) -> Page {
    arguments
        .page_dir
        .clone()
        .map_or(Page::Embedded, Page::Folder)
}

#[cfg(not(debug_assertions))]
fn page(_: &Arguments) -> Page {
    Page::Embedded
}

/// Runs the daemon until it is told to stop.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let begun = context.clock.now();
    let flags = Flags {
        listen: arguments.listen.clone(),
        socket: context.global.socket.as_ref().map(sources::whole),
        data: arguments.data.as_ref().map(sources::whole),
    };
    let file = arguments.config.clone();
    let identity = context.identity.clone();
    let read = move || sources::read(file.as_deref(), &identity, &flags);
    let resolved = match read() {
        Ok(resolved) => resolved,
        Err(mistakes) => return Ok(sources::complain(&mistakes)),
    };
    let settings = &resolved.settings;
    super::log::start(&settings.log, &context.identity, context.clock.clone());
    for warning in &resolved.warnings {
        log::warn!("{warning}");
    }
    let path = settings.store.path.clone();
    let app = App::start(resolved, page(arguments)).map_err(|error| not_started(&error))?;
    let ready = |app: &App| {
        let ready_in = context.clock.now().tick.ms_since(begun.tick);
        // Who started us may have closed our stdout; that is no reason to stop.
        let _ = context.console.lines(&greeting(app, &path, ready_in));
    };
    match app.run(ready, read) {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => {
            let what = "not everything could be committed at the stop";
            Err(Failure::new(Exit::Temporary, code::DATABASE, what)
                .why("What is missing was either refused with 503, or will be sent again."))
        }
        Err(error) => Err(not_started(&error)),
    }
}

fn greeting(app: &App, database: &Path, ready_in: u64) -> Vec<String> {
    let data = match (database.parent(), database.file_name()) {
        (Some(dir), Some(name)) if name == "ringhook.redb" => dir,
        _ => database,
    };
    let new = if app.is_new() { " (new)" } else { "" };
    vec![
        format!(
            "ringhook {} · data {}{new} · ready in {}",
            env!("CARGO_PKG_VERSION"),
            data.display(),
            span(ready_in)
        ),
        web_page(app, "ringhook open"),
        format!("  API         http://{}/v1", app.address()),
        format!("  CLI socket  {}", app.socket().display()),
    ]
}

/// Where the page is. Only a terminal is shown the link that signs in: what else stdout leads to
/// may be kept and read by others.
pub fn web_page(app: &App, again: &str) -> String {
    if std::io::stdout().is_terminal()
        && let Ok(link) = app.sign_in_link()
    {
        return format!("  web page    {link}   (one use; again: {again})");
    }
    format!("  web page    {}   (sign in with: {again})", app.page_url())
}

/// Which exit code a start deserves: systemd tries again after 4, 5 and 8, not after 6, 7, 65.
pub fn not_started(error: &StartError) -> Failure {
    let of = |error: &std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => Exit::Conflict,
        ErrorKind::PermissionDenied => Exit::Denied,
        ErrorKind::AddrNotAvailable | ErrorKind::NotADirectory => Exit::Invalid,
        _ => Exit::Temporary,
    };
    let what = error.to_string();
    match error {
        StartError::Store(OpenError::InUse(_)) => {
            Failure::new(Exit::Conflict, code::DATABASE, what)
                .try_this("ringhook status")
                .try_this("another place with --data DIR")
        }
        StartError::Store(OpenError::Damaged { .. }) => {
            Failure::new(Exit::Damaged, code::DATABASE, what)
                .why("It is left as it is: nothing is replaced or repaired by an empty one.")
                .try_this("restore a backup, or start elsewhere with --data DIR")
        }
        StartError::Store(OpenError::Newer { .. }) => {
            Failure::new(Exit::Damaged, code::DATABASE, what)
        }
        StartError::Store(OpenError::Io { source, .. }) => {
            Failure::new(of(source), code::DATABASE, what)
                .try_this("check the directory, its owner and the free space of its disk")
        }
        StartError::Engine(_) => Failure::new(Exit::Temporary, code::START, what),
        StartError::Bind(bind) => Failure::new(of(&bind.source), code::LISTEN, what)
            .try_this("another address with --listen, another socket with --socket"),
        StartError::System(source) => Failure::new(of(source), code::START, what),
        StartError::CaFile { .. } => Failure::new(Exit::Invalid, code::START, what)
            .try_this("openssl x509 -in FILE -noout -text"),
    }
}
