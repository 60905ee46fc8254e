//! Receivers under TLS, with certificates of a root of our own. They are valid until 2126.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::super::Sent;
use super::super::http::HttpTransport;
use super::super::names::{Names, TIMES};
use super::super::tls::Tls;
use super::{OK, Server, hang, options, send};
use crate::domain::attempt::{ErrorKind, Phase};
use crate::domain::endpoint::Tls as EndpointTls;

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// The receiver's side of TLS.
fn accepted(stream: &mut TcpStream) -> StreamOwned<ServerConnection, &mut TcpStream> {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server.key")).unwrap();
    let own = certificate(include_str!("certificates/server.pem"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own], key)
        .unwrap();
    let connection = ServerConnection::new(Arc::new(config)).unwrap();
    StreamOwned::new(connection, stream)
}

/// Answers requests that fit in one record.
fn serve(stream: &mut TcpStream) {
    let mut stream = accepted(stream);
    let mut bytes = [0; 16_384];
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {
        stream.write_all(OK.as_bytes()).unwrap();
    }
}

/// A client that trusts one root and none of the system's.
fn client(root: &str) -> HttpTransport {
    let here = |_: &str| Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let mut short = options();
    short.connect_timeout_ms = 300;
    HttpTransport::with(short, Names::with(TIMES, here), Tls::trusting(root))
}

/// The host, what the receiver does, the root that is trusted, and the words to expect.
type Case = (&'static str, fn(&mut TcpStream), &'static str, &'static str);

const ROOT: &str = include_str!("certificates/root.pem");
const STRANGER: &str = include_str!("../../domain/certificate/root.pem");

#[test]
fn a_trusted_receiver_gets_its_requests_on_one_connection() {
    let server = Server::start(|stream, _| serve(stream));
    let url = format!("https://crm.example:{}/hook", server.address.port());
    let client = client(ROOT);
    // On as little stack as a delivery thread has.
    let sender = thread::Builder::new().stack_size(256 * 1024);
    let sent: Vec<Sent> = sender
        .spawn(move || (0..20).map(|_| send(&client, &url, 5000)).collect())
        .unwrap()
        .join()
        .unwrap();
    for sent in &sent {
        let status = sent.result.as_ref().map(|reply| reply.status);
        assert_eq!(status, Ok(200), "{sent:?}");
    }
    assert!(sent[0].timings.tls_ms.is_some() && sent[1].timings.tls_ms.is_none());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_connection_that_is_not_safe_is_not_used() {
    let plain = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        hang(stream);
    };
    let cases: [Case; 5] = [
        (
            "crm.example",
            serve,
            STRANGER,
            "TLS: the certificate is not trusted (unknown issuer",
        ),
        (
            "other.example",
            serve,
            ROOT,
            "TLS: the certificate is for another name",
        ),
        (
            "crm.example",
            plain,
            ROOT,
            "TLS: what the receiver answers is not TLS",
        ),
        (
            "crm.example",
            hang,
            ROOT,
            "TLS: no agreement with 127.0.0.1:",
        ),
        (
            "crm.example",
            |_| (),
            ROOT,
            "closed the connection instead of agreeing",
        ),
    ];
    for (host, act, root, expected) in cases {
        let server = Server::start(move |stream, _| act(stream));
        let url = format!("https://{host}:{}/hook", server.address.port());
        let error = send(&client(root), &url, 2000).result.unwrap_err();
        assert_eq!(
            (error.kind, error.phase),
            (ErrorKind::Tls, Phase::Tls),
            "{expected}"
        );
        assert!(error.message.contains(expected), "{}", error.message);
        // A check says the same.
        let message = checked(&client(root), &url).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

/// What a check says of TLS.
fn checked(client: &HttpTransport, url: &str) -> Result<(), String> {
    let checked = client.checker().check(url, &EndpointTls::default());
    assert_eq!(checked.unresolved, None);
    assert_eq!(
        checked.addresses,
        [(IpAddr::from(Ipv4Addr::LOCALHOST), None)]
    );
    checked.tls.expect("an open address under https")
}

#[test]
fn a_check_agrees_on_tls_and_sends_nothing() {
    let (to_heard, heard) = std::sync::mpsc::channel();
    let server = Server::start(move |stream, _| {
        let mut stream = accepted(stream);
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).unwrap_or(0);
        to_heard.send(count).unwrap();
    });
    let url = format!("https://crm.example:{}/hook", server.address.port());
    assert_eq!(checked(&client(ROOT), &url), Ok(()));
    assert_eq!(heard.recv().unwrap(), 0);
    // Over http nothing is even connected to.
    let plain = client(ROOT)
        .checker()
        .check(&server.url(), &EndpointTls::default());
    assert_eq!((plain.tls, server.connections()), (None, 1));
}
