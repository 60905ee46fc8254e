//! `token`: who may use the API. The text of a token is shown once, when it is made.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::Context;
use super::columns::columns;
use super::console::{DIM, PLAIN};
use super::document::text;
use super::failure::{Exit, Failure, code};
use super::reference;
use super::words::time;

/// `token`
#[derive(Subcommand)]
pub enum Command {
    /// Make a token; its text goes to stdout, once
    Create {
        /// What it is for, as "pbx"
        name: String,
        /// What it allows
        #[arg(long, value_enum)]
        role: Role,
        /// Write it to a new file that only its owner can read
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the tokens
    #[command(alias = "ls")]
    List,
    /// End a token
    Revoke {
        /// The token: id, beginning of an id, or name
        #[arg(value_name = "REF")]
        token: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What a token allows.
#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    /// Post events
    Ingest,
    /// Read everything but keys and tokens
    Read,
    /// Everything
    Admin,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// Makes, lists or ends tokens.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Create { name, role, out } => create(name, *role, out.as_deref(), context),
        Command::List => list(context),
        Command::Revoke { token, yes } => revoke(token, *yes, context),
    }
}

fn create(name: &str, role: Role, out: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    // The file first: a token that can't be kept should not be made.
    let file = out.map(|path| new_file(path).map(|file| (file, path)));
    let file = file.transpose()?;
    let body = json!({"name": name, "role": role.name()}).to_string();
    let made = client.post("/v1/tokens", &body)?;
    let (id, token) = (text(made.value(), "/id"), text(made.value(), "/token"));
    if let Some((mut file, path)) = file {
        writeln!(file, "{token}").map_err(|error| not_written(path, &error))?;
        context.console.note(format!(
            "Token {name} ({id}), role {}, is in {}.",
            role.name(),
            path.display()
        ));
        return Ok(Exit::Done);
    }
    if context.console.is_json() {
        context.console.machine(&made)?;
    } else {
        // Also with --quiet: the id alone would leave a token that nobody knows.
        context.console.note(format!(
            "Token {name} ({id}), role {}. It is shown only now:",
            role.name()
        ));
        context.console.line(token)?;
    }
    Ok(Exit::Done)
}

fn new_file(path: &Path) -> Result<std::fs::File, Failure> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    let exit = match error.kind() {
        std::io::ErrorKind::AlreadyExists => Exit::Conflict,
        _ => Exit::Invalid,
    };
    let what = format!("cannot write {}: {error}", path.display());
    Failure::new(exit, code::FILE, what)
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let tokens = context.client()?.get("/v1/tokens?limit=500")?;
    if context.console.machine(&tokens)? {
        return Ok(Exit::Done);
    }
    let now = context.clock.now().wall.0;
    let moment = |text: String| {
        if text.is_empty() {
            "never".to_owned()
        } else {
            time(&text, now)
        }
    };
    let rows: Vec<_> = tokens
        .items()
        .iter()
        .map(|token| {
            vec![
                (text(token, "/name"), PLAIN),
                (text(token, "/role"), PLAIN),
                (time(&text(token, "/created_at"), now), PLAIN),
                (moment(text(token, "/last_used_at")), PLAIN),
                (text(token, "/id"), DIM),
            ]
        })
        .collect();
    let headings = ["NAME", "ROLE", "CREATED", "LAST USED", "ID"];
    context.console.lines(&columns(&headings, &rows))?;
    Ok(Exit::Done)
}

fn revoke(reference: &str, yes: bool, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let (id, name) = reference::token(&client, reference)?;
    let question = format!("Revoke the token {name} ({id})?");
    context.console.confirm(&question, yes)?;
    let gone = client.delete(&format!("/v1/tokens/{id}"))?;
    if context.console.is_machine() {
        context.console.machine(&gone)?;
    } else {
        context.console.line(format!("Revoked {name} ({id})."))?;
    }
    Ok(Exit::Done)
}
