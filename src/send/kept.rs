//! The connections of one host: those at rest, to be used again, and all that are open, to be
//! cut at the end of a stop. It makes none.
//!
//! The client has a pool of its own, but goes through all idle and all open connections whenever
//! a request takes one, and again when it returns it. So that pool stays empty, see `line`.

use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::line::Wire;
use super::socket::Socket;

/// Shorter than the 5 s after which common servers close an idle connection.
const IDLE_AGE: Duration = Duration::from_secs(4);

/// The connections.
pub(super) struct Kept {
    idle_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came to rest.
    resting: VecDeque<Resting>,
    /// Those that were made, and perhaps some that are closed by now.
    open: Vec<Weak<TcpStream>>,
    stopped: bool,
}

struct Resting {
    wire: Wire,
    since: Instant,
}

impl Kept {
    /// None yet; at most `idle_max` are kept at rest.
    pub fn new(idle_max: u8) -> Self {
        Self {
            idle_max: idle_max.into(),
            state: Mutex::default(),
        }
    }

    /// The one that came to rest last and is still fit for use. So few of them do the work when
    /// there is little of it, and the others grow old.
    pub fn take(&self) -> Option<Wire> {
        loop {
            let last = self.lock().resting.pop_back();
            let Resting { wire, since } = last?;
            // Looked at without the lock: it is a system call.
            if since.elapsed() < IDLE_AGE && wire.socket().is_quiet() {
                return Some(wire);
            }
        }
    }

    /// Keeps one whose last answer was read to its end. What is too old or too much is closed.
    pub fn put(&self, wire: Wire) {
        let since = Instant::now();
        let mut closed = Vec::new();
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        state.resting.push_back(Resting { wire, since });
        while state.resting.len() > self.idle_max || state.is_oldest_too_old(since) {
            closed.extend(state.resting.pop_front());
        }
        // They are closed after the lock is free again.
        drop(state);
    }

    /// Notes a connection that was just made; false when everything was cut.
    pub fn enter(&self, socket: &Socket) -> bool {
        let mut state = self.lock();
        if state.open.len() == state.open.capacity() {
            state.open.retain(|stream| stream.strong_count() > 0);
        }
        state.open.push(socket.watch());
        !state.stopped
    }

    /// Whether everything was cut.
    pub fn is_cut(&self) -> bool {
        self.lock().stopped
    }

    /// Cuts all of them, also those in use, and lets no other in.
    pub fn cut(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let resting = std::mem::take(&mut state.resting);
        let open = std::mem::take(&mut state.open);
        drop(state);
        drop(resting);
        for stream in open.iter().filter_map(Weak::upgrade) {
            // One that has ended by itself can't be cut any more.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_oldest_too_old(&self, now: Instant) -> bool {
        let oldest = self.resting.front();
        oldest.is_some_and(|one| now.saturating_duration_since(one.since) >= IDLE_AGE)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// Connects that many times: our sides, and theirs.
    fn connected(count: usize) -> (Vec<Socket>, Vec<TcpStream>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| {
            let socket = Socket::connect(address, Duration::from_secs(30)).unwrap();
            (socket, listener.accept().unwrap().0)
        };
        (0..count).map(connect).unzip()
    }

    fn is_closed(mut theirs: &TcpStream) -> bool {
        let patience = Some(Duration::from_secs(30));
        theirs.set_read_timeout(patience).unwrap();
        theirs.read(&mut [0]).unwrap() == 0
    }

    fn name(wire: &Wire) -> String {
        format!("{:?}", wire.socket())
    }

    #[test]
    fn the_last_goes_first_and_what_is_too_much_is_closed() {
        let kept = Kept::new(2);
        let (ours, theirs) = connected(3);
        let wires: Vec<Wire> = ours.into_iter().map(Wire::Plain).collect();
        let names: Vec<String> = wires.iter().map(name).collect();
        wires.into_iter().for_each(|wire| kept.put(wire));
        assert!(is_closed(&theirs[0]));
        assert_eq!(name(&kept.take().unwrap()), names[2]);
        assert_eq!(name(&kept.take().unwrap()), names[1]);
        assert!(kept.take().is_none());
    }

    #[test]
    fn what_the_other_side_has_closed_is_not_taken() {
        let kept = Kept::new(2);
        let (ours, theirs) = connected(1);
        ours.into_iter().for_each(|one| kept.put(Wire::Plain(one)));
        theirs[0].shutdown(Shutdown::Write).unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while let Some(wire) = kept.take() {
            assert!(Instant::now() < until, "it is still taken");
            kept.put(wire);
        }
    }

    #[test]
    fn a_cut_ends_all_and_lets_none_in() {
        let kept = Kept::new(2);
        let (mut ours, theirs) = connected(3);
        let late = ours.pop().unwrap();
        assert!(ours.iter().all(|socket| kept.enter(socket)));
        let used = ours.pop().unwrap();
        kept.put(Wire::Plain(ours.pop().unwrap()));
        kept.cut();
        assert!(is_closed(&theirs[0]) && is_closed(&theirs[1]));
        assert!(kept.is_cut() && !kept.enter(&late));
        kept.put(Wire::Plain(used));
        assert!(kept.take().is_none());
    }
}
