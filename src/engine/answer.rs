//! An answer that is owed. Whatever becomes of the question, it is given exactly once: dropped
//! unanswered, it says that ringhook is stopping. So nobody waits for ever, by construction.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::handle::{Refusal, Reply};

/// Owes a `T` to someone.
pub(super) struct Answer<T> {
    reply: Option<Reply<T>>,
    otherwise: fn() -> T,
    // Held until the answer is given, so that what waits for a commit counts as queued.
    _permit: Option<Permit>,
}

/// The answer to something that may be refused.
pub(super) type Verdict<T> = Answer<Result<T, Refusal>>;

impl<T> Answer<T> {
    /// To a question that has no room for a refusal: `otherwise` is said when nobody answers.
    pub fn to_question(reply: Reply<T>, otherwise: fn() -> T) -> Self {
        Self {
            reply: Some(reply),
            otherwise,
            _permit: None,
        }
    }

    /// Gives it.
    pub fn give(mut self, answer: T) {
        if let Some(reply) = self.reply.take() {
            reply(answer);
        }
    }
}

impl<T> Verdict<T> {
    /// To something that an outsider asked for, with its place in the queue.
    pub fn to_request(reply: Reply<Result<T, Refusal>>, permit: Option<Permit>) -> Self {
        Self {
            reply: Some(reply),
            otherwise: || Err(Refusal::Stopping),
            _permit: permit,
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply((self.otherwise)());
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// Bytes of the queue that somebody holds; they are free again when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    held: Arc<AtomicUsize>,
    bytes: usize,
}

impl Permit {
    /// A place of `bytes` where `held` stays within `bytes_max`; None when it would not.
    pub fn get(held: &Arc<AtomicUsize>, bytes: usize, bytes_max: usize) -> Option<Self> {
        let before = held.fetch_add(bytes, Ordering::Relaxed);
        // Made before the check, so that a refusal gives the bytes back by itself.
        let permit = Self {
            held: Arc::clone(held),
            bytes,
        };
        (before.saturating_add(bytes) <= bytes_max).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn an_answer_is_given_once_whatever_happens() {
        let (sender, receiver) = channel();
        let owed = |sender: std::sync::mpsc::Sender<Result<u8, Refusal>>| {
            Answer::to_request(Box::new(move |said| sender.send(said).unwrap()), None)
        };
        owed(sender.clone()).give(Ok(7));
        drop(owed(sender));
        let said: Vec<_> = receiver.iter().collect();
        assert_eq!(said, [Ok(7), Err(Refusal::Stopping)]);
    }

    #[test]
    fn permits_stay_within_the_bound_and_come_back() {
        let held = Arc::new(AtomicUsize::new(0));
        let first = Permit::get(&held, 60, 100);
        assert!(first.is_some());
        assert!(Permit::get(&held, 41, 100).is_none());
        assert!(Permit::get(&held, 40, 100).is_some());
        drop(first);
        assert_eq!(held.load(Ordering::Relaxed), 0);
    }
}
