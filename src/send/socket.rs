//! A TCP connection whose every read and write ends by the deadline of the call in progress.
//!
//! It knows nothing of HTTP or TLS: both are laid over it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::phases;
use rustix::net::RecvFlags;

/// An open connection.
#[derive(Debug)]
pub(super) struct Socket {
    /// Shared weakly with whoever cuts it at the end of a stop.
    stream: Arc<TcpStream>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Socket {
    /// Connects within `limit`.
    pub fn connect(address: SocketAddr, limit: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: Arc::new(stream),
            read_timeout: None,
            write_timeout: None,
        })
    }

    /// For cutting the connection from another thread.
    pub fn watch(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.stream)
    }

    /// Whether the peer has neither closed the connection nor sent anything unasked. One system
    /// call: it is made for every request on a connection that was kept.
    pub fn is_quiet(&self) -> bool {
        let mut byte = [0_u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let seen = rustix::net::recv(&*self.stream, &mut byte, flags);
        matches!(seen, Err(rustix::io::Errno::WOULDBLOCK))
    }

    /// Reads once, by the deadline.
    fn read_by_deadline(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let wait = coarse(phases::left().ok_or(ErrorKind::TimedOut)?);
            if self.read_timeout != Some(wait) {
                self.stream.set_read_timeout(Some(wait))?;
                self.read_timeout = Some(wait);
            }
            match (&*self.stream).read(buffer) {
                Err(error) if is_worth_another_look(&error) => {}
                result => return result,
            }
        }
    }

    /// Writes once, by the deadline. Nothing was written when it fails.
    fn write_by_deadline(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let wait = coarse(phases::left().ok_or(ErrorKind::TimedOut)?);
            if self.write_timeout != Some(wait) {
                self.stream.set_write_timeout(Some(wait))?;
                self.write_timeout = Some(wait);
            }
            match (&*self.stream).write(bytes) {
                Err(error) if is_worth_another_look(&error) => {}
                result => return result,
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_by_deadline(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_by_deadline(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The timeout to set on the socket. Whole seconds below the time that is left, so that one
/// request after the other finds the right value already set and saves the system call; what
/// remains after them is waited for exactly.
fn coarse(left: Duration) -> Duration {
    match left.as_secs() {
        0 | 1 => left.max(Duration::from_millis(1)),
        seconds => Duration::from_secs(seconds),
    }
}

/// Whether the wait ended without the connection having anything to do with it. The deadline
/// decides then.
fn is_worth_another_look(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_of_the_socket_is_never_longer_than_what_is_left() {
        for (left_ms, expected_ms) in [
            (14_999, 14_000),
            (14_001, 14_000),
            (2_000, 2_000),
            (1_999, 1_999),
            (300, 300),
            (0, 1),
        ] {
            let expected = Duration::from_millis(expected_ms);
            assert_eq!(
                coarse(Duration::from_millis(left_ms)),
                expected,
                "{left_ms}"
            );
        }
    }
}
