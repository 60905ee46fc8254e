//! A connection as the client uses it: buffers over a socket, plain or under TLS.
//!
//! Ours and not ureq's for four reasons, each on the path of every request: head and body leave
//! in one packet, a kept connection is probed with one system call and not with six, it keeps no
//! buffers while it rests, and it notes how far the answer got.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use rustls::{ClientConnection, StreamOwned};
use ureq::Timeout;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::phases;
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
    wire: Wire,
    /// How requests are readdressed, where a proxy passes them on.
    via: Option<Box<Via>>,
    store: Store,
    /// Used since it was last at rest.
    used: bool,
}

/// Bytes on their way. Empty, without memory, while the connection rests.
#[derive(Default)]
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

impl Line {
    /// A connection that was just made.
    pub fn new(wire: Wire, via: Option<Box<Via>>) -> Self {
        Self {
            wire,
            via,
            store: Store::default(),
            used: false,
        }
    }

    fn socket(&self) -> &Socket {
        match &self.wire {
            Wire::Plain(socket) => socket,
            Wire::Tls(stream) => &stream.sock,
        }
    }

    fn write_held(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.store.held);
        let bytes = &self.store.output[..held];
        match &mut self.wire {
            _ if bytes.is_empty() => Ok(()),
            Wire::Plain(socket) => socket.write_all(bytes),
            Wire::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.store
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let is_first = !std::mem::replace(&mut self.used, true);
        let amount = match &self.via {
            Some(via) if is_first => self.store.readdress(amount, via).map_err(failure)?,
            _ => amount,
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
            Wire::Plain(socket) => socket.read(space),
            Wire::Tls(stream) => stream.read(space),
        };
        let bytes = read.map_err(failure)?;
        self.store.input_appended(bytes);
        phases::with(|call| call.heard_bytes += bytes);
        Ok(bytes > 0)
    }

    /// Asked when the connection is given back, and again when it is to be used once more. Only
    /// the second answer needs a look at the wire.
    fn is_open(&mut self) -> bool {
        if std::mem::take(&mut self.used) {
            self.store = Store::default();
            return true;
        }
        phases::with(|call| call.refuse_idle) != Some(true) && self.socket().is_quiet()
    }

    fn is_tls(&self) -> bool {
        matches!(self.wire, Wire::Tls(_))
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
            .field("socket", self.socket())
            .finish()
    }
}
