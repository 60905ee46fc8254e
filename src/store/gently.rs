//! The file of the database, written gently: what a commit of the tables has changed goes to the
//! disk a piece at a time, with a rest after each.
//!
//! redb writes its pages into the memory of the system and then has all of them synced at once.
//! A disk that is busy with that for several ms keeps a commit of the journal waiting, and
//! somebody waits for that one; nobody waits for the tables, unless the tide says so.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustix::fs::{Advice, fadvise};

use super::tide::Tide;

/// After so much the disk is let be …
const PIECE_BYTES: u64 = 64 * 1024;
/// … for so long: 32 MB a second is what the tables get of it while nobody waits for them.
const REST: Duration = Duration::from_millis(2);

/// After so many pages the processor is offered to others, as in `apply`.
const PAGES: usize = 16;

/// The file, as redb sees it.
#[derive(Debug)]
pub struct Gently {
    backend: FileBackend,
    file: File,
    tide: Arc<Tide>,
    /// Where it was written since the last sync.
    written: Mutex<Vec<Range<u64>>>,
}

impl Gently {
    /// Of a file that is a database already.
    pub fn new(file: File, tide: Arc<Tide>) -> Result<Self, DatabaseError> {
        Ok(Self {
            backend: FileBackend::new(file.try_clone()?)?,
            file,
            tide,
            written: Mutex::default(),
        })
    }

    /// Has the disk begin with what was written, from the front to the back. What is left when
    /// somebody waits is for the sync.
    fn begin(&self) {
        let mut left = PIECE_BYTES;
        for run in self.take_written() {
            let mut at = run.start;
            while at < run.end {
                let bytes = left.min(run.end - at);
                // Linux answers this by beginning to write what is not written yet. PostgreSQL
                // relies on it as well (`pg_flush_data`). Where it does not, the sync has it all.
                let _ = fadvise(&self.file, at, NonZeroU64::new(bytes), Advice::DontNeed);
                at += bytes;
                left -= bytes;
                if left == 0 {
                    left = PIECE_BYTES;
                    if !self.tide.rest(REST) {
                        return;
                    }
                }
            }
        }
    }

    /// Where it was written since the last sync, in order, without gaps between neighbours.
    fn take_written(&self) -> Vec<Range<u64>> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = std::mem::take(&mut *written);
        written.sort_unstable_by_key(|range| range.start);
        let runs = written.chunk_by(|one, next| one.end == next.start);
        runs.map(|run| run[0].start..run[run.len() - 1].end)
            .collect()
    }
}

impl StorageBackend for Gently {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.backend.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.begin();
        self.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push(offset..offset + data.len() as u64);
        let offers = written.len().is_multiple_of(PAGES);
        drop(written);
        if offers {
            std::thread::yield_now();
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(from, to)
    }

    fn try_lock_shared_range(
        &self,
        from: Bound<u64>,
        to: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(from, to)
    }

    fn lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(from, to)
    }

    fn lock_shared_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(from, to)
    }

    fn unlock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(from, to)
    }

    fn query_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(from, to)
    }
}
