//! Makes connections: looks the name up, asks the egress rule, dials, agrees on TLS.
//!
//! The client asks its resolver for every request, also on a connection that is open. Ours
//! answers nothing there, and the name is looked up here, when a connection is really made. So
//! exactly those addresses are dialled that the rule was asked about, one after the other.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};
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
use super::proxy::{self, Via};
use super::socket::Socket;
use super::tls::{Tls, TlsFault};
use crate::domain::address::{Closed, EgressRule, Proxy};
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
    /// Replaced as a whole by a reload.
    pub egress: RwLock<Arc<EgressRule>>,
    /// The one exception to it.
    pub own_receiver: OwnReceiver,
    /// All connections go through it, where there is one.
    pub proxy: Option<Proxy>,
    pub connect_timeout: Duration,
    pub tls: Tls,
}

impl Shared {
    /// The proxy on the way to a host; there is none on the way to our own receiver.
    pub(super) fn proxy_before(&self, host: &str, port: u16) -> Option<&Proxy> {
        let is_own = self.own_receiver.at(host, port).is_some();
        self.proxy.as_ref().filter(|_| !is_own)
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
        let port = details.uri.port_u16().unwrap_or(80);
        let proxy = self.shared.proxy_before(bare_host(details.uri), port);
        let via = proxy.filter(|_| !details.needs_tls());
        let via = via.map(|proxy| Box::new(Via::new(proxy, details.uri)));
        Ok(Some(Line::new(wire, via, Arc::clone(&self.kept))))
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
        let enter = |socket: &Socket| match self.kept.enter(socket) {
            true => Ok(()),
            false => Err(errors::stopping()),
        };
        let (socket, address) = self.reach(host, port, details.needs_tls(), enter)?;
        let wire = if details.needs_tls() {
            self.secure(host, socket, address)?
        } else {
            Wire::Plain(socket)
        };
        phases::with(|call| call.connected_at = Some(Instant::now()));
        Ok(wire)
    }

    /// A connection to the host, or to the proxy that stands before it; over that one a tunnel
    /// is made for TLS. `enter` sees the connection before anything is waited for on it.
    pub(super) fn reach(
        &self,
        host: &str,
        port: u16,
        needs_tunnel: bool,
        enter: impl Fn(&Socket) -> Result<(), SendError>,
    ) -> Result<(Socket, SocketAddr), SendError> {
        let Some(proxy) = self.shared.proxy_before(host, port) else {
            let addresses = match self.shared.own_receiver.at(host, port) {
                Some(own) => vec![own],
                None => self.resolve(host, port)?,
            };
            let (socket, address) = self.dial(&addresses)?;
            enter(&socket)?;
            return Ok((socket, address));
        };
        phases::reached(Phase::Resolve);
        let rule = self.shared.rule();
        let allowed = rule.check_through_proxy(host, port, is_here);
        allowed.map_err(|why| blocked(&why))?;
        let reached = self.resolve(&proxy.host, proxy.port);
        let reached = reached.and_then(|addresses| self.dial(&addresses));
        let (mut socket, address) = reached.map_err(|error| proxy::about(proxy, &error))?;
        enter(&socket)?;
        if needs_tunnel {
            proxy::tunnel(proxy, &mut socket, host, port)?;
        }
        Ok((socket, address))
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

        let rule = self.shared.rule();
        let mut closed = None;
        let mut open = Vec::new();
        for ip in found? {
            let address = SocketAddr::new(ip, port);
            match rule.check(host, address, is_here) {
                Ok(()) => open.push(address),
                Err(why) => closed = closed.or(Some(why)),
            }
        }
        match closed {
            Some(why) if open.is_empty() => Err(blocked(&why)),
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
        let took = begun.elapsed();
        phases::with(|call| call.timings.connect_ms = Some(phases::whole_ms(took)));
        let mut failure = not_connected(address, &error, took);
        if addresses.len() > 1 {
            let count = addresses.len();
            failure.message += &format!(" (of {count} addresses the last one tried)");
        }
        Err(failure)
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

impl Shared {
    /// The egress rule of this moment.
    pub fn rule(&self) -> Arc<EgressRule> {
        let rule = self.egress.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&rule)
    }
}

/// Whether an address is one of this machine: only those can be bound to. Asked at the moment of
/// connecting, it also knows an address that the machine got a minute ago.
pub(super) fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

fn blocked(why: &Closed) -> SendError {
    SendError {
        kind: Kind::Blocked,
        phase: Phase::Resolve,
        message: format!("not allowed: {why}"),
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
pub(super) fn kind_or_timeout(kind: Kind, error: ErrorKind) -> Kind {
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
