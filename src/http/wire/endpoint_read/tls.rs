//! `policy.tls` as it is written: what is not named stays, `null` is the default.

use crate::domain::endpoint::tls::CLIENT_PEM_SET;
use crate::domain::endpoint::{FieldError, Tls};

use super::super::super::json::Value;
use super::super::super::problem::Problem;

/// What TLS differs in, as it stands in a policy; also in a check of a URL.
pub fn merge(
    tls: &mut Tls,
    value: Option<Value<'_>>,
    errors: &mut Vec<FieldError>,
) -> Result<(), Problem> {
    let Some(value) = value else {
        *tls = Tls::default();
        return Ok(());
    };
    let mut object = value.object()?;
    let mut text = |name: &str, field: &mut Option<String>| -> Result<(), Problem> {
        if let Some(value) = object.take(name) {
            *field = value.non_null().map(|value| value.string()).transpose()?;
        }
        Ok(())
    };
    text("ca_pem", &mut tls.ca_pem)?;
    text("pin_sha256", &mut tls.pin_sha256)?;
    let before = tls.client_pem.clone();
    text("client_pem", &mut tls.client_pem)?;
    if tls.client_pem.as_deref() == Some(CLIENT_PEM_SET) {
        // As it was read: whoever sends back what was shown changes nothing.
        if before.is_none() {
            let message = "\"set\" stands for one that is there, and there is none: give the PEM";
            errors.push(FieldError::new("policy.tls.client_pem", "invalid", message));
        }
        tls.client_pem = before;
    }
    if let Some(value) = object.take("insecure") {
        tls.insecure = value
            .non_null()
            .map_or(Ok(false), |value| value.boolean())?;
    }
    object.finish()
}
