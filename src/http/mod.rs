//! The edge: listeners, limits, one route table, auth, handlers and wire forms.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{DeliverySettings, HttpSettings};
use crate::engine::handle::Handle;
use crate::store::Reader;
use crate::telemetry::Counters;

/// What the edge works with.
#[derive(Clone)]
pub struct Parts {
    /// The door to the engine.
    pub handle: Handle,
    /// Snapshots of the database.
    pub reader: Reader,
    /// Limits and names.
    pub settings: HttpSettings,
    /// Defaults that an endpoint's policy is shown with.
    pub delivery: DeliverySettings,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// For times at the edge.
    pub clock: Clock,
}

/// Bound, not yet accepting.
pub struct Listeners {}

impl Listeners {
    /// Binds the TCP address and the Unix socket. A stale socket file is replaced, a live one
    /// refused; the socket is 0660. Must be called within a tokio runtime.
    pub fn bind(settings: &HttpSettings) -> Result<Self, BindError> {
        todo!("{settings:?}")
    }

    /// The TCP address with its real port.
    pub fn address(&self) -> SocketAddr {
        todo!()
    }
}

/// Why a listener can't be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {at}: {source}")]
pub struct BindError {
    /// The address or path.
    pub at: String,
    /// What the system said.
    pub source: std::io::Error,
}

/// Serves until `stop` is set, then lets connections end their request, for at most 5 s, and
/// removes the socket file.
pub async fn serve(listeners: Listeners, parts: Parts, stop: tokio::sync::watch::Receiver<bool>) {
    let _ = (listeners, parts, stop);
    todo!()
}
