//! Why a signature does not match: what usually goes wrong at a receiver is tried, and the first
//! thing that makes it match is named. Pure, and for who holds the key: it tells nobody anything
//! that could not be computed with it.

mod body;
mod json;
#[cfg(test)]
mod tests;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Encoding;
use super::key::SignatureKey;
use super::sign::{hmac_sha1, hmac_sha256, hmac_sha256_bare, verify_standard};

pub use body::BodyChange;
pub use json::{Escapes, Style};

/// How far `webhook-timestamp` may be from the clock, as Standard Webhooks suggests.
pub const TOLERANCE_SECONDS: u64 = 300;

/// What a receiver has in hand.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The key that should have signed.
    pub key: &'a SignatureKey,
    /// The endpoint's other keys, with what they are called: `previous`, `next`.
    pub others: &'a [(&'static str, SignatureKey)],
    /// How the first header is written; None where that is not known: either will do.
    pub encoding: Option<Encoding>,
    /// The bytes that the receiver verified.
    pub body: &'a [u8],
}

/// The three headers of Standard Webhooks, as they came.
#[derive(Clone, Copy, Debug)]
pub struct StandardHeaders<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub seconds: &'a str,
    /// `webhook-signature`
    pub signatures: &'a str,
}

/// What makes it match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// Another key of the endpoint.
    OtherKey(&'static str),
    /// Another body.
    Body(BodyChange),
    /// The right bytes in this encoding, where the other one is agreed.
    Encoding(Encoding),
    /// The right digits as capitals.
    UpperCase,
    /// The right signature with white space around it.
    WhiteSpace,
    /// The right signature behind this: `sha1=`.
    Prefix(String),
    /// HMAC-SHA256 in the header of HMAC-SHA1.
    Sha256,
    /// The key in another form.
    Key(KeyForm),
    /// The key can't sign Standard Webhooks at all.
    KeyCanNotSign,
    /// The Standard signature without its `v1,`.
    NoVersion,
    /// The Standard signature in hex.
    Hex,
    /// Signed over something other than id, timestamp and body.
    Content(Content),
    /// The signature is right, and the clock this many seconds away; negative: in the past.
    Clock(i64),
    /// `webhook-timestamp` is no number of seconds.
    NoTimestamp,
}

/// A form in which a key is not meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyForm {
    /// The decoded part, where the text is meant.
    Decoded,
    /// The text, where the decoded part is meant.
    Text,
    /// The text without `whsec_`.
    WithoutPrefix,
    /// `whsec_` is missing in the key at hand.
    WithPrefix,
}

/// What a Standard signature was made over instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// The body alone.
    BodyOnly,
    /// Timestamp and body.
    NoId,
    /// Timestamp before id.
    Swapped,
    /// The timestamp in seconds, where the header at hand has milliseconds or a fraction.
    Seconds,
}

/// Whether `X-CALLTRACKING-SIGNATURE` is right, and in which encoding; else what would make it
/// so, where that is found.
pub fn calltracking(evidence: &Evidence<'_>, signature: &str) -> Result<Encoding, Option<Hint>> {
    let key = evidence.key.reveal().as_bytes();
    let exact = exact(signature);
    if let Some((tag, encoding)) = exact
        && tag[..] == hmac_sha1(key, evidence.body)
        && evidence.encoding.is_none_or(|agreed| agreed == encoding)
    {
        return Ok(encoding);
    }
    let (found, prefix) = without_prefix(signature.trim());
    let Some((tag, encoding)) = loose(found) else {
        return Err(None);
    };
    let sha1 = |key: &[u8], body: &[u8]| tag == hmac_sha1(key, body);
    let sha256 = |key: &[u8], body: &[u8]| tag == hmac_sha256_bare(key, body);
    let written = || {
        sha1(key, evidence.body).then(|| match prefix {
            Some(prefix) => Hint::Prefix(prefix.to_owned()),
            None if signature != signature.trim() => Hint::WhiteSpace,
            None if exact.is_none() => Hint::UpperCase,
            None => Hint::Encoding(encoding),
        })
    };
    let other = |key: &SignatureKey| sha1(key.reveal().as_bytes(), evidence.body);
    Err(other_key(evidence, other)
        .or_else(|| body::find(evidence.body, |body| sha1(key, body)).map(Hint::Body))
        .or_else(written)
        .or_else(|| sha256(key, evidence.body).then_some(Hint::Sha256))
        .or_else(|| key_form(evidence.key, |key| sha1(key, evidence.body)).map(Hint::Key)))
}

