//! The file of the database, written gently: what a commit of the tables has changed goes to the
//! disk a piece at a time, with a rest before each.
//!
//! redb writes its pages into the memory of the system and then has all of them synced at once.
//! A disk that is busy with that for several ms keeps a commit of the journal waiting, and
//! somebody waits for that one; nobody waits for the tables, unless the tide says so.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::{Bound, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustix::fs::{Advice, fadvise};

use super::tide::Tide;

/// So much is given to the disk at once …
const PIECE_BYTES: u64 = 64 * 1024;
/// … after it was let be for so long at most: less where more waits, see `Tide::rest`.
const REST: Duration = Duration::from_millis(2);

/// After so many writes, most of them of a page, the applier steps aside.
const WRITES: usize = 16;

/// The file, as redb sees it.
#[derive(Debug)]
pub struct GentleFile {
    backend: FileBackend,
    file: File,
    tide: Arc<Tide>,
    /// Where it was written since the last sync.
    written: Mutex<Vec<Range<u64>>>,
    /// Its length was set since. redb syncs that while readers can't begin: no rests then.
    is_resized: AtomicBool,
}

impl GentleFile {
    /// Of a file that is a database already.
    pub fn new(file: File, tide: Arc<Tide>) -> Result<Self, DatabaseError> {
        Ok(Self {
            backend: FileBackend::new(file.try_clone()?)?,
            file,
            tide,
            written: Mutex::default(),
            is_resized: AtomicBool::new(false),
        })
    }

    /// Has the disk begin with what was written. What is left when somebody waits is for the
    /// sync.
    fn write_out(&self, written: Vec<Range<u64>>) {
        for piece in pieces(written) {
            if !self.tide.rest(REST) {
                return;
            }
            for part in piece {
                // Linux answers this by beginning to write what is not written yet; PostgreSQL
                // makes use of it in `pg_flush_data`, where it has nothing better. We have not:
                // rustix does not know `sync_file_range`. What is written already leaves the
                // memory of the system, which is little of it. Where none of this is so, the
                // sync has it all.
                let bytes = NonZeroU64::new(part.end - part.start);
                let _ = fadvise(&self.file, part.start, bytes, Advice::DontNeed);
            }
        }
    }

    fn written(&self) -> MutexGuard<'_, Vec<Range<u64>>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was written as pieces of at most `PIECE_BYTES`, from the front to the back, each byte
/// once and neighbours as one part, for each part is a request to the disk. Without the header at
/// the very front, which names the rest: the sync writes it.
fn pieces(mut written: Vec<Range<u64>>) -> Vec<Vec<Range<u64>>> {
    written.sort_unstable_by_key(|range| range.start);
    let (mut pieces, mut piece) = (Vec::new(), Vec::<Range<u64>>::new());
    let (mut left, mut done) = (PIECE_BYTES, 0);
    for range in written.into_iter().filter(|range| range.start > 0) {
        let mut at = range.start.max(done);
        while at < range.end {
            let end = range.end.min(at + left);
            match piece.last_mut() {
                Some(before) if before.end == at => before.end = end,
                _ => piece.push(at..end),
            }
            left -= end - at;
            at = end;
            if left == 0 {
                pieces.push(std::mem::take(&mut piece));
                left = PIECE_BYTES;
            }
        }
        done = at;
    }
    pieces.extend((!piece.is_empty()).then_some(piece));
    pieces
}

impl StorageBackend for GentleFile {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.is_resized.store(true, Ordering::Relaxed);
        self.backend.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        let written = std::mem::take(&mut *self.written());
        if !self.is_resized.swap(false, Ordering::Relaxed) {
            self.write_out(written);
        }
        self.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)?;
        let mut written = self.written();
        written.push(offset..offset + data.len() as u64);
        let steps_aside = written.len().is_multiple_of(WRITES);
        drop(written);
        if steps_aside {
            self.tide.step_aside();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_in_pieces() {
        const K: u64 = 1024;
        let check = |written: &[(u64, u64)], expected: &[&[(u64, u64)]]| {
            let ranges = written.iter().map(|(from, to)| *from..*to);
            let pieces = pieces(ranges.collect());
            let pairs = |piece: &Vec<Range<u64>>| -> Vec<_> {
                piece.iter().map(|part| (part.start, part.end)).collect()
            };
            let pieces: Vec<_> = pieces.iter().map(pairs).collect();
            assert_eq!(pieces, expected, "{written:?}");
        };
        check(&[], &[]);
        // The header is the sync's.
        check(&[(0, 320)], &[]);
        check(
            &[(8 * K, 12 * K), (0, 320), (4 * K, 8 * K)],
            &[&[(4 * K, 12 * K)]],
        );
        check(
            &[(4 * K, 8 * K), (12 * K, 16 * K)],
            &[&[(4 * K, 8 * K), (12 * K, 16 * K)]],
        );
        // A page that was written twice, and one that lies within another.
        check(&[(4 * K, 8 * K), (4 * K, 8 * K)], &[&[(4 * K, 8 * K)]]);
        check(&[(4 * K, 16 * K), (8 * K, 12 * K)], &[&[(4 * K, 16 * K)]]);
        // A long run is cut; what is left of a piece goes to the next run.
        check(
            &[(4 * K, 70 * K)],
            &[&[(4 * K, 68 * K)], &[(68 * K, 70 * K)]],
        );
        check(
            &[(4 * K, 64 * K), (100 * K, 108 * K)],
            &[
                &[(4 * K, 64 * K), (100 * K, 104 * K)],
                &[(104 * K, 108 * K)],
            ],
        );
    }
}
