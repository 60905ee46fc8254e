//! TLS: configurations that are shared as far as their settings are the same.
//!
//! The system's roots are read once, at the first https request: a machine without any still
//! delivers over http. They are 100 KiB, so what an endpoint trusts besides stands beside them
//! and is no copy of them: a configuration of its own costs some KiB.

mod verify;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::phases;
use super::socket::Socket;
use crate::domain::certificate::Certificate;
use crate::domain::endpoint::{FieldError, Tls as Settings, TlsTerms};
use verify::Verifier;
pub(super) use words::words;

/// Configurations that are kept; beyond it the one that was used longest ago is made anew when
/// it is needed.
const CONFIGS_MAX: usize = 256;

/// Sessions that a configuration of one endpoint remembers; that of all others keeps 256.
const SESSIONS: usize = 8;

/// All configurations.
pub(super) struct Tls {
    /// Trusted besides, for all: `egress.ca_file`.
    extra: Vec<CertificateDer<'static>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    system: Option<Arc<WebPkiServerVerifier>>,
    configs: HashMap<Option<[u8; 16]>, Kept>,
    /// Goes up with every use.
    uses: u64,
}

struct Kept {
    config: Arc<ClientConfig>,
    used: u64,
}

/// A connection under TLS.
pub(super) type TlsStream = Box<StreamOwned<ClientConnection, Socket>>;

impl Tls {
    /// The system's roots, and the certificates of that PEM besides.
    pub fn new(extra_pem: Option<&str>) -> Result<Self, String> {
        let extra = certificates(extra_pem.unwrap_or_default())?;
        if extra_pem.is_some() && extra.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        // What can't be trusted is said now, and not at the first request.
        verifier(&extra).map_err(|fault| fault.to_string())?;
        Ok(Self {
            extra,
            state: Mutex::default(),
        })
    }

    /// With these roots in place of the system's.
    #[cfg(test)]
    pub fn trusting(root_pem: &str) -> Self {
        let tls = Self::new(None).expect("nothing to read");
        let root = certificates(root_pem).expect("a root");
        tls.lock().system = verifier(&root).expect("a root");
        tls
    }

    /// Agrees on TLS over `socket`. Never falls back to anything weaker.
    pub fn wrap(
        &self,
        terms: Option<&TlsTerms>,
        host: &str,
        socket: Socket,
    ) -> Result<TlsStream, TlsFault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::Name)?;
        let config = self.config(terms)?;
        let mut connection = ClientConnection::new(config, name).map_err(TlsFault::from)?;
        let mut socket = socket;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Box::new(StreamOwned::new(connection, socket)))
    }

    fn config(&self, terms: Option<&TlsTerms>) -> Result<Arc<ClientConfig>, TlsFault> {
        let digest = terms.map(|terms| terms.digest);
        let mut state = self.lock();
        state.uses += 1;
        let used = state.uses;
        if let Some(kept) = state.configs.get_mut(&digest) {
            kept.used = used;
            return Ok(Arc::clone(&kept.config));
        }
        // A failure is not kept: root certificates may be installed meanwhile.
        let config = Arc::new(self.make(&mut state, terms)?);
        if state.configs.len() >= CONFIGS_MAX {
            let oldest = state.configs.iter().min_by_key(|(_, kept)| kept.used);
            let oldest = oldest.map(|(digest, _)| *digest);
            oldest.map(|digest| state.configs.remove(&digest));
        }
        let kept = Kept {
            config: Arc::clone(&config),
            used,
        };
        state.configs.insert(digest, kept);
        Ok(config)
    }

    fn make(&self, state: &mut State, terms: Option<&TlsTerms>) -> Result<ClientConfig, TlsFault> {
        let tls = terms.map(|terms| &terms.tls);
        let mut known = self.extra.clone();
        if let Some(pem) = tls.and_then(|tls| tls.ca_pem.as_deref()) {
            known.extend(certificates(pem).map_err(TlsFault::Settings)?);
        }
        let insecure = tls.is_some_and(|tls| tls.insecure);
        let system = match &state.system {
            Some(system) => Some(Arc::clone(system)),
            None => {
                let found = rustls_native_certs::load_native_certs();
                state.system = verifier(&found.certs)?;
                state.system.clone()
            }
        };
        if system.is_none() && known.is_empty() && !insecure {
            return Err(TlsFault::NoRoots);
        }
        let verifier = Verifier {
            extra: verifier(&known)?,
            known,
            system,
            pin: tls.and_then(Settings::pin),
            insecure,
            algorithms: provider().signature_verification_algorithms,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match tls.and_then(|tls| tls.client_pem.as_deref()) {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let (chain, key) = identity(pem).map_err(TlsFault::Settings)?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        if terms.is_some() {
            config.resumption = Resumption::in_memory_sessions(SESSIONS);
        }
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wrong with the settings of an endpoint that only a try can show: a certificate that
/// can't be trusted, a key that is not that of its certificate.
pub(super) fn check(tls: &Settings) -> Vec<FieldError> {
    let wrong = |field: &str, why: String| {
        let field = format!("policy.tls.{field}");
        FieldError::new(field, "invalid", format!("can't be used: {why}"))
    };
    let mut errors = Vec::new();
    if let Some(pem) = &tls.ca_pem {
        let trusted =
            certificates(pem).and_then(|found| verifier(&found).map_err(|fault| fault.to_string()));
        errors.extend(trusted.err().map(|why| wrong("ca_pem", why)));
    }
    if let Some(pem) = &tls.client_pem {
        let usable = identity(pem).and_then(|(chain, key)| {
            let builder = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(RootCertStore::empty());
            let made = builder.with_client_auth_cert(chain, key);
            made.map(drop).map_err(|error| words::key_words(&error))
        });
        errors.extend(usable.err().map(|why| wrong("client_pem", why)));
    }
    errors
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What checks against these roots; None without any. Roots that can't be used are passed over
/// as long as one can: systems have some of those.
fn verifier(
    roots: &[CertificateDer<'static>],
) -> Result<Option<Arc<WebPkiServerVerifier>>, TlsFault> {
    if roots.is_empty() {
        return Ok(None);
    }
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(roots.iter().cloned());
    if added == 0 {
        let why = "none of its certificates can be trusted as a root";
        return Err(TlsFault::Settings(why.to_owned()));
    }
    WebPkiServerVerifier::builder_with_provider(store.into(), provider())
        .build()
        .map(Some)
        .map_err(|error| TlsFault::Settings(error.to_string()))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("it is not PEM as it should be ({error})"))
}

/// The certificates and the key of a client.
fn identity(pem: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    let key = key.map_err(|_| "its private key can't be read".to_owned())?;
    Ok((certificates(pem)?, key))
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
    /// Settings that were accepted and can't be used.
    #[error("{0}")]
    Settings(String),
    /// The protocol, and the certificate that was refused.
    #[error("{}", words(.0, .1.as_deref()))]
    Protocol(rustls::Error, Option<Box<Certificate>>),
    /// The connection under it.
    #[error("{0}")]
    Wire(io::Error),
}

impl From<rustls::Error> for TlsFault {
    fn from(error: rustls::Error) -> Self {
        let refused = phases::with(|call| call.refused.clone());
        Self::Protocol(error, refused.flatten())
    }
}

impl From<io::Error> for TlsFault {
    fn from(error: io::Error) -> Self {
        match fault_within(&error) {
            Some(fault) => fault.clone().into(),
            None => Self::Wire(error),
        }
    }
}

/// The fault of the protocol that an error of the stream carries.
pub(super) fn fault_within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
