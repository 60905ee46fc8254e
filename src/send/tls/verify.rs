//! Whether a receiver is who it says: by the system's roots, by what is trusted besides, by a
//! pinned key, or not asked at all.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{self, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use crate::domain::certificate::Certificate;
use crate::domain::time::Timestamp;
use crate::send::phases;

/// What one configuration asks of a receiver.
#[derive(Debug)]
pub(super) struct Verifier {
    /// By what is trusted besides; asked first.
    pub extra: Option<Arc<WebPkiServerVerifier>>,
    /// The same certificates: a receiver that shows one of them is who it says, even if it signed
    /// itself. Verifying a chain alone would refuse that.
    pub known: Vec<CertificateDer<'static>>,
    /// By the system's roots.
    pub system: Option<Arc<WebPkiServerVerifier>>,
    /// The SHA-256 of the key that has to be shown.
    pub pin: Option<[u8; 32]>,
    /// Only the pin counts, or nothing.
    pub insecure: bool,
    pub algorithms: WebPkiSupportedAlgorithms,
}

/// The receiver's key is not the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("the key is not the pinned one")]
pub(super) struct NotPinned;

impl Verifier {
    fn is_trusted(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.known.contains(shown) {
            return holds(shown, name, now);
        }
        let mut last = Error::from(CertificateError::UnknownIssuer);
        for verifier in [&self.extra, &self.system].into_iter().flatten() {
            match verifier.verify_server_cert(shown, chain, name, ocsp, now) {
                Ok(_) => return Ok(()),
                // Another one may know the issuer; but who knows it has the last word.
                Err(error) if is_unknown_issuer(&error) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn check_pin(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        let Some(pin) = self.pin else {
            return Ok(());
        };
        match Certificate::read(shown) {
            Some(certificate) if certificate.key_sha256 == pin => Ok(()),
            _ => Err(CertificateError::Other(OtherError(Arc::new(NotPinned))).into()),
        }
    }
}

fn is_unknown_issuer(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

/// Whether a certificate that is trusted for itself is for that name, and at that time.
fn holds(shown: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    let certificate = Certificate::read(shown).ok_or(CertificateError::BadEncoding)?;
    let at = Timestamp(now.as_secs().saturating_mul(1_000));
    if at < certificate.valid_from {
        return Err(CertificateError::NotValidYet.into());
    }
    if at > certificate.valid_until {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(shown)?, name)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trusted = match self.insecure {
            true => Ok(()),
            false => self.is_trusted(shown, chain, name, ocsp, now),
        };
        let checked = trusted.and_then(|()| self.check_pin(shown));
        if checked.is_err() {
            phases::with(|call| call.refused = Certificate::read(shown).map(Box::new));
        }
        checked.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, shown, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, shown, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
