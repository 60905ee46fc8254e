//! A receiver's end of a connection: reads requests, and does on the wire what a step says.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::script::Act;

/// The largest body that is taken.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;
/// The largest head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long the next bytes of a request may take.
const ARRIVAL: Duration = Duration::from_secs(15);
/// A flood goes out in pieces of at least that size.
const FLOOD_BYTES: usize = 4096;

/// Ends every rest at once.
#[derive(Clone, Debug, Default)]
pub(super) struct End(Arc<(Mutex<bool>, Condvar)>);

impl End {
    /// Now.
    pub fn come(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether it has come.
    pub fn is_here(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests for so long, or for ever; false when the end came.
    fn rest(&self, time: Option<Duration>) -> bool {
        let ended = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match time {
            Some(time) => {
                let waited = self.0.1.wait_timeout_while(ended, time, |ended| !*ended);
                *waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.0.1.wait_while(ended, |ended| !*ended);
                *waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        !ended
    }
}

/// One request.
pub(super) struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// Why there is no request.
pub(super) enum NoRequest {
    /// The connection ended.
    Ended,
    /// It is refused with that status, and the connection ends.
    Refused(u16),
}

/// A connection, plain or under TLS.
pub(super) struct Wire {
    raw: TcpStream,
    tls: Option<Box<StreamOwned<ServerConnection, TcpStream>>>,
    end: End,
    /// Came with the last request and belongs to the next one.
    ahead: Vec<u8>,
}

impl Wire {
    pub fn new(stream: TcpStream, tls: Option<&Arc<ServerConfig>>, end: End) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ARRIVAL))?;
        let raw = stream.try_clone()?;
        let tls = match tls {
            None => None,
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config));
                let connection = connection.map_err(io::Error::other)?;
                Some(Box::new(StreamOwned::new(connection, stream)))
            }
        };
        let ahead = Vec::new();
        Ok(Self {
            raw,
            tls,
            end,
            ahead,
        })
    }

    /// Reads the next request to its end.
    pub fn request(&mut self) -> Result<Request, NoRequest> {
        let mut bytes = std::mem::take(&mut self.ahead);
        let head_bytes = loop {
            if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
            if bytes.len() > HEAD_BYTES_MAX {
                return Err(NoRequest::Refused(431));
            }
            self.more(&mut bytes)?;
        };
        let head = String::from_utf8_lossy(&bytes[..head_bytes]).into_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path)) = (first.next(), first.next()) else {
            return Err(NoRequest::Refused(400));
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(header).collect();
        let find = |name: &str| headers.iter().find(|(known, _)| known == name);
        if find("transfer-encoding").is_some() {
            return Err(NoRequest::Refused(411));
        }
        let length = find("content-length").map_or(Ok(0), |(_, length)| length.parse());
        let length: usize = length.map_err(|_| NoRequest::Refused(400))?;
        if length > BODY_BYTES_MAX {
            return Err(NoRequest::Refused(413));
        }
        if find("expect").is_some() {
            let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
            self.write(go_on).map_err(|_| NoRequest::Ended)?;
        }
        while bytes.len() < head_bytes + length {
            self.more(&mut bytes)?;
        }
        self.ahead = bytes.split_off(head_bytes + length);
        Ok(Request {
            method: method.to_owned(),
            path: path.to_owned(),
            body: Bytes::copy_from_slice(&bytes[head_bytes..]),
            headers,
        })
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> Result<(), NoRequest> {
        let mut chunk = [0; 16 * 1024];
        match self.read(&mut chunk) {
            Ok(count @ 1..) => {
                bytes.extend_from_slice(&chunk[..count]);
                Ok(())
            }
            _ => Err(NoRequest::Ended),
        }
    }

    /// Does one act; false when the connection has ended with it.
    pub fn act(&mut self, act: &Act) -> bool {
        match act {
            Act::Say(bytes) => self.write(bytes).is_ok(),
            Act::Flood(bytes) => {
                let many = bytes.repeat(1 + FLOOD_BYTES / bytes.len().max(1));
                while self.write(&many).is_ok() {}
                false
            }
            Act::Drip(bytes, pause) => {
                let mut all = bytes.iter().cycle();
                while let Some(byte) = all.next()
                    && self.write(&[*byte]).is_ok()
                    && self.end.rest(Some(*pause))
                {}
                false
            }
            Act::Rest(time) => self.end.rest(Some(*time)),
            Act::Hang => {
                self.hang();
                false
            }
            Act::Deaf => self.end.rest(None),
            Act::Close => false,
            Act::Reset => {
                // An end without a farewell is what a zero linger time means.
                let _ = rustix::net::sockopt::set_socket_linger(&self.raw, Some(Duration::ZERO));
                self.tls = None;
                false
            }
        }
    }

    /// Reads and drops until the other side ends the connection.
    fn hang(&mut self) {
        let mut sink = [0; 4096];
        loop {
            match self.raw.read(&mut sink) {
                Ok(1..) => {}
                Err(error) if is_pause(&error) && !self.end.is_here() => {}
                _ => return,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            None => self.raw.write_all(bytes),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(stream) => stream.read(buffer),
            None => self.raw.read(buffer),
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// No more is read from it: what is being answered is the last.
pub(super) fn read_no_more(stream: &TcpStream) {
    // It may have ended by itself.
    let _ = stream.shutdown(Shutdown::Read);
}

/// Ends it.
pub(super) fn cut(stream: &TcpStream) {
    // It may have ended by itself.
    let _ = stream.shutdown(Shutdown::Both);
}
