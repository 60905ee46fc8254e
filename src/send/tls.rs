//! TLS: one shared configuration over the system's roots, and words for what can fail.
//!
//! A configuration costs 100 KiB and some milliseconds, so all hosts share one. It is built at
//! the first https request: a machine without root certificates still delivers over http.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;

use super::socket::Socket;

/// The shared configuration.
#[derive(Default)]
pub(super) struct Tls {
    config: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    /// With the given configuration instead of the system's roots.
    #[cfg(test)]
    pub fn with(config: Arc<ClientConfig>) -> Self {
        Self {
            config: Mutex::new(Some(config)),
        }
    }

    /// Agrees on TLS over `socket`. Never falls back to anything weaker.
    pub fn wrap(&self, host: &str, socket: Socket) -> Result<TlsStream, TlsFault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::Name)?;
        let config = self.config()?;
        let mut connection = ClientConnection::new(config, name)?;
        let mut socket = socket;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Box::new(StreamOwned::new(connection, socket)))
    }

    fn config(&self) -> Result<Arc<ClientConfig>, TlsFault> {
        let mut shared = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*shared {
            return Ok(Arc::clone(config));
        }
        // A failure is not kept: root certificates may be installed meanwhile.
        let config = Arc::new(system_config()?);
        *shared = Some(Arc::clone(&config));
        Ok(config)
    }
}

/// A connection under TLS.
pub(super) type TlsStream = Box<StreamOwned<ClientConnection, Socket>>;

fn system_config() -> Result<ClientConfig, TlsFault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()
        .map_err(|_| TlsFault::NoRoots)?
        .with_no_client_auth();
    Ok(config)
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsFault {
    /// The host can't stand in a certificate.
    #[error("the host's name can't be checked against a certificate")]
    Name,
    /// The system's store is empty.
    #[error("this machine has no root certificates; install the package ca-certificates")]
    NoRoots,
    /// The protocol.
    #[error("{}", words(.0))]
    Protocol(#[from] rustls::Error),
    /// The connection under it.
    #[error("{0}")]
    Wire(io::Error),
}

impl From<io::Error> for TlsFault {
    fn from(error: io::Error) -> Self {
        match fault_within(&error) {
            Some(fault) => Self::Protocol(fault.clone()),
            None => Self::Wire(error),
        }
    }
}

/// The fault of the protocol that an error of the stream carries.
pub(super) fn fault_within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

/// A sentence for people, without a full stop.
pub(super) fn words(error: &rustls::Error) -> String {
    use rustls::Error::{
        AlertReceived, InvalidCertificate, InvalidMessage, NoCertificatesPresented,
        PeerIncompatible,
    };
    match error {
        InvalidCertificate(fault) => certificate_words(fault),
        AlertReceived(alert) => format!("the receiver refuses the connection ({alert:?})"),
        InvalidMessage(_) => "what the receiver answers is not TLS; is it plain http?".into(),
        NoCertificatesPresented => "the receiver shows no certificate".into(),
        PeerIncompatible(why) => {
            format!("the receiver offers nothing that is safe enough ({why:?})")
        }
        other => other.to_string(),
    }
}

fn certificate_words(fault: &CertificateError) -> String {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    match fault {
        UnknownIssuer => "the certificate is not trusted (unknown issuer)".into(),
        Expired | ExpiredContext { .. } => "the certificate has expired".into(),
        NotValidYet | NotValidYetContext { .. } => {
            "the certificate is not valid yet; check the clocks of both machines".into()
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the certificate is for another name".into()
        }
        Revoked => "the certificate has been revoked".into(),
        other => format!("the certificate is not accepted ({other})"),
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_certificates_are_told_in_plain_words() {
        for (fault, expected) in [
            (
                CertificateError::UnknownIssuer,
                "not trusted (unknown issuer)",
            ),
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "for another name"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "not accepted"),
        ] {
            let told = words(&rustls::Error::InvalidCertificate(fault));
            assert!(told.contains(expected), "{told}");
        }
    }
}
