//! The one way into the engine thread: a queue that many fill and one empties.
//!
//! It is swapped out whole, one lock per drain. Waking the engine costs a system call, so an
//! event wakes it only where there is something to do with it: while a commit is out, a few of
//! them are let come together. What outsiders submit is bounded by bytes; what
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
    // Whether there is more than events among the messages.
    pressing: bool,
    // While the engine sleeps: how many events are worth waking it for.
    asleep: Option<usize>,
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
        inner.pressing |= !matches!(message, Message::Submit(_));
        inner.messages.push(message);
        let wake = inner.asleep.is_some_and(|enough| inner.is_worth(enough));
        if wake {
            inner.asleep = None;
        }
        drop(inner);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Swaps what waits with `empty`. Where that is less than `enough` events and nothing else,
    /// sleeps until more comes or `patience` is over; None is for ever, and wants 1 to be enough
    /// unless something else is sure to come.
    pub fn drain(&self, empty: &mut Vec<Message>, patience: Option<Duration>, enough: usize) {
        let mut inner = self.lock();
        if !inner.is_worth(enough) && patience != Some(Duration::ZERO) {
            inner.asleep = Some(enough);
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
            inner.asleep = None;
        }
        inner.pressing = false;
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

impl Inner {
    fn is_worth(&self, enough: usize) -> bool {
        self.pressing || self.messages.len() >= enough
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
            queue.drain(&mut drained, None, 1);
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
