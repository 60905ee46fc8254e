//! The store thread: the only one that commits. It takes one batch at a time, answers each, and
//! brings the database back after an error.
//!
//! It decides nothing: what is in a batch, and whether a failed one is tried again, is the
//! engine's business.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::{CommitError, Store};
use crate::domain::change::Change;

/// What the store thread is told.
#[derive(Debug)]
pub enum Order {
    /// Commit a batch.
    Commit(Vec<Change>),
    /// The same, leaving a file that needs no repair should this be the last commit.
    CommitQuickRepair(Vec<Change>),
    /// The tables could not be written: the store is to be brought back.
    Check,
    /// Close the file and end.
    Stop,
}

/// What it answers to each batch. After an error every further batch is refused until
/// `reopened` was called.
pub type Committed = Result<(), CommitError>;

/// The store thread, running.
#[derive(Debug)]
pub struct StoreThread {
    orders: Sender<Order>,
    thread: Option<JoinHandle<bool>>,
}

/// The waits between tries to reopen the database: from the first, doubling to the last.
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
const BACK_OFF_LAST: Duration = Duration::from_secs(5);

impl StoreThread {
    /// Starts the thread. `done` is called on it with each answer, `reopened` when the file is
    /// open again after a failure, `on_panic` when it can't go on; none of them may block.
    pub fn start(
        store: Store,
        done: Box<dyn Fn(Committed) + Send>,
        reopened: Box<dyn Fn() + Send>,
        on_panic: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let (orders, incoming) = channel();
        let alarm = orders.clone();
        store.on_failure(Box::new(move || {
            // Nobody listens after the last word.
            let _ = alarm.send(Order::Check);
        }));
        let worker = Worker {
            incoming,
            done,
            reopened,
        };
        let thread = Builder::new()
            .name("store".into())
            .spawn(move || worker.guarded(store, &*on_panic))?;
        Ok(Self {
            orders,
            thread: Some(thread),
        })
    }

    /// Gives an order; never blocks. The engine has at most two batches out at a time, which is
    /// what bounds the queue. After `Stop` orders go nowhere, and are not answered.
    pub fn send(&self, order: Order) {
        // The receiver is gone only after `Stop` or a panic, and both were the last word.
        let _ = self.orders.send(order);
    }

    /// Waits for the end, after `Order::Stop` (which it gives itself if need be). `true` when
    /// the file was open and is closed cleanly.
    pub fn join(mut self) -> bool {
        self.send(Order::Stop);
        let ended = self.thread.take().map(JoinHandle::join);
        matches!(ended, Some(Ok(true)))
    }
}

impl Drop for StoreThread {
    /// Nobody will talk to it any more: it closes the files. Its own alarm would keep it waiting.
    fn drop(&mut self) {
        self.send(Order::Stop);
    }
}

/// What the thread works with, the store apart.
struct Worker {
    incoming: Receiver<Order>,
    done: Box<dyn Fn(Committed) + Send>,
    reopened: Box<dyn Fn() + Send>,
}

impl Worker {
    /// The store stays outside of what may panic: the process ends before the file is touched
    /// again by a half-done transaction's owner.
    fn guarded(self, mut store: Store, on_panic: &(dyn Fn() + Send + Sync)) -> bool {
        match catch_unwind(AssertUnwindSafe(|| self.run(&mut store))) {
            Ok(open) => open && store.close(),
            Err(panic) => {
                log::error!("the store thread has panicked: {}", words(&*panic));
                on_panic();
                false
            }
        }
    }

    /// Serves until told to stop. `true` when the file is open.
    ///
    /// On a full disk the files may open and the next commit fails: so what a reopening waits grows
    /// until a commit that carried an event has succeeded, not until the file is open.
    fn run(&self, store: &mut Store) -> bool {
        let mut wait = BACK_OFF_FIRST;
        while let Ok(order) = self.incoming.recv() {
            let failed = match order {
                Order::Commit(changes) => self.commit(store, changes, false, &mut wait),
                Order::CommitQuickRepair(changes) => self.commit(store, changes, true, &mut wait),
                Order::Check => store.check().is_err(),
                Order::Stop => return true,
            };
            if failed && !self.bring_back(store, &mut wait) {
                return false;
            }
        }
        true
    }

    /// `true` when it failed.
    fn commit(
        &self,
        store: &mut Store,
        changes: Vec<Change>,
        quick_repair: bool,
        wait: &mut Duration,
    ) -> bool {
        let has_event = changes.iter().any(|one| matches!(one, Change::Event(_)));
        let result = match quick_repair {
            true => store.commit_quick_repair(changes),
            false => store.commit(changes),
        };
        let failed = result.is_err();
        match &result {
            Ok(()) if has_event => *wait = BACK_OFF_FIRST,
            Ok(()) => {}
            Err(error) => log::error!("a commit failed, the database will be reopened: {error}"),
        }
        (self.done)(result);
        failed
    }

    /// Reopens the database, waiting longer after each failure. `false` when told to stop
    /// before that succeeded.
    fn bring_back(&self, store: &mut Store, wait: &mut Duration) -> bool {
        loop {
            if !self.wait(*wait) {
                return false;
            }
            *wait = (*wait * 2).min(BACK_OFF_LAST);
            match store.reopen() {
                Ok(()) => {
                    log::info!("the database is open again");
                    (self.reopened)();
                    return true;
                }
                Err(error) => log::error!("the database can't be reopened yet: {error}"),
            }
        }
    }

    /// Waits without a sleep, so that `Stop` ends it. A batch is refused at once, and the wait
    /// begins anew. `false` when told to stop.
    fn wait(&self, wait: Duration) -> bool {
        loop {
            match self.incoming.recv_timeout(wait) {
                Ok(Order::Commit(_) | Order::CommitQuickRepair(_)) => {
                    (self.done)(Err(CommitError::away()));
                }
                Ok(Order::Check) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
