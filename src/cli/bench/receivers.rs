//! The receivers: raw TCP servers on loopback, all on one thread, that count what arrives by its
//! number. They check no signature: what they measure is when a delivery arrived.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::driver::message_length;
use super::sample::{Stamps, Summary, number_of};
use crate::cli::failure::{Exit, Failure, code};

/// The largest request that is taken.
const REQUEST_BYTES_MAX: usize = 16 << 10;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// How often who waits looks whether the bench is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Receivers that run; they stop when this is dropped.
pub struct Receivers {
    /// Where they listen.
    pub addresses: Vec<SocketAddr>,
    /// What has arrived.
    pub arrivals: Arc<Arrivals>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What has arrived, of each receiver and number once.
pub struct Arrivals {
    state: Mutex<State>,
    grown: Condvar,
    stamps: Option<Arc<Stamps>>,
    hang: AtomicBool,
}

#[derive(Default)]
struct State {
    /// A bit for each number, for each receiver.
    seen: Vec<Vec<u64>>,
    unique: u64,
    awaited: u64,
    last: Option<Instant>,
    latencies_us: Vec<u32>,
}

impl Receivers {
    /// One for each host. `stamps`: how long each delivery took is kept. `hang`: never answer.
    pub fn start(
        hosts: &[IpAddr],
        stamps: Option<Arc<Stamps>>,
        hang: bool,
    ) -> Result<Self, Failure> {
        let arrivals = Arc::new(Arrivals {
            state: Mutex::new(State {
                seen: vec![Vec::new(); hosts.len()],
                ..State::default()
            }),
            grown: Condvar::new(),
            stamps,
            hang: AtomicBool::new(hang),
        });
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for host in hosts {
            let listener = TcpListener::bind((*host, 0)).map_err(Failure::system)?;
            listener.set_nonblocking(true).map_err(Failure::system)?;
            addresses.push(listener.local_addr().map_err(Failure::system)?);
            listeners.push(listener);
        }
        let (stop, stopped) = oneshot::channel();
        let own = Arc::clone(&arrivals);
        let thread = std::thread::Builder::new()
            .name("receivers".into())
            .spawn(move || serve(listeners, &own, stopped))
            .map_err(Failure::system)?;
        Ok(Self {
            addresses,
            arrivals,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A receiver that panicked has been seen by who waited for its arrivals.
            let _ = thread.join();
        }
    }
}

impl Arrivals {
    /// Forgets what has arrived, between a warm-up and what is measured.
    pub fn reset(&self) {
        let mut state = self.state();
        let receivers = state.seen.len();
        *state = State {
            seen: vec![Vec::new(); receivers],
            ..State::default()
        };
    }

    /// Answers nothing more.
    pub fn hang(&self) {
        self.hang.store(true, Ordering::Relaxed);
    }

    /// Waits until that many have arrived; when the last one did.
    pub fn wait(
        &self,
        count: u64,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Instant, Failure> {
        let until = Instant::now() + patience;
        let mut state = self.state();
        state.awaited = count;
        while state.unique < count && Instant::now() < until && !stop.load(Ordering::Relaxed) {
            let waited = self.grown.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        match state.last {
            Some(last) if state.unique >= count => Ok(last),
            _ => {
                let what = format!("{} of {count} deliveries arrived in time", state.unique);
                Err(Failure::new(Exit::Temporary, code::ANSWER, what))
            }
        }
    }

    /// From the POST to the receipt.
    pub fn latency(&self) -> Summary {
        Summary::of(self.state().latencies_us.clone())
    }

    fn note(&self, receiver: usize, body: &[u8]) {
        let now = Instant::now();
        let number = number_of(body);
        let mut state = self.state();
        let number = number.unwrap_or_default();
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        let seen = &mut state.seen[receiver];
        if seen.len() <= word {
            seen.resize(word + 1, 0);
        }
        if seen[word] & bit != 0 {
            return;
        }
        seen[word] |= bit;
        state.unique += 1;
        state.last = Some(now);
        let age_us = self.stamps.as_ref().and_then(|s| s.age_us(number, now));
        state.latencies_us.extend(age_us);
        if state.unique == state.awaited {
            self.grown.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listeners: Vec<TcpListener>, arrivals: &Arc<Arrivals>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime on this thread needs nothing but file descriptors");
    runtime.block_on(async {
        for (receiver, listener) in listeners.into_iter().enumerate() {
            let arrivals = Arc::clone(arrivals);
            tokio::spawn(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(connection(stream, receiver, Arc::clone(&arrivals)));
                }
            });
        }
        // The sender is never used, only dropped.
        let _ = stopped.await;
    });
}

/// Answers what comes on one connection. A broken one is the sender's matter: the delivery is
/// missed by who waits for it.
async fn connection(mut stream: TcpStream, receiver: usize, arrivals: Arc<Arrivals>) {
    // Without it answers are only later.
    let _ = stream.set_nodelay(true);
    let mut buffer = vec![0; REQUEST_BYTES_MAX];
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) | Err(_) => return,
            Ok(count) => filled += count,
        }
        let Some(whole) = message_length(&buffer[..filled]) else {
            continue;
        };
        if filled < whole {
            continue;
        }
        let head = buffer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = head.map_or(whole, |at| at + 4);
        arrivals.note(receiver, &buffer[body..whole]);
        filled = 0;
        let hangs = arrivals.hang.load(Ordering::Relaxed);
        if !hangs && stream.write_all(OK).await.is_err() {
            return;
        }
    }
}
