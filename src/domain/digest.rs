//! Short digests by which calls, accounts, numbers and idempotency keys are compared.
//!
//! They are stored, so they must never change: the first bytes of SHA-256.

use sha2::{Digest, Sha256};

/// 64 bits over one text: calls, accounts and phone numbers.
pub fn short(text: &str) -> u64 {
    (long(&[text.as_bytes()]) >> 64) as u64
}

/// 128 bits over several parts, each with its length, so that their borders count.
pub fn long(parts: &[&[u8]]) -> u128 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let bytes: [u8; 32] = hasher.finalize().into();
    u128::from_be_bytes(bytes[..16].try_into().expect("16 of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_count() {
        assert_ne!(long(&[b"ab", b"c"]), long(&[b"a", b"bc"]));
        assert_ne!(long(&[b"ab"]), long(&[b"ab", b""]));
    }

    #[test]
    fn stored_digests_never_change() {
        // SHA-256 of the length in eight bytes, then the text; computed with other software.
        assert_eq!(short("+33988776655"), 0x855c_ec89_210f_28c7);
        assert_eq!(long(&[]), 0xe3b0_c442_98fc_1c14_9afb_f4c8_996f_b924);
    }
}
