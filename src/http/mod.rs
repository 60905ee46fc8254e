//! The edge: listeners, limits, one route table, auth, handlers and wire forms.
//!
//! A connection (`listen`, `connection`) brings requests; `service` takes each from host and
//! caller to its row in `routes`; a file of `handlers` answers it with forms of `wire`. What is
//! wrong becomes a `problem`. Nothing here decides about deliveries: writes go through the
//! engine's `Handle`, reads through the store's `Reader`.

mod answer;
mod auth;
mod body;
mod code;
mod connection;
mod edge;
mod handlers;
mod host;
mod hub;
mod json;
mod listen;
mod origin;
mod page;
mod problem;
mod query;
mod router;
mod routes;
mod service;
mod session;
mod test_receiver;
mod wire;

use crate::clock::Clock;
use crate::config::{HttpSettings, Resolved};
use crate::engine::handle::Handle;
use crate::send::check::Checker;
use crate::store::Reader;
use crate::telemetry::Counters;
use std::sync::Arc;
use tokio::sync::watch;

pub use listen::{BindError, Listeners, serve};
pub use page::Page;
pub use session::{Codes, link as sign_in_link, page_url};

/// What the edge works with.
#[derive(Clone)]
pub struct Parts {
    /// The door to the engine.
    pub handle: Handle,
    /// Snapshots of the database.
    pub reader: Reader,
    /// Limits and names.
    pub settings: HttpSettings,
    /// What holds now, in settings and in words; a reload changes it.
    pub configuration: watch::Receiver<Arc<Resolved>>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// For times at the edge.
    pub clock: Clock,
    /// Looks at URLs before endpoints have them.
    pub checker: Checker,
    /// Where the page comes from.
    pub page: Page,
    /// Sign-in codes that were given out.
    pub codes: Arc<Codes>,
}
