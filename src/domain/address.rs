//! The egress rule: which addresses may be connected to, checked after resolution.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The rule of the daemon.
#[derive(Clone, Debug, Default)]
pub struct EgressRule {
    /// Private and loopback ranges are open.
    pub private: bool,
    /// Opens these, but for the ranges that are never open.
    pub allow: Vec<EgressEntry>,
    /// Closes these; wins over everything.
    pub deny: Vec<EgressEntry>,
    /// The daemon's own listeners; a wildcard address means every address of that port.
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
    /// ringhook itself.
    #[error("{0} is ringhook's own address")]
    Own(SocketAddr),
}

impl EgressEntry {
    /// Reads `192.168.10.0/24`, `10.0.0.5:443,8080`, `[fd00::/8]:443`, `crm.lan:8080`.
    /// The error says in words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        todo!("{text}")
    }
}

impl EgressRule {
    /// Whether a connection to `address`, which `host` resolved to, is allowed.
    pub fn check(&self, host: &str, address: SocketAddr) -> Result<(), Closed> {
        todo!("{host} {address}")
    }
}

/// Whether the host of a URL is an IP address in a spelling that only some resolvers read
/// (`127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`), which is refused when it is saved.
pub fn is_disguised_address(host: &str) -> bool {
    todo!("{host}")
}
