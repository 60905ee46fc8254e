//! How far the call of this thread got, and how long it may still take.
//!
//! The client calls our connector and our connections on the thread that asked, but hands nothing
//! of ours on to them. So the call in progress lies in the one thread-local of the house, and only
//! the `send` room looks at it. Decisions about deliveries are made elsewhere.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::domain::attempt::{Phase, Timings};
use crate::domain::certificate::Certificate;

/// The call in progress.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// When it began.
    pub begun: Instant,
    /// The whole time that was given to it, up to the status line.
    pub limit: Duration,
    /// When what is being done now must have ended. It is nearer while connecting.
    pub deadline: Instant,
    /// How far it got.
    pub phase: Phase,
    /// Whether it made a connection; a call that did not was given one that was open already.
    pub fresh: bool,
    /// Set for the replacement of a connection that had died unseen: take no idle one again.
    pub refuse_idle: bool,
    /// Bytes of the answer so far.
    pub heard_bytes: usize,
    /// Whether the status line is there and only the body is still being read.
    pub answered: bool,
    /// Who answers, where this call connected.
    pub peer: Option<SocketAddr>,
    /// When the connection was there.
    pub connected_at: Option<Instant>,
    /// The certificate of a receiver that was refused.
    pub refused: Option<Box<Certificate>>,
    /// Where the time went so far.
    pub timings: Timings,
}

/// The buffers of a connection. A thread has one connection at a time, so they are the thread's:
/// connections at rest need none, and no request has to get and to clear its own.
pub(super) struct Memory {
    /// For what is sent; of its whole size once it was used.
    pub output: Vec<u8>,
    /// For what is read; the same.
    pub input: Vec<u8>,
}

thread_local! {
    static CALL: RefCell<Option<Call>> = const { RefCell::new(None) };
    static MEMORY: Cell<Option<Memory>> = const { Cell::new(None) };
}

/// Starts the call of this thread: everything up to the status line within `limit`.
pub(super) fn begin(limit: Duration) {
    let now = Instant::now();
    let call = Call {
        begun: now,
        limit,
        deadline: now + limit,
        phase: Phase::Start,
        fresh: false,
        refuse_idle: false,
        heard_bytes: 0,
        answered: false,
        peer: None,
        connected_at: None,
        refused: None,
        timings: Timings::default(),
    };
    CALL.with(|cell| *cell.borrow_mut() = Some(call));
}

/// Ends the call of this thread and hands out what is known of it.
pub(super) fn end() -> Option<Call> {
    CALL.with(|cell| cell.borrow_mut().take())
}

/// Looks at the call in progress, or changes it; None where there is none.
pub(super) fn with<R>(look: impl FnOnce(&mut Call) -> R) -> Option<R> {
    CALL.with(|cell| cell.borrow_mut().as_mut().map(look))
}

/// The buffers of this thread. What is in them means nothing.
pub(super) fn memory() -> Memory {
    MEMORY.take().unwrap_or_else(|| Memory {
        output: Vec::new(),
        input: Vec::new(),
    })
}

/// Takes the buffers back, for the next connection of this thread.
pub(super) fn give_back(memory: Memory) {
    MEMORY.set(Some(memory));
}

/// Marks how far the call got.
pub(super) fn reached(phase: Phase) {
    with(|call| call.phase = phase);
}

/// What is left of the time for what is being done now; None when nothing is, or when there is
/// no call: whoever would wait must not.
pub(super) fn left() -> Option<Duration> {
    let deadline = with(|call| call.deadline)?;
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

impl Call {
    /// When the status line must be there.
    pub fn status_due_at(&self) -> Instant {
        self.begun + self.limit
    }

    /// Whether the time of the whole call is up, and not just that of one phase.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.status_due_at()
    }
}

/// Whole milliseconds, as they are shown.
pub(super) fn whole_ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
