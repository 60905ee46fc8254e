//! Reads what the settings are made from: the file, the environment, the flags. What is wrong is
//! said in one way by every command that does.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};
use crate::config::{self, Flags, Identity, Mistake, Resolved, Sources, UNREADABLE};

/// Reads everything, the file anew each time. Without a named file the usual one counts, where
/// there is one.
pub fn read(
    named: Option<&Path>,
    identity: &Identity,
    flags: &Flags,
) -> Result<Resolved, Vec<Mistake>> {
    let file = match (named, identity.config_file()) {
        (Some(path), _) => text(path, true),
        (None, Some(path)) => text(&path, false),
        (None, None) => Ok(None),
    };
    config::resolve(&Sources {
        identity: identity.clone(),
        file: file.map_err(|mistake| vec![mistake])?,
        flags: flags.clone(),
    })
}

/// The file and its text. The usual one need not be there; one that was named must.
fn text(path: &Path, named: bool) -> Result<Option<(PathBuf, String)>, Mistake> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if error.kind() == ErrorKind::NotFound && !named => Ok(None),
        Err(error) => Err(Mistake {
            code: UNREADABLE,
            what: format!("cannot read {}: {error}", path.display()),
            place: None,
            advice: "Check the path and its permissions.".to_owned(),
        }),
    }
}

/// A path from / on, as the settings take it.
pub fn whole(path: &PathBuf) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    path.to_string_lossy().into_owned()
}

/// Prints every mistake; the exit code that they deserve.
pub fn complain(mistakes: &[Mistake]) -> Exit {
    for mistake in mistakes {
        let failure = Failure::new(Exit::Invalid, mistake.code, mistake.to_string());
        failure.why(mistake.advice.clone()).print();
    }
    Exit::Invalid
}

/// What this machine calls itself.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}
