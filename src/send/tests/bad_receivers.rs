//! Receivers that do not behave: each must end in time, with the right kind and words.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::super::Transport;
use super::{Server, client, hang, read_request, request, send};
use crate::domain::attempt::{BODY_KEPT_BYTES, ErrorKind};

/// What must come of it: a status and whether the body was cut, or a kind and words.
enum Expected {
    Answer(u16, bool),
    Fault(ErrorKind, &'static str),
}

use ErrorKind::{Closed, Protocol, Timeout, TooLarge};
use Expected::{Answer, Fault};

/// A name, what the receiver does with a connection, and what must come of it.
type Case = (&'static str, fn(&mut TcpStream), Expected);

fn write(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

fn say(stream: &mut TcpStream, text: &str) {
    read_request(stream);
    write(stream, text);
}

/// Writes `text` again and again until the other side has had enough.
fn flood(stream: &mut TcpStream, text: &str) {
    let many = text.repeat(1 + 4096 / text.len());
    while stream.write_all(many.as_bytes()).is_ok() {}
}

/// One byte now and then: the read that times out is the pause.
fn drip(stream: &mut TcpStream) {
    let pause = Some(Duration::from_millis(20));
    stream.set_read_timeout(pause).unwrap();
    while stream.write_all(b"x").is_ok() && !matches!(stream.read(&mut [0]), Ok(0)) {}
}

/// Holds the connection open without ever reading from it.
fn never_ends() {
    loop {
        thread::park();
    }
}

fn check(name: &str, act: fn(&mut TcpStream), expected: &Expected) {
    let server = Server::start(move |stream, _| act(stream));
    let begun = Instant::now();
    let sent = send(&client(), &server.url(), 300);
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1500), "{name}: {took:?}");
    match (expected, &sent.result) {
        (Answer(status, truncated), Ok(reply)) => {
            assert_eq!(
                (reply.status, reply.truncated),
                (*status, *truncated),
                "{name}"
            );
            assert!(reply.body.len() <= BODY_KEPT_BYTES, "{name}");
        }
        (Fault(kind, words), Err(error)) => {
            assert_eq!(error.kind, *kind, "{name}: {}", error.message);
            assert!(error.message.contains(words), "{name}: {}", error.message);
            assert!(
                !error.message.contains("hidden"),
                "{name}: {}",
                error.message
            );
        }
        (_, result) => panic!("{name}: {result:?}"),
    }
    assert_eq!(server.connections(), 1, "{name}: sent once");
}

const HEAD_TOO_LARGE: &str = "the head of the answer is larger than 16 KiB";

const BEFORE: [Case; 13] = [
    (
        "reads and is silent",
        hang,
        Fault(Timeout, "no answer in 300 ms (connected in "),
    ),
    (
        "closes at once",
        |_| (),
        Fault(Closed, "closed the connection"),
    ),
    (
        "reads and closes",
        |stream| drop(read_request(stream)),
        Fault(Closed, "closed the connection before answering"),
    ),
    (
        "closes within the head",
        |stream| say(stream, "HTTP/1.1 200 OK\r\ncont"),
        Fault(Closed, "in the middle of its answer's head"),
    ),
    (
        "drips its head",
        |stream| {
            say(stream, "HTTP/1.1 200 OK\r\nx-drip: ");
            drip(stream);
        },
        Fault(Timeout, "the answer was not complete in 300 ms"),
    ),
    (
        "one endless header",
        |stream| {
            say(stream, "HTTP/1.1 200 OK\r\nx-long: ");
            flood(stream, "y");
        },
        Fault(TooLarge, HEAD_TOO_LARGE),
    ),
    (
        "endless headers",
        |stream| {
            say(stream, "HTTP/1.1 200 OK\r\n");
            flood(stream, &format!("x-one: {}\r\n", "z".repeat(300)));
        },
        Fault(TooLarge, HEAD_TOO_LARGE),
    ),
    (
        "200 headers",
        |stream| {
            let many = "x-one: 1\r\n".repeat(200);
            say(stream, &format!("HTTP/1.1 200 OK\r\n{many}\r\n"));
        },
        Fault(Protocol, "too many headers"),
    ),
    (
        "endless interim answers",
        |stream| {
            read_request(stream);
            flood(stream, "HTTP/1.1 100 Continue\r\n\r\n");
        },
        Fault(TooLarge, HEAD_TOO_LARGE),
    ),
    (
        "an interim answer with headers",
        |stream| say(stream, "HTTP/1.1 100 Continue\r\nx-one: 1\r\n\r\n"),
        Fault(Protocol, "the answer is not HTTP/1.1"),
    ),
    (
        "garbage",
        |stream| say(stream, "220 mail.example ESMTP\r\n"),
        Fault(Protocol, "the answer is not HTTP/1.1"),
    ),
    (
        "HTTP/2",
        |stream| say(stream, "\0\0\x12\x04\0\0\0\0\0"),
        Fault(Protocol, "the answer is not HTTP/1.1"),
    ),
    (
        "status 000",
        |stream| say(stream, "HTTP/1.1 000 Nothing\r\n\r\n"),
        Fault(Protocol, "invalid status code"),
    ),
];

#[test]
fn faults_before_the_status_line() {
    for (name, act, expected) in &BEFORE {
        check(name, *act, expected);
    }
}

const AFTER: [Case; 11] = [
    (
        "101",
        |stream| say(stream, "HTTP/1.1 101 Now\r\n\r\n"),
        Answer(101, false),
    ),
    (
        "204",
        |stream| say(stream, "HTTP/1.1 204 None\r\n\r\n"),
        Answer(204, false),
    ),
    (
        "205",
        |stream| say(stream, "HTTP/1.1 205 Reset\r\ncontent-length: 0\r\n\r\n"),
        Answer(205, false),
    ),
    (
        "304",
        |stream| say(stream, "HTTP/1.1 304 Same\r\n\r\n"),
        Answer(304, false),
    ),
    (
        "410",
        |stream| say(stream, "HTTP/1.1 410 Gone\r\ncontent-length: 4\r\n\r\ngone"),
        Answer(410, false),
    ),
    (
        "999",
        |stream| say(stream, "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"),
        Answer(999, false),
    ),
    (
        "103, then 200",
        |stream| {
            let early = "HTTP/1.1 103 Early\r\nlink: </x>\r\n\r\n";
            say(
                stream,
                &format!("{early}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            );
        },
        Answer(200, false),
    ),
    (
        "until the end of the connection",
        |stream| say(stream, "HTTP/1.0 200 OK\r\n\r\nfine"),
        Answer(200, false),
    ),
    (
        "an endless body",
        |stream| {
            say(stream, "HTTP/1.1 200 OK\r\n\r\n");
            flood(stream, "more ");
        },
        Answer(200, true),
    ),
    (
        "a short body",
        |stream| {
            say(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
            );
        },
        Answer(200, true),
    ),
    (
        "bad chunks",
        |stream| {
            say(
                stream,
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno\r\n",
            );
        },
        Answer(200, true),
    ),
];

#[test]
fn after_the_status_line_nothing_changes_the_answer() {
    for (name, act, expected) in &AFTER {
        check(name, *act, expected);
    }
}

#[test]
fn a_body_that_drips_is_left_after_two_seconds() {
    let server = Server::start(|stream, _| {
        say(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        drip(stream);
    });
    let begun = Instant::now();
    let sent = send(&client(), &server.url(), 300);
    let reply = sent.result.unwrap();
    assert_eq!((reply.status, reply.truncated), (200, true));
    assert!(!reply.body.is_empty());
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        sent.duration_ms < 1000,
        "the body does not count: {}",
        sent.duration_ms
    );
}

#[test]
fn a_receiver_that_does_not_read_a_large_body_is_left_in_time() {
    let server = Server::start(|_, _| never_ends());
    let mut large = request(&server.url(), 300);
    large.body = vec![b'x'; 8 * 1024 * 1024].into();
    let begun = Instant::now();
    let error = client().send(&large, 4).result.unwrap_err();
    assert!(
        begun.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(
        error.message.contains("did not take the request in 300 ms"),
        "{}",
        error.message
    );
}
