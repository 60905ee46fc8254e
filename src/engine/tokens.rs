//! The tokens that count, shared with the threads that check them.
//!
//! The engine alone changes the table, after a commit. That a token was used is noted in a flag,
//! without a clock and without a message; the engine collects the flags once a minute.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::domain::id::TokenNumber;
use crate::domain::token::{Role, Token};

/// The table.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    // A look-up by SHA-256 of a random text tells nothing by its time.
    by_hash: RwLock<HashMap<[u8; 32], Entry>>,
}

#[derive(Debug)]
struct Entry {
    token: Arc<Token>,
    used: AtomicBool,
}

impl Tokens {
    /// Adds a token, or takes its newer form.
    pub fn put(&self, token: Arc<Token>) {
        let entry = Entry {
            used: AtomicBool::new(false),
            token,
        };
        self.write().insert(entry.token.hash, entry);
    }

    /// Forgets it.
    pub fn remove(&self, number: TokenNumber) {
        self.write().retain(|_, entry| entry.token.number != number);
    }

    /// Who has the token of that hash; notes that it was used.
    pub fn authenticate(&self, hash: &[u8; 32]) -> Option<(TokenNumber, Role)> {
        let table = self.read();
        let entry = table.get(hash)?;
        // Reading first keeps the line shared between the threads that check.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some((entry.token.number, entry.token.role))
    }

    /// Whether there still is one of that number.
    pub fn has(&self, number: TokenNumber) -> bool {
        let table = self.read();
        table.values().any(|entry| entry.token.number == number)
    }

    /// Every token, ascending.
    pub fn all(&self) -> Vec<Arc<Token>> {
        let mut all: Vec<_> = self
            .read()
            .values()
            .map(|entry| Arc::clone(&entry.token))
            .collect();
        all.sort_by_key(|token| token.number);
        all
    }

    /// Those that were used since the last call.
    pub fn take_used(&self) -> Vec<TokenNumber> {
        self.read()
            .values()
            .filter(|entry| entry.used.swap(false, Ordering::Relaxed))
            .map(|entry| entry.token.number)
            .collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<[u8; 32], Entry>> {
        self.by_hash.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<[u8; 32], Entry>> {
        self.by_hash.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn use_is_noted_once_and_a_removed_token_is_nobodys() {
        let tokens = Tokens::default();
        let token = |number: u32| {
            Arc::new(Token {
                number: TokenNumber(number),
                name: "pbx".into(),
                role: Role::Ingest,
                hash: [u8::try_from(number).unwrap(); 32],
                created_at: Timestamp(0),
                last_used_at: None,
            })
        };
        tokens.put(token(2));
        tokens.put(token(1));
        assert_eq!(
            tokens.authenticate(&[2; 32]),
            Some((TokenNumber(2), Role::Ingest))
        );
        assert_eq!(tokens.take_used(), [TokenNumber(2)]);
        assert_eq!(tokens.take_used(), []);
        tokens.remove(TokenNumber(2));
        assert_eq!(tokens.authenticate(&[2; 32]), None);
        assert_eq!(tokens.all(), [token(1)]);
    }
}
