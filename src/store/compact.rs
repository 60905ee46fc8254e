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
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// Rows that are looked at, at either end of a table.
const SAMPLE: usize = 64;

/// Compacts the file when over half of it, and enough, is free.
pub fn compact(database: &mut Database, path: &Path) -> Result<(), Failure> {
    let file_bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    if file_bytes <= FREE_BYTES_MIN || !is_worth_it(file_bytes, estimate(database)?) {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    let stats = transaction.stats()?;
    let used = stats.allocated_pages() * stats.page_size() as u64;
    transaction.abort()?;
    if is_worth_it(file_bytes, used) {
        log::info!("over half of the database file is free: compacting it");
        database.compact()?;
        let now = std::fs::metadata(path).map_or(0, |file| file.len());
        log::info!("the database file is down from {file_bytes} to {now} bytes");
    }
    Ok(())
}

const fn is_worth_it(file_bytes: u64, used_bytes: u64) -> bool {
    let free = file_bytes.saturating_sub(used_bytes);
    free > FREE_BYTES_MIN && free > file_bytes / 2
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
