//! What the black-box tests share: the real binary, a raw HTTP client, a verifying receiver.

#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

pub mod client;
pub mod daemon;
pub mod receiver;
pub mod stream;
pub mod verify;

use std::time::{Duration, Instant};

/// How long a condition may take before the test gives up. It is never slept through.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `probe` again and again until it has an answer.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
