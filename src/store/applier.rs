//! The applier: a thread that writes into the tables what the journal has, many batches in one
//! transaction. Nobody waits for it but who wants to read what was written just now.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use redb::WriteTransaction;

use super::apply::apply;
use super::journal::Standing;
use super::shared::Shared;
use super::tables::{META, META_APPLIED, place};
use super::tide::{End, Portion};
use super::{CommitError, record};
use crate::domain::change::Change;

/// By how much it stands back where others want the processor: what waits for it is bounded,
/// and others wait for those.
const NICE: i32 = 10;

/// The thread, running.
#[derive(Debug)]
pub struct Applier {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Applier {
    /// Starts it. Everything up to the batch that `standing` names is in the tables.
    pub fn start(shared: Arc<Shared>, standing: Standing) -> std::io::Result<Self> {
        shared.tide.begin(standing.applied);
        let of = Arc::clone(&shared);
        let thread = Builder::new().name("applier".into()).spawn(move || {
            if let Err(error) = rustix::process::nice(NICE) {
                log::debug!("the applier runs with the priority of the others: {error}");
            }
            run(&of);
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Ends the thread and waits for it.
    pub fn end(&mut self, how: End) {
        if let Some(thread) = self.thread.take() {
            self.shared.tide.end(how);
            // It catches what panics in it.
            let _ = thread.join();
        }
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.end(End::Now);
    }
}

fn run(shared: &Shared) {
    while let Some(portion) = shared.tide.next_portion() {
        let last = portion.last;
        match catch_unwind(AssertUnwindSafe(|| apply_portion(shared, &portion))) {
            Ok(Ok(())) => shared.tide.done(last),
            Ok(Err(error)) => {
                // redb refuses everything after an I/O error, and what a failed sync left
                // behind is known only by reading the file anew: the store thread does so.
                log::error!("the database could not be written: {error}");
                shared.tide.fail(Some(error));
                return;
            }
            Err(_) => {
                shared.tide.fail(None);
                return;
            }
        }
    }
}

fn apply_portion(shared: &Shared, portion: &Portion) -> Result<(), CommitError> {
    let mut transaction = shared.begin_write()?;
    transaction.set_quick_repair(portion.quick_repair);
    let written = write(transaction, &portion.changes, portion.last, shared);
    written.map_err(|error| CommitError::of(&error))
}

/// One transaction, synced: the changes, and that the tables have everything up to the batch
/// `last`.
pub fn write(
    transaction: WriteTransaction,
    changes: &[Change],
    last: u64,
    shared: &Shared,
) -> Result<(), redb::Error> {
    apply(&transaction, changes, shared)?;
    let mut record = Vec::new();
    record::write_applied(place(META, &META_APPLIED), last, &mut record);
    let mut meta = transaction.open_table(META)?;
    meta.insert(META_APPLIED, record.as_slice())?;
    drop(meta);
    // Immediate durability is what a transaction has by default: one sync, at its end.
    Ok(transaction.commit()?)
}
