//! Sends requests: a pool of blocking threads over one seam, `Transport`.
//!
//! In reading order: `pool` hands jobs to threads; `http` sends one request; `agents` keeps a
//! client per host, and `kept` its connections; `connect` makes them over `names`, `socket`,
//! `proxy` and `tls`; `line` is a connection in use; `check` looks at a URL and sends nothing;
//! `phases` knows how far a call got; `errors` says what went wrong. What an attempt means is
//! decided elsewhere.

mod agents;
pub mod check;
mod connect;
mod errors;
pub mod http;
mod job;
mod kept;
mod line;
mod lookout;
mod names;
pub mod own_receiver;
mod phases;
pub mod pool;
mod proxy;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use crate::domain::attempt::{Reply, Request, SendError, Timings};

/// What a transport brings back besides the reply.
#[derive(Debug)]
pub struct Sent {
    /// The answer, or why there is none.
    pub result: Result<Reply, SendError>,
    /// Where the time went.
    pub timings: Timings,
    /// From the beginning to the status line or the failure.
    pub duration_ms: u32,
}

/// The network: ureq in the daemon, scripted in tests and in the simulator.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for its answer, within the request's own time.
    /// `idle_max` is how many idle connections to that host are worth keeping.
    fn send(&self, request: &Request, idle_max: u8) -> Sent;

    /// Cuts what is on the wire, at the end of a stop; later calls fail at once.
    fn shut_down(&self);
}
