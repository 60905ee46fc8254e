//! The egress rule: which addresses may be connected to, checked after resolution.
//!
//! It is asked for each address at each connect: a check when an endpoint is saved would say
//! nothing about the address that its name has tomorrow. It resolves nothing itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

mod entry;
mod proxy;
mod ranges;

pub use entry::{HOST_BYTES_MAX, is_host_name};
pub use proxy::Proxy;
use ranges::{Class, class, unwrapped};

/// The rule of the daemon.
#[derive(Clone, Debug, Default)]
pub struct EgressRule {
    /// Private and loopback ranges are open.
    pub private: bool,
    /// Opens these, but for the ranges that are never open.
    pub allow: Vec<EgressEntry>,
    /// Closes these; wins over `allow` and `private`.
    pub deny: Vec<EgressEntry>,
    /// The daemon's own listeners. A wildcard address means that port at every address of the
    /// machine.
    pub own: Vec<SocketAddr>,
}

/// A line of `egress.allow` or `egress.deny`: a network or a host name, with optional ports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EgressEntry {
    /// Which addresses or names.
    pub what: EgressName,
    /// Only these ports; empty: all.
    pub ports: Vec<u16>,
}

/// A network or a host name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EgressName {
    /// `192.168.10.0/24`, or one address.
    Net(IpNet),
    /// `crm.lan`, in lower case: the private addresses that this name has.
    Host(String),
}

/// Why an address is closed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Closed {
    /// Cloud metadata, link-local, multicast, reserved: never.
    #[error("{0} is in {1}, to which ringhook never connects")]
    Never(IpAddr, &'static str),
    /// A private range, and `egress.private` is off.
    #[error("{0} is a private address; open it with egress.private or egress.allow")]
    Private(IpAddr),
    /// Named by `egress.deny`.
    #[error("{0} is closed by egress.deny")]
    Denied(IpAddr),
    /// Named by `egress.deny`, and its addresses are the proxy's business.
    #[error("{0} is closed by egress.deny")]
    DeniedName(String),
    /// ringhook itself.
    #[error("{0} is ringhook's own address")]
    Own(SocketAddr),
}

impl EgressRule {
    /// Whether a connection to `address`, which `host` resolved to, is allowed. Ranges that are
    /// never open come first, then the own listeners, `deny`, `allow`, and the private class.
    /// `is_here` says whether an address is one of the machine; it is asked when a listener on
    /// all of them might be met.
    pub fn check(
        &self,
        host: &str,
        address: SocketAddr,
        is_here: impl Fn(IpAddr) -> bool,
    ) -> Result<(), Closed> {
        let ip = unwrapped(address.ip());
        let target = SocketAddr::new(ip, address.port());
        let class = class(ip);
        if let Class::Never(name) = class {
            return Err(Closed::Never(address.ip(), name));
        }
        if self.own.iter().any(|own| reaches(*own, target, &is_here)) {
            return Err(Closed::Own(address));
        }
        // A deny for the form before unwrapping (`64:ff9b::/96`) counts as well; an allow for it
        // does not, because it would open every IPv4 address at once.
        let denies = |entry: &EgressEntry| entry.names(host, target) || entry.names(host, address);
        if self.deny.iter().any(denies) {
            return Err(Closed::Denied(address.ip()));
        }
        let allows = |entry: &EgressEntry| entry.names(host, target);
        if class == Class::Public || self.private || self.allow.iter().any(allows) {
            Ok(())
        } else {
            Err(Closed::Private(address.ip()))
        }
    }

    /// Whether a proxy may be asked to connect to `host`. What a name resolves to is up to the
    /// proxy, so of names only those that `deny` lists are closed, and those that always mean
    /// the machine itself are taken for its address.
    pub fn check_through_proxy(
        &self,
        host: &str,
        port: u16,
        is_here: impl Fn(IpAddr) -> bool,
    ) -> Result<(), Closed> {
        let literal = host.parse::<IpAddr>().ok();
        let loopback = is_loopback_name(host).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if let Some(ip) = literal.or(loopback) {
            return self.check(host, SocketAddr::new(ip, port), is_here);
        }
        // An address that no line of the lists is about: only the name can match.
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        let is_name = |entry: &&EgressEntry| matches!(entry.what, EgressName::Host(_));
        let mut named = self.deny.iter().filter(is_name);
        match named.any(|entry| entry.names(host, nowhere)) {
            true => Err(Closed::DeniedName(host.to_owned())),
            false => Ok(()),
        }
    }
}

/// `localhost` and what lies under it (RFC 6761 §6.3).
fn is_loopback_name(host: &str) -> bool {
    let last = without_root(host).rsplit('.').next();
    last.is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

/// Whether `target` may reach the listener `own`.
fn reaches(own: SocketAddr, target: SocketAddr, is_here: impl Fn(IpAddr) -> bool) -> bool {
    let ip = unwrapped(own.ip());
    own.port() == target.port()
        && (ip == target.ip() || (ip.is_unspecified() && is_here(target.ip())))
}

impl EgressEntry {
    /// Whether this line speaks of `address`, or of the name that it was resolved from.
    fn names(&self, host: &str, address: SocketAddr) -> bool {
        let is_named = match &self.what {
            EgressName::Net(net) => net.contains(&address.ip()),
            EgressName::Host(name) => without_root(host).eq_ignore_ascii_case(name),
        };
        is_named && (self.ports.is_empty() || self.ports.contains(&address.port()))
    }
}

/// `crm.lan.` and `crm.lan` are the same name.
fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether the host of a URL is an IP address in a spelling that only some resolvers read
/// (`127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`), which is refused when it is saved. So is an
/// IPv4 address in the clothes of IPv6 (`[::ffff:127.0.0.1]`), with or without brackets.
///
/// A name whose last part is a number is always meant as an address (WHATWG URL, "ends in a
/// number"): no top-level domain is one.
pub fn is_disguised_address(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(six) = bare.unwrap_or(host).parse::<Ipv6Addr>() {
        return unwrapped(IpAddr::V6(six)).is_ipv4();
    }
    let last = without_root(host).rsplit('.').next().unwrap_or_default();
    is_number(last) && host.parse::<Ipv4Addr>().is_err()
}

/// Whether some resolver reads it as a number: decimal, octal, or hex with `0x`.
fn is_number(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
