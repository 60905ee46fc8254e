//! What can go wrong before the status line is there.

use std::time::Duration;

use ringhook::cli::receiver::{Act, Step};
use ringhook::domain::attempt::ErrorKind::{Closed, Protocol, Timeout, Tls, TooLarge};

use crate::matrix::{Case, Expected::Answer, Expected::Fault, case};

const SHORT: Duration = Duration::from_millis(200);

const COMPLETE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn read() -> Step {
    Step::after_request("…")
}

/// Says that and stays silent.
fn say(bytes: &'static [u8]) -> Step {
    read().say(bytes).then(Act::Hang)
}

fn flood(bytes: &'static [u8], again: &'static [u8]) -> Step {
    read().say(bytes).then(Act::Flood(again.into()))
}

fn header_of(length: usize) -> Step {
    let value = "y".repeat(length);
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-long: {value}\r\n\r\n");
    read().then(Act::Say(text.into_bytes().into()))
}

const HTTP: &str = "the answer is not HTTP/1.1 as it should be";
const LARGE: &str = "the head of the answer is larger than 16 KiB";
const PART: &str = "the answer was not complete in 3 s";
const MIDDLE: &str = "closed the connection in the middle of its answer's head";
const SILENT: &str = "the receiver closed the connection before answering";
const INSTEAD: &str = "closed the connection instead of agreeing";

/// Silence and ends.
pub fn ends() -> Vec<Case> {
    vec![
        case(
            "silent",
            || read().then(Act::Hang),
            Fault(Timeout, "no answer in 3 s"),
        ),
        case(
            "deaf",
            || Step::at_once("deaf").then(Act::Deaf),
            Fault(Timeout, "no answer in 3 s"),
        )
        .over_fresh_tls(Fault(Tls, "no agreement with 127.0.0.1:")),
        case(
            "shut",
            || Step::at_once("shut").then(Act::Close),
            Fault(Closed, SILENT),
        )
        .over_tls(Fault(Tls, INSTEAD))
        .that_is_replaced(),
        case(
            "cut",
            || Step::at_once("cut").then(Act::Reset),
            Fault(Closed, SILENT),
        )
        .over_tls(Fault(Tls, INSTEAD))
        .that_is_replaced(),
        case(
            "reads and closes",
            || read().then(Act::Close),
            Fault(Closed, SILENT),
        )
        .that_is_replaced(),
        case(
            "reads and resets",
            || read().then(Act::Reset),
            Fault(Closed, SILENT),
        )
        .that_is_replaced(),
        case(
            "reads, waits and closes",
            || read().then(Act::Rest(SHORT)).then(Act::Close),
            Fault(Closed, SILENT),
        )
        .that_is_replaced(),
    ]
}

/// Ends and pauses within the head.
pub fn parts() -> Vec<Case> {
    vec![
        case(
            "closes within the status line",
            || read().say(b"HTTP/1.").then(Act::Close),
            Fault(Closed, MIDDLE),
        ),
        case(
            "closes within the head",
            || read().say(b"HTTP/1.1 200 OK\r\ncont").then(Act::Close),
            Fault(Closed, MIDDLE),
        ),
        case(
            "resets within the head",
            || {
                let step = read().say(b"HTTP/1.1 200 OK\r\ncont");
                step.then(Act::Rest(SHORT)).then(Act::Reset)
            },
            Fault(Closed, MIDDLE),
        ),
        case(
            "stops within the head",
            || say(b"HTTP/1.1 200 OK\r\ncont"),
            Fault(Timeout, PART),
        ),
        case(
            "drips its head",
            || {
                let head = b"HTTP/1.1 200 OK\r\nx-drip: ";
                read().say(head).then(Act::Drip(b"x".into(), SHORT / 4))
            },
            Fault(Timeout, PART),
        ),
        case(
            "drips from the first byte on",
            || {
                let head = b"HTTP/1.1 200 OK\r\nx-drip: and so on and on and on and on";
                read().then(Act::Drip(head.into(), SHORT))
            },
            Fault(Timeout, PART),
        ),
    ]
}

