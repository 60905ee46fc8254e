//! The durable record: redb tables, and the one thread that writes them.

pub mod thread;

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::attempt::{Attempt, Recent};
use crate::domain::change::{Change, Ended, Head, Numbers, Open};
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
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CommitError(pub String);

impl CommitError {
    /// The store is closed after an earlier error.
    fn away() -> Self {
        Self("the database is being reopened after an error".into())
    }
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
    /// Every endpoint.
    pub endpoints: Vec<Endpoint>,
    /// Every token.
    pub tokens: Vec<Token>,
    /// The last attempts in short, oldest first.
    pub recent: Vec<(EndpointNumber, Vec<Recent>)>,
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
#[derive(Debug)]
pub struct Store {}

/// Opens the database, or makes one where there is no file: as `PATH.new`, committed, synced,
/// renamed, the directory synced. Repairs it when the last run was killed. The file is 0600 and
/// its directory, when it is made, 0700.
pub fn open(options: &Options) -> Result<(Store, Loaded), OpenError> {
    todo!("{options:?}")
}

impl Store {
    /// Applies the changes of one batch in one transaction, synced. After an error the store
    /// stays closed until `reopen`.
    pub fn commit(&mut self, changes: &[Change]) -> Result<(), CommitError> {
        todo!("{changes:?}")
    }

    /// The same, leaving a file that needs no repair should this be the last commit.
    pub fn commit_quick_repair(&mut self, changes: &[Change]) -> Result<(), CommitError> {
        todo!("{changes:?}")
    }

    /// Opens the file again after a commit that failed.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        todo!()
    }

    /// For reading, from any thread.
    pub fn reader(&self) -> Reader {
        todo!()
    }

    /// Closes the file, leaving one that needs no repair. `false` when that failed; nothing
    /// that was committed is lost by it.
    pub fn close(self) -> bool {
        todo!()
    }
}

/// Reads snapshots. Every call is a short transaction; what it returns is copied out.
/// Blocking: not for the async threads.
#[derive(Clone, Debug)]
pub struct Reader {}

impl Reader {
    /// Calls `each` for every row of open deliveries, in the order of events.
    pub fn each_open(&self, each: &mut dyn FnMut(EventNumber, OpenRow)) -> Result<(), ReadError> {
        let _ = each;
        todo!()
    }

    /// The heads of events, newest first, for as long as `each` says `On`: without deliveries.
    pub fn heads_backwards(
        &self,
        each: &mut dyn FnMut(EventNumber, Head) -> Walk,
    ) -> Result<(), ReadError> {
        let _ = each;
        todo!()
    }

    /// The frozen body of an event; None when there is none, or it is damaged.
    pub fn body(&self, event: EventNumber) -> Result<Option<Arc<[u8]>>, ReadError> {
        todo!("{event:?}")
    }

    /// An event; None when there is none.
    pub fn event(&self, event: EventNumber) -> Result<Option<StoredEvent>, ReadError> {
        todo!("{event:?}")
    }

    /// Events before `before` (None: from the newest), newest first, for as long as `each` says
    /// `On` and at most `rows_max`. Returns where a next call would go on, None at the end.
    pub fn events_backwards(
        &self,
        before: Option<EventNumber>,
        rows_max: usize,
        each: &mut dyn FnMut(StoredEvent) -> Walk,
    ) -> Result<Option<EventNumber>, ReadError> {
        let _ = each;
        todo!("{before:?} {rows_max}")
    }

    /// The attempts in an endpoint's ring as the database has them, in no order. The engine's
    /// dirty slots are newer.
    pub fn history(&self, endpoint: EndpointNumber) -> Result<Vec<(u8, Attempt)>, ReadError> {
        todo!("{endpoint:?}")
    }

    /// Size of the file in bytes.
    pub fn file_bytes(&self) -> u64 {
        todo!()
    }

    /// Free bytes of the file's disk.
    pub fn disk_free_bytes(&self) -> u64 {
        todo!()
    }
}
