//! A connection as the client uses it: buffers over a socket, plain or under TLS.
//!
//! Ours and not ureq's for four reasons, each on the path of every request: head and body leave
//! in one packet, a kept connection is probed with one system call and not with six, the buffers
//! are those of the thread, and it notes how far the answer got.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::{ClientConnection, StreamOwned};
use ureq::Timeout;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::kept::Kept;
use super::phases::{self, Memory};
use super::proxy::Via;
use super::socket::Socket;
use crate::domain::attempt::Phase;

/// The most that is read of an answer's head, with all that came before it.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// More than the largest head, so that a too large one is seen to be so.
const INPUT_BYTES: usize = HEAD_BYTES_MAX + 1024;

/// Takes the longest line of a request: an endpoint may have 8 KB of headers.
const OUTPUT_BYTES: usize = 16 * 1024;

/// Held back for what follows as long as that much is free: the longest line fits in there.
const OUTPUT_FREE_BYTES: usize = 10 * 1024;

/// The connection under the buffers.
pub(super) enum Wire {
    /// http
    Plain(Socket),
    /// https; boxed because it is many times larger.
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

/// A connection with its buffers.
pub(super) struct Line {
    /// None once it was given back.
    wire: Option<Wire>,
    /// How the request is readdressed, where a proxy passes it on; None once that was done.
    via: Option<Box<Via>>,
    kept: Arc<Kept>,
    store: Store,
}

/// Bytes on their way.
struct Store {
    output: Vec<u8>,
    /// How much of `output` waits to be written.
    held: usize,
    input: Vec<u8>,
    filled: usize,
    consumed: usize,
    /// Whether the client made use of the input last time, so that it may have more of it.
    progress: bool,
}

impl Wire {
    /// The connection itself.
    pub fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(space),
            Self::Tls(stream) => stream.read(space),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

impl Line {
    /// A connection for one request; `kept` gets it back.
    pub fn new(wire: Wire, via: Option<Box<Via>>, kept: Arc<Kept>) -> Self {
        Self {
            wire: Some(wire),
            via,
            kept,
            store: Store::new(),
        }
    }

    fn write_held(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.store.held);
        let bytes = &self.store.output[..held];
        match &mut self.wire {
            _ if bytes.is_empty() => Ok(()),
            Some(wire) => wire.write_all(bytes),
            None => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl Store {
    fn new() -> Self {
        let Memory { output, input } = phases::memory();
        Self {
            output,
            held: 0,
            input,
            filled: 0,
            consumed: 0,
            progress: false,
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let output = std::mem::take(&mut self.output);
        let input = std::mem::take(&mut self.input);
        phases::give_back(Memory { output, input });
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.store
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let amount = match self.via.take() {
            Some(via) => self.store.readdress(amount, &via).map_err(failure)?,
            None => amount,
        };
        self.store.held += amount;
        if self.store.output.len() - self.store.held >= OUTPUT_FREE_BYTES {
            return Ok(());
        }
        phases::reached(Phase::Request);
        self.write_held().map_err(failure)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        if self.store.held > 0 {
            phases::reached(Phase::Request);
            self.write_held().map_err(failure)?;
        }
        phases::reached(Phase::Response);
        // A flood of interim answers is no head that fits either.
        let head_bytes = phases::with(|call| if call.answered { 0 } else { call.heard_bytes });
        let head_bytes = head_bytes.unwrap_or_default();
        if head_bytes > HEAD_BYTES_MAX {
            return Err(ureq::Error::LargeResponseHeader(head_bytes, HEAD_BYTES_MAX));
        }
        let space = self.store.input_append_buf();
        let read = match &mut self.wire {
            Some(wire) => wire.read(space),
            None => Err(ErrorKind::NotConnected.into()),
        };
        let bytes = read.map_err(failure)?;
        self.store.input_appended(bytes);
        phases::with(|call| call.heard_bytes += bytes);
        Ok(bytes > 0)
    }

    /// Asked when an answer was read to its end and the connection may be used again. Then it
    /// is kept by us, so that there is nothing to be kept for the client.
    fn is_open(&mut self) -> bool {
        if let Some(wire) = self.wire.take() {
            self.kept.put(wire);
        }
        false
    }

    fn is_tls(&self) -> bool {
        matches!(self.wire, Some(Wire::Tls(_)))
    }
}

impl Store {
    /// Readdresses the beginning of a request; how long it is then.
    fn readdress(&mut self, amount: usize, via: &Via) -> io::Result<usize> {
        let readdressed = via.readdressed(&self.output[..amount]);
        let readdressed = readdressed.filter(|bytes| bytes.len() <= self.output.len());
        let bytes = readdressed.ok_or(ErrorKind::InvalidInput)?;
        self.output[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// The client's word for what went wrong on the wire.
fn failure(error: io::Error) -> ureq::Error {
    match error.kind() {
        ErrorKind::TimedOut => ureq::Error::Timeout(Timeout::Global),
        _ => ureq::Error::Io(error),
    }
}

impl Buffers for Store {
    fn output(&mut self) -> &mut [u8] {
        if self.output.is_empty() {
            self.output = vec![0; OUTPUT_BYTES];
        }
        &mut self.output[self.held..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = vec![0; INPUT_BYTES];
        }
        if self.consumed == self.filled {
            (self.consumed, self.filled) = (0, 0);
        } else if self.filled == self.input.len() {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output();
        self.input_append_buf();
        let (input, output) = (&mut self.input, &mut self.output);
        (&mut input[self.filled..], &mut output[self.held..])
    }

    fn can_use_input(&self) -> bool {
        !self.input().is_empty() && self.progress
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("tls", &self.is_tls())
            .field("socket", &self.wire.as_ref().map(Wire::socket))
            .finish()
    }
}
