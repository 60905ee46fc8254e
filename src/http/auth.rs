//! Who asks: a token over TCP, a user id over the Unix socket.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::domain::event::Origin;
use crate::domain::id::{Epochs, TokenNumber};
use crate::domain::token::{Role, token_hash};
use crate::engine::handle::Handle;

use super::edge::Edge;
use super::problem::{Code, Problem};

/// After so many wrong tokens in a row each further one waits.
const FAILURES_FREE: u32 = 10;
/// For so long.
const FAILURE_DELAY: Duration = Duration::from_millis(100);

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    /// The holder of a token.
    Token(TokenNumber, Role),
    /// A process of this user id, over the socket: whoever may open it is an administrator.
    Socket(u32),
    /// Nobody, on a path that is open to all.
    Anyone,
}

impl Caller {
    /// Whether it may do what needs `role`.
    pub fn may(self, role: Role) -> bool {
        match self {
            Self::Token(_, has) => has.allows(role),
            Self::Socket(_) => true,
            Self::Anyone => false,
        }
    }

    /// Whether it may still do what it could when it came: its token was not revoked since.
    pub fn is_still_known(self, handle: &Handle) -> bool {
        match self {
            Self::Token(number, _) => handle.has_token(number),
            Self::Socket(_) | Self::Anyone => true,
        }
    }

    /// Who brought an event. Paths that take events are not open to all.
    pub fn origin(self) -> Origin {
        match self {
            Self::Token(number, _) => Origin::Token(number),
            Self::Socket(uid) => Origin::Socket(uid),
            Self::Anyone => Origin::Own,
        }
    }

    /// Its name in an audit line.
    fn named(self, epochs: &Epochs) -> String {
        match self {
            Self::Token(number, _) => format!("token {}", epochs.token_id(number)),
            Self::Socket(uid) => format!("uid {uid}"),
            Self::Anyone => "nobody".to_owned(),
        }
    }
}

/// Writes the audit line of an administrator's act: who, what, which. Never a secret.
pub fn audit(edge: &Edge, caller: Caller, act: &str, id: &dyn fmt::Display) {
    let who = caller.named(edge.epochs());
    log::info!(target: "ringhook::audit", "{who} {act} {id}");
}

/// Wrong tokens since the last right one. A token has 256 random bits, so this only keeps a
/// misconfigured box from turning in circles, and the log readable.
#[derive(Debug, Default)]
pub struct Failures(AtomicU32);

impl Failures {
    fn reset(&self) {
        if self.0.load(Ordering::Relaxed) != 0 {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// Counts one more; whether it has to wait.
    fn count(&self) -> bool {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        if before == FAILURES_FREE {
            log::warn!("requests with wrong tokens; they are answered slowly from now on");
        }
        before >= FAILURES_FREE
    }
}

/// The holder of the token in the headers; 401 without a right one.
pub async fn by_token(edge: &Edge, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = token_in(headers);
    let found = token.and_then(|text| edge.handle().authenticate(&token_hash(text)));
    if let Some((number, role)) = found {
        edge.failures.reset();
        return Ok(Caller::Token(number, role));
    }
    let detail = match token {
        None => {
            "send Authorization: Bearer rh_… or X-Api-Key: rh_…; a token is made with \
                 `ringhook token create`"
        }
        Some(_) => "this token is not known here, or was revoked",
    };
    if edge.failures.count() {
        tokio::time::sleep(FAILURE_DELAY).await;
    }
    Err(Problem::new(Code::TokenMissing, detail))
}

/// `Authorization` of another scheme may be a proxy's: it does not hide an `X-Api-Key`.
fn token_in(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok().map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_tokens_are_found() {
        let check = |name: &'static str, value: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(token_in(&headers), expected, "{name}: {value}");
        };
        check("authorization", "Bearer rh_1", Some("rh_1"));
        check("authorization", "bearer  rh_1", Some("rh_1"));
        check("authorization", "Basic cmg6eA==", None);
        check("authorization", "rh_1", None);
        check("x-api-key", "rh_1", Some("rh_1"));
        check("x-other", "rh_1", None);
        let mut both = HeaderMap::new();
        both.insert("authorization", "Basic cmg6eA==".parse().unwrap());
        both.insert("x-api-key", "rh_1".parse().unwrap());
        assert_eq!(token_in(&both), Some("rh_1"));
    }

    #[test]
    fn the_eleventh_wrong_token_waits_and_a_right_one_forgives() {
        let failures = Failures::default();
        assert!((0..10).all(|_| !failures.count()));
        assert!(failures.count());
        failures.reset();
        assert!(!failures.count());
    }

    #[test]
    fn who_may() {
        use Role::{Admin, Ingest, Read};
        let token = |role| Caller::Token(TokenNumber(1), role);
        assert!(token(Ingest).may(Ingest) && !token(Ingest).may(Read));
        assert!(token(Read).may(Read) && !token(Read).may(Admin));
        assert!(Caller::Socket(0).may(Admin) && !Caller::Anyone.may(Read));
    }
}
