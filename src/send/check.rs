//! Looks at a URL as a delivery would: the name, the egress rule, and for https the handshake.
//! No request is sent, and nothing is kept but what the look-up found.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Uri;

use super::connect::{Dialler, Shared, bare_host, is_here};
use super::kept::Kept;
use super::line::Wire;
use super::{phases, tls};
use crate::domain::attempt::SendError;
use crate::domain::certificate::Certificate;
use crate::domain::endpoint::{FieldError, Tls};

/// How long a check may take in all.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Checks URLs by the rules and with the names of a client.
#[derive(Clone)]
pub struct Checker(Arc<Shared>);

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Why the name has no addresses, where that is so.
    pub unresolved: Option<String>,
    /// The addresses, and why those are closed that are.
    pub addresses: Vec<(IpAddr, Option<String>)>,
    /// The proxy that would be asked for a connection, or why it would not be.
    pub through: Option<Result<String, String>>,
    /// For https with an address that is open: whether TLS was agreed on with the first of them.
    pub tls: Option<Result<(), String>>,
    /// The certificate that it showed.
    pub certificate: Option<Certificate>,
}

impl Checker {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Checks a URL that has the form of an endpoint's. Blocking, for some seconds at most.
    pub fn check(&self, url: &str, tls: &Tls) -> Checked {
        let Ok(uri) = url.parse::<Uri>() else {
            return Checked {
                unresolved: Some("it is not a URL".to_owned()),
                ..Checked::default()
            };
        };
        phases::begin(TIME_MAX);
        let checked = self.look(&uri, tls);
        // The call was only there for its deadline.
        let _ = phases::end();
        checked
    }

    /// What is wrong with settings of TLS that only a try can show.
    pub fn check_tls(&self, tls: &Tls) -> Vec<FieldError> {
        tls::check(tls)
    }

    fn look(&self, uri: &Uri, tls: &Tls) -> Checked {
        let host = bare_host(uri);
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let mut checked = match self.0.proxy_before(host, port) {
            Some(proxy) => {
                let rule = self.0.rule();
                let allowed = rule.check_through_proxy(host, port, is_here);
                let through = allowed.map(|()| proxy.to_string());
                Checked {
                    through: Some(through.map_err(|why| why.to_string())),
                    ..Checked::default()
                }
            }
            None => self.resolved(host, port),
        };
        let mut open = checked.addresses.iter().filter(|(_, why)| why.is_none());
        let open = open.next().map(|(ip, _)| SocketAddr::new(*ip, port));
        if is_https && (open.is_some() || matches!(checked.through, Some(Ok(_)))) {
            let agreed = self.agree(host, port, open, tls);
            checked.certificate = match &agreed {
                Ok(shown) => shown.clone(),
                Err(_) => phases::with(|call| call.refused.take())
                    .flatten()
                    .map(|refused| *refused),
            };
            checked.tls = Some(agreed.map(drop).map_err(|error| error.message));
        }
        checked
    }

    fn resolved(&self, host: &str, port: u16) -> Checked {
        let mut checked = Checked::default();
        let found = match host.parse() {
            Ok(literal) => Ok(vec![literal]),
            Err(_) => self.0.names.resolve(host),
        };
        match found {
            Ok(addresses) if addresses.is_empty() => {
                checked.unresolved = Some(format!("{host} has no addresses"));
            }
            Ok(addresses) => {
                let rule = self.0.rule();
                let is_own = self.0.own_receiver.at(host, port).is_some();
                let check = |ip| rule.check(host, SocketAddr::new(ip, port), is_here).err();
                let closed = |ip| check(ip).filter(|_| !is_own);
                let of = |ip| (ip, closed(ip).map(|why| why.to_string()));
                checked.addresses = addresses.into_iter().map(of).collect();
            }
            Err(error) => checked.unresolved = Some(error.message),
        }
        checked
    }

    /// Connects, to that address or through the proxy, and agrees on TLS; the connection ends
    /// with it. The certificate that was shown.
    fn agree(
        &self,
        host: &str,
        port: u16,
        address: Option<SocketAddr>,
        tls: &Tls,
    ) -> Result<Option<Certificate>, SendError> {
        let dialler = Dialler {
            shared: Arc::clone(&self.0),
            tls: tls.terms().map(Arc::new),
            kept: Arc::new(Kept::new(0)),
        };
        let (socket, address) = match address {
            Some(address) => dialler.dial(&[address])?,
            None => dialler.reach(host, port, true, |_| Ok(()))?,
        };
        let wire = dialler.secure(host, socket, address)?;
        let shown = match &wire {
            Wire::Tls(stream) => stream.conn.peer_certificates(),
            Wire::Plain(_) => None,
        };
        Ok(shown
            .and_then(<[_]>::first)
            .and_then(|der| Certificate::read(der)))
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checker")
    }
}
