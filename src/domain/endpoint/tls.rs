//! How TLS with an endpoint differs from what holds for all: certificates that are trusted
//! besides, a pinned key, a certificate of our own, or no check at all.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::FieldError;
use crate::domain::certificate::Certificate;
use crate::domain::pem::{self, Block};

/// The longest PEM of an endpoint, in bytes.
pub const PEM_BYTES_MAX: usize = 64 * 1024;
/// The most certificates in one.
pub const CERTIFICATES_MAX: usize = 32;

/// What `client_pem` reads as: its key is not shown again.
pub const CLIENT_PEM_SET: &str = "set";

/// The fields, as the API names them.
const CA_PEM: &str = "policy.tls.ca_pem";
const PIN: &str = "policy.tls.pin_sha256";
const CLIENT_PEM: &str = "policy.tls.client_pem";

/// `policy.tls` of an endpoint.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Certificates in PEM that are trusted beside the system's roots.
    pub ca_pem: Option<String>,
    /// The SHA-256 of the key that the receiver has to show, in hex or base64 as it was written.
    pub pin_sha256: Option<String>,
    /// Our own certificate and its private key in PEM. Whoever sees it can pass for us.
    pub client_pem: Option<String>,
    /// The receiver's certificate is not checked; a pin still is.
    pub insecure: bool,
}

/// `policy.tls` where it is not the default, with what tells it from others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsTerms {
    /// The same for the same settings: connections of one are good for the other.
    pub digest: [u8; 16],
    /// The settings.
    pub tls: Tls,
}

impl Tls {
    /// Everything that is wrong with it and can be seen in the text alone.
    pub fn check(&self) -> Vec<FieldError> {
        let wrong = [
            check_pem(self.ca_pem.as_deref(), CA_PEM, |blocks| {
                check_trusted(blocks, CERTIFICATES_MAX)
            }),
            check_pem(self.client_pem.as_deref(), CLIENT_PEM, check_client),
            self.check_pin(),
        ];
        wrong.into_iter().flatten().collect()
    }

    /// The pinned hash; None where there is none, or none that can be read.
    pub fn pin(&self) -> Option<[u8; 32]> {
        parse_pin(self.pin_sha256.as_deref()?)
    }

    /// What requests carry of it; None for the default.
    pub fn terms(&self) -> Option<TlsTerms> {
        if *self == Self::default() {
            return None;
        }
        let mut hasher = Sha256::new();
        for text in [&self.ca_pem, &self.pin_sha256, &self.client_pem] {
            let text = text.as_deref().unwrap_or_default();
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.update([u8::from(self.insecure)]);
        let whole: [u8; 32] = hasher.finalize().into();
        let mut digest = [0; 16];
        digest.copy_from_slice(&whole[..16]);
        Some(TlsTerms {
            digest,
            tls: self.clone(),
        })
    }

    /// What has to be said of it wherever the endpoint is shown; None where all is checked.
    pub fn warning(&self) -> Option<&'static str> {
        match (self.insecure, &self.pin_sha256) {
            (false, _) => None,
            (true, None) => Some(
                "TLS IS NOT CHECKED: the receiver may be anybody, and whoever is on the way can \
                 read along (policy.tls.insecure)",
            ),
            (true, Some(_)) => {
                Some("of its TLS certificate only the pinned key is checked (policy.tls.insecure)")
            }
        }
    }

    fn check_pin(&self) -> Option<FieldError> {
        let text = self.pin_sha256.as_deref()?;
        let message = "is no SHA-256 in hex (64 digits) or base64 (44 characters); this prints \
                       it: openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin \
                       -outform der | sha256sum";
        parse_pin(text)
            .is_none()
            .then(|| FieldError::new(PIN, "invalid", message))
    }
}

