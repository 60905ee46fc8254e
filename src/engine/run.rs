//! The loop: receives, reads the clock once per drain, lets `step` and `turn` decide, and does
//! what they ask for. The only file of the engine that owns threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

use super::commit;
use super::handle::Shared;
use super::keeper::Keeper;
use super::message::{Effects, Errand, Message, Tell};
use super::replay::{Desk, Order as Replayed, Replayer};
use super::state::{Phase, State};
use super::step::{TESTS_MAX, step};
use super::turn::{next_wake, turn};
use super::{Parts, StartError};
use crate::clock::Clock;
use crate::domain::attempt::BODY_KEPT_BYTES;
use crate::domain::id::EventNumber;
use crate::domain::request::mask;
use crate::domain::time::{Now, Tick};
use crate::send::Transport;
use crate::send::pool::{Finished, NoBody, Pool, PoolLimits, PoolParts};
use crate::store::thread::{Order, StoreThread};
use crate::store::{Reader, Store};

/// Messages that are decided on between two looks at commits and lanes.
const DRAIN_MAX: usize = 1024;
/// How often the use of tokens is collected.
const TOKENS_MS: u64 = 60_000;

/// Starts the three kinds of threads around the memory.
pub(super) fn start(
    shared: &Arc<Shared>,
    state: State,
    (store, inbox): (Store, Receiver<Replayed>),
    (transport, clock, free_bytes_min): (Arc<dyn Transport>, Clock, u64),
    on_panic: Arc<dyn Fn() + Send + Sync>,
) -> std::io::Result<JoinHandle<bool>> {
    let limits = PoolLimits {
        keep: state.delivery.threads.min(state.delivery.threads_max),
        threads_max: state.delivery.threads_max + TESTS_MAX,
    };
    let disk = (store.reader(), clock.clone());
    let keeper = Keeper::start(shared, disk.clone(), free_bytes_min)?;
    let replayer = Replayer::start(shared, inbox, disk)?;
    let pool = pool(shared, limits, store.reader(), transport, clock.clone());
    let store = store_thread(shared, store, Arc::clone(&on_panic))?;
    let engine = Loop {
        shared: Arc::clone(shared),
        state,
        pool,
        store,
        keeper,
        replayer,
        clock,
        tokens_at: Tick::default(),
    };
    std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || guarded(engine, &*on_panic))
}

fn pool(
    shared: &Arc<Shared>,
    limits: PoolLimits,
    reader: Reader,
    transport: Arc<dyn Transport>,
    clock: Clock,
) -> Pool<Errand> {
    let to_done = Arc::clone(shared);
    Pool::new(PoolParts {
        limits,
        transport,
        load: Arc::new(move |event| load(&reader, event)),
        done: Arc::new(move |finished| {
            let finished = fit_to_keep(finished);
            to_done.queue.push(Message::Finished(Box::new(finished)));
        }),
        clock,
    })
}

/// Reads a body on a delivery thread. A store that is away will come back: that is said apart
/// from damage, so that the delivery waits and does not end.
fn load(reader: &Reader, event: EventNumber) -> Result<Arc<[u8]>, NoBody> {
    match reader.body(event) {
        Ok(body) => body.ok_or(NoBody::Gone),
        Err(error) => {
            log::warn!("a body could not be read, its delivery waits: {error}");
            Err(NoBody::Away)
        }
    }
}

/// What the history may keep of an exchange: credentials masked, the body cut. Done here, on
/// the delivery thread, as the engine's is the narrow one.
fn fit_to_keep(mut finished: Finished<Errand>) -> Finished<Errand> {
    if let Ok(exchange) = &mut finished.exchange {
        mask(&mut exchange.request.headers);
        if exchange.request.body.len() > BODY_KEPT_BYTES {
            exchange.request.body = exchange.request.body[..BODY_KEPT_BYTES].into();
        }
    }
    finished
}

fn store_thread(
    shared: &Arc<Shared>,
    store: Store,
    on_panic: Arc<dyn Fn() + Send + Sync>,
) -> std::io::Result<StoreThread> {
    let (to_done, to_reopened) = (Arc::clone(shared), Arc::clone(shared));
    StoreThread::start(
        store,
        Box::new(move |done| to_done.queue.push(Message::Committed(done))),
        Box::new(move || to_reopened.queue.push(Message::Reopened)),
        on_panic,
    )
}

/// Runs the loop. A panic in it ends the process: its memory may be half changed. Whoever waits
/// for an answer gets one all the same, as answers are given when they are dropped.
fn guarded(engine: Loop, on_panic: &(dyn Fn() + Send + Sync)) -> bool {
    let shared = Arc::clone(&engine.shared);
    let result = catch_unwind(AssertUnwindSafe(|| engine.run()));
    shared.queue.close();
    result.unwrap_or_else(|_| {
        log::error!("the engine thread has panicked");
        on_panic();
        false
    })
}

struct Loop {
    shared: Arc<Shared>,
    state: State,
    pool: Pool<Errand>,
    store: StoreThread,
    keeper: Keeper,
    replayer: Replayer,
    clock: Clock,
    tokens_at: Tick,
}

