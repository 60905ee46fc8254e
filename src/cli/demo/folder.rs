//! A folder for throw-away data, gone when it is dropped.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::cli::failure::{Exit, Failure, code};

/// It.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one in the system's place for such, for nobody but this user.
    pub fn new(letters: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("ringhook-demo-{letters}"));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| {
            let what = format!("cannot make {}: {error}", path.display());
            Failure::new(Exit::Invalid, code::FILE, what)
                .try_this("another place for temporary files, with TMPDIR=…")
        })?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            let what = format!("cannot remove {}: {error}", self.0.display());
            Failure::new(Exit::Invalid, code::FILE, what).print();
        }
    }
}
