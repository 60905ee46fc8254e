//! `egress.proxy`: asks it for a way to an https receiver, and readdresses requests to http ones.
//!
//! The proxy is an address like any other: it is looked up, held against the egress rule, and
//! dialled elsewhere. What lies behind it is its own business.

use std::io::{ErrorKind, Read, Write};

use ureq::http::Uri;

use super::phases::{self, left};
use super::socket::Socket;
use super::{connect, errors};
use crate::domain::address::Proxy;
use crate::domain::attempt::{ErrorKind as Kind, Phase, SendError};

/// The most of an answer to CONNECT that is read.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// What a request to an http receiver has more, when a proxy is to pass it on.
#[derive(Debug)]
pub(super) struct Via {
    /// Before its path: `http://crm.example`.
    origin: String,
    /// After its first line, with its end; or nothing.
    header: String,
}

impl Via {
    pub fn new(proxy: &Proxy, uri: &Uri) -> Self {
        let header = proxy.authorization();
        Self {
            origin: format!(
                "http://{}",
                uri.authority().map_or("", |host| host.as_str())
            ),
            header: header.map_or_else(String::new, |value| {
                format!("proxy-authorization: {value}\r\n")
            }),
        }
    }

    /// The beginning of a request, readdressed; None where it has no first line.
    pub fn readdressed(&self, beginning: &[u8]) -> Option<Vec<u8>> {
        let path = beginning.iter().position(|byte| *byte == b' ')? + 1;
        let line = beginning.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let (method, rest) = beginning.split_at_checked(path)?;
        let (target, rest) = rest.split_at_checked(line.checked_sub(path)?)?;
        let (origin, header) = (self.origin.as_bytes(), self.header.as_bytes());
        Some([method, origin, target, header, rest].concat())
    }
}

/// Has the proxy connect `socket`, on which it listens, to the receiver.
pub(super) fn tunnel(
    proxy: &Proxy,
    socket: &mut Socket,
    host: &str,
    port: u16,
) -> Result<(), SendError> {
    let target = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let authorization = proxy.authorization().map_or_else(String::new, |value| {
        format!("Proxy-Authorization: {value}\r\n")
    });
    let asked = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
    let head = socket
        .write_all(asked.as_bytes())
        .and_then(|()| read_head(socket));
    let status = match head {
        Ok(head) => status_of(&head),
        Err(error) => {
            let what = match error.kind() {
                ErrorKind::TimedOut => "did not answer in time".to_owned(),
                kind if errors::is_end(kind) => "closed the connection".to_owned(),
                _ => format!("gave no answer ({error})"),
            };
            let kind = connect::kind_or_timeout(Kind::Connect, error.kind());
            return Err(refused(kind, proxy, &what, &target));
        }
    };
    let what = match status {
        Some(200..=299) => return Ok(()),
        Some(407) => "wants a user name and password, or others than in egress.proxy".to_owned(),
        Some(status) => format!("answered {status}"),
        None => "answers something that is not HTTP/1.1".to_owned(),
    };
    Err(refused(Kind::Connect, proxy, &what, &target))
}

fn refused(kind: Kind, proxy: &Proxy, what: &str, target: &str) -> SendError {
    SendError {
        kind,
        phase: Phase::Connect,
        message: format!("the proxy {proxy} {what}, asked for a connection to {target}"),
    }
}

/// The head of the proxy's answer. It says nothing further before we do.
fn read_head(socket: &mut Socket) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > HEAD_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        left().ok_or(ErrorKind::TimedOut)?;
        match socket.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => head.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(head)
}

/// The status of `HTTP/1.1 200 Connection established`.
fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    version.starts_with("HTTP/1.").then_some(status)
}

/// What a failure to reach the proxy itself says.
pub(super) fn about(proxy: &Proxy, error: &SendError) -> SendError {
    phases::reached(error.phase);
    SendError {
        message: format!("the proxy {proxy}: {}", error.message),
        kind: error.kind,
        phase: error.phase,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_readdressed() {
        let check = |proxy: &str, url: &str, beginning: &str, expected: Option<&str>| {
            let via = Via::new(&Proxy::parse(proxy).unwrap(), &url.parse().unwrap());
            let got = via.readdressed(beginning.as_bytes());
            let got = got.map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(got.as_deref(), expected);
        };
        let url = "http://crm.lan:8080/a?b";
        check(
            "http://proxy",
            url,
            "POST /a?b HTTP/1.1\r\nhost: crm.lan:8080\r\n\r\n",
            Some("POST http://crm.lan:8080/a?b HTTP/1.1\r\nhost: crm.lan:8080\r\n\r\n"),
        );
        check(
            "http://ana:b@proxy",
            "http://crm.lan/",
            "POST / HTTP/1.1\r\nhost: crm.lan\r\n",
            Some(
                "POST http://crm.lan/ HTTP/1.1\r\nproxy-authorization: Basic YW5hOmI=\r\n\
                 host: crm.lan\r\n",
            ),
        );
        check("http://proxy", url, "POST", None);
        check("http://proxy", url, "\r\n POST", None);
    }

    #[test]
    fn the_status_of_an_answer() {
        for (head, expected) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 407\r\nx: y\r\n\r\n", Some(407)),
            ("HTTP/2 200\r\n\r\n", None),
            ("220 mail ESMTP\r\n\r\n", None),
            ("HTTP/1.1 2\r\n\r\n", None),
            ("\r\n\r\n", None),
        ] {
            assert_eq!(status_of(head.as_bytes()), expected, "{head}");
        }
    }
}
