//! The real daemon as a child process, on throw-away data and a free port. It is killed when
//! this is dropped.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Setting;
use crate::cli::client::Client;
use crate::cli::document::{Document, text};
use crate::cli::failure::{Exit, Failure, code};
use crate::cli::{Context, Global};

/// A directory for data that nobody keeps.
pub struct ThrowAway(PathBuf);

impl ThrowAway {
    /// A new one in `parent`.
    pub fn new(parent: &Path) -> Result<Self, Failure> {
        let mut random = [0; 6];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::system(std::io::Error::other(error)))?;
        let path = parent.join(format!("ringhook-bench-{}", hex::encode(random)));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => {
                let what = format!("cannot make the directory {}: {error}", path.display());
                Err(Failure::new(Exit::Denied, code::FILE, what)
                    .try_this("another place with --data DIR"))
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // What cannot be removed is left in a place for what is not kept.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A daemon.
pub struct Daemon {
    child: Child,
    data: PathBuf,
    socket: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to the line that says it is ready.
    pub ready_in: Duration,
    client: Client,
    /// A token that may do everything.
    pub token: String,
}

impl Daemon {
    /// Starts one on a new database. `settings` go to its environment.
    pub fn start(setting: &Setting, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let data = setting.directory.path().join("data");
        // What an earlier one left there.
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir(&data).map_err(Failure::system)?;
        Self::launch(setting, data, settings)
    }

    /// Stops it as a service manager does, and starts it anew on its data.
    pub fn restart(mut self, setting: &Setting) -> Result<Self, Failure> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| Failure::system(error.into()))?;
        self.child.wait().map_err(Failure::system)?;
        let data = self.data.clone();
        // The socket of the one that has ended must not be removed after the next has made its.
        drop(self);
        Self::launch(setting, data, &[])
    }

    fn launch(
        setting: &Setting,
        data: PathBuf,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let socket = setting.directory.path().join("ringhook.sock");
        let mut command = Command::new(&setting.binary);
        command.env_clear().stdin(Stdio::null());
        command.env("RINGHOOK_LOG_LEVEL", "error");
        command.envs(settings.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(&data).arg("--socket").arg(&socket);
        let begun = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::system)?;
        let Some((address, ready_in)) = greeted(&mut child, begun) else {
            // It has ended, or it never says a word.
            let _ = child.kill();
            let _ = child.wait();
            let what = "the daemon did not start".to_owned();
            return Err(Failure::new(Exit::Temporary, code::START, what)
                .try_this("ringhook serve, which says why"));
        };
        let client = client(setting.context, &socket);
        let mut daemon = Self {
            child,
            data,
            socket,
            address,
            ready_in,
            client: client?,
            token: String::new(),
        };
        let wish = json!({"name": "bench", "role": "admin"}).to_string();
        let made = daemon.client.post("/v1/tokens", &wish)?;
        daemon.token = text(made.value(), "/token");
        Ok(daemon)
    }

    /// Adds an endpoint that wants that type; its id.
    pub fn endpoint(&self, url: &str, kind: &str, policy: &Value) -> Result<String, Failure> {
        let title = format!("bench {url}");
        self.add_endpoint(&json!({"title": title, "url": url, "events": [kind], "policy": policy}))
    }

    /// Adds an endpoint as it is wished; its id.
    pub fn add_endpoint(&self, wish: &Value) -> Result<String, Failure> {
        let made = self.client.post("/v1/endpoints", &wish.to_string())?;
        Ok(text(made.value(), "/id"))
    }

    /// Keeps everything for that endpoint waiting.
    pub fn pause(&self, endpoint: &str) -> Result<(), Failure> {
        let path = format!("/v1/endpoints/{endpoint}/pause");
        self.client.post_empty(&path).map(drop)
    }

    /// What it says to a request.
    pub fn get(&self, path: &str) -> Result<Document, Failure> {
        self.client.get(path)
    }

    /// A figure of its status.
    pub fn count(&self, pointer: &str) -> Result<u64, Failure> {
        let status = self.client.get("/v1/status")?;
        Ok(status
            .value()
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(0))
    }

    /// Its share of the memory (Pss, so that shared pages count in part), in MiB.
    pub fn memory_mib(&self) -> f64 {
        memory_mib(self.child.id())
    }

    /// Its process, for who watches its memory from another thread.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended; what matters is that it does not run on.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Pss of a process in MiB, 0 where the system does not tell.
pub fn memory_mib(process: u32) -> f64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
    let rollup = rollup.unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

/// Its address, and how long it took until it was there.
fn greeted(child: &mut Child, begun: Instant) -> Option<(SocketAddr, Duration)> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let rest = line.trim().strip_prefix("API")?.trim();
        rest.strip_prefix("http://")?
            .split('/')
            .next()?
            .parse()
            .ok()
    })?;
    let ready_in = begun.elapsed();
    // Its last line; it says nothing more that would fill the pipe.
    lines.next()?.ok()?;
    Some((address, ready_in))
}

fn client(context: &Context, socket: &Path) -> Result<Client, Failure> {
    let global = Global {
        socket: Some(socket.to_owned()),
        server: None,
        token_file: None,
        json: false,
        quiet: false,
        no_color: false,
    };
    Client::new(&global, &context.identity)
}
