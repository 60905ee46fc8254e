//! The one listener of ringhook's own that requests may reach: the built-in test receiver.
//!
//! It is an exception to the egress rule, and the only one: whatever `[egress]` says, a person
//! must be able to try ringhook without a receiver of theirs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where it listens, told by who runs it to who connects. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct OwnReceiver {
    // On loopback; 0: it does not run.
    port: Arc<AtomicU16>,
}

impl OwnReceiver {
    /// It listens at that port of 127.0.0.1 from now on.
    pub fn opened(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    /// It listens no longer.
    pub fn closed(&self) {
        self.port.store(0, Ordering::Relaxed);
    }

    /// Its address, where host and port of a URL are those of it.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let is_it = port != 0 && port == self.port.load(Ordering::Relaxed);
        let own = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        (is_it && host == "127.0.0.1").then_some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_address_and_only_while_it_listens() {
        let receiver = OwnReceiver::default();
        let check = |host: &str, port: u16, expected: bool| {
            assert_eq!(receiver.at(host, port).is_some(), expected, "{host}:{port}");
        };
        check("127.0.0.1", 0, false);
        receiver.opened(7000);
        check("127.0.0.1", 7000, true);
        check("127.0.0.1", 7001, false);
        check("127.0.0.2", 7000, false);
        check("localhost", 7000, false);
        receiver.closed();
        check("127.0.0.1", 7000, false);
    }
}
