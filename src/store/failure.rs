//! Why opening failed, before it has a path and words for people.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::OpenError;

/// What can go wrong while opening.
#[derive(Debug)]
pub enum Failure {
    /// Another process is at it.
    InUse,
    /// What is there can't be used, and why.
    Damaged(String),
    /// Of a format newer than `known`.
    Newer {
        /// Its format.
        found: u32,
        /// The newest that we read.
        known: u32,
    },
    /// The system said no.
    Io(io::Error),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            // What is not a database, or ends too early, redb reports as these two.
            redb::Error::Io(source)
                if matches!(
                    source.kind(),
                    ErrorKind::InvalidData | ErrorKind::UnexpectedEof
                ) =>
            {
                Self::Damaged(source.to_string())
            }
            redb::Error::Io(source) => Self::Io(source),
            redb::Error::PreviousIo => Self::Io(io::Error::other("reading or writing it failed")),
            redb::Error::TableDoesNotExist(table) => {
                Self::Damaged(format!("it has no table {table}, so it is not of ringhook"))
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl Failure {
    /// The error with its path.
    pub fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::InUse => OpenError::InUse(path),
            Self::Damaged(why) => OpenError::Damaged { path, why },
            Self::Newer { found, known } => OpenError::Newer { path, found, known },
            Self::Io(source) => OpenError::Io { path, source },
        }
    }
}
