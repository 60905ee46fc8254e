//! A disk in memory that fails on command, and forgets on a power loss what was not synced.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::domain::dice::Dice;

/// What a power loss leaves torn.
const SECTOR_BYTES: usize = 512;

/// A disk; its clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What reads see.
    bytes: Vec<u8>,
    /// What a power loss can't take.
    synced: Vec<u8>,
    /// What was done since the last sync, in its order.
    unsynced: Vec<Step>,
    /// Operations so far.
    count: u64,
    /// The operations that fail.
    failing: Range<u64>,
}

#[derive(Debug)]
enum Step {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Disk {
    /// The operations from the `after`-th from now on fail, so many of them.
    pub fn fail(&self, after: u64, times: u64) {
        let mut state = self.state();
        let first = state.count + after;
        state.failing = first..first.saturating_add(times);
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

    /// The power goes and comes back: of what was not synced, each write is lost, kept or torn.
    pub fn lose_power(&self, dice: &mut Dice) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.failing = 0..0;
        // Some losses take all or nothing, the others a part.
        let kept_percent = [0, 10, 50, 90, 100][dice.below(5) as usize];
        let torn = dice.below(2) == 0;
        let mut keeps = || dice.below(100) < kept_percent;
        for step in state.unsynced.drain(..) {
            match step {
                Step::Length(length) => {
                    if keeps() {
                        state.synced.resize(length, 0);
                    }
                }
                Step::Write(offset, bytes) if !torn => {
                    if keeps() {
                        write(&mut state.synced, offset, &bytes);
                    }
                }
                Step::Write(offset, bytes) => {
                    for (place, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        if keeps() {
                            write(&mut state.synced, offset + place * SECTOR_BYTES, sector);
                        }
                    }
                }
            }
        }
        state.bytes = state.synced.clone();
    }

    /// Flips one bit behind everyone's back.
    pub fn flip(&self, byte: usize, bit: u8) {
        self.state().bytes[byte] ^= 1 << bit;
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.state().bytes.len()
    }

    /// Another disk with the same bytes, all synced.
    pub fn copy(&self) -> Self {
        let bytes = self.state().bytes.clone();
        Self(Arc::new(Mutex::new(State {
            synced: bytes.clone(),
            bytes,
            ..State::default()
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn operate(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let fails = state.failing.contains(&state.count);
        state.count += 1;
        if fails {
            Err(io::Error::other("the disk of a test fails"))
        } else {
            Ok(state)
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.operate()?.bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.operate()?;
        let begin = usize::try_from(offset).unwrap();
        let bytes = state.bytes.get(begin..begin + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.operate()?;
        let length = usize::try_from(length).unwrap();
        state.bytes.resize(length, 0);
        state.unsynced.push(Step::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut guard = self.operate()?;
        let state = &mut *guard;
        for step in state.unsynced.drain(..) {
            match step {
                Step::Length(length) => state.synced.resize(length, 0),
                Step::Write(offset, bytes) => write(&mut state.synced, offset, &bytes),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.operate()?;
        let offset = usize::try_from(offset).unwrap();
        write(&mut state.bytes, offset, data);
        state.unsynced.push(Step::Write(offset, data.to_vec()));
        Ok(())
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}
