//! The tables of the database. Keys are numbers of fixed width, values are our own bytes, see
//! `record`: nothing depends on how redb would write a type.

use redb::{
    Key, ReadTransaction, ReadableTable, Table, TableDefinition, TableHandle, WriteTransaction,
};

use super::record::Place;

/// Any of our tables.
pub type Definition<K> = TableDefinition<'static, K, &'static [u8]>;

/// Format version, epochs, next numbers.
pub const META: Definition<&'static str> = TableDefinition::new("meta");
/// By endpoint.
pub const ENDPOINTS: Definition<u32> = TableDefinition::new("endpoints");
/// By token.
pub const TOKENS: Definition<u32> = TableDefinition::new("tokens");
/// By event: what lists and look-ups read.
pub const HEADS: Definition<u64> = TableDefinition::new("heads");
/// By event: the frozen body.
pub const EVENTS: Definition<u64> = TableDefinition::new("events");
/// By event: its deliveries that have not ended; no row once all have.
pub const OPEN: Definition<u64> = TableDefinition::new("open");
/// By event: its deliveries that have ended.
pub const CLOSED: Definition<u64> = TableDefinition::new("closed");
/// By endpoint and slot of its ring.
pub const HISTORY: Definition<(u32, u8)> = TableDefinition::new("history");
/// By endpoint: the last attempts in short.
pub const RECENT: Definition<u32> = TableDefinition::new("recent");
/// By the number of a minute or an hour, which do not overlap, and endpoint: counters. The whole
/// daemon is the endpoint 0.
pub const ROLLUPS: Definition<(u32, u32)> = TableDefinition::new("rollups");

/// Key of the format version in `meta`.
pub const META_FORMAT: &str = "format";
/// Key of the epochs in `meta`.
pub const META_EPOCHS: &str = "epochs";
/// Key of the bytes of all bodies in `meta`; a database of before there was one has none.
pub const META_BODY_BYTES: &str = "body_bytes";
/// Key of the last batch of the journal that the tables have; without one, they have none.
pub const META_APPLIED: &str = "applied";
/// Key of the next numbers in `meta`.
pub const META_NUMBERS: &str = "numbers";

/// One table, open in a write transaction.
pub type Rows<'t, K> = Table<'t, K, &'static [u8]>;

/// Makes every table. A database has all of them from its first commit on.
pub fn make(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(META)?;
    transaction.open_table(ENDPOINTS)?;
    transaction.open_table(TOKENS)?;
    transaction.open_table(HEADS)?;
    transaction.open_table(EVENTS)?;
    transaction.open_table(OPEN)?;
    transaction.open_table(CLOSED)?;
    transaction.open_table(HISTORY)?;
    transaction.open_table(RECENT)?;
    transaction.open_table(ROLLUPS)?;
    Ok(())
}

/// Where the record of that key stands.
pub fn place<K: Key + 'static>(table: Definition<K>, key: &K::SelfType<'_>) -> Place {
    Place::new(table.name(), K::as_bytes(key).as_ref())
}

/// Hands every row of a table to `each`, in the order of keys.
pub fn walk<K: Key + 'static>(
    transaction: &ReadTransaction,
    table: Definition<K>,
    mut each: impl FnMut(K::SelfType<'_>, Place, &[u8]),
) -> Result<(), redb::Error> {
    for row in transaction.open_table(table)?.iter()? {
        let (key, value) = row?;
        let key = key.value();
        let place = place(table, &key);
        each(key, place, value.value());
    }
    Ok(())
}