/// `9f86d0…`, `9F:86:D0:…`, base64, each with or without `sha256:` or `sha256//` before it.
fn parse_pin(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let bare = ["sha256//", "sha256/", "sha256:"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let digits: String = bare.chars().filter(|c| *c != ':').collect();
    let bytes = match digits.len() {
        64 => hex::decode(digits).ok(),
        _ => STANDARD.decode(bare).ok(),
    };
    bytes?.try_into().ok()
}

type Wrong = (&'static str, String);

fn check_pem(
    text: Option<&str>,
    field: &str,
    check: fn(&[Block]) -> Result<(), Wrong>,
) -> Option<FieldError> {
    let text = text?;
    let checked = if text.len() > PEM_BYTES_MAX {
        let size = text.len();
        Err((
            "too_long",
            format!("has {size} bytes; {PEM_BYTES_MAX} are allowed"),
        ))
    } else {
        let blocks = pem::blocks(text).map_err(|why| ("invalid", why));
        blocks.and_then(|blocks| check(&blocks))
    };
    let (code, message) = checked.err()?;
    Some(FieldError::new(field, code, message))
}

/// What is wrong with a PEM of certificates to trust, as a part of a sentence.
pub fn check_ca(pem: &str) -> Result<(), String> {
    let blocks = pem::blocks(pem)?;
    check_trusted(&blocks, usize::MAX).map_err(|(_, message)| message)
}

fn check_trusted(blocks: &[Block], certificates_max: usize) -> Result<(), Wrong> {
    if blocks.iter().any(is_key) {
        let message = "holds a private key, which nobody but its owner should have: give the \
                       certificate alone";
        return Err(("not_allowed", message.to_owned()));
    }
    check_certificates(blocks, certificates_max)
}

fn check_client(blocks: &[Block]) -> Result<(), Wrong> {
    let wrong = |message: &str| Err(("invalid", message.to_owned()));
    let keys: Vec<_> = blocks.iter().filter(|block| is_key(block)).collect();
    match keys.as_slice() {
        [] => wrong("has no private key: put the certificate and its key into it"),
        [key] if key.is_encrypted || key.label.starts_with("ENCRYPTED") => {
            wrong("has a key under a password: take that off with openssl pkey -in FILE -out FILE")
        }
        [_] => check_certificates(blocks, CERTIFICATES_MAX),
        _ => wrong("has several private keys: leave the one that belongs to the certificate"),
    }
}

fn check_certificates(blocks: &[Block], certificates_max: usize) -> Result<(), Wrong> {
    let certificates = blocks.iter().filter(|block| is_certificate(block));
    match certificates.clone().count() {
        0 => {
            let message = "has no certificate: it begins with -----BEGIN CERTIFICATE-----";
            Err(("invalid", message.to_owned()))
        }
        count if count > certificates_max => Err((
            "too_many",
            format!("has {count} certificates; {certificates_max} are allowed"),
        )),
        _ => {
            let unread = |(_, block): &(usize, &Block)| Certificate::read(&block.der).is_none();
            match certificates.enumerate().find(unread) {
                None => Ok(()),
                Some((place, _)) => Err((
                    "invalid",
                    format!("has a certificate that can't be read, number {}", place + 1),
                )),
            }
        }
    }
}

/// Whether a block of PEM is a certificate.
pub fn is_certificate(block: &Block) -> bool {
    block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE"
}

fn is_key(block: &Block) -> bool {
    block.label.ends_with("PRIVATE KEY")
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_pem", &self.ca_pem)
            .field("pin_sha256", &self.pin_sha256)
            .field("client_pem", &self.client_pem.as_ref().map(|_| "…"))
            .field("insecure", &self.insecure)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = include_str!("../certificate/root.pem");
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMQ==\n-----END PRIVATE KEY-----\n";

    #[test]
    fn pins_in_every_spelling() {
        let bytes = [0xab; 32];
        let hex = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        let base64 = STANDARD.encode(bytes);
        for text in [
            hex.clone(),
            format!(" {hex}\n"),
            format!("sha256:{hex}"),
            colons.clone(),
            format!("sha256:{colons}"),
            base64.clone(),
            format!("sha256//{base64}"),
            format!("sha256/{base64}"),
        ] {
            assert_eq!(parse_pin(&text), Some(bytes), "{text}");
        }
        for text in [
            "",
            "x",
            &hex[1..],
            &hex[2..],
            &base64[1..],
            &format!("{hex}00"),
        ] {
            assert_eq!(parse_pin(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let check = |tls: Tls, expected: &[(&str, &str)]| {
            let found = tls.check();
            let got: Vec<_> = found
                .iter()
                .map(|error| (error.field.as_str(), error.message.as_str()))
                .collect();
            assert_eq!(got.len(), expected.len(), "{got:?}");
            for ((field, message), (expected_field, words)) in got.iter().zip(expected) {
                assert_eq!(field, expected_field);
                assert!(message.contains(words), "{message}");
            }
        };
        let ca = |text: &str| Tls {
            ca_pem: Some(text.to_owned()),
            ..Tls::default()
        };
        let client = |text: &str| Tls {
            client_pem: Some(text.to_owned()),
            ..Tls::default()
        };
        check(Tls::default(), &[]);
        check(ca(ROOT), &[]);
        check(ca(&ROOT.repeat(32)), &[]);
        check(ca(""), &[(CA_PEM, "has no certificate")]);
        check(ca("hello"), &[(CA_PEM, "has no certificate")]);
        check(
            ca(&ROOT[..200]),
            &[(CA_PEM, "without an end, begun in line 1")],
        );
        check(ca(&ROOT.repeat(33)), &[(CA_PEM, "33 certificates; 32")]);
        check(
            ca(&ROOT.repeat(200)),
            &[(CA_PEM, "bytes; 65536 are allowed")],
        );
        check(ca(&format!("{ROOT}{KEY}")), &[(CA_PEM, "a private key")]);
        let other = KEY.replace("PRIVATE KEY", "CERTIFICATE");
        let second = "can't be read, number 2";
        check(ca(&format!("{ROOT}{other}")), &[(CA_PEM, second)]);
        check(client(&format!("{ROOT}{KEY}")), &[]);
        check(client(&format!("{KEY}{ROOT}{ROOT}")), &[]);
        check(client(ROOT), &[(CLIENT_PEM, "no private key")]);
        check(client(KEY), &[(CLIENT_PEM, "no certificate")]);
        let locked = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
        check(
            client(&format!("{ROOT}{locked}")),
            &[(CLIENT_PEM, "under a password")],
        );
        check(
            client(&format!("{ROOT}{KEY}{KEY}")),
            &[(CLIENT_PEM, "several private keys")],
        );
        let all_wrong = Tls {
            ca_pem: Some("x".to_owned()),
            pin_sha256: Some("x".to_owned()),
            client_pem: Some("x".to_owned()),
            insecure: true,
        };
        let fields = [(CA_PEM, ""), (CLIENT_PEM, ""), (PIN, "openssl x509")];
        check(all_wrong, &fields);
    }

    #[test]
    fn terms_tell_settings_apart_and_keep_the_key_to_themselves() {
        let text = |text: &str| Some(text.to_owned());
        let all = [
            Tls {
                ca_pem: text("a"),
                ..Tls::default()
            },
            Tls {
                ca_pem: text("ab"),
                ..Tls::default()
            },
            Tls {
                ca_pem: text("a"),
                pin_sha256: text("b"),
                ..Tls::default()
            },
            Tls {
                pin_sha256: text("a"),
                ..Tls::default()
            },
            Tls {
                client_pem: text("a"),
                ..Tls::default()
            },
            Tls {
                insecure: true,
                ..Tls::default()
            },
        ];
        assert_eq!(Tls::default().terms(), None);
        let mut digests: Vec<_> = all.iter().map(|tls| tls.terms().unwrap().digest).collect();
        assert_eq!(all[0].clone().terms().unwrap().digest, digests[0]);
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), all.len());
        let secret = Tls {
            client_pem: text("secret"),
            ..Tls::default()
        };
        assert!(!format!("{:?}", secret.terms()).contains("secret"));
    }
}
