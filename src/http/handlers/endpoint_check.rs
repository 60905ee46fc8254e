//! `POST /v1/endpoints/check`: whether a URL could be sent to, as it looks just now. Advisory:
//! every attempt is checked anew.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use crate::domain::endpoint::check_url;
use crate::engine::handle::Refusal;
use crate::send::check::Checked;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, aside};
use super::super::json;
use super::super::problem::Problem;
use super::super::service::Call;

/// `{"url":"…"}`: looks its name up, asks the egress rule, and for https agrees on TLS.
pub async fn check(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let mut fields = json::object(&body)?;
    let url = fields.require("url")?.string()?;
    fields.finish()?;
    if let Some(error) = check_url(&url) {
        return Err(Problem::not_acceptable(vec![error]));
    }
    let place = Arc::clone(&edge.check_places).try_acquire_owned();
    let place = place.map_err(|_| Problem::from(Refusal::Busy))?;
    let (checker, to_check) = (edge.parts.checker.clone(), url.clone());
    let checked = aside(move || {
        let checked = checker.check(&to_check);
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
    /// There is an address that may be connected to.
    allowed: bool,
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
        Self {
            url,
            valid: true,
            resolves: checked.unresolved.is_none(),
            message: checked.unresolved,
            allowed: addresses.iter().any(|address| address.allowed),
            addresses,
            tls: checked.tls.map(|result| TlsJson {
                valid: result.is_ok(),
                message: result.err(),
            }),
        }
    }
}
