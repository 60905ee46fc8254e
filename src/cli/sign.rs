//! `sign`: the headers that ringhook would send with a body, for tests of receivers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::failure::{Exit, Failure};
use super::signing::KeySource;
use super::{Context, input, send, verify};
use crate::domain::endpoint::Encoding;
use crate::domain::sign;
use crate::domain::time::Timestamp;

/// `sign`
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    key: KeySource,
    /// The body, signed byte for byte; - is stdin
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// webhook-id [default: a new one]
    #[arg(long)]
    id: Option<String>,
    /// webhook-timestamp: seconds since 1970, or an RFC 3339 time [default: now]
    #[arg(long, value_name = "TIME", value_parser = verify::time)]
    now: Option<Timestamp>,
    /// Of X-CALLTRACKING-SIGNATURE [default: the endpoint's, else hex]
    #[arg(long, value_enum)]
    encoding: Option<Spelling>,
}

/// How the first header is written.
#[derive(Clone, Copy, ValueEnum)]
enum Spelling {
    Hex,
    Base64,
}

const EXAMPLES: &str = "\
Examples:
  ringhook sign --endpoint CRM --body call.json
  ringhook sign --key-file key --body call.json | curl -H @- --data-binary @call.json URL";

/// Prints them, one a line as they go over the wire.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let keys = arguments.key.load(context)?;
    let body = input::bytes(&arguments.body)?;
    let at = arguments.now.unwrap_or_else(|| context.clock.now().wall);
    let id = match &arguments.id {
        Some(id) => id.clone(),
        None => format!("msg_{}", send::random_letters()?),
    };
    let encoding = match arguments.encoding {
        Some(Spelling::Hex) => Encoding::Hex,
        Some(Spelling::Base64) => Encoding::Base64,
        None => keys.encoding.unwrap_or(Encoding::Hex),
    };
    let first = sign::calltracking(&keys.current, encoding, &body);
    let mut headers = vec![("X-CALLTRACKING-SIGNATURE", first)];
    match sign::standard(&[&keys.current], &id, at, &body) {
        Some(signature) => headers.extend([
            ("webhook-id", id),
            ("webhook-timestamp", at.unix_seconds().to_string()),
            ("webhook-signature", signature),
        ]),
        None => context
            .console
            .note("This key is not whsec_ and base64: it signs the first header only."),
    }
    if context.console.is_json() {
        let pair = |(name, value): (&str, String)| (name.to_owned(), Value::from(value));
        let object: Map<_, _> = headers.into_iter().map(pair).collect();
        context.console.line(Value::Object(object))?;
    } else {
        for (name, value) in headers {
            context.console.line(format!("{name}: {value}"))?;
        }
    }
    Ok(Exit::Done)
}