/// Whether a signature in `webhook-signature` is right and its time within the tolerance of
/// `now_seconds`; else what would make it so, where that is found.
pub fn standard(
    evidence: &Evidence<'_>,
    headers: StandardHeaders<'_>,
    now_seconds: u64,
) -> Result<(), Option<Hint>> {
    let right = |key: &SignatureKey, body: &[u8]| {
        verify_standard(key, headers.signatures, headers.id, headers.seconds, body)
    };
    if right(evidence.key, evidence.body) {
        return in_time(headers.seconds, now_seconds).map_err(Some);
    }
    let Some(key) = evidence.key.standard() else {
        let whole = SignatureKey::import(&format!("whsec_{}", evidence.key.reveal()));
        let matches = whole.is_ok_and(|key| right(&key, evidence.body));
        return Err(Some(match matches {
            true => Hint::Key(KeyForm::WithPrefix),
            false => Hint::KeyCanNotSign,
        }));
    };
    let tags = standard_tags(headers.signatures);
    let (id, seconds, body) = (headers.id, headers.seconds, evidence.body);
    let any = |tag: [u8; 32]| tags.iter().any(|(known, _)| known[..] == tag);
    let text = evidence.key.reveal().as_bytes();
    let written = || {
        let tag = hmac_sha256(key, id, seconds, body);
        let (_, hint) = tags.iter().find(|(known, _)| known[..] == tag)?;
        hint.clone()
    };
    Err(other_key(evidence, |key| right(key, body))
        .or_else(|| body::find(body, |body| right(evidence.key, body)).map(Hint::Body))
        .or_else(written)
        .or_else(|| any(hmac_sha256(text, id, seconds, body)).then_some(Hint::Key(KeyForm::Text)))
        .or_else(|| content(key, headers, body, any).map(Hint::Content)))
}

fn in_time(seconds: &str, now_seconds: u64) -> Result<(), Hint> {
    let signed = seconds.parse::<u64>().map_err(|_| Hint::NoTimestamp)?;
    if signed.abs_diff(now_seconds) <= TOLERANCE_SECONDS {
        return Ok(());
    }
    let signed = i64::try_from(signed).unwrap_or(i64::MAX);
    let now = i64::try_from(now_seconds).unwrap_or(i64::MAX);
    Err(Hint::Clock(signed.saturating_sub(now)))
}

fn other_key(evidence: &Evidence<'_>, right: impl Fn(&SignatureKey) -> bool) -> Option<Hint> {
    let found = evidence.others.iter().find(|(_, key)| right(key));
    found.map(|(name, _)| Hint::OtherKey(name))
}

/// Forms of a key that HMAC-SHA1 does not take.
fn key_form(key: &SignatureKey, right: impl Fn(&[u8]) -> bool) -> Option<KeyForm> {
    let text = key.reveal();
    if key.standard().is_some_and(&right) {
        return Some(KeyForm::Decoded);
    }
    match text.strip_prefix("whsec_") {
        Some(rest) => right(rest.as_bytes()).then_some(KeyForm::WithoutPrefix),
        None => right(format!("whsec_{text}").as_bytes()).then_some(KeyForm::WithPrefix),
    }
}

fn content(
    key: &[u8],
    headers: StandardHeaders<'_>,
    body: &[u8],
    any: impl Fn([u8; 32]) -> bool,
) -> Option<Content> {
    let StandardHeaders { id, seconds, .. } = headers;
    let whole = seconds.split('.').next().unwrap_or_default();
    // Milliseconds have 13 digits until the year 2286.
    let whole = match whole.len() {
        13 => whole.get(..10).unwrap_or(whole),
        _ => whole,
    };
    let without_id = [seconds.as_bytes(), b".", body].concat();
    let tries = [
        (Content::BodyOnly, hmac_sha256_bare(key, body)),
        (Content::NoId, hmac_sha256_bare(key, &without_id)),
        (Content::Swapped, hmac_sha256(key, seconds, id, body)),
        (Content::Seconds, hmac_sha256(key, id, whole, body)),
    ];
    let found = tries.into_iter().find(|(_, tag)| any(*tag));
    found.map(|(content, _)| content)
}

/// A signature exactly as ringhook writes it: lower-case hex, or base64 of 20 bytes.
fn exact(signature: &str) -> Option<([u8; 20], Encoding)> {
    let (tag, encoding) = loose(signature)?;
    let is_lower = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
    let tag: [u8; 20] = tag.try_into().ok()?;
    (encoding == Encoding::Base64 || is_lower).then_some((tag, encoding))
}

/// The bytes of a signature in hex of either case, or in base64.
fn loose(signature: &str) -> Option<(Vec<u8>, Encoding)> {
    let hex = hex::decode(signature).map(|tag| (tag, Encoding::Hex));
    hex.or_else(|_| {
        STANDARD
            .decode(signature)
            .map(|tag| (tag, Encoding::Base64))
    })
    .ok()
}

/// Takes off what other senders write in front: `sha1=`.
fn without_prefix(signature: &str) -> (&str, Option<&str>) {
    for prefix in ["sha1=", "sha256=", "v1=", "v1,"] {
        if let Some(rest) = signature.strip_prefix(prefix) {
            return (rest, Some(prefix));
        }
    }
    (signature, None)
}

/// Signatures that may be meant, each with what is wrong with how it is written.
fn standard_tags(signatures: &str) -> Vec<(Vec<u8>, Option<Hint>)> {
    let parts = signatures.split_ascii_whitespace();
    let tag = |part: &str| {
        let (rest, prefix) = without_prefix(part);
        let (tag, encoding) = loose(rest)?;
        let hint = match (encoding, prefix) {
            (Encoding::Hex, _) => Some(Hint::Hex),
            (Encoding::Base64, Some("v1,")) => None,
            (Encoding::Base64, Some(other)) => Some(Hint::Prefix(other.to_owned())),
            (Encoding::Base64, None) => Some(Hint::NoVersion),
        };
        Some((tag, hint))
    };
    parts.filter_map(tag).collect()
}
