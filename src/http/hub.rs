//! The news on their way to live streams: the last ones of them, in one ring that all streams
//! read at their own pace. A stream that is slower than the ring is cut, one that comes back
//! goes on where it was while the ring still has that place.
//!
//! The ring is filled from the first stream on, and until it holds nothing but news that came
//! after the last stream had gone: so a page that was away for a moment has missed nothing, and
//! a daemon that nobody looks at does nothing for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::time::Timestamp;
use crate::engine::handle::Handle;
use crate::engine::news::News;

/// News that are kept: 20 s of as many as the engine tells, hours of a quiet day.
const KEPT: usize = 1024;

/// The ring, and who is to be woken when there are more.
pub struct Hub {
    handle: Handle,
    ring: Mutex<Ring>,
    signal: watch::Sender<Signal>,
}

/// What wakes a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signal {
    told: u64,
    /// How often streams were asked whether somebody still reads them.
    pub asked: u64,
    /// ringhook is stopping.
    pub closed: bool,
}

impl Hub {
    /// Hears the news of that engine, once there is a stream.
    pub fn new(handle: &Handle, started_at: Timestamp) -> Arc<Self> {
        let hub = Arc::new(Self {
            handle: handle.clone(),
            ring: Mutex::new(Ring::new(started_at)),
            signal: watch::Sender::new(Signal::default()),
        });
        // A weak one, as the hub holds the door of the engine itself.
        let hears = Arc::downgrade(&hub);
        handle.hear(Box::new(move |news| {
            if let Some(hub) = hears.upgrade() {
                hub.take(news);
            }
        }));
        hub
    }

    /// One stream more, as long as the guard is held.
    pub fn enter(self: &Arc<Self>) -> Listening {
        let mut ring = self.lock();
        ring.streams += 1;
        ring.unseen = 0;
        // Under the lock, so that it does not cross with the end of listening.
        self.handle.listen(true);
        drop(ring);
        Listening(Arc::clone(self))
    }

    /// The place behind all that was told so far.
    pub fn newest(&self) -> Position {
        self.lock().newest()
    }

    /// The news behind a place.
    pub fn after(&self, place: Position) -> Result<Vec<Arc<News>>, Missed> {
        self.lock().after(place)
    }

    /// Wakes for news, for questions and for the end.
    pub fn signals(&self) -> watch::Receiver<Signal> {
        self.signal.subscribe()
    }

    /// Asks every stream to write something, so that those are found out that nobody reads.
    pub fn ask(&self) {
        self.signal.send_modify(|signal| signal.asked += 1);
    }

    /// Ends every stream.
    pub fn close(&self) {
        self.signal.send_modify(|signal| signal.closed = true);
    }

    fn take(&self, news: Vec<News>) {
        let mut ring = self.lock();
        ring.take(news);
        if ring.is_forgotten() {
            self.handle.listen(false);
            ring.empty();
        }
        drop(ring);
        self.signal
            .send_modify(|signal| signal.told = signal.told.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Nothing under this lock leaves the ring half changed.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream, counted while it lasts.
pub struct Listening(Arc<Hub>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.lock().streams -= 1;
    }
}

/// Where a stream stands: behind that many of the news of a filling of the ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    started_at: u64,
    filling: u64,
    seen: u64,
}

/// A place is no longer in the ring, or never was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Missed;

impl Position {
    /// The place behind the next of the news.
    pub const fn next(self) -> Self {
        Self {
            seen: self.seen + 1,
            ..self
        }
    }

    /// As the `id:` of the stream.
    pub fn written(self) -> String {
        format!("{:x}-{:x}-{:x}", self.started_at, self.filling, self.seen)
    }

    /// What a client brings back of it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let place = Self {
            started_at: part()?,
            filling: part()?,
            seen: part()?,
        };
        parts.next().is_none().then_some(place)
    }
}

#[derive(Debug)]
struct Ring {
    // Tells the places of this run from those of others.
    started_at: u64,
    // How often the ring was emptied: a place in an earlier filling is in none.
    filling: u64,
    // How many of this filling came before the first one in the ring.
    gone: u64,
    news: VecDeque<Arc<News>>,
    streams: usize,
    // How many came since the last stream has gone.
    unseen: usize,
}

