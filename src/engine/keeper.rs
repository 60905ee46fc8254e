//! The keeper: a thread that looks at the disk, so that the engine does not wait for it. It
//! reads the slices of events that are decided on in `retention`, and how much space is left.
//!
//! It decides nothing but whether the free space is below its bound, which it tells everyone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::handle::Shared;
use super::message::Message;
use super::retention::SLICE_MAX;
use crate::clock::Clock;
use crate::domain::id::EventNumber;
use crate::domain::time::{Tick, Timestamp};
use crate::store::Reader;

/// How often the free space is looked at.
const SPACE_MS: u64 = 1000;
/// How often the oldest event that waits is looked for.
const OLDEST_MS: u64 = 10_000;
/// It needs little: the records of one event at a time.
const STACK_BYTES: usize = 256 * 1024;

/// Whether less space is free than there should be.
#[derive(Debug, Default)]
pub(super) struct Space {
    low: AtomicBool,
}

impl Space {
    /// Below the bound: events are refused.
    pub fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// Takes note of what is free. What is refused and taken again is worth a line each.
    fn note(&self, free_bytes: u64, bytes_min: u64) {
        let low = free_bytes < bytes_min;
        if self.low.swap(low, Ordering::Relaxed) == low {
            return;
        }
        let (free, min) = (free_bytes >> 20, bytes_min >> 20);
        if low {
            log::error!(
                "the disk is almost full: {free} MiB are free, less than the {min} MiB of \
                 store.free_bytes_min; events are refused (507), deliveries go on"
            );
        } else {
            log::info!("the disk has space again, {free} MiB: events are accepted");
        }
    }
}

/// When the oldest event came that has open deliveries, as last seen.
#[derive(Debug, Default)]
pub(super) struct Oldest {
    // 0: there is none.
    ms: AtomicU64,
}

impl Oldest {
    /// As last seen.
    pub fn get(&self) -> Option<Timestamp> {
        let ms = self.ms.load(Ordering::Relaxed);
        (ms > 0).then_some(Timestamp(ms))
    }

    fn note(&self, oldest: Option<Timestamp>) {
        let ms = oldest.map_or(0, |at| at.0);
        self.ms.store(ms, Ordering::Relaxed);
    }
}

/// The thread, running. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    looks: Option<Sender<EventNumber>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Looks at the free space, and starts the thread that goes on with it.
    pub fn start(
        shared: &Arc<Shared>,
        (reader, clock): (Reader, Clock),
        free_bytes_min: u64,
    ) -> std::io::Result<Self> {
        shared.space.note(reader.disk_free_bytes(), free_bytes_min);
        let (looks, asked) = channel();
        let worker = Worker {
            asked,
            shared: Arc::clone(shared),
            reader,
            clock,
            free_bytes_min,
        };
        let builder = Builder::new().name("keeper".into()).stack_size(STACK_BYTES);
        Ok(Self {
            looks: Some(looks),
            thread: Some(builder.spawn(move || worker.run())?),
        })
    }

    /// Asks for the events from that number on; they come as a message. There is one such
    /// request at a time.
    pub fn look(&self, from: EventNumber) {
        if let Some(looks) = &self.looks {
            // A keeper that is gone panicked: nothing is pruned any more, all else goes on.
            let _ = looks.send(from);
        }
    }
}

impl Drop for Keeper {
    /// Its reader must be gone before the store is closed for good.
    fn drop(&mut self) {
        self.looks = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            log::error!("the keeper thread has panicked");
        }
    }
}

struct Worker {
    asked: Receiver<EventNumber>,
    shared: Arc<Shared>,
    reader: Reader,
    clock: Clock,
    free_bytes_min: u64,
}

impl Worker {
    fn run(&self) {
        let mut oldest_at = self.clock.now().tick;
        let mut space_at = oldest_at.plus_ms(SPACE_MS);
        loop {
            let now = self.clock.now().tick;
            if oldest_at <= now {
                self.look_for_oldest();
                oldest_at = now.plus_ms(OLDEST_MS);
            }
            if space_at <= now {
                let free_bytes = self.reader.disk_free_bytes();
                self.shared.space.note(free_bytes, self.free_bytes_min);
                space_at = now.plus_ms(SPACE_MS);
            }
            match self.asked.recv_timeout(until(space_at, now)) {
                Ok(from) => self.look(from),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn look_for_oldest(&self) {
        match self.reader.oldest_open() {
            Ok(oldest) => self.shared.oldest.note(oldest),
            Err(error) => log::debug!("the oldest that waits is not known: {error}"),
        }
    }

    fn look(&self, from: EventNumber) {
        let slice = self.reader.slice(from, SLICE_MAX);
        let slice = slice.inspect_err(|error| log::warn!("nothing is pruned for now: {error}"));
        self.shared.queue.push(Message::Looked(slice.ok()));
    }
}

fn until(at: Tick, now: Tick) -> Duration {
    Duration::from_millis(at.ms_since(now))
}
