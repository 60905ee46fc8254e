//! The open database, shared by the one writer and all readers.
//!
//! The lock is held while a transaction begins and never during one: redb's transactions
//! outlive it, and are told so when the database is closed under them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::damage::Damage;
use super::tide::Tide;
use super::{CommitError, ReadError};

/// The database where it is open, and what outlives its closing.
#[derive(Debug)]
pub struct Shared {
    database: RwLock<Option<Database>>,
    /// What is committed and not yet in the tables.
    pub tide: Arc<Tide>,
    /// The records that were set aside.
    pub damage: Damage,
    /// The file.
    pub path: PathBuf,
}

impl Shared {
    /// Without a database, which is `put` here when it is open.
    pub fn new(path: PathBuf) -> Self {
        Self {
            database: RwLock::new(None),
            tide: Arc::default(),
            damage: Damage::default(),
            path,
        }
    }

    /// A snapshot of the tables as they are.
    pub fn begin_read(&self) -> Result<ReadTransaction, ReadError> {
        let database = self.database();
        let database = database.as_ref().ok_or(ReadError::Away)?;
        database.begin_read().map_err(|error| failed(&error.into()))
    }

    /// The write transaction; there is only one writer.
    pub fn begin_write(&self) -> Result<WriteTransaction, CommitError> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(CommitError::away)?;
        database
            .begin_write()
            .map_err(|error| CommitError::of(&error.into()))
    }

    /// The database is open.
    pub fn put(&self, database: Database) {
        *self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(database);
    }

    /// Closes the database: the readers' transactions end with an error. `false` when it was
    /// not open, or could not be left in good order.
    pub fn close(&self) -> bool {
        let database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Over damaged pages redb may panic in its last commit; what is in the file is kept.
        let closed = database.map(|database| catch_unwind(AssertUnwindSafe(|| database.close())));
        match closed {
            Some(Ok(Ok(()))) => true,
            Some(Ok(Err(error))) => {
                log::debug!("the database was closed in disorder: {error}");
                false
            }
            Some(Err(_)) | None => false,
        }
    }

    fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A failed read. After an I/O error the database has to be reopened, which is done with the
/// next commit: until then it is away.
pub fn failed(error: &redb::Error) -> ReadError {
    match error {
        redb::Error::PreviousIo | redb::Error::DatabaseClosed => ReadError::Away,
        other => ReadError::Failed(other.to_string()),
    }
}
