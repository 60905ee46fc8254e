//! `config`: the default file, a check of one, and what holds with the origin of each setting.
//! Works without a daemon.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::columns::columns;
use super::console::{DIM, PLAIN};
use super::failure::{Exit, Failure, code};
use super::words::plural;
use super::{Context, sources};
use crate::config::{self, Effective, Flags, Identity};

/// `config`
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Command {
    /// Write the default file, every setting commented; an existing one is left as it is
    Init(Init),
    /// Check a file: every mistake with its line; exit code 7 when there is one
    Check {
        /// The file [default: the usual one]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show every setting as it would hold now, by file and environment
    Show {
        /// Read this file instead of the usual one
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also show where each comes from: default, file and line, environment
        #[arg(long)]
        origin: bool,
    },
    /// Print where the file is looked for
    Path,
}

#[derive(Args)]
pub struct Init {
    /// Print it instead
    #[arg(long)]
    stdout: bool,
    /// Write it there [default: the usual place]
    #[arg(long, value_name = "FILE", conflicts_with = "stdout")]
    config: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  sudo ringhook config init
  ringhook config check /etc/ringhook/ringhook.toml
  ringhook config show --origin";

/// Writes, checks or shows.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Init(arguments) => init(arguments, context),
        Command::Check { file } => check(file.as_deref(), context),
        Command::Show { config, origin } => show(config.as_deref(), *origin, context),
        Command::Path => {
            let path = usual(&context.identity)?;
            context.console.line(path.display())?;
            Ok(Exit::Done)
        }
    }
}

fn usual(identity: &Identity) -> Result<PathBuf, Failure> {
    identity.config_file().ok_or_else(|| {
        let what = "there is no usual place: neither HOME nor XDG_CONFIG_HOME is set";
        Failure::new(Exit::Invalid, code::FILE, what).try_this("name the file")
    })
}

fn init(arguments: &Init, context: &Context) -> Result<Exit, Failure> {
    let text = config::commented();
    if arguments.stdout {
        context.console.line(text.trim_end())?;
        return Ok(Exit::Done);
    }
    let path = match &arguments.config {
        Some(path) => path.clone(),
        None => usual(&context.identity)?,
    };
    write_new(&path, &text).map_err(|error| not_written(&path, &error))?;
    context.console.line(format!(
        "Wrote {}. Every setting in it is a comment, so nothing changes yet.",
        path.display()
    ))?;
    Ok(Exit::Done)
}

/// Writes a file that is not there yet, with the directories above it.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    let failure = |exit, why: &str| {
        let what = format!("cannot write {}: {why}", path.display());
        Failure::new(exit, code::FILE, what)
    };
    match error.kind() {
        ErrorKind::AlreadyExists => failure(Exit::Conflict, "it is there already")
            .why("It is left as it is.")
            .try_this("ringhook config init --stdout"),
        ErrorKind::PermissionDenied => failure(Exit::Denied, "permission denied")
            .try_this("sudo ringhook config init, or another place with --config FILE"),
        _ => failure(Exit::Invalid, &error.to_string()),
    }
}

/// The file alone: what the environment of this shell says has nothing to do with it.
fn check(file: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => usual(&context.identity)?,
    };
    let mut identity = context.identity.clone();
    let is_setting = |name: &str| name.starts_with("RINGHOOK_");
    identity.environment.retain(|name, _| !is_setting(name));
    match sources::read(Some(&path), &identity, &Flags::default()) {
        Ok(resolved) => {
            let written = resolved.effective.iter().filter(|one| one.place.is_some());
            let count = written.count() as u64;
            context.console.line(format!(
                "{} is right: {} in it, the rest as by default.",
                path.display(),
                plural(count, "setting")
            ))?;
            Ok(Exit::Done)
        }
        Err(mistakes) => Ok(sources::complain(&mistakes)),
    }
}

fn show(file: Option<&Path>, origin: bool, context: &Context) -> Result<Exit, Failure> {
    let resolved = match sources::read(file, &context.identity, &Flags::default()) {
        Ok(resolved) => resolved,
        Err(mistakes) => return Ok(sources::complain(&mistakes)),
    };
    for warning in &resolved.warnings {
        context.console.note(warning);
    }
    if context.console.is_json() {
        context.console.line(document(&resolved.effective))?;
    } else {
        context.console.lines(&table(&resolved.effective, origin))?;
    }
    Ok(Exit::Done)
}

/// The form of `GET /v1/config`.
fn document(effective: &[Effective]) -> serde_json::Value {
    let item = |one: &Effective| {
        json!({
            "key": one.setting.name(),
            "value": one.value,
            "origin": one.origin(),
            "reloadable": one.setting.is_reloadable(),
        })
    };
    let items: Vec<_> = effective.iter().map(item).collect();
    json!({"items": items, "next": null})
}

fn table(effective: &[Effective], origin: bool) -> Vec<String> {
    let row = |one: &Effective| {
        let mut row = vec![(one.setting.name(), PLAIN), (one.value.clone(), PLAIN)];
        if origin {
            row.push((one.origin(), DIM));
        }
        row
    };
    let rows: Vec<_> = effective.iter().map(row).collect();
    let headings: &[&str] = match origin {
        true => &["SETTING", "VALUE", "ORIGIN"],
        false => &["SETTING", "VALUE"],
    };
    columns(headings, &rows)
}
