//! `POST /v1/endpoints/check`: whether a URL could be sent to, as it looks just now. Advisory:
//! every attempt is checked anew.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use crate::domain::certificate::Certificate;
use crate::domain::endpoint::{Tls, check_url};
use crate::domain::time::Timestamp;
use crate::engine::handle::Refusal;
use crate::send::check::Checked;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, aside};
use super::super::json;
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::wire::{Text, endpoint_read};

/// `{"url":"…","tls":{…}}`: looks its name up, asks the egress rule, and for https agrees on TLS,
/// where given by the settings of `policy.tls`.
pub async fn check(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let mut fields = json::object(&body)?;
    let url = fields.require("url")?.string()?;
    let (mut tls, mut errors) = (Tls::default(), Vec::new());
    if let Some(value) = fields.take("tls") {
        endpoint_read::tls::merge(&mut tls, value.non_null(), &mut errors)?;
    }
    fields.finish()?;
    errors.extend(check_url(&url));
    errors.extend(tls.check());
    if errors.is_empty() {
        errors.extend(edge.parts.checker.check_tls(&tls));
    }
    if !errors.is_empty() {
        return Err(Problem::not_acceptable(errors));
    }
    let place = Arc::clone(&edge.check_places).try_acquire_owned();
    let place = place.map_err(|_| Problem::from(Refusal::Busy))?;
    let (checker, to_check) = (edge.parts.checker.clone(), url.clone());
    let checked = aside(move || {
        let checked = checker.check(&to_check, &tls);
        // Held by the thread, which goes on where the client does not wait.
        drop(place);
        Ok(checked)
    });
    let checked = checked.await?;
    Ok(answer::json(StatusCode::OK, &CheckJson::new(url, checked)))
}

#[derive(Serialize)]
struct CheckJson {
    url: String,
    /// Its form is that of an endpoint's; where it is not, the answer is 422.
    valid: bool,
    resolves: bool,
    /// Why it does not.
    message: Option<String>,
    addresses: Vec<AddressJson>,
    /// There is an address that may be connected to, or the proxy may be asked for it.
    allowed: bool,
    /// The proxy, which then resolves the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    /// None for http, and where there is nothing to connect to.
    tls: Option<TlsJson>,
}

#[derive(Serialize)]
struct AddressJson {
    address: String,
    allowed: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct TlsJson {
    valid: bool,
    message: Option<String>,
    /// The one that the receiver showed.
    certificate: Option<CertificateJson>,
}

#[derive(Serialize)]
struct CertificateJson {
    names: Vec<String>,
    subject: String,
    issuer: String,
    self_signed: bool,
    valid_from: Text<Timestamp>,
    valid_until: Text<Timestamp>,
    /// What `policy.tls.pin_sha256` would pin.
    pin_sha256: String,
}

impl CertificateJson {
    fn new(shown: Certificate) -> Self {
        let digits = shown.key_sha256.iter();
        Self {
            names: shown.names,
            subject: shown.subject,
            issuer: shown.issuer,
            self_signed: shown.is_self_signed,
            valid_from: Text(shown.valid_from),
            valid_until: Text(shown.valid_until),
            pin_sha256: digits.map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl CheckJson {
    fn new(url: String, checked: Checked) -> Self {
        let addresses: Vec<_> = checked
            .addresses
            .into_iter()
            .map(|(address, closed)| AddressJson {
                address: address.to_string(),
                allowed: closed.is_none(),
                reason: closed,
            })
            .collect();
        let (proxy, closed) = match checked.through {
            Some(Ok(proxy)) => (Some(proxy), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        Self {
            url,
            valid: true,
            resolves: checked.unresolved.is_none(),
            message: checked.unresolved.or(closed),
            allowed: proxy.is_some() || addresses.iter().any(|address| address.allowed),
            proxy,
            addresses,
            tls: checked.tls.map(|result| TlsJson {
                valid: result.is_ok(),
                message: result.err(),
                certificate: checked.certificate.map(CertificateJson::new),
            }),
        }
    }
}