impl Ring {
    fn new(started_at: Timestamp) -> Self {
        Self {
            started_at: started_at.0,
            filling: 0,
            gone: 0,
            news: VecDeque::new(),
            streams: 0,
            unseen: 0,
        }
    }

    fn take(&mut self, news: Vec<News>) {
        if self.streams == 0 {
            self.unseen += news.len();
        }
        self.news.extend(news.into_iter().map(Arc::new));
        let beyond = self.news.len().saturating_sub(KEPT);
        self.news.drain(..beyond);
        self.gone += beyond as u64;
    }

    fn is_forgotten(&self) -> bool {
        self.unseen >= KEPT
    }

    fn empty(&mut self) {
        self.news = VecDeque::new();
        (self.gone, self.unseen) = (0, 0);
        self.filling += 1;
    }

    fn newest(&self) -> Position {
        self.place(self.gone + self.news.len() as u64)
    }

    fn after(&self, place: Position) -> Result<Vec<Arc<News>>, Missed> {
        let is_ours = self.place(place.seen) == place;
        let skip = place.seen.checked_sub(self.gone).filter(|_| is_ours);
        let skip = skip.and_then(|skip| usize::try_from(skip).ok());
        let skip = skip.filter(|skip| *skip <= self.news.len()).ok_or(Missed)?;
        Ok(self.news.iter().skip(skip).cloned().collect())
    }

    fn place(&self, seen: u64) -> Position {
        Position {
            started_at: self.started_at,
            filling: self.filling,
            seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::EndpointNumber;

    fn news(numbers: std::ops::Range<u32>) -> Vec<News> {
        let of = |number| News::Endpoint(EndpointNumber(number), None);
        numbers.map(of).collect()
    }

    fn numbers(news: &[Arc<News>]) -> Vec<u32> {
        let of = |news: &Arc<News>| match **news {
            News::Endpoint(number, _) => Some(number.0),
            _ => None,
        };
        news.iter().filter_map(of).collect()
    }

    #[test]
    fn a_place_is_found_again_until_the_ring_has_moved_on() {
        let mut ring = Ring::new(Timestamp(7));
        ring.streams = 1;
        let start = ring.newest();
        ring.take(news(0..3));
        assert_eq!(numbers(&ring.after(start).unwrap()), [0, 1, 2]);
        assert_eq!(numbers(&ring.after(start.next()).unwrap()), [1, 2]);
        let place = ring.newest();
        assert!(ring.after(place).unwrap().is_empty());
        ring.take(news(3..4));
        assert_eq!(numbers(&ring.after(place).unwrap()), [3]);
        ring.take(news(4..4 + KEPT as u32));
        assert!(ring.after(place).is_err(), "slower than the ring");
        assert_eq!(ring.news.len(), KEPT);
    }

    #[test]
    fn places_of_other_runs_and_of_the_future_are_missed() {
        let mut ring = Ring::new(Timestamp(7));
        ring.take(news(0..3));
        let known = ring.newest();
        for strange in [
            Position {
                started_at: 6,
                ..known
            },
            Position {
                filling: 1,
                ..known
            },
            Position { seen: 4, ..known },
        ] {
            assert!(ring.after(strange).is_err(), "{strange:?}");
        }
    }

    #[test]
    fn a_ring_of_what_nobody_saw_is_forgotten() {
        let mut ring = Ring::new(Timestamp(7));
        ring.streams = 1;
        ring.take(news(0..10));
        let place = ring.newest();
        ring.streams = 0;
        ring.take(news(0..KEPT as u32 - 1));
        assert!(!ring.is_forgotten());
        assert!(ring.after(place).is_ok(), "back in time");
        ring.take(news(0..1));
        assert!(ring.is_forgotten());
        ring.empty();
        assert!(ring.after(place).is_err());
        assert!(ring.after(ring.newest()).is_ok());
    }

    #[test]
    fn an_id_reads_back_and_nonsense_does_not() {
        let place = Ring::new(Timestamp(1_800_000_000_000)).newest();
        assert_eq!(Position::parse(&place.written()), Some(place));
        for bad in ["", "1", "1-2", "1-2-3-4", "1-2-x", "-1-2-3"] {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
    }
}
