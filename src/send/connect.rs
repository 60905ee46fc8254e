//! Makes connections: looks the name up, asks the egress rule, dials, agrees on TLS.
//!
//! The client asks its resolver for every request, also on a connection that is open. Ours
//! answers nothing there, and the name is looked up here, when a connection is really made. So
//! exactly those addresses are dialled that the rule was asked about, one after the other.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

use super::errors;
use super::kept::Kept;
use super::line::{Line, Wire};
use super::names::Names;
use super::own_receiver::OwnReceiver;
use super::phases;
use super::socket::Socket;
use super::tls::{Tls, TlsFault};
use crate::domain::address::{Closed, EgressRule};
use crate::domain::attempt::{ErrorKind as Kind, Phase, SendError};
use crate::domain::endpoint::TlsTerms;

/// Leaves the look-up to the connector.
#[derive(Debug)]
pub(super) struct Deferred;

impl Resolver for Deferred {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// What all hosts share.
#[derive(Debug)]
pub(super) struct Shared {
    pub names: Names,
    pub egress: EgressRule,
    /// The one exception to it.
    pub own_receiver: OwnReceiver,
    pub connect_timeout: Duration,
    pub tls: Tls,
}

impl Shared {
    /// Why that address of a host is closed; None when it is open.
    pub(super) fn closed(&self, host: &str, address: SocketAddr) -> Option<Closed> {
        match self.own_receiver.is_at(address) {
            true => None,
            false => self.egress.check(host, address).err(),
        }
    }
}

/// Finds connections for one agent: one that was kept, or a new one.
#[derive(Clone)]
pub(super) struct Dialler {
    /// As for all.
    pub shared: Arc<Shared>,
    /// How TLS differs from what holds for all.
    pub tls: Option<Arc<TlsTerms>>,
    /// The connections that it made before.
    pub kept: Arc<Kept>,
}

impl Connector for Dialler {
    type Out = Line;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<Line>, ureq::Error> {
        let wire = match self.kept() {
            Some(wire) => wire,
            None => {
                let made = self.make(details).map_err(errors::carried);
                // Until the status line, the whole time of the call counts again.
                phases::with(|call| call.deadline = call.status_due_at());
                made?
            }
        };
        Ok(Some(Line::new(wire, Arc::clone(&self.kept))))
    }
}

impl Dialler {
    fn kept(&self) -> Option<Wire> {
        let refuse = phases::with(|call| call.refuse_idle) == Some(true);
        if refuse { None } else { self.kept.take() }
    }

    fn make(&self, details: &ConnectionDetails) -> Result<Wire, SendError> {
        phases::with(|call| call.fresh = true);
        if self.kept.is_cut() {
            return Err(errors::stopping());
        }
        let host = bare_host(details.uri);
        let default_port = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(default_port);
        let addresses = self.resolve(host, port)?;
        let (socket, address) = self.dial(&addresses)?;
        if !self.kept.enter(&socket) {
            return Err(errors::stopping());
        }
        let wire = if details.needs_tls() {
            self.secure(host, socket, address)?
        } else {
            Wire::Plain(socket)
        };
        phases::with(|call| call.connected_at = Some(Instant::now()));
        Ok(wire)
    }

    /// The addresses of the host that may be connected to.
    fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        phases::reached(Phase::Resolve);
        let begun = Instant::now();
        let found: Result<Vec<IpAddr>, SendError> = match host.parse() {
            Ok(literal) => Ok(vec![literal]),
            Err(_) => self.shared.names.resolve(host),
        };
        let took = Some(phases::whole_ms(begun.elapsed()));
        phases::with(|call| call.timings.resolve_ms = took);

        let mut closed = None;
        let mut open = Vec::new();
        for ip in found? {
            let address = SocketAddr::new(ip, port);
            match self.shared.closed(host, address) {
                None => open.push(address),
                Some(why) => closed = closed.or(Some(why)),
            }
        }
        match closed {
            Some(why) if open.is_empty() => Err(SendError {
                kind: Kind::Blocked,
                phase: Phase::Resolve,
                message: format!("not allowed: {why}"),
            }),
            _ => Ok(open),
        }
    }

    /// Connects to the first address that answers. Each is given half of the time that is left
    /// and the last one all of it, so that a dead first address leaves time for the others.
    pub(super) fn dial(&self, addresses: &[SocketAddr]) -> Result<(Socket, SocketAddr), SendError> {
        phases::reached(Phase::Connect);
        let begun = Instant::now();
        phases::with(|call| call.deadline = call.deadline.min(begun + self.shared.connect_timeout));
        let mut failed = None;
        for (index, address) in addresses.iter().enumerate() {
            let Some(left) = phases::left() else { break };
            let is_last = index + 1 == addresses.len();
            let limit = if is_last { left } else { left / 2 };
            phases::with(|call| call.peer = Some(*address));
            match Socket::connect(*address, limit) {
                Ok(socket) => {
                    let took = Some(phases::whole_ms(begun.elapsed()));
                    phases::with(|call| call.timings.connect_ms = took);
                    return Ok((socket, *address));
                }
                Err(error) => failed = Some((*address, error)),
            }
        }
        let (address, error) = failed.unwrap_or_else(|| {
            let first = addresses.first().copied();
            let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
            (first.unwrap_or(nowhere), ErrorKind::TimedOut.into())
        });
        Err(not_connected(address, &error, begun.elapsed()))
    }

    /// Agrees on TLS over a connection.
    pub(super) fn secure(
        &self,
        host: &str,
        socket: Socket,
        address: SocketAddr,
    ) -> Result<Wire, SendError> {
        phases::reached(Phase::Tls);
        let begun = Instant::now();
        let wrapped = self.shared.tls.wrap(self.tls.as_deref(), host, socket);
        let took = begun.elapsed();
        phases::with(|call| call.timings.tls_ms = Some(phases::whole_ms(took)));
        wrapped
            .map(Wire::Tls)
            .map_err(|fault| not_secured(address, &fault, took))
    }
}

fn not_connected(address: SocketAddr, error: &io::Error, took: Duration) -> SendError {
    let message = match error.kind() {
        ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            format!("no connection to {address} in {}", errors::span(took))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            format!("there is no way to {address} from here ({error})")
        }
        _ => format!("no connection to {address}: {error}"),
    };
    SendError {
        kind: kind_or_timeout(Kind::Connect, error.kind()),
        phase: Phase::Connect,
        message,
    }
}

fn not_secured(address: SocketAddr, fault: &TlsFault, took: Duration) -> SendError {
    let (kind, message) = match fault {
        TlsFault::Wire(error) if error.kind() == ErrorKind::TimedOut => (
            kind_or_timeout(Kind::Tls, ErrorKind::TimedOut),
            format!("TLS: no agreement with {address} in {}", errors::span(took)),
        ),
        TlsFault::Wire(error) if errors::is_end(error.kind()) => (
            Kind::Tls,
            format!("TLS: {address} closed the connection instead of agreeing"),
        ),
        fault => (Kind::Tls, format!("TLS: {fault}")),
    };
    SendError {
        kind,
        phase: Phase::Tls,
        message,
    }
}

/// A phase that ran out of time is a timeout when the time of the whole call is up as well.
fn kind_or_timeout(kind: Kind, error: ErrorKind) -> Kind {
    let is_over = phases::with(|call| call.is_over()) == Some(true);
    match error {
        ErrorKind::TimedOut | ErrorKind::WouldBlock if is_over => Kind::Timeout,
        _ => kind,
    }
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialler")
    }
}

/// The host of a URL; an IPv6 address without its brackets.
pub(super) fn bare_host(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host)
}
