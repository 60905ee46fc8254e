//! The store against a naive model, on disks that fail, lose power or flip bits.

mod crash;
mod damage;
mod disk;
mod fault;
mod forwards;
mod full;
mod gently;
mod journal;
mod model;
mod refusals;
pub mod samples;
mod story;
mod thread;

use std::path::Path;

use redb::DatabaseError;

use super::open::{Opener, builder, open_with, write_first};
use super::{Loaded, OpenError, Store};
use disk::Disk;

const CACHE_BYTES: u64 = 1 << 20;

/// A store on a disk of a test.
fn open_on(disk: &Disk) -> Result<(Store, Loaded), OpenError> {
    let (database, journal) = (disk.clone(), disk.clone());
    let opener = Opener {
        database: Box::new(move |_| open_database(&database)),
        journal: Box::new(move || Ok([1, 2].map(|file| Box::new(journal.file(file)) as _))),
    };
    open_with(Path::new("in memory"), opener, false)
}

fn open_database(disk: &Disk) -> Result<redb::Database, DatabaseError> {
    builder(CACHE_BYTES).create_with_backend(disk.clone())
}

/// The tables have all that was committed.
fn settle(store: &Store) {
    store.shared.tide.catch_up().unwrap();
}

/// A disk with a database that has seen nothing but its first commit.
fn first_disk() -> Disk {
    let disk = Disk::default();
    let database = open_database(&disk).unwrap();
    write_first(&database, [7; 8]).unwrap();
    database.close().unwrap();
    disk
}
