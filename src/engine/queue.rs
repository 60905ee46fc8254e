//! The one way into the engine thread: a queue that many fill and one empties.
//!
//! It is swapped out whole, one lock per drain. What outsiders submit is bounded by bytes; what
//! comes back from delivery threads and the store always gets in, as it was let out before.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answer::Permit;
use super::message::Message;

/// What outsiders may have waiting: beyond it they hear `Busy`.
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    held: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: Vec<Message>,
    closed: bool,
    // Whether the engine sleeps: waking one that does not costs a system call for nothing.
    asleep: bool,
}

impl Queue {
    /// A place for `bytes` of an outsider; None when the queue is full.
    pub fn permit(&self, bytes: usize) -> Option<Permit> {
        Permit::get(&self.held, bytes, BYTES_MAX)
    }

    /// Puts a message in. Once the queue is closed the message is dropped, and so answered.
    pub fn push(&self, message: Message) {
        let mut inner = self.lock();
        if inner.closed {
            // The reply is somebody else's code: not under our lock.
            drop(inner);
            drop(message);
            return;
        }
        inner.messages.push(message);
        let wake = std::mem::take(&mut inner.asleep);
        drop(inner);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Swaps what waits with `empty`. Where nothing does, sleeps until something comes or
    /// `patience` is over; None is for ever.
    pub fn drain(&self, empty: &mut Vec<Message>, patience: Option<Duration>) {
        let mut inner = self.lock();
        if inner.messages.is_empty() && patience != Some(Duration::ZERO) {
            inner.asleep = true;
            inner = match patience {
                None => self
                    .wake
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let woken = self.wake.wait_timeout(inner, time);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            inner.asleep = false;
        }
        std::mem::swap(&mut inner.messages, empty);
    }

    /// From now on everything is dropped, and so answered, what waits as well.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let waiting = std::mem::take(&mut inner.messages);
        drop(inner);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code of others runs under this lock, so what a panic left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::answer::Answer;
    use super::super::handle::EngineStatus;
    use super::super::message::Question;
    use super::*;

    fn question(reply: impl FnOnce(EngineStatus) + Send + 'static) -> Message {
        let answer = Answer::to_question(Box::new(reply), EngineStatus::default);
        Message::Ask(Question::Status(answer))
    }

    #[test]
    fn what_is_put_in_comes_out_in_order_and_wakes_the_sleeper() {
        let queue = Arc::new(Queue::default());
        let other = Arc::clone(&queue);
        let pusher = std::thread::spawn(move || {
            other.push(Message::Stop);
            other.push(Message::Hurry);
        });
        let mut got = Vec::new();
        while got.len() < 2 {
            let mut drained = Vec::new();
            queue.drain(&mut drained, None);
            got.append(&mut drained);
        }
        pusher.join().unwrap();
        assert!(matches!(got[..], [Message::Stop, Message::Hurry]));
    }

    #[test]
    fn a_closed_queue_answers_at_once() {
        let queue = Queue::default();
        let (sender, receiver) = channel();
        let again = sender.clone();
        queue.push(question(move |_| sender.send(1).unwrap()));
        queue.close();
        queue.push(question(move |_| again.send(2).unwrap()));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn places_are_bounded_by_bytes() {
        let queue = Queue::default();
        let held = queue.permit(BYTES_MAX);
        assert!(held.is_some() && queue.permit(1).is_none());
        drop(held);
        assert!(queue.permit(1).is_some());
    }
}
