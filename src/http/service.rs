//! One request from its head to its answer: host, route, caller, role, handler, headers.

use std::net::{IpAddr, SocketAddr};

use http::Request;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use hyper::body::Incoming;

use super::answer::Answer;
use super::auth::{self, Caller};
use super::body::Body;
use super::edge::Edge;
use super::handlers;
use super::host;
use super::problem::{Code, Problem};
use super::routes::{self, Operation};

/// The longest path with its query, in bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    /// Over TCP.
    Tcp {
        /// The address of ours that it came to.
        local: SocketAddr,
        /// The address that it comes from: a proxy's, where one is in between.
        remote: IpAddr,
    },
    /// Over the Unix socket, from a process of this user id.
    Socket {
        /// The user id.
        uid: u32,
    },
}

/// A request that has come as far as its handler.
#[derive(Debug)]
pub struct Call<'a> {
    /// Method, path and headers.
    pub head: &'a Parts,
    /// What stands at `{id}` of the path.
    pub id: &'a str,
    /// Who asks. It may do what the route does.
    pub caller: Caller,
    /// From where; None over the socket.
    pub from: Option<IpAddr>,
    /// Not yet read.
    pub body: Body,
}

/// Answers one request. Whatever happens, it answers.
pub async fn answer(edge: &Edge, peer: Peer, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = Body::new(body, &head.headers);
    let mut answer = match respond(edge, peer, &head, body).await {
        Ok(answer) => answer,
        Err(problem) => {
            let code = problem.code().as_str();
            log::debug!(code; "{} {:?} refused", head.method, head.uri.path());
            problem.into_answer()
        }
    };
    for (name, value) in &SECURITY_HEADERS {
        answer
            .headers_mut()
            .entry(name)
            .or_insert_with(|| value.clone());
    }
    answer
}

/// Nothing of the API belongs into a cache (the page says otherwise of its files), and nothing is
/// anything but what it says.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

async fn respond(edge: &Edge, peer: Peer, head: &Parts, body: Body) -> Result<Answer, Problem> {
    let uri_bytes = head
        .uri
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    if uri_bytes > URI_BYTES_MAX {
        let detail = format!("path and query may have {URI_BYTES_MAX} bytes");
        return Err(Problem::new(Code::UriTooLong, detail));
    }
    match peer {
        Peer::Tcp { local, .. } => edge.hosts.check(head, local)?,
        // Who may open the socket needs no name for it.
        Peer::Socket { .. } => host::require_host(head)?,
    }
    let path = head.uri.path();
    let caller = match peer {
        Peer::Socket { uid } => Caller::Socket(uid),
        Peer::Tcp { .. } if path == routes::SESSION => auth::if_known(edge, head).await,
        // Before the route is looked up: who has no token learns nothing about paths.
        Peer::Tcp { .. } if path.starts_with("/v1") => auth::over_tcp(edge, head).await?,
        Peer::Tcp { .. } => Caller::Anyone,
    };
    let found = edge.router.find(&head.method, path)?;
    if let Some(role) = found.route.role
        && !caller.may(role)
    {
        let needed = role.as_str();
        let detail = format!("this needs a token of the role {needed}");
        return Err(Problem::new(Code::RoleTooLow, detail));
    }
    require_fresh(edge, found.route.operation, caller)?;
    let call = Call {
        head,
        id: found.id,
        caller,
        from: match peer {
            Peer::Tcp { remote, .. } => Some(remote),
            Peer::Socket { .. } => None,
        },
        body,
    };
    handlers::handle(edge, found.route.operation, call).await
}

/// 403 for secrets where the sign-in is too long ago.
fn require_fresh(edge: &Edge, operation: Operation, caller: Caller) -> Result<(), Problem> {
    if !operation.needs_fresh_sign_in() || caller.is_fresh(edge.parts.clock.now().tick) {
        return Ok(());
    }
    let detail = "the sign-in is more than 10 minutes ago: sign in again to see or make secrets";
    Err(Problem::new(Code::SignInStale, detail))
}
