//! Signing in to the page and out of it, who is signed in, and codes to sign in with.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Serialize;

use crate::domain::time::{Now, Timestamp};
use crate::domain::token::{Role, token_hash};

use super::super::answer::{self, Answer};
use super::super::auth::{Caller, SignedIn, audit, signed_in};
use super::super::edge::Edge;
use super::super::json::{self, Object};
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::super::session::{CODE_LIFE_MS, FRESH_MS, LIFE_MS, Pass, link};
use super::super::wire::Text;
use super::random_bytes;

/// What somebody signs in with.
enum Given {
    Code(String),
    Token(String),
}

/// `{"code":"…"}` or `{"token":"…"}`: the answer brings the cookie of a new session. Tries of an
/// address are counted before they are looked at.
pub async fn sign_in(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    require_own_page(edge, &call)?;
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let given = given(json::object(&body)?)?;
    let now = edge.parts.clock.now();
    if let Some(address) = call.from
        && !edge.tries.take(address, now.tick)
    {
        let detail = "there were five wrong ones within a minute: wait a minute, then try again";
        return Err(Problem::new(Code::TriesUsed, detail));
    }
    let pass = pass(edge, &given, now)?;
    if let Some(address) = call.from {
        edge.tries.give_back(address);
    }
    // Who signs in anew does not leave a session behind.
    if let Some(before) = edge.cookie.find(&call.head.headers) {
        edge.sessions.end(before);
    }
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random_bytes()?);
    let session = edge.sessions.open(&secret, pass, now.tick);
    let signed_in = signed_in(edge, session).ok_or_else(token_unknown)?;
    audit(
        edge,
        Caller::Session(signed_in),
        "signed in with a",
        &signed_in.by(),
    );
    let shown = SessionJson::new(signed_in, now);
    let mut answer = answer::json(StatusCode::CREATED, &shown);
    let cookie = edge.cookie.set(&secret);
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Ok(answer)
}

/// Who is signed in with the cookie of this request; `null` for nobody, which is no error: the
/// page begins by asking.
pub fn read(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let shown = match call.caller {
        Caller::Session(signed_in) => Some(SessionJson::new(signed_in, edge.parts.clock.now())),
        Caller::Token(..) | Caller::Socket(_) | Caller::Anyone => None,
    };
    Ok(answer::json(StatusCode::OK, &shown))
}

/// Ends the session of this request; with `?everywhere=true` all that were opened with the same
/// token, or with a code.
pub async fn sign_out(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    require_own_page(edge, &call)?;
    super::no_fields(edge, &mut call.body, &call.head.headers).await?;
    let query = Query::parse(call.head.uri.query(), &["everywhere"])?;
    let everywhere = query.read("everywhere", "true or false", |text| text.parse().ok())?;
    if let Some(secret) = edge.cookie.find(&call.head.headers) {
        let found = edge.sessions.find(secret, edge.parts.clock.now().tick);
        match found {
            Some(session) if everywhere == Some(true) => edge.sessions.end_all_like(session.pass),
            _ => edge.sessions.end(secret),
        }
    }
    if let Caller::Session(_) = call.caller {
        audit(edge, call.caller, "signed", &"out");
    }
    let mut answer = answer::gone();
    let cookie = edge.cookie.unset();
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Ok(answer)
}

/// A new one-use code, over the socket only: whoever may open that is the administrator.
pub async fn code(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    super::no_fields(edge, &mut call.body, &call.head.headers).await?;
    let Caller::Socket(uid) = call.caller else {
        let detail = "a sign-in code is given out over the Unix socket only: run `ringhook open` \
                      on the machine of the daemon";
        return Err(Problem::new(Code::RoleTooLow, detail));
    };
    let now = edge.parts.clock.now();
    let code = edge.parts.codes.make(random_bytes()?, uid, now.tick);
    audit(edge, call.caller, "was given a", &"sign-in code");
    let public_url = &edge.parts.settings.public_url;
    let shown = CodeJson {
        url: link(public_url, edge.address, &code),
        code,
        expires_at: Text(now.wall.plus_ms(CODE_LIFE_MS)),
    };
    Ok(answer::json(StatusCode::CREATED, &shown))
}

