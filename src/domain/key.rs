//! The signature key of an endpoint: a text that is shown to its owner and nobody else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// One key for both schemes: HMAC-SHA1 takes its text, Standard Webhooks its decoded part.
///
/// `Debug` is masked, and there is no `Display`: who wants the text says `reveal`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureKey {
    text: String,
    decoded: Option<Vec<u8>>,
}

/// Why a text can't be a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Empty, or too long.
    #[error("must have 1 to 256 characters")]
    Length,
    /// A character that would be lost when the key is copied.
    #[error("must be visible ASCII characters without spaces")]
    Character,
}

impl SignatureKey {
    /// The number of random bytes in a key of our own making.
    pub const RANDOM_BYTES: usize = 32;

    /// A new key from random bytes of the system: `whsec_` and their base64.
    pub fn from_random(bytes: [u8; Self::RANDOM_BYTES]) -> Self {
        let text = format!("whsec_{}", STANDARD.encode(bytes));
        Self {
            text,
            decoded: Some(bytes.to_vec()),
        }
    }

    /// An imported key, 1 to 256 visible ASCII characters. One that is not `whsec_` and base64
    /// (with or without padding) signs the first header only.
    pub fn import(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() || text.len() > 256 {
            return Err(KeyError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::Character);
        }
        let decoded = text
            .strip_prefix("whsec_")
            .and_then(|part| STANDARD_NO_PAD.decode(part.trim_end_matches('=')).ok())
            .filter(|bytes| !bytes.is_empty());
        Ok(Self {
            text: text.to_owned(),
            decoded,
        })
    }

    /// The text of the key, for its owner's eyes, for signing and for the disk.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The bytes that sign Standard Webhooks; None when the key can't.
    pub fn standard(&self) -> Option<&[u8]> {
        self.decoded.as_deref()
    }
}

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_imported_key_can_sign() {
        let check = |text: &str, expected: Result<bool, KeyError>| {
            let got = SignatureKey::import(text).map(|key| key.standard().is_some());
            assert_eq!(got, expected, "{text}");
        };
        check("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Ok(true));
        check(
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            Ok(true),
        );
        check(
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            Ok(true),
        );
        check("whsec_", Ok(false));
        check("whsec_***", Ok(false));
        check("whsec_=", Ok(false));
        check("whsec_A", Ok(false));
        check("whsec_AAEC-_==", Ok(false));
        check("WHSEC_AAEC", Ok(false));
        check("whsec_AAEC", Ok(true));
        check(&"k".repeat(256), Ok(false));
        check("tab\there", Err(KeyError::Character));
        check("line\n", Err(KeyError::Character));
        check("ringhook-test-key", Ok(false));
        check("", Err(KeyError::Length));
        check(&"k".repeat(257), Err(KeyError::Length));
        check("two words", Err(KeyError::Character));
        check("clé", Err(KeyError::Character));
    }

    #[test]
    fn a_key_of_our_own_signs_both_and_is_not_printed() {
        let key = SignatureKey::from_random([7; 32]);
        assert_eq!(key.standard(), Some(&[7u8; 32][..]));
        assert_eq!(SignatureKey::import(key.reveal()), Ok(key.clone()));
        assert!(!format!("{key:?}").contains("Bwc"), "{key:?}");
    }

    #[test]
    fn the_decoded_part_signs_standard_webhooks() {
        let check = |text: &str, expected: &[u8]| {
            let key = SignatureKey::import(text).unwrap();
            assert_eq!(key.standard(), Some(expected), "{text}");
            assert_eq!(key.reveal(), text);
        };
        let counted: Vec<u8> = (0..32).collect();
        check(
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            &counted,
        );
        check("whsec_AAEC", &[0, 1, 2]);
        check("whsec_AA==", &[0]);
        check("whsec_AA", &[0]);
    }
}