impl Loop {
    /// Runs until a stop is done. `true` when everything was committed.
    fn run(mut self) -> bool {
        let mut effects = Effects::default();
        let mut drained = Vec::new();
        loop {
            let now = self.clock.now();
            self.state.news.listen(self.shared.audience.listens());
            self.state.rollups.oldest_at = self.shared.oldest.get();
            let mut messages = drained.drain(..).peekable();
            loop {
                for message in messages.by_ref().take(DRAIN_MAX) {
                    step(&mut self.state, now, message, &mut effects);
                }
                self.collect_tokens(now, &mut effects);
                turn(&mut self.state, now, &mut effects);
                self.perform(&mut effects);
                if messages.peek().is_none() {
                    break;
                }
            }
            drop(messages);
            if let Phase::Ended(committed) = self.state.phase {
                return self.end(committed);
            }
            let patience = self.patience(now);
            let enough = commit::events_enough(&self.state);
            self.shared.queue.drain(&mut drained, patience, enough);
        }
    }

    /// How long to sleep where nothing comes; None is for ever.
    fn patience(&self, now: Now) -> Option<Duration> {
        let tokens = (!self.state.tokens.is_empty()).then_some(self.tokens_at);
        let wake = next_wake(&self.state, now)
            .into_iter()
            .chain(tokens)
            .min()?;
        Some(Duration::from_millis(wake.ms_since(now.tick)))
    }

    fn collect_tokens(&mut self, now: Now, effects: &mut Effects) {
        if self.tokens_at <= now.tick {
            self.tokens_at = now.tick.plus_ms(TOKENS_MS);
            let used = Message::TokensUsed(self.shared.tokens.take_used());
            step(&mut self.state, now, used, effects);
        }
    }

    fn perform(&mut self, effects: &mut Effects) {
        if let Some(order) = effects.order.take() {
            self.store.send(order);
        }
        for (number, endpoint) in effects.listed.drain(..) {
            match endpoint {
                Some(endpoint) => self.shared.directory.put(endpoint),
                None => self.shared.directory.remove(number),
            }
        }
        for tell in effects.tells.drain(..) {
            self.tell(tell);
        }
        if !effects.news.is_empty() {
            self.shared.audience.tell(std::mem::take(&mut effects.news));
        }
        if let Some(from) = effects.look.take() {
            self.keeper.look(from);
        }
        self.replayer.ended(effects.replayed.drain(..));
        for job in effects.jobs.drain(..) {
            self.pool.give(job);
        }
        if std::mem::take(&mut effects.cut) {
            // It waits for the threads. Their results come into the queue before the word that
            // all of them have ended.
            self.pool.stop();
            self.shared.queue.push(Message::Grounded);
        }
    }

    fn tell(&self, tell: Tell) {
        match tell {
            Tell::Accepted(answer, result) => answer.give(result),
            Tell::Grouped(answer, result) => answer.give(result),
            Tell::Written(answer, result) => answer.give(result),
            Tell::Tested(answer, result) => answer.give(result),
            Tell::Views(answer, views) => answer.give(views),
            Tell::Ranks(answer, ranks) => answer.give(ranks),
            Tell::Endpoint(answer, view) => answer.give(view),
            Tell::DirtyHistory(answer, attempts) => answer.give(attempts),
            Tell::InFlight(answer, keys) => answer.give(keys),
            Tell::Rollups(answer, rows) => answer.give(rows),
            Tell::Status(answer, mut status) => {
                status.threads = self.pool.threads().0;
                status.disk_low = self.shared.space.is_low();
                status.ready &= !status.disk_low;
                answer.give(status);
            }
            Tell::TokenPut(token) => self.shared.tokens.put(token),
            Tell::TokenGone(number) => self.shared.tokens.remove(number),
        }
    }

    fn end(self, committed: bool) -> bool {
        drop(self.keeper);
        drop(self.replayer);
        self.store.send(Order::Stop);
        let closed = self.store.join();
        committed && closed
    }
}

/// Builds the memory and starts the threads.
pub(super) fn launch(parts: Parts) -> Result<(Arc<Shared>, JoinHandle<bool>), StartError> {
    let now = parts.clock.now();
    let reader = parts.store.reader();
    let epochs = Arc::new(parts.loaded.epochs.clone());
    let mut state = State::new(
        (parts.delivery, parts.retention),
        Arc::clone(&epochs),
        parts.loaded.numbers,
        parts.counters,
        (parts.seed, now),
    );
    let (replays, inbox) = Desk::new();
    let shared = Arc::new(Shared {
        queue: super::queue::Queue::default(),
        epochs,
        tokens: super::tokens::Tokens::default(),
        space: super::keeper::Space::default(),
        directory: super::directory::Directory::default(),
        oldest: super::keeper::Oldest::default(),
        replays,
        audience: super::news::Audience::default(),
    });
    for token in &parts.loaded.tokens {
        shared.tokens.put(Arc::new(token.clone()));
    }
    super::restart::rebuild(&mut state, now, parts.loaded, &reader)?;
    for entry in state.roster.values() {
        shared.directory.put(Arc::clone(&entry.endpoint));
    }
    let outside = (parts.transport, parts.clock, parts.free_bytes_min);
    let inside = (parts.store, inbox);
    let thread = start(&shared, state, inside, outside, parts.on_panic);
    Ok((shared, thread.map_err(StartError::Thread)?))
}
