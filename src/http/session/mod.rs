//! Signing in to the page: one-use codes, sessions, and how often one may guess.
//!
//! All of it is memory only: a restart signs everybody out. Nothing here reads a clock or makes
//! dice; the secrets themselves are kept nowhere, only their SHA-256.

mod codes;
mod cookie;
mod tries;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::time::Tick;
use crate::domain::token::token_hash;

pub use codes::{CODE_LIFE_MS, Codes, link, page_url};
pub use cookie::Cookie;
pub use tries::Tries;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Sessions at a time. Beyond it the one that was idle for longest ends.
const SESSIONS_MAX: usize = 256;
/// How long a session lasts without a request.
const IDLE_MS: u64 = 12 * HOUR_MS;
/// How long it lasts in all.
pub const LIFE_MS: u64 = 7 * 24 * HOUR_MS;
/// How long after the sign-in secrets are shown.
pub const FRESH_MS: u64 = 10 * MINUTE_MS;

/// What a session was opened with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    /// The token of this hash. The session ends with it, and has its role.
    Token([u8; 32]),
    /// A code that this user id was given over the socket: an administrator.
    Code(u32),
}

/// A session that holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// What it was opened with.
    pub pass: Pass,
    /// When that was.
    pub at: Tick,
    /// What it is found by: the hash of its secret.
    pub key: [u8; 32],
    used: Tick,
}

impl Session {
    fn holds(&self, now: Tick) -> bool {
        now.ms_since(self.at) < LIFE_MS && now.ms_since(self.used) < IDLE_MS
    }

    /// The user ids of codes do not matter here: whoever has a code is the administrator.
    fn is_like(&self, pass: Pass) -> bool {
        match (self.pass, pass) {
            (Pass::Token(one), Pass::Token(other)) => one == other,
            (Pass::Code(_), Pass::Code(_)) => true,
            _ => false,
        }
    }
}

/// The sessions that hold, by the hash of their secret: a look-up by that tells nothing by its
/// time.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Opens one for who brings this secret from now on.
    pub fn open(&self, secret: &str, pass: Pass, now: Tick) -> Session {
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.holds(now));
        if sessions.len() >= SESSIONS_MAX {
            let idle = sessions.iter().min_by_key(|(_, session)| session.used);
            let idle = idle.map(|(key, _)| *key);
            idle.map(|key| sessions.remove(&key));
        }
        let session = Session {
            pass,
            at: now,
            key: token_hash(secret),
            used: now,
        };
        sessions.insert(session.key, session);
        session
    }

    /// The session of this secret, if it holds; from now on it is idle anew.
    pub fn find(&self, secret: &str, now: Tick) -> Option<Session> {
        self.find_by_key(token_hash(secret), now)
    }

    /// The same, by its key.
    pub fn find_by_key(&self, key: [u8; 32], now: Tick) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&key)?;
        if !session.holds(now) {
            sessions.remove(&key);
            return None;
        }
        session.used = now;
        Some(*session)
    }

    /// Ends the session of this secret.
    pub fn end(&self, secret: &str) {
        self.lock().remove(&token_hash(secret));
    }

    /// Ends every session that was opened with the same token, or with a code.
    pub fn end_all_like(&self, pass: Pass) {
        self.lock().retain(|_, session| !session.is_like(pass));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Tick = Tick(1_000_000);

    #[test]
    fn a_session_ends_when_idle_and_in_any_case() {
        let sessions = Sessions::default();
        sessions.open("a", Pass::Code(0), BEGUN);
        let at = |ms| sessions.find("a", BEGUN.plus_ms(ms));
        assert_eq!(at(IDLE_MS - 1).unwrap().at, BEGUN);
        assert!(at(2 * IDLE_MS - 2).is_some(), "a request makes it last");
        assert!(at(3 * IDLE_MS - 2).is_none(), "12 hours without one end it");
        assert!(at(3 * IDLE_MS - 2).is_none());
        sessions.open("a", Pass::Code(0), BEGUN);
        for ms in (0..LIFE_MS).step_by(10 * 3_600_000) {
            assert!(at(ms).is_some(), "{ms}");
        }
        assert!(at(LIFE_MS).is_none(), "and 7 days end it in any case");
        assert!(sessions.find("b", BEGUN).is_none());
    }

    #[test]
    fn a_sign_out_ends_one_or_all_of_the_same_kind() {
        let sessions = Sessions::default();
        let passes = [
            ("a", Pass::Token([1; 32])),
            ("b", Pass::Token([1; 32])),
            ("c", Pass::Token([2; 32])),
            ("d", Pass::Code(0)),
            ("e", Pass::Code(1000)),
        ];
        let open = || passes.map(|(secret, pass)| sessions.open(secret, pass, BEGUN));
        let check = |expected: &str| {
            let of = |(secret, _): &(&'static str, Pass)| *secret;
            let holds = |secret: &&str| sessions.find(secret, BEGUN).is_some();
            let got: String = passes.iter().map(of).filter(holds).collect();
            assert_eq!(got, expected);
        };
        open();
        sessions.end("a");
        sessions.end("unknown");
        check("bcde");
        open();
        sessions.end_all_like(Pass::Token([1; 32]));
        check("cde");
        sessions.end_all_like(Pass::Code(7));
        check("c");
    }

    #[test]
    fn beyond_the_bound_the_one_that_was_idle_for_longest_ends() {
        let sessions = Sessions::default();
        let secret = |number: usize| format!("s{number}");
        for number in 0..SESSIONS_MAX {
            let at = BEGUN.plus_ms(number as u64);
            sessions.open(&secret(number), Pass::Code(0), at);
        }
        let now = BEGUN.plus_ms(SESSIONS_MAX as u64);
        assert!(sessions.find(&secret(0), now).is_some());
        sessions.open("one more", Pass::Code(0), now);
        assert!(sessions.find(&secret(1), now).is_none());
        assert!(sessions.find(&secret(0), now).is_some());
        assert!(sessions.find("one more", now).is_some());
    }
}