/// Heads that take their time, or are large.
pub fn heads() -> Vec<Case> {
    vec![
        case(
            "a pause before the answer",
            || read().then(Act::Rest(SHORT)).say(COMPLETE),
            Answer(200, false),
        ),
        case(
            "an answer in two parts",
            || {
                let step = read().say(&COMPLETE[..20]).then(Act::Rest(SHORT));
                step.say(&COMPLETE[20..])
            },
            Answer(200, false),
        ),
        case(
            "one endless header",
            || flood(b"HTTP/1.1 200 OK\r\nx-long: ", b"y"),
            Fault(TooLarge, LARGE),
        ),
        case(
            "endless headers",
            || {
                let line = format!("x-one: {}\r\n", "z".repeat(300)).into_bytes();
                let step = read().say(b"HTTP/1.1 200 OK\r\n");
                step.then(Act::Flood(line.into()))
            },
            Fault(TooLarge, LARGE),
        ),
        case(
            "an endless reason",
            || flood(b"HTTP/1.1 200 ", b"OK "),
            Fault(TooLarge, LARGE),
        ),
        case(
            "a header of 17 KiB",
            || header_of(17 * 1024),
            Fault(TooLarge, LARGE),
        ),
        case(
            "a header of 15 KiB",
            || header_of(15 * 1024),
            Answer(200, false),
        ),
        case(
            "200 headers",
            || {
                let text = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-one: 1\r\n".repeat(200));
                read().then(Act::Say(text.into_bytes().into()))
            },
            Fault(Protocol, "too many headers"),
        ),
    ]
}

/// Interim answers.
pub fn interim() -> Vec<Case> {
    vec![
        case(
            "endless interim answers",
            || flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            Fault(TooLarge, LARGE),
        ),
        case(
            "endless early hints",
            || flood(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
            Fault(TooLarge, LARGE),
        ),
        case(
            "100, then nothing",
            || say(b"HTTP/1.1 100 Continue\r\n\r\n"),
            Fault(Timeout, PART),
        ),
        case(
            "100 with headers",
            || say(b"HTTP/1.1 100 Continue\r\nx-one: 1\r\n\r\n"),
            Fault(Protocol, HTTP),
        ),
        case(
            "100, then 200",
            || read().say(b"HTTP/1.1 100 Continue\r\n\r\n").say(COMPLETE),
            Answer(200, false),
        ),
        case(
            "103, then 200",
            || {
                read()
                    .say(b"HTTP/1.1 103 Early\r\nlink: </x>\r\n\r\n")
                    .say(COMPLETE)
            },
            Answer(200, false),
        ),
    ]
}

/// What is not HTTP/1.1, or hardly.
pub fn nonsense() -> Vec<Case> {
    let not_http = |name, step| case(name, step, Fault(Protocol, HTTP));
    vec![
        not_http("SMTP", || say(b"220 mail.example ESMTP\r\n")),
        not_http("SSH", || say(b"SSH-2.0-OpenSSH_9.6\r\n")),
        not_http("zeros", || say(b"\0\0\0\0\0\0\0\0\r\n\r\n")),
        not_http("HTTP/2", || say(b"\0\0\x12\x04\0\0\0\0\0\r\n\r\n")),
        not_http("HTTP/3.0", || say(b"HTTP/3.0 200 OK\r\n\r\n")),
        not_http("an alert of TLS", || {
            say(b"\x15\x03\x01\0\x02\x02\x28\r\n\r\n")
        }),
        not_http("a page without a head", || {
            say(b"<html><body>200 OK</body></html>\r\n\r\n")
        }),
        not_http("status 000", || say(b"HTTP/1.1 000 Nothing\r\n\r\n")),
        not_http("status 2000", || say(b"HTTP/1.1 2000 OK\r\n\r\n")),
        not_http("status -20", || say(b"HTTP/1.1 -20 OK\r\n\r\n")),
        not_http("status abc", || say(b"HTTP/1.1 abc OK\r\n\r\n")),
        not_http("no status", || say(b"HTTP/1.1\r\n\r\n")),
        not_http("a header without a colon", || {
            say(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n")
        }),
        not_http("a header without a name", || {
            say(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n")
        }),
        not_http("a zero in a header", || {
            say(b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n")
        }),
        not_http("a length of -5", || {
            say(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n")
        }),
        case(
            "no reason",
            || read().say(b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"),
            Answer(200, false),
        ),
        case(
            "lines that end with LF",
            || read().say(b"HTTP/1.1 200 OK\ncontent-length: 0\n\n"),
            Answer(200, false),
        ),
        case(
            "a header that is not UTF-8",
            || read().say(b"HTTP/1.1 200 OK\r\nx: \xff\xfe\r\ncontent-length: 0\r\n\r\n"),
            Answer(200, false),
        ),
    ]
}
