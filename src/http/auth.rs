//! Who asks: a token or the cookie of a session over TCP, a user id over the Unix socket.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::clock::Clock;
use crate::domain::event::Origin;
use crate::domain::id::{Epochs, TokenNumber};
use crate::domain::time::Tick;
use crate::domain::token::{Role, token_hash};
use crate::engine::handle::Handle;

use super::edge::Edge;
use super::problem::{Code, Problem};
use super::session::{FRESH_MS, Pass, Session, Sessions};

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
    /// A browser that is signed in.
    Session(SignedIn),
    /// Nobody, on a path that is open to all.
    Anyone,
}

/// Who is signed in, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedIn {
    holder: Holder,
    session: [u8; 32],
    /// What it may do.
    pub role: Role,
    /// When it signed in.
    pub at: Tick,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holder {
    Token(TokenNumber),
    Code(u32),
}

impl SignedIn {
    /// What it signed in with: `token` or `code`.
    pub const fn by(&self) -> &'static str {
        match self.holder {
            Holder::Token(_) => "token",
            Holder::Code(_) => "code",
        }
    }
}

impl Caller {
    /// Whether it may do what needs `role`.
    pub fn may(self, role: Role) -> bool {
        match self {
            Self::Token(_, has) => has.allows(role),
            Self::Socket(_) => true,
            Self::Session(signed_in) => signed_in.role.allows(role),
            Self::Anyone => false,
        }
    }

    /// Whether secrets may be shown to it: a token or the socket is a secret itself, a browser must
    /// have signed in a short while ago.
    pub const fn is_fresh(self, now: Tick) -> bool {
        match self {
            Self::Session(signed_in) => now.ms_since(signed_in.at) < FRESH_MS,
            Self::Token(..) | Self::Socket(_) | Self::Anyone => true,
        }
    }

    /// Who brought an event. Paths that take events are not open to all.
    pub fn origin(self) -> Origin {
        match self {
            Self::Token(number, _) => Origin::Token(number),
            Self::Socket(uid) => Origin::Socket(uid),
            Self::Session(signed_in) => match signed_in.holder {
                Holder::Token(number) => Origin::Token(number),
                Holder::Code(uid) => Origin::Socket(uid),
            },
            Self::Anyone => Origin::Own,
        }
    }

    /// Its name in an audit line.
    fn named(self, epochs: &Epochs) -> String {
        match self {
            Self::Token(number, _) => format!("token {}", epochs.token_id(number)),
            Self::Socket(uid) => format!("uid {uid}"),
            Self::Session(signed_in) => match signed_in.holder {
                Holder::Token(number) => format!("a session of token {}", epochs.token_id(number)),
                Holder::Code(uid) => format!("a session of uid {uid}"),
            },
            Self::Anyone => "nobody".to_owned(),
        }
    }
}

/// Knows for as long as an answer takes whether its caller may still have it.
#[derive(Clone)]
pub struct Doorkeeper {
    handle: Handle,
    sessions: Arc<Sessions>,
    clock: Clock,
}

impl Doorkeeper {
    /// Of this edge.
    pub fn of(edge: &Edge) -> Self {
        Self {
            handle: edge.handle().clone(),
            sessions: Arc::clone(&edge.sessions),
            clock: edge.parts.clock.clone(),
        }
    }

    /// Its token was not revoked since, and its session has not ended. A session that is asked
    /// about is in use.
    pub fn still_knows(&self, caller: Caller) -> bool {
        let has_token = |holder| match holder {
            Holder::Token(number) => self.handle.has_token(number),
            Holder::Code(_) => true,
        };
        match caller {
            Caller::Token(number, _) => self.handle.has_token(number),
            Caller::Socket(_) | Caller::Anyone => true,
            Caller::Session(SignedIn {
                holder, session, ..
            }) => {
                let now = self.clock.now().tick;
                has_token(holder) && self.sessions.find_by_key(session, now).is_some()
            }
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

/// Who asks over TCP: by its token, or else by its session, which no foreign page may use.
pub async fn over_tcp(edge: &Edge, head: &Parts) -> Result<Caller, Problem> {
    let secret = edge.cookie.find(&head.headers);
    match secret {
        Some(secret) if token_in(&head.headers).is_none() => by_session(edge, head, secret),
        _ => by_token(edge, &head.headers).await,
    }
}

/// The same where nobody needs to be anybody: to sign in, and out.
pub async fn if_known(edge: &Edge, head: &Parts) -> Caller {
    over_tcp(edge, head).await.unwrap_or(Caller::Anyone)
}

fn by_session(edge: &Edge, head: &Parts, secret: &str) -> Result<Caller, Problem> {
    let found = edge.sessions.find(secret, edge.parts.clock.now().tick);
    let Some(signed_in) = found.and_then(|session| signed_in(edge, session)) else {
        let detail = "the session has ended: sign in again";
        return Err(Problem::new(Code::TokenMissing, detail));
    };
    match edge.origins.may_use_session(head) {
        true => Ok(Caller::Session(signed_in)),
        false => Err(Problem::cross_site()),
    }
}

/// Who a session is of; None when its token was revoked.
pub fn signed_in(edge: &Edge, session: Session) -> Option<SignedIn> {
    let (holder, role) = match session.pass {
        Pass::Code(uid) => (Holder::Code(uid), Role::Admin),
        Pass::Token(hash) => {
            let (number, role) = edge.handle().authenticate(&hash)?;
            (Holder::Token(number), role)
        }
    };
    Some(SignedIn {
        holder,
        session: session.key,
        role,
        at: session.at,
    })
}

/// The holder of the token in the headers; 401 without a right one.
async fn by_token(edge: &Edge, headers: &HeaderMap) -> Result<Caller, Problem> {
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
        let session = |role, at| {
            Caller::Session(SignedIn {
                holder: Holder::Code(0),
                session: [0; 32],
                role,
                at: Tick(at),
            })
        };
        assert!(session(Read, 0).may(Read) && !session(Read, 0).may(Admin));
        let now = Tick(FRESH_MS + 5);
        assert!(session(Admin, 6).is_fresh(now) && !session(Admin, 5).is_fresh(now));
        assert!(token(Admin).is_fresh(now) && Caller::Socket(0).is_fresh(now));
    }
}
