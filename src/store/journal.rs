//! The journal: every batch is written here first, in one piece at the end of a file, and synced.
//! That is its commit. The tables get it afterwards, many batches at a time, see `applier`.
//!
//! A commit of the tables writes pages in many places and costs several times what one append
//! does; here nobody waits for it. There are two files, which take turns: one takes what comes
//! until it is long and the tables have all that is in the other. While they have everything,
//! a file begins anew. A batch bears a number, one more than the one before: what is left from
//! earlier in a file is told by its number.

use std::io::{self, ErrorKind};

use redb::StorageBackend;

use super::failure::Failure;
use super::record;
use crate::domain::change::Change;

/// The two files.
pub type Files = [Box<dyn StorageBackend>; 2];

/// A file this long takes no more once the other is free.
const LONG_BYTES: u64 = 4 * 1024 * 1024;

/// A batch begins with a block, so that none is written again for the next one: what a power
/// loss leaves of a block that is being written is not known.
const BLOCK_BYTES: usize = 4096;

/// First of the head of a batch, and says the form of what follows.
const FORM: [u8; 4] = *b"rhj1";
/// The form, the checksum of all that follows, the database, the number, and how long what
/// comes after the head is. All numbers are little-endian.
const HEAD_BYTES: usize = 4 + 4 + 8 + 8 + 4;

/// How far the tables of a database are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// What the batches of its journal bear, so that no other database takes them for its own.
    pub database: u64,
    /// The number of the last batch that the tables have; 0 where they have none.
    pub applied: u64,
}

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    files: [File; 2],
    /// The one that is written.
    active: usize,
    /// Where the next batch goes in it.
    end: u64,
    database: u64,
    /// The number of the last batch.
    last: u64,
    buffer: Vec<u8>,
    record: Vec<u8>,
}

#[derive(Debug)]
struct File {
    backend: Box<dyn StorageBackend>,
    /// The number of the last batch in it.
    last: u64,
}

impl Journal {
    /// Goes on behind what the tables have: all that the files hold was applied.
    pub fn new(files: Files, standing: Standing) -> Self {
        let Standing { database, applied } = standing;
        Self {
            files: files.map(|backend| File {
                backend,
                last: applied,
            }),
            active: 0,
            end: 0,
            database,
            last: applied,
            buffer: Vec::new(),
            record: Vec::new(),
        }
    }

    /// Writes a batch down and syncs it; `applied` is the number of the last one that the tables
    /// have. Returns its number, and its bytes. After an error the batch may be there or not, and
    /// the journal must not be written any more.
    pub fn append(&mut self, changes: &[Change], applied: u64) -> io::Result<(u64, usize)> {
        let number = self.last + 1;
        self.write(number, changes)?;
        self.make_room(applied);
        let file = &mut self.files[self.active];
        file.backend.write(self.end, &self.buffer)?;
        file.backend.sync_data()?;
        file.last = number;
        self.last = number;
        self.end += self.buffer.len() as u64;
        Ok((number, self.buffer.len()))
    }

    /// Gives the files' space back. For when the tables have everything.
    pub fn clear(&mut self) -> io::Result<()> {
        self.end = 0;
        for File { backend, .. } in &self.files {
            if backend.len()? > 0 {
                backend.set_len(0)?;
                backend.sync_data()?;
            }
        }
        Ok(())
    }

