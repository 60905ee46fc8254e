//! Drives the replays: a thread that looks for the next few of each, asks the engine to queue
//! them, and takes note of what becomes of them. It sleeps until there is something to do.
//!
//! A replay asks for its next slice when the engine has answered for the last one, so it never
//! has more than that in the engine's queue. At most `WAITING_MAX` of its deliveries wait at a
//! time: a receiver that is down or slow holds the replay up, not the other way round, and what
//! is left behind by a stop is little.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::desk::{Order, Phase, Plan};
use super::look::{Candidate, Looked, begin, look};
use super::pace::Pace;
use crate::clock::Clock;
use crate::domain::change::EndState;
use crate::domain::id::{EventNumber, ReplayNumber};
use crate::domain::time::Tick;
use crate::engine::answer::Answer;
use crate::engine::handle::{Command, Refusal, Reply, Shared, Written};
use crate::engine::message::Message;
use crate::store::{ReadError, Reader};

/// Deliveries of one replay that wait at a time.
const WAITING_MAX: u64 = 256;
/// Asked for at a time.
const SLICE_MAX: usize = 64;
/// Events that are looked at in one read.
const ROWS_MAX: usize = 2_000;
/// How long a replay rests when there was no room, or nothing could be read.
const REST_MS: u64 = 1_000;
/// What one that is asked for counts as in the engine's queue.
const WEIGHT_BYTES: usize = 1_024;
/// It needs little: the records of one event at a time.
const STACK_BYTES: usize = 256 * 1024;

/// The thread, running. It ends when this is dropped.
#[derive(Debug)]
pub(in crate::engine) struct Replayer {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl Replayer {
    /// Starts it.
    pub fn start(
        shared: &Arc<Shared>,
        inbox: Receiver<Order>,
        (reader, clock): (Reader, Clock),
    ) -> std::io::Result<Self> {
        let worker = Worker {
            shared: Arc::clone(shared),
            orders: shared.replays.orders(),
            inbox,
            reader,
            clock,
            running: Vec::new(),
        };
        let builder = Builder::new()
            .name("replays".into())
            .stack_size(STACK_BYTES);
        Ok(Self {
            orders: shared.replays.orders(),
            thread: Some(builder.spawn(move || worker.run())?),
        })
    }

    /// Tells it what became of deliveries of replays.
    pub fn ended(&self, news: impl Iterator<Item = (ReplayNumber, EndState)>) {
        for (replay, state) in news {
            // One that is gone panicked: nothing is replayed any more, all else goes on.
            let _ = self.orders.send(Order::Ended(replay, state));
        }
    }
}

impl Drop for Replayer {
    /// Its reader must be gone before the store is closed for good.
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            log::error!("the thread of the replays has panicked");
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    orders: Sender<Order>,
    inbox: Receiver<Order>,
    reader: Reader,
    clock: Clock,
    running: Vec<Running>,
}

/// A replay that queues.
struct Running {
    number: ReplayNumber,
    plan: Plan,
    pace: Pace,
    place: Place,
    /// Those that there was no room for.
    again: VecDeque<Candidate>,
    /// Asked for, and not answered.
    asked: usize,
    rested_at: Tick,
}

/// Where in its window it is.
#[derive(Clone, Copy)]
enum Place {
    Before,
    From(EventNumber),
    Behind,
}

/// What a replay does next.
enum Next {
    /// Something, at that time.
    At(Tick),
    /// Nothing, until it is told something.
    Told,
    /// Nothing any more.
    Over,
}

impl Worker {
    fn run(mut self) {
        loop {
            let order = match self.advance() {
                None => self.inbox.recv().ok(),
                Some(at) => {
                    let patience = at.ms_since(self.clock.now().tick);
                    match self.inbox.recv_timeout(Duration::from_millis(patience)) {
                        Err(RecvTimeoutError::Timeout) => continue,
                        order => order.ok(),
                    }
                }
            };
            let more = std::iter::from_fn(|| self.inbox.try_recv().ok());
            let orders: Vec<Order> = order.into_iter().chain(more).collect();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                match order {
                    Order::End => return,
                    other => self.take(other),
                }
            }
        }
    }

    /// Lets every replay go on; when one has something to do next.
    fn advance(&mut self) -> Option<Tick> {
        let mut wake: Option<Tick> = None;
        let mut running = std::mem::take(&mut self.running);
        running.retain_mut(|one| match self.go_on(one) {
            Next::At(at) => {
                wake = Some(wake.map_or(at, |wake| wake.min(at)));
                true
            }
            Next::Told => true,
            Next::Over => false,
        });
        self.running = running;
        wake
    }

    fn go_on(&self, one: &mut Running) -> Next {
        let now = self.clock.now();
        let Some(view) = self.shared.replays.view(one.number) else {
            return Next::Over;
        };
        if view.phase != Phase::Running {
            return Next::Over;
        }
        if one.asked > 0 {
            return Next::Told;
        }
        if now.tick < one.rested_at {
            return Next::At(one.rested_at);
        }
        let room = usize::try_from(WAITING_MAX.saturating_sub(view.waiting())).unwrap_or(0);
        if room == 0 {
            return Next::Told;
        }
        let allowed = one.pace.allowed(now.tick).min(room).min(SLICE_MAX);
        if allowed == 0 {
            return Next::At(one.pace.next_at(now.tick));
        }
        match self.next_few(one, allowed) {
            Err(error) => self.unread(one, &error),
            Ok(few) if few.is_empty() => match one.place {
                Place::Behind => self.all_queued(one),
                // Others have their turn between two slices.
                _ => Next::At(now.tick),
            },
            Ok(few) => {
                self.ask(one, few);
                Next::Told
            }
        }
    }

