//! A file that only takes space, so that there is some to give back when the disk is full: the
//! database needs a little of it to be opened again and to write what is decided.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Its size.
const BYTES: usize = 4 * 1024 * 1024;
/// It is made only where that many times its size is free.
const ROOM: u64 = 4;

/// The file; it may be there or not.
#[derive(Debug)]
pub struct Ballast(PathBuf);

impl Ballast {
    /// Of that path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the file where it is missing and there is room. One that can't be made is no
    /// reason not to run.
    pub fn make(&self) {
        // A short one is left over from a full disk.
        let whole = BYTES as u64;
        if self.0.metadata().is_ok_and(|file| file.len() == whole) {
            return;
        }
        let free_bytes = self.0.parent().and_then(|directory| {
            let disk = rustix::fs::statvfs(directory).ok()?;
            Some(disk.f_bavail.saturating_mul(disk.f_frsize))
        });
        if free_bytes.is_some_and(|free| free >= ROOM * whole)
            && let Err(error) = self.write()
        {
            log::warn!("no ballast for a full disk: {}: {error}", self.0.display());
            self.drop_it();
        }
    }

    /// Gives its space back. `true` when there was any to give.
    pub fn drop_it(&self) -> bool {
        match std::fs::remove_file(&self.0) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => {
                log::warn!("{} can't be removed: {error}", self.0.display());
                false
            }
        }
    }

    /// Zeros may be stored as a hole, which takes no space; these bytes are never looked at.
    fn write(&self) -> io::Result<()> {
        let mut file: File = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.0)?;
        file.write_all(&vec![0xb5; BYTES])?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_given_back_once() {
        let directory = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(directory.path().join("x.ballast"));
        ballast.make();
        ballast.make();
        assert_eq!(ballast.0.metadata().unwrap().len(), BYTES as u64);
        assert!(ballast.drop_it() && !ballast.drop_it());
        // What a full disk left half done is made whole.
        std::fs::write(&ballast.0, "x").unwrap();
        ballast.make();
        assert_eq!(ballast.0.metadata().unwrap().len(), BYTES as u64);
    }
}
