//! Which socket is used, what a token does, and what is said when nobody answers.

use super::*;
use std::io::{BufRead as _, BufReader, Read, Write};

/// Answers one request, and returns its head in lower case.
fn answer_once(stream: impl Read + Write, status: &str, body: &str) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "cut: {head}");
    }
    let stream = reader.get_mut();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    head.to_lowercase()
}

fn over(connection: Connection) -> Client {
    Client { connection }
}

fn socket_client(candidates: Vec<PathBuf>) -> Client {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    over(Connection::Socket {
        candidates,
        runtime,
    })
}

#[test]
fn the_first_socket_that_answers_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let [none, stale, live] = ["none", "stale", "live"].map(|name| dir.path().join(name));
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let listener = std::os::unix::net::UnixListener::bind(&live).unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        answer_once(
            stream,
            "404 Not Found",
            r#"{"code":"RH-0404","detail":"no"}"#,
        )
    });
    let failure = socket_client(vec![none.clone(), stale.clone(), live])
        .get("/v1/status")
        .unwrap_err();
    assert_eq!(failure.exit(), Exit::NotFound);
    assert_eq!(failure.lines(), ["error RH-0404: no"]);
    assert!(
        server
            .join()
            .unwrap()
            .starts_with("get /v1/status http/1.1")
    );

    let failure = socket_client(vec![none, stale]).get("/").unwrap_err();
    assert_eq!(failure.exit(), Exit::Unreachable);
    assert!(failure.lines()[0].ends_with("stale: nobody answers"));
}

#[test]
fn from_afar_the_token_goes_along() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        answer_once(stream, "200 OK", r#"{"a": 1.0}"#)
    });
    let client = over(remote(&url, Some("rh_secret".to_owned())).unwrap());
    assert!(client.is_local());
    assert_eq!(client.get("/v1/x").unwrap().as_text(), r#"{"a": 1.0}"#);
    let head = server.join().unwrap();
    assert!(head.contains("authorization: bearer rh_secret"), "{head}");
    assert!(head.starts_with("get /v1/x "), "{head}");
    assert!(remote("ftp://x", None).is_err());
    assert!(remote("hooks", None).is_err());
}
