//! What all requests share, and how they ask the rooms below: callbacks become awaits, blocking
//! reads go to the threads for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::config::Resolved;
use crate::domain::id::{EndpointNumber, Epochs};
use crate::engine::handle::{Command, EndpointView, Handle, Refusal, Reply, Written};
use crate::store::Reader;

use super::Parts;
use super::auth::Failures;
use super::body::BodyLimits;
use super::host::HostRule;
use super::hub::Hub;
use super::origin::OriginRule;
use super::problem::{Code, Problem};
use super::router::Router;
use super::session::{Cookie, Sessions, Tries};
use super::test_receiver::TestReceiver;

/// Batches that are read at a time: a body of 16 MiB each. Others wait for their turn.
const BATCHES_MAX: usize = 4;
/// Addresses that are checked at a time: each may hold a thread for some seconds.
const CHECKS_MAX: usize = 2;
/// Filters that are tried on stored events at a time: each reads up to 16 MiB. Others wait for
/// their turn.
const PREVIEWS_MAX: usize = 2;

/// Windows that are counted for replays at a time. Others wait for their turn.
const COUNTS_MAX: usize = 2;

/// What all requests share.
pub struct Edge {
    /// The rooms below.
    pub parts: Parts,
    /// The names that are ours.
    pub hosts: HostRule,
    /// Paths to routes.
    pub router: Router,
    /// Wrong tokens, counted.
    pub failures: Failures,
    /// What bodies may be.
    pub bodies: BodyLimits,
    /// What bodies of batches may be.
    pub batches: BodyLimits,
    /// Batches that are being read.
    pub batch_places: Semaphore,
    /// Addresses that are being checked.
    pub check_places: Arc<Semaphore>,
    /// The real address, with its port.
    pub address: SocketAddr,
    /// Which pages are ours.
    pub origins: OriginRule,
    /// The cookie of sessions.
    pub cookie: Cookie,
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// Wrong sign-ins, counted.
    pub tries: Tries,
    /// The receiver to try ringhook with.
    pub test_receiver: TestReceiver,
    /// Live streams that are open.
    pub stream_places: Arc<Semaphore>,
    /// What they are told.
    pub hub: Arc<Hub>,
    /// Filters that are being tried.
    pub preview_places: Arc<Semaphore>,
    /// Windows that are being counted.
    pub count_places: Semaphore,
}

impl Edge {
    /// `address` is the real one, with its port.
    pub fn new(parts: Parts, address: SocketAddr) -> Self {
        let mut settings = parts.settings.clone();
        settings.listen = address;
        let streams = usize::try_from(settings.streams_max).unwrap_or(usize::MAX);
        let limits = |bytes_max, setting| BodyLimits {
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            setting,
            timeout: Duration::from_millis(settings.body_timeout_ms),
        };
        Self {
            hosts: HostRule::new(&settings),
            router: Router::new(),
            failures: Failures::default(),
            bodies: limits(settings.body_bytes_max, "http.body_bytes_max"),
            batches: limits(settings.batch_bytes_max, "http.batch_bytes_max"),
            batch_places: Semaphore::new(BATCHES_MAX),
            check_places: Arc::new(Semaphore::new(CHECKS_MAX)),
            address,
            origins: OriginRule::new(&settings.public_url),
            cookie: Cookie::new(&settings.public_url),
            sessions: Arc::default(),
            tries: Tries::default(),
            test_receiver: TestReceiver::default(),
            stream_places: Arc::new(Semaphore::new(streams)),
            hub: Hub::new(&parts.handle, parts.clock.now().wall),
            preview_places: Arc::new(Semaphore::new(PREVIEWS_MAX)),
            count_places: Semaphore::new(COUNTS_MAX),
            parts,
        }
    }

    /// The door to the engine.
    pub fn handle(&self) -> &Handle {
        &self.parts.handle
    }

    /// Numbers to ids and back.
    pub fn epochs(&self) -> &Epochs {
        self.parts.handle.epochs()
    }

    /// The configuration as it holds now.
    pub fn configuration(&self) -> Arc<Resolved> {
        Arc::clone(&self.parts.configuration.borrow())
    }

    /// The endpoint of an id, as the engine knows it; else 404.
    pub async fn endpoint(&self, id: &str) -> Result<EndpointView, Problem> {
        let number = self.endpoint_number(id)?;
        let found = ask(|reply| self.handle().endpoint(number, reply)).await?;
        found.ok_or_else(|| Problem::no_object("endpoint"))
    }

    /// The number of an endpoint's id; else 404.
    pub fn endpoint_number(&self, id: &str) -> Result<EndpointNumber, Problem> {
        let number = self.epochs().parse_endpoint(id);
        number.ok_or_else(|| Problem::no_object("endpoint"))
    }

    /// Writes, and waits for the commit.
    pub async fn write(&self, command: Command) -> Result<Result<Written, Refusal>, Problem> {
        ask(|reply| self.handle().write(command, reply)).await
    }

    /// Writes several things, which may go in one commit, and waits for all; in their order.
    pub async fn write_all(
        &self,
        commands: Vec<Command>,
    ) -> Result<Vec<Result<Written, Refusal>>, Problem> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let count = commands.len();
        for (place, command) in commands.into_iter().enumerate() {
            let sender = sender.clone();
            let reply = Box::new(move |said| {
                // The client may have gone meanwhile.
                let _ = sender.send((place, said));
            });
            self.handle().write(command, reply);
        }
        drop(sender);
        let mut said = Vec::with_capacity(count);
        while let Some(answer) = receiver.recv().await {
            said.push(answer);
        }
        if said.len() < count {
            return Err(stopping());
        }
        said.sort_unstable_by_key(|(place, _)| *place);
        Ok(said.into_iter().map(|(_, said)| said).collect())
    }

    /// Reads the database on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader, &Epochs) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reader, handle) = (self.parts.reader.clone(), self.parts.handle.clone());
        let read = move || {
            let result = read(&reader, handle.epochs());
            let failed = result.as_ref().err().map(Problem::code);
            if matches!(failed, Some(Code::StoreAway | Code::Internal)) {
                handle.doubt();
            }
            result
        };
        aside(read).await
    }
}

/// Works on a thread that may block.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Problem::internal(format!("a task failed: {error}"))))
}

/// Asks the engine and waits for its answer. An engine that is gone means: stopping.
pub async fn ask<T: Send + 'static>(call: impl FnOnce(Reply<T>)) -> Result<T, Problem> {
    let (sender, receiver) = oneshot::channel();
    call(Box::new(move |answer| {
        // The client may have gone meanwhile; its answer is then nobody's.
        let _ = sender.send(answer);
    }));
    receiver.await.map_err(|_| stopping())
}

/// 503 for an engine that is gone.
pub fn stopping() -> Problem {
    Problem::new(Code::Stopping, Refusal::Stopping.to_string())
}
