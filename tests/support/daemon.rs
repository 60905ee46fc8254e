//! The real binary, started as a user would, on throw-away data and a free port.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Answer, Connection};
use super::until;

/// A running daemon; killed when it is dropped.
pub struct Daemon {
    child: Option<Child>,
    /// Its data directory, which outlives a restart.
    pub data: Arc<TempDir>,
    /// Settings by environment, for this start and later ones.
    environment: Vec<(String, String)>,
    /// Flags of `serve` besides those of every test.
    flags: Vec<String>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Daemon {
    /// A new one with default settings.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A new one with settings by environment: `("RINGHOOK_DELIVERY_TIMEOUT", "2s")`.
    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::started(environment, &[])
    }

    /// A new one with more flags of `serve`.
    pub fn start_with_flags(flags: &[&str]) -> Self {
        Self::started(&[], flags)
    }

    fn started(environment: &[(&str, &str)], flags: &[&str]) -> Self {
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let data = Arc::new(TempDir::with_prefix("ringhook-test").unwrap());
        let (child, address) = launch(&data, &environment, &flags);
        Self {
            child: Some(child),
            data,
            environment,
            flags,
            address,
        }
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.data.path().join("ringhook.sock")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// `kill -9`, and wait until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM; the exit code once it has ended.
    pub fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        child.wait().unwrap().code()
    }

    /// A setting by environment for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts again on the same data, after `kill` or `stop`.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "still running");
        let (child, address) = launch(&self.data, &self.environment, &self.flags);
        self.child = Some(child);
        self.address = address;
    }

    /// One request over the socket, as an administrator.
    pub fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string);
        Connection::unix(&self.socket())
            .call(method, path, &[], body.as_deref())
            .unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Adds an endpoint with more fields than title and URL; its id.
    pub fn add_endpoint(&self, url: &str, fields: &Value) -> String {
        let mut body = json!({"title": "Receiver", "url": url, "events": ["*"]});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = self.api("POST", "/v1/endpoints", Some(&body)).expect(201);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A new token of that role.
    pub fn token(&self, role: &str) -> String {
        let body = json!({"name": format!("test {role}"), "role": role});
        let answer = self.api("POST", "/v1/tokens", Some(&body)).expect(201);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Posts an event over the socket; the answer's JSON.
    pub fn post(&self, kind: &str, data: &Value) -> Value {
        let body = json!({"event": kind, "data": data});
        self.api("POST", "/v1/events", Some(&body))
            .expect(202)
            .json()
    }

    /// Posts lines as a batch over the socket.
    pub fn post_batch(&self, lines: &str) -> Answer {
        let headers = [("Content-Type", "application/x-ndjson")];
        Connection::unix(&self.socket())
            .call("POST", "/v1/events/batch", &headers, Some(lines))
            .expect("an answer to a batch")
    }

    /// An endpoint as the API shows it.
    pub fn endpoint(&self, id: &str) -> Value {
        self.api("GET", &format!("/v1/endpoints/{id}"), None)
            .expect(200)
            .json()
    }

    /// The last attempts of an endpoint, newest first.
    pub fn attempts(&self, id: &str) -> Vec<Value> {
        let answer = self
            .api("GET", &format!("/v1/endpoints/{id}/attempts"), None)
            .expect(200);
        answer.json()["items"].as_array().unwrap().clone()
    }

    /// The only delivery of an event, once it is in that state.
    pub fn delivery_in_state(&self, event: &str, state: &str) -> Value {
        until(&format!("{event} to be {state}"), || {
            let shown = self
                .api("GET", &format!("/v1/events/{event}"), None)
                .expect(200)
                .json();
            let delivery = shown["deliveries"][0].clone();
            (delivery["state"] == state).then_some(delivery)
        })
    }

    /// A command of the CLI against this daemon.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        command()
            .args(arguments)
            .env("RINGHOOK_SOCKET", self.socket())
            .output()
            .unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The binary in an environment without settings of its own.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringhook"));
    command.env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

fn launch(
    data: &TempDir,
    environment: &[(String, String)],
    flags: &[String],
) -> (Child, SocketAddr) {
    let mut command = command();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path());
    command
        .arg("--socket")
        .arg(data.path().join("ringhook.sock"))
        .args(flags);
    command.env("RINGHOOK_LOG_LEVEL", "warn");
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let rest = line
                .trim()
                .strip_prefix("API")?
                .trim()
                .strip_prefix("http://")?;
            rest.split('/').next()?.parse().ok()
        })
        .expect("the daemon prints its address when it is ready");
    // What it prints later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}
