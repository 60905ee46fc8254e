//! The command line as a client of the HTTP API: over the Unix socket, where whoever may open
//! it is an administrator, or from afar with a token. One request, one connection.

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::Global;
use super::document::Document;
use super::failure::{Exit, Failure, code};
use super::input;
use crate::config::Identity;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A test may take 60 s; anything else is over long before.
const PATIENCE: Duration = Duration::from_secs(75);

/// A way to the daemon.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
}

#[derive(Debug)]
enum Connection {
    /// The first of these sockets on which somebody answers.
    Socket {
        candidates: Vec<PathBuf>,
        runtime: Runtime,
    },
    /// HTTP or HTTPS with a token.
    Remote {
        url: String,
        token: Option<String>,
        agent: Box<ureq::Agent>,
    },
}

/// What came back.
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Client {
    /// Decides how the daemon is reached: a flag before a variable, an address before a socket,
    /// and else the usual places of the socket. Opens no connection.
    pub fn new(global: &Global, identity: &Identity) -> Result<Self, Failure> {
        let variable = |name: &str| {
            let value = identity.environment.get(name)?;
            (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
        };
        let url = match (&global.server, &global.socket) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(_)) => None,
            (None, None) => variable("RINGHOOK_URL"),
        };
        let connection = match url {
            Some(url) => remote(&url, token(global, identity)?)?,
            None => {
                let named = global.socket.clone();
                let named = named.or_else(|| variable("RINGHOOK_SOCKET").map(PathBuf::from));
                let candidates = named.map_or_else(|| identity.client_sockets(), |path| vec![path]);
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(Failure::system)?;
                Connection::Socket {
                    candidates,
                    runtime,
                }
            }
        };
        Ok(Self { connection })
    }

    /// Whether the daemon is on this machine, so that it can reach a receiver here.
    pub fn is_local(&self) -> bool {
        match &self.connection {
            Connection::Socket { .. } => true,
            Connection::Remote { url, .. } => url
                .parse::<http::Uri>()
                .is_ok_and(|uri| matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))),
        }
    }

    /// Reads.
    pub fn get(&self, path: &str) -> Result<Document, Failure> {
        self.call("GET", path, None)
    }

    /// Sends a JSON document; its text goes out as it is.
    pub fn post(&self, path: &str, body: &str) -> Result<Document, Failure> {
        self.call("POST", path, Some(body))
    }

    /// Does what the path says.
    pub fn post_empty(&self, path: &str) -> Result<Document, Failure> {
        self.call("POST", path, None)
    }

    /// Changes some fields.
    pub fn patch(&self, path: &str, fields: &Value) -> Result<Document, Failure> {
        self.call("PATCH", path, Some(&fields.to_string()))
    }

    /// Removes.
    pub fn delete(&self, path: &str) -> Result<Document, Failure> {
        self.call("DELETE", path, None)
    }

    /// All items of a list, page by page.
    pub fn all(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=500{cursor}"))?;
            items.extend_from_slice(page.items());
            match page.value()["next"].as_str() {
                Some(next) => cursor = format!("&cursor={}", input::query_value(next)),
                None => return Ok(items),
            }
        }
    }

    fn call(&self, method: &str, path: &str, body: Option<&str>) -> Result<Document, Failure> {
        let answer = match &self.connection {
            Connection::Socket {
                candidates,
                runtime,
            } => runtime.block_on(over_socket(candidates, method, path, body))?,
            Connection::Remote { url, token, agent } => {
                over_network(agent, url, token.as_deref(), (method, path, body))?
            }
        };
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if (200..300).contains(&answer.status) {
            Document::new(text)
        } else {
            let retry_after = answer.retry_after.as_deref();
            Err(Failure::problem(answer.status, retry_after, &text))
        }
    }
}

/// The token, from where it does not show in a process list.
fn token(global: &Global, identity: &Identity) -> Result<Option<String>, Failure> {
    let variable = |name: &str| identity.environment.get(name).filter(|v| !v.is_empty());
    let file = global.token_file.clone();
    let file = file.or_else(|| variable("RINGHOOK_TOKEN_FILE").map(PathBuf::from));
    match file {
        Some(file) => input::secret(&file).map(Some),
        None => Ok(variable("RINGHOOK_TOKEN").map(|value| value.to_string_lossy().into_owned())),
    }
}

