//! What can go wrong with TLS, in sentences for people, without a full stop.

use rustls::{AlertDescription, CertificateError, OtherError};

use super::verify::NotPinned;
use crate::domain::certificate::{Certificate, day};

/// The fault, with what the refused certificate says of itself.
pub fn words(error: &rustls::Error, shown: Option<&Certificate>) -> String {
    use rustls::Error::{
        AlertReceived, InvalidCertificate, InvalidMessage, NoCertificatesPresented,
        PeerIncompatible,
    };
    match error {
        InvalidCertificate(fault) => certificate_words(fault, shown),
        AlertReceived(alert) => alert_words(*alert),
        InvalidMessage(_) => "what the receiver answers is not TLS; is it plain http?".into(),
        NoCertificatesPresented => "the receiver shows no certificate".into(),
        PeerIncompatible(why) => {
            format!("the receiver offers nothing that is safe enough ({why:?})")
        }
        other => other.to_string(),
    }
}

/// Why a client's certificate and key can't be used. What rustls says of a key is passed on; it
/// never repeats it.
pub fn key_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "its private key is not that of its first certificate".into()
        }
        other => other.to_string(),
    }
}

fn alert_words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the receiver wants a client certificate; set policy.tls.client_pem (--client-cert)"
                .into()
        }
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => format!(
            "the receiver offers nothing that is safe enough ({alert:?}); TLS 1.2 or 1.3 is needed"
        ),
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired => {
            format!("the receiver does not accept ringhook's client certificate ({alert:?})")
        }
        _ => format!("the receiver refuses the connection ({alert:?})"),
    }
}

fn certificate_words(fault: &CertificateError, shown: Option<&Certificate>) -> String {
    let about = shown.map_or_else(String::new, |shown| format!("; {}", shown.in_words()));
    let what = match fault {
        CertificateError::Other(OtherError(inner)) if inner.is::<NotPinned>() => {
            return not_pinned(shown, &about);
        }
        CertificateError::UnknownIssuer => return unknown_issuer(shown, &about),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match shown {
            Some(shown) => format!("the certificate expired on {}", day(shown.valid_until)),
            None => "the certificate has expired".to_owned(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let from = shown.map(|shown| format!(" before {}", day(shown.valid_from)));
            let from = from.unwrap_or_else(|| " yet".to_owned());
            format!("the certificate is not valid{from}: check the clocks of both machines")
        }
        CertificateError::NotValidForNameContext { expected, .. } => {
            format!(
                "the certificate is for another name than {}",
                expected.to_str()
            )
        }
        CertificateError::NotValidForName => "the certificate is for another name".to_owned(),
        CertificateError::Revoked => "the certificate has been revoked".to_owned(),
        // That a root was shown as the receiver's own certificate is what verifying says of one
        // that signed itself.
        _ if shown.is_some_and(|shown| shown.is_self_signed) => {
            return unknown_issuer(shown, &about);
        }
        other => format!("the certificate is not accepted ({other})"),
    };
    format!("{what}{about}")
}

fn unknown_issuer(shown: Option<&Certificate>, about: &str) -> String {
    const ADVICE: &str = "with policy.tls.ca_pem (--ca-file), or for all endpoints with \
                          egress.ca_file";
    match shown {
        Some(shown) if shown.is_self_signed => format!(
            "the certificate is not trusted, it signed itself{about}; if it is yours, trust it \
             {ADVICE}"
        ),
        Some(shown) => format!(
            "the certificate is not trusted (unknown issuer \"{}\"){about}; if that is a private \
             CA of yours, give its certificate {ADVICE}; if not, the receiver may have left out \
             its intermediate certificate",
            shown.issuer
        ),
        None => "the certificate is not trusted (unknown issuer)".to_owned(),
    }
}

fn not_pinned(shown: Option<&Certificate>, about: &str) -> String {
    let key = shown.map_or_else(String::new, |shown| {
        let digits: String = shown
            .key_sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!(": its SHA-256 is {digits}")
    });
    format!("the receiver's key is not the pinned one (policy.tls.pin_sha256){key}{about}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn certificate(is_self_signed: bool) -> Certificate {
        Certificate {
            names: vec!["pbx.lan".to_owned(), "192.168.1.5".to_owned()],
            subject: "PBX".to_owned(),
            issuer: "Office CA".to_owned(),
            is_self_signed,
            valid_from: Timestamp(1_800_000_000_000),
            valid_until: Timestamp(1_900_000_000_000),
            key_sha256: [0xab; 32],
        }
    }

    #[test]
    fn faults_of_certificates_are_told_in_plain_words() {
        for (fault, expected) in [
            (
                CertificateError::UnknownIssuer,
                "not trusted (unknown issuer",
            ),
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "not valid"),
            (CertificateError::NotValidForName, "for another name"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "not accepted"),
        ] {
            let fault = rustls::Error::InvalidCertificate(fault);
            let told = words(&fault, None);
            assert!(told.contains(expected), "{told}");
            let shown = certificate(false);
            let told = words(&fault, Some(&shown));
            assert!(told.contains(expected), "{told}");
            let about = "it is for pbx.lan, 192.168.1.5, issued by \"Office CA\", valid until \
                         2030-03-17";
            assert!(told.contains(about), "{told}");
        }
    }

    #[test]
    fn what_to_do_is_said_where_something_can_be_done() {
        let check = |fault: CertificateError, is_self_signed: bool, expected: &[&str]| {
            let fault = rustls::Error::InvalidCertificate(fault);
            let told = words(&fault, Some(&certificate(is_self_signed)));
            for part in expected {
                assert!(told.contains(part), "{told}");
            }
        };
        let unknown = CertificateError::UnknownIssuer;
        check(
            unknown.clone(),
            false,
            &["issuer \"Office CA\"", "private CA", "--ca-file"],
        );
        check(
            unknown,
            true,
            &["it signed itself", "trust it with policy.tls.ca_pem"],
        );
        check(CertificateError::BadEncoding, true, &["it signed itself"]);
        check(CertificateError::Expired, false, &["expired on 2030-03-17"]);
        check(
            CertificateError::NotValidYet,
            false,
            &["before 2027-01-15", "clocks"],
        );
        let pinned = CertificateError::Other(OtherError(std::sync::Arc::new(NotPinned)));
        let hash = "ab".repeat(32);
        check(pinned, false, &["not the pinned one", &hash]);
    }
}
