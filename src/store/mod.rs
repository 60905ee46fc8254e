//! The durable record: a journal and redb tables, and the one thread that commits.
//!
//! `open` makes or opens the files. A `commit` writes a batch to the `journal`; what it holds is
//! brought to the tables by the `applier`, many batches at a time and `gently`, and until then
//! waits in the `tide`. `read` reads snapshots, which have all that was committed; `thread` is the
//! loop around it all; `tables` and `record` are what is on the disk. The store decides nothing,
//! reads no clock, and keeps nothing in memory but redb's cache and what the tables do not have
//! yet.

mod applier;
mod apply;
mod ballast;
mod commit;
mod compact;
mod damage;
mod failure;
mod forwards;
mod gently;
mod journal;
mod keyed;
mod life;
mod load;
mod open;
mod read;
mod record;
mod retention;
mod rollups;
mod shared;
mod tables;
#[cfg(test)]
mod tests;
pub mod thread;
mod tide;

pub use open::open;
pub use read::Reader;
pub use retention::Slice;

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::attempt::Recent;
use crate::domain::change::{Ended, Head, Numbers, Open};
use crate::domain::endpoint::Endpoint;
use crate::domain::id::{EndpointNumber, Epochs, EventNumber, Salt};
use crate::domain::time::Tick;
use crate::domain::token::Token;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// Memory for pages.
    pub cache_bytes: u64,
    /// The salt of a database that is made now.
    pub salt: Salt,
}

/// Why a database can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{0} is in use by another process: is ringhook already running?")]
    InUse(PathBuf),
    /// It is not a database of ours, or its data is damaged. Never replaced by an empty one.
    #[error("{path} is damaged or not a ringhook database: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Made by a newer version.
    #[error("{path} has format {found}, and this ringhook reads up to {known}: use the newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that we read.
        known: u32,
    },
    /// The system said no.
    #[error("cannot open {path}: {source}")]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why a commit failed. Nothing of it is on disk, or it may be; the caller withdraws it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{words}")]
pub struct CommitError {
    /// What the database or the system said.
    pub words: String,
    /// The disk is full.
    pub is_full: bool,
}

impl CommitError {
    /// The store is closed after an earlier error.
    fn away() -> Self {
        Self {
            words: "the database is being reopened after an error".into(),
            is_full: false,
        }
    }

    fn of(error: &redb::Error) -> Self {
        Self {
            words: error.to_string(),
            is_full: matches!(error, redb::Error::Io(source) if is_full(source)),
        }
    }

    fn io(error: &std::io::Error) -> Self {
        Self {
            words: error.to_string(),
            is_full: is_full(error),
        }
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store is closed after an error, and being reopened.
    #[error("the database is being reopened after an error")]
    Away,
    /// The database said no.
    #[error("the database can't be read: {0}")]
    Failed(String),
}

/// The row of an event's open deliveries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenRow {
    /// Digest of the call, None where the event names none.
    pub call: Option<u64>,
    /// The event's type.
    pub kind: crate::domain::event::EventType,
    /// When what waits expires.
    pub expires_at: Option<Tick>,
    /// The deliveries that have not ended.
    pub open: Vec<Open>,
}

/// What the engine needs to know at its start, but for the open rows.
#[derive(Debug)]
pub struct Loaded {
    /// The numbers that come next.
    pub numbers: Numbers,
    /// Numbers to ids and back.
    pub epochs: Epochs,
    /// Every endpoint whose record can be read.
    pub endpoints: Vec<Endpoint>,
    /// Those whose record is damaged: what waits for them stays as it is.
    pub endpoints_set_aside: Vec<EndpointNumber>,
    /// Every token.
    pub tokens: Vec<Token>,
    /// The last attempts in short, oldest first.
    pub recent: Vec<(EndpointNumber, Vec<Recent>)>,
    /// The bytes of all frozen bodies.
    pub body_bytes: u64,
    /// Whether the file was made just now.
    pub is_new: bool,
}

/// Everything that is stored of an event but its body.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its number.
    pub number: EventNumber,
    /// Its head.
    pub head: Head,
    /// Its deliveries that have not ended.
    pub open: Vec<Open>,
    /// Its deliveries that have.
    pub ended: Vec<Ended>,
}

/// What a walk over events wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walk {
    /// The next one.
    On,
    /// No more.
    Stop,
}

/// The database, open for writing. It lives on the store thread.
pub struct Store {
    shared: Arc<shared::Shared>,
    opener: open::Opener,
    /// None after an error.
    opened: Option<Opened>,
    /// None for a database that is not a file of its own.
    ballast: Option<ballast::Ballast>,
}

/// What writes, while the files are open.
struct Opened {
    journal: journal::Journal,
    applier: applier::Applier,
}

impl Store {
    /// For reading, from any thread.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    /// Has `alarm` called when the tables could not be written: `check` then says why, and
    /// `reopen` brings them back. What was committed is in the journal.
    pub fn on_failure(&self, alarm: Box<dyn Fn() + Send>) {
        self.shared.tide.on_failure(alarm);
    }

    /// Closes the files, leaving tables that need no repair and a journal without anything.
    /// `false` when that failed; nothing that was committed is lost by it.
    pub fn close(mut self) -> bool {
        let Some(mut opened) = self.opened.take() else {
            return false;
        };
        opened.applier.end(tide::End::Done);
        let has_all = self.shared.tide.is_even();
        // Before the database, whose lock is for both.
        if has_all && let Err(error) = opened.journal.clear() {
            log::debug!("the journal was not emptied: {error}");
        }
        self.shared.close() && has_all
    }

    /// Closes the files as they are: what the tables do not have is in the journal.
    fn shut(&mut self) {
        self.opened = None;
        self.shared.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl Drop for Store {
    /// Readers may live on; the files do not stay open for their sake.
    fn drop(&mut self) {
        self.shut();
    }
}