fn remote(url: &str, token: Option<String>) -> Result<Connection, Failure> {
    let good = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    if !good {
        let what = format!("not an address of a ringhook: {url}");
        return Err(Failure::new(Exit::Invalid, code::VALUE, what)
            .try_this("an http or https URL, as in --server https://hooks.example.org"));
    }
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build();
    Ok(Connection::Remote {
        url: url.trim_end_matches('/').to_owned(),
        token,
        agent: Box::new(config.into()),
    })
}

async fn over_socket(
    candidates: &[PathBuf],
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Result<Answer, Failure> {
    let (stream, socket) = connect(candidates).await?;
    let exchange = async {
        let io = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        let body = Full::new(Bytes::from(body.unwrap_or_default().to_owned()));
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(body)?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
        let retry_after = head.headers.get("retry-after");
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Answer {
            status: head.status.as_u16(),
            retry_after: retry_after.and_then(|v| v.to_str().ok().map(str::to_owned)),
            body: body.to_bytes().to_vec(),
        })
    };
    let lost = |why: String| {
        let what = format!("the connection to ringhook at {} broke", socket.display());
        Failure::new(Exit::Unreachable, code::UNREACHABLE, what)
            .why(why)
            .try_this("ringhook status")
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => answer.map_err(|error| lost(error.to_string())),
        Err(_) => Err(lost(format!("no answer in {} s", PATIENCE.as_secs()))),
    }
}

async fn connect(candidates: &[PathBuf]) -> Result<(UnixStream, &Path), Failure> {
    let mut refused: Option<(std::io::Error, &Path)> = None;
    for path in candidates {
        match UnixStream::connect(path).await {
            Ok(stream) => return Ok((stream, path)),
            // A socket that is there says more than one that is not.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                refused.get_or_insert((error, path));
            }
            Err(error) => refused = Some((error, path)),
        }
    }
    Err(unreachable(refused, candidates))
}

fn unreachable(refused: Option<(std::io::Error, &Path)>, candidates: &[PathBuf]) -> Failure {
    let Some((error, path)) = refused else {
        let what = "cannot reach ringhook: there is no place where its socket could be";
        return Failure::new(Exit::Unreachable, code::UNREACHABLE, what)
            .try_this("--socket PATH, or --server URL");
    };
    let exit = match error.kind() {
        ErrorKind::PermissionDenied => Exit::Denied,
        _ => Exit::Unreachable,
    };
    let what = |why: &str| {
        let what = format!("cannot reach ringhook at {}: {why}", path.display());
        Failure::new(exit, code::UNREACHABLE, what)
    };
    match error.kind() {
        ErrorKind::PermissionDenied => what("permission denied")
            .why("You are neither root nor in the group that owns the socket.")
            .try_this("sudo adduser $USER ringhook   (then sign in again)")
            .try_this("the same command with sudo"),
        ErrorKind::ConnectionRefused => what("nobody answers")
            .why("The socket is there, and the daemon is not: it was killed, or is starting.")
            .try_this("ringhook serve"),
        ErrorKind::NotFound => {
            let failure = what("there is no socket").why("ringhook does not run here.");
            let failure = match candidates {
                [_] => failure,
                _ => failure.why(format!(
                    "Looked at {}.",
                    candidates
                        .iter()
                        .map(|path| path.display().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                )),
            };
            failure.try_this("ringhook serve, or --socket PATH where it is elsewhere")
        }
        _ => what(&error.to_string()),
    }
}

fn over_network(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&str>,
    (method, path, body): (&str, &str, Option<&str>),
) -> Result<Answer, Failure> {
    let lost = |why: String| {
        let what = format!("cannot reach ringhook at {url}: {why}");
        Failure::new(Exit::Unreachable, code::UNREACHABLE, what)
            .try_this("check the address, and whether ringhook listens there")
    };
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{url}{path}"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let result = if method == "GET" || method == "DELETE" {
        let request = request.body(()).map_err(|error| lost(error.to_string()))?;
        agent.run(request)
    } else {
        let request = request
            .header("content-type", "application/json")
            .body(body.unwrap_or_default())
            .map_err(|error| lost(error.to_string()))?;
        agent.run(request)
    };
    let mut response = result.map_err(|error| lost(error.to_string()))?;
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.and_then(|v| v.to_str().ok().map(str::to_owned));
    let limit = ANSWER_BYTES_MAX as u64;
    let body = response
        .body_mut()
        .with_config()
        .limit(limit)
        .read_to_vec()
        .map_err(|error| lost(error.to_string()))?;
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after,
        body,
    })
}
