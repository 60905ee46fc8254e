//! The temporary endpoint of `listen`: added for a minute, renewed while it is needed, removed
//! at the end; and those removed that a dead `listen` left behind.

use std::net::{Ipv4Addr, TcpStream};

use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::document::text;
use crate::cli::failure::{Exit, Failure};
use crate::domain::key::SignatureKey;
use crate::domain::time::Timestamp;

/// How long it lives without a renewal: a `listen` that was killed leaves it that long.
const LIFE_MS: u64 = 60_000;
/// How often it is renewed.
pub const RENEW_MS: u64 = 20_000;

/// An endpoint that is there for one session.
#[derive(Debug)]
pub struct Registration {
    /// `ep_…`
    pub id: String,
    title: String,
    url: String,
}

impl Registration {
    /// Removes what a dead one left behind, and adds a new one for `url`.
    pub fn new(client: &Client, host: &str, url: &str, now: Timestamp) -> Result<Self, Failure> {
        let title = format!("listen@{host}");
        for id in left_behind(&client.all("/v1/endpoints")?, &title, url, now, answers) {
            client.delete(&format!("/v1/endpoints/{id}"))?;
        }
        let mut registration = Self {
            id: String::new(),
            title,
            url: url.to_owned(),
        };
        registration.add(client, now)?;
        Ok(registration)
    }

    fn add(&mut self, client: &Client, now: Timestamp) -> Result<(), Failure> {
        let body = json!({
            "title": self.title,
            "url": self.url,
            "events": ["*"],
            "expires_at": now.plus_ms(LIFE_MS).to_string(),
        });
        let added = client.post("/v1/endpoints", &body.to_string())?;
        self.id = text(added.value(), "/id");
        Ok(())
    }

    /// `"listen@pbx1" (ep_…)`
    pub fn name(&self) -> String {
        format!("\"{}\" ({})", self.title, self.id)
    }

    /// Gives it another minute. True when it had gone meanwhile and was added anew, with a new
    /// key: after a suspended laptop, say.
    pub fn renew(&mut self, client: &Client, now: Timestamp) -> Result<bool, Failure> {
        let path = format!("/v1/endpoints/{}", self.id);
        let fields = json!({"expires_at": now.plus_ms(LIFE_MS).to_string()});
        match client.patch(&path, &fields) {
            Ok(_) => Ok(false),
            Err(failure) if failure.exit() == Exit::NotFound => {
                self.add(client, now)?;
                Ok(true)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Removes it. One that has gone already is no failure.
    pub fn remove(&self, client: &Client) -> Result<(), Failure> {
        match client.delete(&format!("/v1/endpoints/{}", self.id)) {
            Err(failure) if failure.exit() != Exit::NotFound => Err(failure),
            _ => Ok(()),
        }
    }
}

/// The keys that may sign for an endpoint now.
pub fn keys_of(client: &Client, id: &str) -> Result<Vec<SignatureKey>, Failure> {
    let keys = client.get(&format!("/v1/endpoints/{id}/key"))?;
    let fields = ["/key", "/next", "/previous"];
    let texts = fields.iter().map(|field| text(keys.value(), field));
    Ok(texts
        .filter_map(|key| SignatureKey::import(&key).ok())
        .collect())
}

/// Endpoints of our title that nobody can be listening for: with our own URL, whose port we
/// hold, past their time, or at a port where nobody answers.
fn left_behind(
    endpoints: &[Value],
    title: &str,
    url: &str,
    now: Timestamp,
    answers: fn(&str) -> bool,
) -> Vec<String> {
    let is_dead = |endpoint: &&Value| {
        let end = Timestamp::parse_rfc3339(&text(endpoint, "/expires_at"));
        let known = text(endpoint, "/url");
        text(endpoint, "/title") == title
            && end.is_some_and(|end| end < now || known == url || !answers(&known))
    };
    let dead = endpoints.iter().filter(is_dead);
    dead.map(|endpoint| text(endpoint, "/id")).collect()
}

/// Whether a receiver of this machine answers at its URL. The title names this machine, so a
/// loopback port is ours to ask; of anything else nobody can say that it is dead.
fn answers(url: &str) -> bool {
    let uri = url.parse::<http::Uri>().ok();
    match uri.as_ref().map(|uri| (uri.host(), uri.port_u16())) {
        Some((Some("127.0.0.1"), Some(port))) => {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_where_nobody_answers() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        assert!(answers(&url));
        drop(listener);
        assert!(!answers(&url));
        assert!(answers("http://192.0.2.1/"), "not ours to ask");
    }

    #[test]
    fn only_what_nobody_listens_for_is_left_behind() {
        let endpoint = |id: &str, title: &str, port: u16, expires: Value| {
            let url = format!("http://127.0.0.1:{port}/");
            json!({"id": id, "title": title, "url": url, "expires_at": expires})
        };
        let endpoints = [
            endpoint("same port", "listen@a", 7465, json!("1970-01-01T00:02:00Z")),
            endpoint("alive", "listen@a", 7466, json!("1970-01-01T00:02:00Z")),
            endpoint("past", "listen@a", 7467, json!("1970-01-01T00:00:30Z")),
            endpoint(
                "another machine's",
                "listen@b",
                7465,
                json!("1970-01-01T00:00:30Z"),
            ),
            endpoint("a person's", "listen@a", 7465, Value::Null),
        ];
        let url = "http://127.0.0.1:7465/";
        assert_eq!(
            left_behind(&endpoints, "listen@a", url, Timestamp(60_000), |_| true),
            ["same port", "past"]
        );
        assert_eq!(
            left_behind(&endpoints, "listen@a", url, Timestamp(60_000), |_| false),
            ["same port", "alive", "past"]
        );
    }
}
