//! Builds the parts, runs them, drains them; the only file that sees every room.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::Settings;

/// The daemon, running.
pub struct App {}

/// Why the daemon can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::OpenError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] crate::engine::StartError),
    /// A listener, a thread, or something else that the system refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried, with the address or path.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The TLS settings.
    #[error("cannot set up TLS for deliveries: {0}")]
    Tls(String),
}

impl App {
    /// Opens the database, starts the threads, binds the listeners: ready when it returns.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        todo!("{settings:?}")
    }

    /// The address that is listened on, with its real port.
    pub fn address(&self) -> SocketAddr {
        todo!()
    }

    /// The Unix socket.
    pub fn socket(&self) -> &Path {
        todo!()
    }

    /// Whether the database was made just now.
    pub fn is_new(&self) -> bool {
        todo!()
    }

    /// Runs until SIGTERM or SIGINT, then stops; a second signal stops at once. `true` when
    /// everything was committed.
    pub fn run(self) -> bool {
        todo!()
    }

    /// Stops now, as after a signal.
    pub fn stop(self) -> bool {
        todo!()
    }
}
