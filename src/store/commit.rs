//! A commit: the batch goes to the journal, is synced, and then waits for the tables.

use super::ballast::Ballast;
use super::{CommitError, Store};
use crate::domain::change::Change;

impl Store {
    /// Commits the changes of one batch. After an error the store stays closed until `reopen`;
    /// the error may be that of an earlier batch, which the tables could not take.
    pub fn commit(&mut self, changes: Vec<Change>) -> Result<(), CommitError> {
        self.write(changes, false)
    }

    /// The same, leaving a file that needs no repair should this be the last commit.
    pub fn commit_quick_repair(&mut self, changes: Vec<Change>) -> Result<(), CommitError> {
        self.write(changes, true)
    }

    fn write(&mut self, changes: Vec<Change>, quick_repair: bool) -> Result<(), CommitError> {
        let result = self.try_write(changes, quick_repair);
        match &result {
            // Nobody waits much for a commit that is made when nothing else is to be done.
            Ok(()) if quick_repair => self.ballast.iter().for_each(Ballast::make),
            Ok(()) => {}
            Err(error) => self.give_up(error),
        }
        result
    }

    /// Whether the tables could be written so far. After an error the store stays closed.
    pub fn check(&mut self) -> Result<(), CommitError> {
        let result = self.shared.tide.check();
        if let Err(error) = &result {
            self.give_up(error);
        }
        result
    }

    fn give_up(&mut self, error: &CommitError) {
        self.shut();
        if error.is_full {
            self.make_space();
        }
    }

    /// Gives back what was kept for a full disk. `true` when there was any.
    pub(super) fn make_space(&self) -> bool {
        let made = self.ballast.as_ref().is_some_and(Ballast::drop_it);
        if made {
            log::warn!("the disk is full: the ballast beside the database was removed");
        }
        made
    }

    fn try_write(&mut self, changes: Vec<Change>, quick_repair: bool) -> Result<(), CommitError> {
        let tide = &self.shared.tide;
        let opened = self.opened.as_mut().ok_or_else(CommitError::away)?;
        tide.wait_for_room()?;
        let written = opened.journal.append(&changes, tide.applied());
        let written = written.map_err(|error| CommitError::io(&error))?;
        tide.add(changes, written, quick_repair);
        Ok(())
    }
}
