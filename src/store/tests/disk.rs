//! A disk in memory with a few files, which fails on command, and forgets on a power loss what
//! was not synced.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::domain::dice::Dice;

/// What a power loss leaves torn.
const SECTOR_BYTES: usize = 512;

/// A file of a disk, the first one to begin with; its clones are the same file.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    disk: Arc<Mutex<State>>,
    file: usize,
}

#[derive(Debug, Default)]
struct State {
    files: [File; 3],
    /// Operations so far, on any of them.
    count: u64,
    /// The operations that fail.
    failing: Range<u64>,
    /// How long the files may become, all together.
    space: Option<usize>,
    /// The file of which the next operation panics.
    panicking: Option<usize>,
}

#[derive(Debug, Default)]
struct File {
    /// What reads see.
    bytes: Vec<u8>,
    /// What a power loss can't take.
    synced: Vec<u8>,
    /// What was done since the last sync, in its order.
    unsynced: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Disk {
    /// Another file of the same disk.
    pub fn file(&self, file: usize) -> Self {
        let disk = Arc::clone(&self.disk);
        Self { disk, file }
    }

    /// The operations from the `after`-th from now on fail, so many of them.
    pub fn fail(&self, after: u64, times: u64) {
        let mut state = self.state();
        let first = state.count + after;
        state.failing = first..first.saturating_add(times);
    }

    /// The next operation on this file panics.
    pub fn panic(&self) {
        self.state().panicking = Some(self.file);
    }

    /// Whether a failure was met.
    pub fn has_failed(&self) -> bool {
        let state = self.state();
        !state.failing.is_empty() && state.count > state.failing.start
    }

    /// Nothing fails from now on.
    pub fn heal(&self) {
        self.state().failing = 0..0;
    }

    /// So much more can be written before the disk is full; None: it never is.
    pub fn leave_space(&self, bytes: Option<usize>) {
        let mut state = self.state();
        state.space = bytes.map(|bytes| state.bytes() + bytes);
    }

    /// The power goes and comes back: of what was not synced, each write is lost, kept or torn.
    pub fn lose_power(&self, dice: &mut Dice) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.failing = 0..0;
        // Some losses take all or nothing, the others a part.
        let kept_percent = [0, 10, 50, 90, 100][dice.below(5) as usize];
        let torn = dice.below(2) == 0;
        let mut keeps = || dice.below(100) < kept_percent;
        for file in &mut state.files {
            for step in file.unsynced.drain(..) {
                match step {
                    Step::Length(length) => {
                        if keeps() {
                            file.synced.resize(length, 0);
                        }
                    }
                    Step::Write(offset, bytes) if !torn => {
                        if keeps() {
                            write(&mut file.synced, offset, &bytes);
                        }
                    }
                    Step::Write(offset, bytes) => {
                        for (place, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                            if keeps() {
                                write(&mut file.synced, offset + place * SECTOR_BYTES, sector);
                            }
                        }
                    }
                }
            }
            file.bytes = file.synced.clone();
        }
    }

    /// Flips one bit behind everyone's back.
    pub fn flip(&self, byte: usize, bit: u8) {
        self.state().files[self.file].bytes[byte] ^= 1 << bit;
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.state().files[self.file].bytes.len()
    }

    /// Another disk with the same bytes, all synced.
    pub fn copy(&self) -> Self {
        let files = self.state().files.each_ref().map(|file| File {
            bytes: file.bytes.clone(),
            synced: file.bytes.clone(),
            unsynced: Vec::new(),
        });
        let state = State {
            files,
            ..State::default()
        };
        Self {
            disk: Arc::new(Mutex::new(state)),
            file: self.file,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.disk.lock().unwrap()
    }

    fn operate<T>(&self, work: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        self.operate_up_to(0, work)
    }

    /// An operation on a file that is at least so long afterwards.
    fn operate_up_to<T>(
        &self,
        length: usize,
        work: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        if state.panicking == Some(self.file) {
            state.panicking = None;
            drop(state);
            panic!("the disk of a test panics");
        }
        let fails = state.failing.contains(&state.count);
        state.count += 1;
        if fails {
            return Err(io::Error::other("the disk of a test fails"));
        }
        let more = length.saturating_sub(state.files[self.file].bytes.len());
        let fits = |space| more == 0 || state.bytes() + more <= space;
        if !state.space.is_none_or(fits) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        work(&mut state.files[self.file])
    }
}

impl State {
    fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes.len()).sum()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.operate(|file| Ok(file.bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.operate(|file| {
            let begin = usize::try_from(offset).unwrap();
            let bytes = file.bytes.get(begin..begin + out.len());
            out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap();
        self.operate_up_to(length, |file| {
            file.bytes.resize(length, 0);
            file.unsynced.push(Step::Length(length));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.operate(|file| {
            for step in file.unsynced.drain(..) {
                match step {
                    Step::Length(length) => file.synced.resize(length, 0),
                    Step::Write(offset, bytes) => write(&mut file.synced, offset, &bytes),
                }
            }
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        self.operate_up_to(offset + data.len(), |file| {
            write(&mut file.bytes, offset, data);
            file.unsynced.push(Step::Write(offset, data.to_vec()));
            Ok(())
        })
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}
