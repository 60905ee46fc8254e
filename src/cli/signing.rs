//! The keys that `verify`, `sign` and `listen` work with: from a file, or of an endpoint.

use std::path::{Path, PathBuf};

use clap::Args;

use super::client::Client;
use super::document::text;
use super::failure::{Exit, Failure, code};
use super::{Context, input, reference};
use crate::domain::endpoint::Encoding;
use crate::domain::key::SignatureKey;

/// Where the key comes from.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct KeySource {
    /// The key is in this file; - is stdin. Needs no daemon
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The key of this endpoint: id, beginning of an id, or title
    #[arg(long, value_name = "REF")]
    pub endpoint: Option<String>,
}

/// The key that signs, with what else is known.
pub struct Keys {
    /// What people call it: `the key in FILE`, `the current key of CRM`.
    pub name: String,
    /// The endpoint's title.
    pub title: Option<String>,
    /// It.
    pub current: SignatureKey,
    /// The endpoint's other keys.
    pub others: Vec<(&'static str, SignatureKey)>,
    /// How the endpoint wants the first header written.
    pub encoding: Option<Encoding>,
}

impl Keys {
    /// Every key that may sign, the current one first, each with what people call it.
    pub fn all(&self) -> impl Iterator<Item = (String, &SignatureKey)> {
        let of = self.title.as_deref().unwrap_or_default();
        let others = self.others.iter();
        let others = others.map(move |(name, key)| (format!("the {name} key of {of}"), key));
        std::iter::once((self.name.clone(), &self.current)).chain(others)
    }
}

impl KeySource {
    /// Reads the file, or asks the daemon, which notes that in its log.
    pub fn load(&self, context: &Context) -> Result<Keys, Failure> {
        match (&self.key_file, &self.endpoint) {
            (Some(file), _) => Ok(Keys {
                name: format!("the key in {}", file.display()),
                title: None,
                current: from_file(file)?,
                others: Vec::new(),
                encoding: None,
            }),
            (None, Some(endpoint)) => of_endpoint(&context.client()?, endpoint),
            (None, None) => Err(Failure::new(Exit::Usage, code::VALUE, "no key is named")),
        }
    }
}

/// The key in a file, without the white space around it.
pub fn from_file(file: &Path) -> Result<SignatureKey, Failure> {
    SignatureKey::import(&input::secret(file)?).map_err(|error| {
        let what = format!("the key in {} {error}", file.display());
        Failure::new(Exit::Invalid, code::VALUE, what)
    })
}

fn of_endpoint(client: &Client, endpoint: &str) -> Result<Keys, Failure> {
    let endpoint = reference::endpoint(client, endpoint)?;
    let (id, title) = (
        text(endpoint.value(), "/id"),
        text(endpoint.value(), "/title"),
    );
    let keys = client.get(&format!("/v1/endpoints/{id}/key"))?;
    let key = |field: &str| SignatureKey::import(&text(keys.value(), field));
    let current = key("/key").map_err(|error| {
        let what = format!("the key of {title} {error}");
        Failure::new(Exit::Bug, code::ANSWER, what)
    })?;
    let others = [("previous", "/previous"), ("next", "/next")];
    let others = others.map(|(name, field)| Some((name, key(field).ok()?)));
    Ok(Keys {
        name: format!("the current key of {title}"),
        title: Some(title),
        current,
        others: others.into_iter().flatten().collect(),
        encoding: Some(
            match text(endpoint.value(), "/signature/encoding").as_str() {
                "base64" => Encoding::Base64,
                _ => Encoding::Hex,
            },
        ),
    })
}
