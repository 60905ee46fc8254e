//! The HTTP client: ureq with our own resolver and connectors, an agent per host.

use super::{Sent, Transport};
use crate::domain::address::EgressRule;
use crate::domain::attempt::Request;

/// How requests go out.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// `delivery.connect_timeout`
    pub connect_timeout_ms: u32,
    /// Which addresses are allowed.
    pub egress: EgressRule,
    /// `ringhook/VERSION`
    pub user_agent: String,
}

/// Sends over the real network.
#[derive(Debug)]
pub struct HttpTransport {
    options: HttpOptions,
}

impl HttpTransport {
    /// A client without connections yet. Building the TLS settings can fail when the system's
    /// roots can't be read: the error says so.
    pub fn new(options: HttpOptions) -> Result<Self, String> {
        Ok(Self { options })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &Request, idle_max: u8) -> Sent {
        todo!("{:?} {request:?} {idle_max}", self.options)
    }

    fn shut_down(&self) {
        todo!()
    }
}
