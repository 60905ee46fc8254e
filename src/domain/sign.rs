//! Both signatures of a request: HMAC-SHA1 over the body, and Standard Webhooks 1.0.

use super::endpoint::{Encoding, Keys};
use super::key::SignatureKey;
use super::time::Timestamp;

/// `X-CALLTRACKING-SIGNATURE`: HMAC-SHA1 over the exact bytes, keyed with the key's text.
pub fn calltracking(key: &SignatureKey, encoding: Encoding, body: &[u8]) -> String {
    todo!("{key:?} {encoding:?} {body:?}")
}

/// `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over `{id}.{seconds}.{body}`; one for
/// each key that can sign it, separated by a space; None when none can.
pub fn standard(keys: &[&SignatureKey], id: &str, at: Timestamp, body: &[u8]) -> Option<String> {
    todo!("{keys:?} {id} {at} {body:?}")
}

/// The keys that sign the Standard header now: the current one, and the previous one while its
/// overlap lasts.
pub fn signing_keys(keys: &Keys, now: Timestamp) -> Vec<&SignatureKey> {
    todo!("{keys:?} {now}")
}

/// Whether a received `X-CALLTRACKING-SIGNATURE` is right, in hex of either case or base64,
/// compared in constant time.
pub fn verify_calltracking(key: &SignatureKey, signature: &str, body: &[u8]) -> bool {
    todo!("{key:?} {signature} {body:?}")
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
    todo!("{key:?} {signatures} {id} {seconds} {body:?}")
}
