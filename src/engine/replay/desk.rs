//! The replays that are known: what each is to do and how far it is. Read by those who ask,
//! written by the thread that drives them.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::look::Candidate;
use crate::domain::change::EndState;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::{EndpointNumber, ReplayNumber};
use crate::domain::replay::Window;
use crate::domain::time::Timestamp;
use crate::engine::handle::{Refusal, Written};

/// Replays that queue at a time.
pub const RUNNING_MAX: u32 = 8;
/// Replays that are remembered; the oldest that does not run goes first.
const KEPT: usize = 64;

/// What a replay is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to, as it is at the start: what matches is decided by its filters of then.
    pub endpoint: Arc<Endpoint>,
    /// Which events.
    pub window: Window,
    /// How many are queued in a second; None: as fast as the endpoint takes them.
    pub rate_per_s: Option<f64>,
    /// How many were to be sent when it was counted.
    pub count: u64,
    /// When it is asked for.
    pub at: Timestamp,
}

/// How far a replay has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It queues.
    Running,
    /// All is queued, and not all has ended.
    Sending,
    /// All has ended.
    Done,
    /// It queues no more: by hand, or for the reason given.
    Stopped,
}

impl Phase {
    /// `running`, `sending`, `done`, `stopped`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }
}

/// A replay as it stands.
#[derive(Clone, Debug)]
pub struct ReplayView {
    /// Its number.
    pub number: ReplayNumber,
    /// Where to.
    pub endpoint: EndpointNumber,
    /// Which events.
    pub window: Window,
    /// How many are queued in a second.
    pub rate_per_s: Option<f64>,
    /// How many were to be sent when it was counted.
    pub count: u64,
    /// How far it is.
    pub phase: Phase,
    /// Why it stopped.
    pub reason: Option<&'static str>,
    /// New rounds that it queued.
    pub queued: u64,
    /// Of `count`, those that were sent or queued by somebody else meanwhile, or are gone.
    pub skipped: u64,
    /// Of those queued: delivered.
    pub delivered: u64,
    /// Of those queued: ended in another way.
    pub failed: u64,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it was done or stopped.
    pub ended_at: Option<Timestamp>,
}

impl ReplayView {
    /// Of those that it queued, the ones that have not ended.
    pub const fn waiting(&self) -> u64 {
        self.queued.saturating_sub(self.delivered + self.failed)
    }

    /// It is done once all is queued and has ended.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if self.phase == Phase::Sending && self.waiting() == 0 {
            self.phase = Phase::Done;
            self.ended_at = Some(now);
        }
    }
}

/// What the driving thread is told.
#[derive(Debug)]
pub(in crate::engine) enum Order {
    /// Begin.
    Start(ReplayNumber, Box<Plan>),
    /// Queue no more of it.
    Stop(ReplayNumber),
    /// The engine's answer for one of them.
    Answered(ReplayNumber, Box<Candidate>, Result<Written, Refusal>),
    /// One of them ended.
    Ended(ReplayNumber, EndState),
    /// End the thread.
    End,
}

/// See the module.
#[derive(Debug)]
pub(in crate::engine) struct Desk {
    inner: Mutex<Inner>,
    orders: Sender<Order>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    // Oldest first.
    replays: VecDeque<ReplayView>,
}

impl Desk {
    /// An empty one, and where the driving thread gets its orders.
    pub fn new() -> (Self, Receiver<Order>) {
        let (orders, inbox) = channel();
        let inner = Mutex::default();
        (Self { inner, orders }, inbox)
    }

    /// A sender of orders.
    pub fn orders(&self) -> Sender<Order> {
        self.orders.clone()
    }

    /// See `Handle::start_replay`.
    pub fn start(&self, plan: Plan) -> Result<ReplayView, Refusal> {
        let mut inner = self.lock();
        let running = inner
            .replays
            .iter()
            .filter(|view| view.phase == Phase::Running);
        if running.clone().count() >= RUNNING_MAX as usize {
            return Err(Refusal::TooMany(RUNNING_MAX));
        }
        let endpoint = plan.endpoint.number;
        if running.clone().any(|view| view.endpoint == endpoint) {
            return Err(Refusal::ReplayRunning);
        }
        let number = ReplayNumber(plan.at.0.max(inner.last + 1));
        let view = ReplayView {
            number,
            endpoint,
            window: plan.window.clone(),
            rate_per_s: plan.rate_per_s,
            count: plan.count,
            phase: Phase::Running,
            reason: None,
            queued: 0,
            skipped: 0,
            delivered: 0,
            failed: 0,
            started_at: plan.at,
            ended_at: None,
        };
        let order = Order::Start(number, Box::new(plan));
        self.orders.send(order).map_err(|_| Refusal::Stopping)?;
        inner.last = number.0;
        inner.replays.push_back(view.clone());
        inner.forget();
        Ok(view)
    }

    /// See `Handle::stop_replay`.
    pub fn stop(&self, number: ReplayNumber, now: Timestamp) -> Option<ReplayView> {
        let stopped = self.halt(number, now, "stopped by hand");
        // Nobody to tell: it drives nothing any more.
        let _ = self.orders.send(Order::Stop(number));
        stopped
    }

    /// It queues no more, for that reason; how it stands then.
    pub fn halt(
        &self,
        number: ReplayNumber,
        now: Timestamp,
        reason: &'static str,
    ) -> Option<ReplayView> {
        self.change(number, |view| {
            if view.phase == Phase::Running {
                view.phase = Phase::Stopped;
                view.reason = Some(reason);
                view.ended_at = Some(now);
            }
        })
    }

    /// Changes what is known of one; how it stands then.
    pub fn change(
        &self,
        number: ReplayNumber,
        change: impl FnOnce(&mut ReplayView),
    ) -> Option<ReplayView> {
        let mut inner = self.lock();
        let mut views = inner.replays.iter_mut();
        let view = views.find(|view| view.number == number)?;
        change(view);
        Some(view.clone())
    }

    /// One of them.
    pub fn view(&self, number: ReplayNumber) -> Option<ReplayView> {
        self.change(number, |_| {})
    }

    /// All of them, newest first.
    pub fn views(&self) -> Vec<ReplayView> {
        self.lock().replays.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Counters only: what a panic left behind is good enough to be shown.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self) {
        while self.replays.len() > KEPT {
            let mut views = self.replays.iter();
            let Some(place) = views.position(|view| view.phase != Phase::Running) else {
                return;
            };
            self.replays.remove(place);
        }
    }
}
