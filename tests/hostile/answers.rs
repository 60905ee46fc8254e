//! After the status line nothing changes the answer, whatever becomes of the body.

use std::time::Duration;

use ringhook::cli::receiver::{Act, Step};

use crate::matrix::{Case, Expected::Answer, case};

fn read() -> Step {
    Step::after_request("…")
}

/// Says that and keeps the connection.
fn say(bytes: &'static [u8]) -> Step {
    read().say(bytes)
}

/// An answer that is complete, and has no body.
fn status(name: &'static str, step: fn() -> Step, status: u16) -> Case {
    case(name, step, Answer(status, false))
}

/// One of which the body was left.
fn cut(name: &'static str, step: fn() -> Step) -> Case {
    case(name, step, Answer(200, true))
}

/// Statuses of all kinds.
pub fn statuses() -> Vec<Case> {
    const REDIRECT: &[u8] =
        b"location: http://169.254.169.254/latest/meta-data\r\ncontent-length: 0\r\n\r\n";
    fn redirect(first: &'static [u8]) -> Step {
        say(first).say(REDIRECT)
    }
    vec![
        status("101", || say(b"HTTP/1.1 101 Now\r\n\r\n"), 101),
        status("204", || say(b"HTTP/1.1 204 None\r\n\r\n"), 204),
        status(
            "205",
            || say(b"HTTP/1.1 205 Reset\r\ncontent-length: 0\r\n\r\n"),
            205,
        ),
        status(
            "299",
            || say(b"HTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n"),
            299,
        ),
        status("301", || redirect(b"HTTP/1.1 301 Moved\r\n"), 301),
        status("302", || redirect(b"HTTP/1.1 302 Found\r\n"), 302),
        status("303", || redirect(b"HTTP/1.1 303 See\r\n"), 303),
        status("307", || redirect(b"HTTP/1.1 307 There\r\n"), 307),
        status("308", || redirect(b"HTTP/1.1 308 There\r\n"), 308),
        status("304", || say(b"HTTP/1.1 304 Same\r\n\r\n"), 304),
        status("407", || Step::status(407), 407),
        status(
            "410",
            || say(b"HTTP/1.1 410 Gone\r\ncontent-length: 4\r\n\r\ngone"),
            410,
        ),
        status(
            "429 for ever",
            || {
                say(b"HTTP/1.1 429 Slow\r\nretry-after: 99999999999999999999\r\n")
                    .say(b"content-length: 0\r\n\r\n")
            },
            429,
        ),
        status(
            "503 and nonsense",
            || say(b"HTTP/1.1 503 Later\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n"),
            503,
        ),
        status("599", || Step::status(599), 599),
        status(
            "999",
            || say(b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"),
            999,
        ),
        status(
            "413 before the request was read",
            || {
                let early = b"HTTP/1.1 413 Large\r\ncontent-length: 0\r\n\r\n";
                Step::at_once("413").say(early).then(Act::Hang)
            },
            413,
        )
        .that_is_replaced(),
    ]
}

/// Bodies that end in their own way, or never.
pub fn bodies() -> Vec<Case> {
    const PAUSE: Duration = Duration::from_millis(50);
    vec![
        status(
            "until the end of the connection",
            || say(b"HTTP/1.0 200 OK\r\n\r\nfine").then(Act::Close),
            200,
        ),
        status(
            "gzip, or not",
            || {
                say(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n")
                    .say(b"content-length: 4\r\n\r\n\x1f\x8bxx")
            },
            200,
        ),
        status(
            "more than its length",
            || say(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more"),
            200,
        ),
        status(
            "that closes",
            || {
                let step =
                    say(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
                step.then(Act::Close)
            },
            200,
        ),
        cut("of 20 KiB", || {
            let mut text = b"HTTP/1.1 200 OK\r\ncontent-length: 20480\r\n\r\n".to_vec();
            text.resize(text.len() + 20_480, b'x');
            read().then(Act::Say(text.into()))
        }),
        cut("endless", || {
            say(b"HTTP/1.1 200 OK\r\n\r\n").then(Act::Flood(b"more ".into()))
        }),
        cut("endless chunks", || {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            say(head).then(Act::Flood(b"4\r\nmore\r\n".into()))
        }),
        cut("bad chunks", || {
            say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno\r\n")
        }),
        cut("a chunk of 16 EiB", || {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            say(head).say(b"FFFFFFFFFFFFFFFF\r\nx").then(Act::Close)
        }),
        cut("chunks that stop", || {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            say(head).say(b"4\r\nmore\r\n").then(Act::Hang)
        }),
        cut("that is short", || {
            say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").then(Act::Close)
        }),
        cut("that is cut", || {
            let step = say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort");
            step.then(Act::Rest(PAUSE)).then(Act::Reset)
        }),
        cut("that stops", || {
            say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").then(Act::Hang)
        }),
        cut("that drips", || {
            let step = say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            step.then(Act::Drip(b"x".into(), PAUSE))
        }),
    ]
}
