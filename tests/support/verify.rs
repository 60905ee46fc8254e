//! Verifies signatures by the standards alone, without a line of ringhook's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// Whether `X-CALLTRACKING-SIGNATURE` in hex is the HMAC-SHA1 of the body.
pub fn calltracking(key: &str, signature: &str, body: &[u8]) -> bool {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    hex::decode(signature).is_ok_and(|given| mac.verify_slice(&given).is_ok())
}

/// Whether one of the `v1` signatures is the HMAC-SHA256 of id, time and body.
pub fn standard(key: &str, signatures: &str, id: &str, seconds: &str, body: &[u8]) -> bool {
    let secret = STANDARD
        .decode(key.strip_prefix("whsec_").unwrap())
        .unwrap();
    signatures.split(' ').any(|signature| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        let given = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        given.is_some_and(|given| mac.verify_slice(&given).is_ok())
    })
}