    fn write(&mut self, number: u64, changes: &[Change]) -> io::Result<()> {
        let buffer = &mut self.buffer;
        buffer.clear();
        buffer.resize(HEAD_BYTES, 0);
        record::write_changes(changes, &mut self.record, buffer);
        let length = u32::try_from(buffer.len() - HEAD_BYTES)
            .map_err(|_| io::Error::new(ErrorKind::FileTooLarge, "a batch of over 4 GiB"))?;
        buffer[..4].copy_from_slice(&FORM);
        buffer[8..16].copy_from_slice(&self.database.to_le_bytes());
        buffer[16..24].copy_from_slice(&number.to_le_bytes());
        buffer[24..HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        let checksum = crc32c::crc32c(&buffer[8..]);
        buffer[4..8].copy_from_slice(&checksum.to_le_bytes());
        buffer.resize(buffer.len().next_multiple_of(BLOCK_BYTES), 0);
        Ok(())
    }

    fn make_room(&mut self, applied: u64) {
        let other = 1 - self.active;
        if self.last <= applied {
            self.end = 0;
        } else if self.end >= LONG_BYTES && self.files[other].last <= applied {
            self.active = other;
            self.end = 0;
        }
    }
}

/// What the files hold that the tables do not have, in its order, and the number of the last
/// batch of it. A batch that was cut short was never acknowledged; where one follows on what
/// can't be read, that was acknowledged and is damaged.
pub fn read_missing(files: &Files, standing: Standing) -> Result<(Vec<Change>, u64), Failure> {
    let contents = [contents(&*files[0])?, contents(&*files[1])?];
    let mut missing: Vec<Batch<'_>> = contents.iter().flat_map(|bytes| batches(bytes)).collect();
    missing.retain(|batch| batch.database != standing.database || batch.number > standing.applied);
    missing.sort_by_key(|batch| batch.number);
    let mut changes = Vec::new();
    let mut last = standing.applied;
    for batch in missing {
        last += 1;
        if batch.database != standing.database || batch.number != last {
            return Err(foreign());
        }
        let read = record::read_changes(batch.changes);
        changes.append(&mut read.map_err(|broken| {
            Failure::Damaged(format!(
                "batch {last} of its journal can't be read: {broken}"
            ))
        })?);
    }
    if contents
        .iter()
        .any(|bytes| has_later(bytes, standing.database, last))
    {
        return Err(Failure::Damaged(format!(
            "batch {} of its journal is damaged, and others follow: put a backup back, or \
             {WITHOUT}",
            last + 1
        )));
    }
    Ok((changes, last))
}

/// What helps where a journal can't be used.
const WITHOUT: &str = "remove the two files whose names end with .journal-a and .journal-b to go \
on without what they hold";

fn foreign() -> Failure {
    Failure::Damaged(format!(
        "its journal holds what belongs to another database, or to a later state of this one: \
         put that database back, or {WITHOUT}"
    ))
}

fn contents(file: &dyn StorageBackend) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.len()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read(0, &mut bytes)?;
    Ok(bytes)
}

/// A batch in a file.
struct Batch<'a> {
    database: u64,
    number: u64,
    changes: &'a [u8],
}

/// The batches at the beginning of a file, up to where it was cut short or what follows is
/// left from earlier.
fn batches(bytes: &[u8]) -> Vec<Batch<'_>> {
    let mut batches: Vec<Batch<'_>> = Vec::new();
    let mut at = 0;
    while let Some(batch) = bytes.get(at..).and_then(batch) {
        if let Some(before) = batches.last()
            && (batch.number != before.number + 1 || batch.database != before.database)
        {
            break;
        }
        at = (at + HEAD_BYTES + batch.changes.len()).next_multiple_of(BLOCK_BYTES);
        batches.push(batch);
    }
    batches
}

/// Whether there is a batch of that database anywhere with a higher number. What is left from
/// earlier has lower ones.
fn has_later(bytes: &[u8], database: u64, last: u64) -> bool {
    let blocks = (0..bytes.len()).step_by(BLOCK_BYTES);
    let mut found = blocks.filter_map(|at| batch(&bytes[at..]));
    found.any(|batch| batch.database == database && batch.number > last)
}

/// The batch that begins there.
fn batch(bytes: &[u8]) -> Option<Batch<'_>> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let number_at = |at: usize| {
        let bytes = head[at..at + 8]
            .first_chunk()
            .expect("8 of them were taken");
        u64::from_le_bytes(*bytes)
    };
    let length = u32::from_le_bytes(*head.last_chunk().expect("a head has over 4 bytes"));
    let changes = rest.get(..usize::try_from(length).ok()?)?;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&head[8..]), changes);
    if head[..4] != FORM || head[4..8] != checksum.to_le_bytes() {
        return None;
    }
    Some(Batch {
        database: number_at(8),
        number: number_at(16),
        changes,
    })
}
