//! A receiver inside of the daemon, to try ringhook with before there is one of one's own: on
//! loopback, at a port of its own, answering 200 to every POST and keeping nothing.
//!
//! The daemon's own addresses are closed to deliveries; this one is not among them. Which port it
//! has, the URL of its endpoint says: after a restart it is taken again from there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};

use super::edge::{Edge, ask};

/// What its URLs end with, so that they are known again.
const PATH: &str = "/ringhook-test-receiver";
/// Connections at a time; others wait to be accepted.
const CONNECTIONS_MAX: usize = 16;
/// How long the head of a request may take, and how long a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of a body. An event is never larger.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
const ANSWER: &str = "{\"ok\":true,\"by\":\"the test receiver of ringhook\"}\n";

/// The receiver; there is at most one.
#[derive(Debug, Default)]
pub struct TestReceiver(Mutex<Option<SocketAddr>>);

impl TestReceiver {
    /// Its URL. It is started where it was not, at any port. Within a tokio runtime.
    pub async fn url(&self) -> std::io::Result<String> {
        self.start(0)
            .await
            .map(|address| format!("http://{address}{PATH}"))
    }

    /// Starts it again after a restart, where an endpoint leads to it.
    pub async fn resume(&self, edge: &Edge) {
        let Ok(endpoints) = ask(|reply| edge.handle().endpoints(reply)).await else {
            return;
        };
        for view in endpoints {
            let Some(port) = port_of(&view.endpoint.spec.url) else {
                continue;
            };
            if let Err(error) = self.start(port).await {
                log::warn!("the test receiver can't listen on port {port} again: {error}");
            }
        }
    }

    async fn start(&self, port: u16) -> std::io::Result<SocketAddr> {
        let mut place = self.0.lock().await;
        if let Some(address) = *place {
            return Ok(address);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(serve(listener));
        log::info!("the test receiver listens on {address}");
        Ok(*place.insert(address))
    }
}

/// The port of a URL that leads to a test receiver.
fn port_of(url: &str) -> Option<u16> {
    let url: Uri = url.parse().ok()?;
    let is_ours = url.host() == Some("127.0.0.1") && url.path() == PATH;
    is_ours.then(|| url.port_u16()).flatten()
}

async fn serve(listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(async move {
                    answer_all(stream).await;
                    drop(place);
                });
            }
            // No file descriptors, most often: better once others have ended.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer_all(stream: TcpStream) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = served.await {
        log::debug!("a connection to the test receiver ended: {error}");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(PATIENCE, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let (status, text) = match (head.method, body) {
        (Method::POST, Ok(Ok(_))) => (StatusCode::OK, ANSWER),
        (Method::POST, _) => (StatusCode::BAD_REQUEST, "{\"ok\":false}\n"),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "{\"ok\":false}\n"),
    };
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_lead_to_it() {
        let check = |url: &str, expected: Option<u16>| assert_eq!(port_of(url), expected, "{url}");
        check("http://127.0.0.1:41234/ringhook-test-receiver", Some(41234));
        check("http://127.0.0.1:41234/other", None);
        check("http://127.0.0.1/ringhook-test-receiver", None);
        check("http://10.0.0.1:41234/ringhook-test-receiver", None);
    }
}
