//! Tokens of the API: who may do what. The token itself is never kept, only its SHA-256.

use super::id::TokenNumber;
use super::time::Timestamp;
use sha2::{Digest, Sha256};

/// What a token allows; each role includes those before it but `Ingest`, which stands alone
/// below `Admin`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Post events.
    Ingest,
    /// Read everything but keys and tokens.
    Read,
    /// Everything.
    Admin,
}

impl Role {
    /// The three, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Admin];

    /// `ingest`, `read`, `admin`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether who has this role may do what needs `needed`.
    pub fn allows(self, needed: Self) -> bool {
        self == Self::Admin || self == needed
    }
}

/// A token as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its number.
    pub number: TokenNumber,
    /// What its owner calls it, 1–100 characters.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// SHA-256 of the whole token text.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The text of a new token from random bytes of the system: `rh_` and 64 hex digits.
pub fn token_text(random: [u8; 32]) -> String {
    format!("rh_{}", hex::encode(random))
}

/// What is kept of a token. The token has 256 random bits, so no slow hash is needed.
pub fn token_hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        use Role::{Admin, Ingest, Read};
        let check = |has: Role, allowed: &[Role]| {
            let got: Vec<_> = Role::ALL
                .into_iter()
                .filter(|need| has.allows(*need))
                .collect();
            assert_eq!(got, allowed, "{has:?}");
        };
        check(Ingest, &[Ingest]);
        check(Read, &[Read]);
        check(Admin, &[Ingest, Read, Admin]);
    }

    #[test]
    fn a_role_is_read_by_its_own_name_only() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for text in ["", "Admin", "admin ", "root", "write"] {
            assert_eq!(Role::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_is_67_visible_characters_and_its_hash_is_sha_256() {
        let text = token_text([0xab; 32]);
        assert_eq!(text, format!("rh_{}", "ab".repeat(32)));
        assert_ne!(token_hash(&text), token_hash(&token_text([0xac; 32])));
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hex::encode(token_hash("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
