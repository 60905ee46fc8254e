//! Gives the disk back what a backlog took: the file does not shrink by itself.
//!
//! Only at the start, for it needs the database alone. What is free is known exactly only by
//! walking every page, which takes about as long as reading the file: so an estimate from a
//! few rows comes first, and most starts end with it.

use std::path::Path;

use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
};

use super::failure::Failure;
use super::tables::{self, Definition};

/// Less than this is not worth the time.
pub const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// Rows that are looked at, at either end of a table.
const SAMPLE: usize = 64;

/// Compacts the file when over half of it, and more than `free_bytes_min`, is free.
pub fn compact(database: &mut Database, path: &Path, free_bytes_min: u64) -> Result<(), Failure> {
    let file_bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let is_worth_it = |used_bytes| {
        let free = file_bytes.saturating_sub(used_bytes);
        free > free_bytes_min && free > file_bytes / 2
    };
    if file_bytes <= free_bytes_min || !is_worth_it(estimate(database)?) {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    let stats = transaction.stats()?;
    let used = stats.allocated_pages() * stats.page_size() as u64;
    transaction.abort()?;
    if is_worth_it(used) {
        log::info!("over half of the database file is free: compacting it");
        database.compact()?;
        let now = std::fs::metadata(path).map_or(0, |file| file.len());
        log::info!("the database file is down from {file_bytes} to {now} bytes");
    }
    Ok(())
}

/// About how many bytes the large tables take: too few rather than too many, for then the
/// exact count decides.
fn estimate(database: &Database) -> Result<u64, Failure> {
    let transaction = database.begin_read()?;
    let bytes = [
        rows_bytes(&transaction, tables::HEADS)?,
        rows_bytes(&transaction, tables::EVENTS)?,
        rows_bytes(&transaction, tables::OPEN)?,
        rows_bytes(&transaction, tables::CLOSED)?,
        rows_bytes(&transaction, tables::HISTORY)?,
    ];
    Ok(bytes.iter().sum())
}

/// Rows times the mean of some at the beginning and at the end.
fn rows_bytes<K: Key + 'static>(
    transaction: &ReadTransaction,
    table: Definition<K>,
) -> Result<u64, Failure> {
    let table = transaction.open_table(table)?;
    let (mut rows, mut bytes) = (0, 0);
    let (first, last) = (table.iter()?, table.iter()?.rev());
    for row in first.take(SAMPLE).chain(last.take(SAMPLE)) {
        rows += 1;
        bytes += row?.1.value().len() as u64;
    }
    Ok(table.len()? * bytes / rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::{builder, write_first};

    /// A database file with so many rows of 1 KiB, of which the first `gone` are removed.
    fn filled(path: &Path, rows: u64, gone: u64) -> Database {
        let database = builder(1 << 20).create(path).unwrap();
        write_first(&database, [0; 8]).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(tables::EVENTS).unwrap();
        for row in 0..rows {
            table.insert(row, &[7; 1024][..]).unwrap();
        }
        drop(table);
        transaction.commit().unwrap();
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(tables::EVENTS).unwrap();
        for row in 0..gone {
            table.remove(row).unwrap();
        }
        drop(table);
        transaction.commit().unwrap();
        database.close().unwrap();
        builder(1 << 20).open(path).unwrap()
    }

    #[test]
    fn a_file_shrinks_when_over_half_and_enough_of_it_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let check = |rows, gone, free_bytes_min, shrinks: bool| {
            let path = directory
                .path()
                .join(format!("{rows}-{gone}-{free_bytes_min}"));
            let mut database = filled(&path, rows, gone);
            let bytes = || std::fs::metadata(&path).unwrap().len();
            let before = bytes();
            compact(&mut database, &path, free_bytes_min).unwrap();
            assert_eq!(bytes() < before / 2, shrinks, "{before} {}", bytes());
            let transaction = database.begin_read().unwrap();
            let table = transaction.open_table(tables::EVENTS).unwrap();
            assert_eq!(table.len().unwrap(), rows - gone);
        };
        check(1000, 990, 500_000, true);
        check(1000, 990, 10_000_000, false);
        check(1000, 100, 50_000, false);
    }
}
