//! Certificates of a CA of our own, and of others. They are valid until 2126, or were never.

use std::sync::Arc;

use ringhook::domain::endpoint::{Tls, TlsTerms};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The CA of all but `SELF_SIGNED` and `FOREIGN`.
pub const CA: &str = include_str!("certificates/ca.pem");
/// For 127.0.0.1 and crm.example.
pub const GOOD: &str = include_str!("certificates/good.pem");
/// Until 2021.
pub const EXPIRED: &str = include_str!("certificates/expired.pem");
/// From 2120 on.
pub const EARLY: &str = include_str!("certificates/early.pem");
/// For other.example.
pub const OTHER: &str = include_str!("certificates/other.pem");
/// Signed by itself, as a CA, which is what `openssl req -x509` makes.
pub const SELF_SIGNED: &str = include_str!("certificates/self.pem");
/// Of a CA that nobody knows.
pub const FOREIGN: &str = include_str!("certificates/foreign.pem");
/// Of a client.
pub const CLIENT: &str = include_str!("certificates/client.pem");

/// The receiver's side of TLS, with that certificate and its key.
pub fn server(pem: &str) -> Arc<ServerConfig> {
    config(pem, false)
}

/// The same, for clients with a certificate of `CA` only.
pub fn server_for_known_clients(pem: &str) -> Arc<ServerConfig> {
    config(pem, true)
}

fn config(pem: &str, asks_client: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks_client {
        let mut roots = RootCertStore::empty();
        roots.add(certificates(CA).remove(0)).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    Arc::new(builder.with_single_cert(certificates(pem), key).unwrap())
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes());
    all.collect::<Result<_, _>>().unwrap()
}

/// The certificate of a PEM without its key.
pub fn without_key(pem: &str) -> String {
    let (certificate, _) = pem.split_once("-----BEGIN PRIVATE KEY").unwrap();
    certificate.to_owned()
}

/// What a request carries of such settings.
pub fn terms(tls: &Tls) -> Option<Arc<TlsTerms>> {
    tls.terms().map(Arc::new)
}