fn given(mut fields: Object<'_>) -> Result<Given, Problem> {
    let (code, token) = (fields.take("code"), fields.take("token"));
    fields.finish()?;
    match (code, token) {
        (Some(code), None) => Ok(Given::Code(code.string()?)),
        (None, Some(token)) => Ok(Given::Token(token.string()?)),
        _ => {
            let message = "must be {\"code\":\"…\"} or {\"token\":\"…\"}";
            Err(Problem::malformed("", "missing_field", message, None))
        }
    }
}

/// What the session will be of; 401 for what is wrong, 403 for a token that can't see anything.
fn pass(edge: &Edge, given: &Given, now: Now) -> Result<Pass, Problem> {
    match given {
        Given::Code(code) => {
            let uid = edge.parts.codes.take(code, now.tick);
            uid.map(Pass::Code).ok_or_else(|| {
                let detail = "that code was used or is older than 30 minutes: print a new one \
                              with `ringhook open`";
                Problem::new(Code::SignInWrong, detail)
            })
        }
        Given::Token(token) => {
            let hash = token_hash(token.trim());
            match edge.handle().authenticate(&hash) {
                None => Err(token_unknown()),
                Some((_, Role::Ingest)) => {
                    let detail = "a token of the role ingest may only post events; the page \
                                  needs one of the role read or admin";
                    Err(Problem::new(Code::RoleTooLow, detail))
                }
                Some(_) => Ok(Pass::Token(hash)),
            }
        }
    }
}

fn token_unknown() -> Problem {
    let detail = "this token is not known here, or was revoked";
    Problem::new(Code::TokenMissing, detail)
}

fn require_own_page(edge: &Edge, call: &Call<'_>) -> Result<(), Problem> {
    match edge.origins.may_sign_in(call.head) {
        true => Ok(()),
        false => Err(Problem::cross_site()),
    }
}

/// A session as its holder sees it.
#[derive(Serialize)]
struct SessionJson {
    role: &'static str,
    /// `code` or `token`
    by: &'static str,
    signed_in_at: Text<Timestamp>,
    /// Whatever happens; without a request for 12 hours it ends earlier.
    expires_at: Text<Timestamp>,
    /// Until then keys are shown without another sign-in.
    fresh_until: Text<Timestamp>,
}

impl SessionJson {
    fn new(signed_in: SignedIn, now: Now) -> Self {
        let at = |ms| Text(now.wall_at(signed_in.at.plus_ms(ms)));
        Self {
            role: signed_in.role.as_str(),
            by: signed_in.by(),
            signed_in_at: at(0),
            expires_at: at(LIFE_MS),
            fresh_until: at(FRESH_MS),
        }
    }
}

/// A code, and the link that signs in with it.
#[derive(Serialize)]
struct CodeJson {
    code: String,
    url: String,
    expires_at: Text<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_signs_in_with() {
        let check = |body: &str, expected: Result<&str, u16>| {
            let got = json::object(body.as_bytes()).and_then(given);
            let got = got.map(|given| match given {
                Given::Code(code) => format!("code {code}"),
                Given::Token(token) => format!("token {token}"),
            });
            let got = got.as_deref().map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{body}");
        };
        check(r#"{"code":"a-b"}"#, Ok("code a-b"));
        check(r#"{"token":"rh_1"}"#, Ok("token rh_1"));
        check(r#"{"code":"a","token":"b"}"#, Err(400));
        check(r#"{"code":7}"#, Err(400));
        check(r#"{"token":null}"#, Err(400));
        check(r#"{"password":"x"}"#, Err(400));
        check("{}", Err(400));
    }
}
