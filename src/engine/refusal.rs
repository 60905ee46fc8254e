//! Why the engine says no.

/// Why the engine did not do as asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The engine's queue is full (32 MiB), or 2 million deliveries are open: 503.
    #[error("too much is waiting")]
    Busy,
    /// The commit failed; the database is being reopened: 503.
    #[error("the database can't be written at the moment")]
    StoreAway,
    /// Less space is free on the disk than `store.free_bytes_min`: 507.
    #[error("the disk is almost full: events are accepted again when there is more space on it")]
    DiskLow,
    /// The daemon is stopping: 503.
    #[error("ringhook is stopping")]
    Stopping,
    /// The same, of these lines of a group, counted from 0.
    #[error("an idempotency key was used for another event")]
    KeysReused(Vec<usize>),
    /// The delivery is with a delivery thread, or its answer is being written down: 409.
    #[error("the delivery is in flight")]
    InFlight,
    /// An earlier event of the same call goes first: 409.
    #[error("an earlier event of the same call has not ended, and goes first")]
    HeldByOrder,
    /// The endpoint of the delivery is disabled: 409.
    #[error("its endpoint is disabled: enable it first")]
    Disabled,
    /// The endpoint of the delivery was deleted: 409.
    #[error("its endpoint was deleted")]
    EndpointGone,
    /// The event is a notice about that endpoint: 422.
    #[error("it is a notice about this endpoint, and such never go to it")]
    OwnNotice,
    /// The event has had 255 new rounds for that endpoint: 409.
    #[error("it has had 255 new rounds, and there are no more")]
    RoundsUsed,
    /// The idempotency key was used for another event: 409.
    #[error("this idempotency key was used for another event")]
    KeyReused,
    /// No such endpoint or token: 404.
    #[error("there is no such object")]
    Unknown,
    /// The endpoint or the delivery is not as it was when it was read: read it again.
    #[error("it was changed meanwhile")]
    Changed,
    /// A test of this endpoint is already running: 409.
    #[error("a test of this endpoint is already running")]
    TestRunning,
    /// A replay of this endpoint is already running: 409.
    #[error("a replay of this endpoint is running: wait for its end, or stop it")]
    ReplayRunning,
    /// There is no next key: 409.
    #[error("there is no next key to switch to or to try: make one first, {{\"action\":\"next\"}}")]
    NoNextKey,
    /// Too many endpoints or tokens: 409.
    #[error("there are as many as there may be: {0}")]
    TooMany(u32),
}
