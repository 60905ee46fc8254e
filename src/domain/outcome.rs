//! What an attempt means for its delivery and for its endpoint.

use super::attempt::Exchange;

/// What an attempt meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A status 200–299.
    Delivered,
    /// Anything else: tried again while attempts remain, no earlier than `retry_after_ms`.
    Retry {
        /// From `Retry-After`, in seconds or as a date, at most 24 h; 0 where none was given.
        retry_after_ms: u64,
        /// With 429 and 503 and a `Retry-After`: how long the endpoint's other deliveries wait,
        /// at most 10 minutes; else 0.
        hold_back_ms: u64,
    },
    /// 410: the delivery waits, the endpoint is paused.
    Pause,
    /// The daemon cut it while stopping: it does not count.
    Cut,
}

/// Reads an exchange.
pub fn classify(exchange: &Exchange) -> Outcome {
    todo!("{exchange:?}")
}
