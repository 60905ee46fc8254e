//! Both signatures of a request: HMAC-SHA1 over the body, and Standard Webhooks 1.0.
//!
//! Received signatures are compared by `Mac::verify_slice` and by nothing else: it looks at the
//! length first and then takes the same time for every value. A comparison that stops at the
//! shorter of the two once accepted an empty signature elsewhere (RUSTSEC-2024-0010).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::endpoint::{Encoding, Keys};
use super::key::SignatureKey;
use super::time::Timestamp;

/// What stands in front of a Standard Webhooks signature that was made with a shared key.
const VERSION: &str = "v1,";

/// `v1,`, 44 characters of base64, and a space to the next one.
const STANDARD_LENGTH: usize = 48;

/// `X-CALLTRACKING-SIGNATURE`: HMAC-SHA1 over the exact bytes, keyed with the key's text.
pub fn calltracking(key: &SignatureKey, encoding: Encoding, body: &[u8]) -> String {
    let tag = hmac_sha1(key.reveal().as_bytes(), body);
    match encoding {
        Encoding::Hex => hex::encode(tag),
        Encoding::Base64 => STANDARD.encode(tag),
    }
}

/// `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over `{id}.{seconds}.{body}`; one for
/// each key that can sign it, separated by a space; None when none can.
pub fn standard(keys: &[&SignatureKey], id: &str, at: Timestamp, body: &[u8]) -> Option<String> {
    standard_at(keys, id, &at.unix_seconds().to_string(), body)
}

/// The same, for who has `webhook-timestamp` as text already.
pub fn standard_at(keys: &[&SignatureKey], id: &str, seconds: &str, body: &[u8]) -> Option<String> {
    let mut signatures = String::with_capacity(keys.len() * STANDARD_LENGTH);
    for key in keys.iter().filter_map(|key| key.standard()) {
        if !signatures.is_empty() {
            signatures.push(' ');
        }
        signatures.push_str(VERSION);
        STANDARD.encode_string(hmac_sha256(key, id, seconds, body), &mut signatures);
    }
    (!signatures.is_empty()).then_some(signatures)
}

/// The keys that sign the Standard header now: the current one, the next one as soon as it is
/// made, and the previous one while its overlap lasts. So a receiver that knows either of two
/// keys accepts what comes, before the switch and after it.
pub fn signing_keys(keys: &Keys, now: Timestamp) -> Vec<&SignatureKey> {
    let previous = keys.previous.as_ref();
    let overlapping = previous.filter(|(_, until)| now < *until);
    std::iter::once(&keys.current)
        .chain(&keys.next)
        .chain(overlapping.map(|(key, _)| key))
        .collect()
}

/// Whether a received `X-CALLTRACKING-SIGNATURE` is right, in hex of either case or base64,
/// compared in constant time.
pub fn verify_calltracking(key: &SignatureKey, signature: &str, body: &[u8]) -> bool {
    let decoded = hex::decode(signature).or_else(|_| STANDARD.decode(signature));
    decoded.is_ok_and(|tag| {
        sha1_over(key.reveal().as_bytes(), body)
            .verify_slice(&tag)
            .is_ok()
    })
}

/// Whether one of the signatures of a received `webhook-signature` is right, compared in
/// constant time. `seconds` is the text of `webhook-timestamp`; its age is the caller's matter.
pub fn verify_standard(
    key: &SignatureKey,
    signatures: &str,
    id: &str,
    seconds: &str,
    body: &[u8],
) -> bool {
    let Some(key) = key.standard() else {
        return false;
    };
    // The body is hashed once, however many signatures a stranger puts into the header.
    let mac = sha256_over(key, id, seconds, body);
    signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix(VERSION)?).ok())
        .any(|tag| mac.clone().verify_slice(&tag).is_ok())
}

/// HMAC-SHA1 (RFC 2104) of the bytes, for who looks for the reason of a mismatch.
pub fn hmac_sha1(key: &[u8], body: &[u8]) -> [u8; 20] {
    sha1_over(key, body).finalize().into_bytes().into()
}

/// HMAC-SHA256 over `{id}.{seconds}.{body}`, for who looks for the reason of a mismatch.
pub fn hmac_sha256(key: &[u8], id: &str, seconds: &str, body: &[u8]) -> [u8; 32] {
    sha256_over(key, id, seconds, body)
        .finalize()
        .into_bytes()
        .into()
}

/// HMAC-SHA256 of the bytes alone, for who looks for the reason of a mismatch.
pub fn hmac_sha256_bare(key: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn sha1_over(key: &[u8], body: &[u8]) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    mac
}

fn sha256_over(key: &[u8], id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests;