    /// Up to `count` to ask for: those that there was no room for, or what is found in one slice.
    fn next_few(&self, one: &mut Running, count: usize) -> Result<Vec<Candidate>, ReadError> {
        if !one.again.is_empty() {
            let count = count.min(one.again.len());
            return Ok(one.again.drain(..count).collect());
        }
        let window = &one.plan.window;
        let from = match one.place {
            Place::Before => begin(&self.reader, window)?,
            Place::From(from) => Some(from),
            Place::Behind => None,
        };
        let looked = match from {
            Some(from) => {
                let of = (&*one.plan.endpoint, window, &*self.shared.epochs);
                look(&self.reader, of, from, (ROWS_MAX, count))?
            }
            None => Looked::default(),
        };
        one.place = looked.next.map_or(Place::Behind, Place::From);
        Ok(looked.found)
    }

    fn ask(&self, one: &mut Running, few: Vec<Candidate>) {
        one.asked = few.len();
        one.pace.spend(i32::try_from(few.len()).unwrap_or(i32::MAX));
        for candidate in few {
            let command = Command::Replay(candidate.named, candidate.kind.clone(), one.number);
            let (number, orders) = (one.number, self.orders.clone());
            let reply: Reply<Result<Written, Refusal>> = Box::new(move |said| {
                // A driver that is gone needs no answer.
                let _ = orders.send(Order::Answered(number, Box::new(candidate), said));
            });
            match self.shared.queue.permit(WEIGHT_BYTES) {
                Some(permit) => {
                    let answer = Answer::to_request(reply, Some(permit));
                    self.shared.queue.push(Message::Write(command, answer));
                }
                None => reply(Err(Refusal::Busy)),
            }
        }
    }

    fn unread(&self, one: &mut Running, error: &ReadError) -> Next {
        let id = self.shared.epochs.replay_id(one.number);
        log::warn!("{id} could not look for what to send: {error}");
        match error {
            ReadError::Away => {
                self.shared.queue.push(Message::Doubt);
                one.rested_at = self.clock.now().tick.plus_ms(REST_MS);
                Next::At(one.rested_at)
            }
            ReadError::Failed(_) => {
                let reason = "the database could not be read; the log says more";
                self.halt(one.number, reason);
                Next::Over
            }
        }
    }

    fn halt(&self, number: ReplayNumber, reason: &'static str) {
        let now = self.clock.now().wall;
        self.shared.replays.halt(number, now, reason);
    }

    fn all_queued(&self, one: &Running) -> Next {
        let now = self.clock.now().wall;
        let view = self.shared.replays.change(one.number, |view| {
            // A stop may have come first.
            if view.phase == Phase::Running {
                view.phase = Phase::Sending;
                view.settle(now);
            }
        });
        if let Some(view) = view {
            let id = self.shared.epochs.replay_id(one.number);
            log::info!("{id} has queued {} deliveries", view.queued);
        }
        Next::Over
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Start(number, plan) => {
                let now = self.clock.now().tick;
                self.running.push(Running {
                    number,
                    pace: Pace::new(plan.rate_per_s, now),
                    plan: *plan,
                    place: Place::Before,
                    again: VecDeque::new(),
                    asked: 0,
                    rested_at: now,
                });
            }
            Order::Stop(number) => self.running.retain(|one| one.number != number),
            Order::Answered(number, candidate, said) => self.answered(number, *candidate, &said),
            Order::Ended(number, state) => {
                let now = self.clock.now().wall;
                self.shared.replays.change(number, |view| {
                    match state {
                        EndState::Delivered => view.delivered += 1,
                        _ => view.failed += 1,
                    }
                    view.settle(now);
                });
            }
            Order::End => {}
        }
    }

    fn answered(
        &mut self,
        number: ReplayNumber,
        candidate: Candidate,
        said: &Result<Written, Refusal>,
    ) {
        let rested_at = self.clock.now().tick.plus_ms(REST_MS);
        let mut running = self.running.iter_mut();
        let mut running = running.find(|one| one.number == number);
        if let Some(one) = &mut running {
            one.asked -= 1;
        }
        match said {
            Ok(_) => {
                self.shared.replays.change(number, |view| view.queued += 1);
            }
            // There is no room at the moment, or the database is away.
            Err(Refusal::Busy | Refusal::StoreAway) => {
                if let Some(one) = running {
                    one.again.push_back(candidate);
                    one.rested_at = rested_at;
                    one.pace.spend(-1);
                }
            }
            Err(Refusal::Disabled) => self.halt(number, "its endpoint was disabled"),
            Err(Refusal::EndpointGone) => self.halt(number, "its endpoint was deleted"),
            Err(Refusal::Stopping) => self.halt(number, "ringhook is stopping"),
            // Somebody else was faster, or it is gone.
            Err(_) => {
                self.shared.replays.change(number, |view| view.skipped += 1);
            }
        }
    }
}
