//! `endpoint add`

use clap::Args;
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::wishes::{KeyFile, Wishes};
use super::{Context, document::text, in_short, input, name, preview};

/// `endpoint add`
#[derive(Args)]
pub struct Arguments {
    /// Where events go, http or https
    url: String,
    #[command(flatten)]
    wishes: Wishes,
    /// Add it disabled: no event matches yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    key: KeyFile,
    /// Show which of the last events would be sent, and why the others not; add nothing
    #[arg(long)]
    preview: bool,
}

/// Adds it, and shows the key that its receiver needs.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    if arguments.preview {
        return preview::run(&arguments.wishes.events(&[]), context);
    }
    let mut fields = arguments.wishes.fields()?;
    fields.insert("url".to_owned(), json!(arguments.url));
    fields.insert("events".to_owned(), arguments.wishes.events(&[]));
    fields
        .entry("title")
        .or_insert_with(|| json!(host_of(&arguments.url)));
    if arguments.disabled {
        fields.insert("enabled".to_owned(), json!(false));
    }
    if let Some(file) = &arguments.key.key_file {
        fields.insert("key".to_owned(), json!(input::secret(file)?));
    }
    let client = context.client()?;
    let added = client.post("/v1/endpoints", &Value::Object(fields).to_string())?;
    if context.console.machine(&added)? {
        return Ok(Exit::Done);
    }
    let endpoint = added.value();
    let line = format!("Added {}, {}.", name(endpoint), in_short(endpoint));
    context.console.line(line)?;
    if arguments.key.key_file.is_none() {
        let id = text(endpoint, "/id");
        let key = client.get(&format!("/v1/endpoints/{id}/key"))?;
        let key = text(key.value(), "/key");
        context.console.line(format!("Signature key: {key}"))?;
    }
    if endpoint["signature"]["standard"] == false {
        let note = "This key signs X-CALLTRACKING-SIGNATURE only: it is not whsec_ and base64.";
        context.console.note(note);
    }
    let title = text(endpoint, "/title");
    let title = if title.contains(' ') {
        format!("\"{title}\"")
    } else {
        title
    };
    context.console.note(format!("Try:  ringhook test {title}"));
    Ok(Exit::Done)
}

/// The title of an endpoint that was given none.
fn host_of(url: &str) -> String {
    let uri = url.parse::<http::Uri>().ok();
    let host = uri.as_ref().and_then(http::Uri::host);
    host.unwrap_or(url).to_owned()
}
