//! What the engine is given at the start, the open rows apart.

use redb::{Database, ReadTransaction, ReadableDatabase};

use super::Loaded;
use super::failure::Failure;
use super::journal::Standing;
use super::open::FORMAT;
use super::record::{self, Broken, Place};
use super::shared::Shared;
use super::tables::{
    self, META, META_APPLIED, META_BODY_BYTES, META_EPOCHS, META_FORMAT, META_NUMBERS,
};
use crate::domain::id::{EndpointNumber, TokenNumber};

/// Refuses a database that is not ours, or of a newer format. One of an older format gets the
/// number of ours: format 1 differs in nothing but that it has no journal, which a ringhook of
/// then would not know to look for.
pub fn check_format(database: &Database) -> Result<(), Failure> {
    let found = meta(&database.begin_read()?, META_FORMAT, record::read_format)?;
    if found > FORMAT {
        let known = FORMAT;
        return Err(Failure::Newer { found, known });
    }
    if found < FORMAT {
        let transaction = database.begin_write()?;
        let mut buffer = Vec::new();
        record::write_format(tables::place(META, &META_FORMAT), FORMAT, &mut buffer);
        let mut table = transaction.open_table(META)?;
        table.insert(META_FORMAT, buffer.as_slice())?;
        drop(table);
        transaction.commit()?;
    }
    Ok(())
}

/// How far the tables are.
pub fn standing(database: &Database) -> Result<Standing, Failure> {
    let transaction = database.begin_read()?;
    let epochs = meta(&transaction, META_EPOCHS, record::read_epochs)?;
    let has_any = transaction.open_table(META)?.get(META_APPLIED)?.is_some();
    Ok(Standing {
        database: u64::from_le_bytes(epochs.as_slice()[0].salt),
        applied: match has_any {
            true => meta(&transaction, META_APPLIED, record::read_applied)?,
            false => 0,
        },
    })
}

/// Reads everything that is small. Damaged rows are set aside, but for those of `meta`: without
/// the next numbers, one would be given out twice.
pub fn load(shared: &Shared, is_new: bool) -> Result<Loaded, Failure> {
    let transaction = shared
        .begin_read()
        .map_err(|error| Failure::Damaged(error.to_string()))?;
    let damage = &shared.damage;
    let (mut endpoints, mut tokens, mut recent) = (Vec::new(), Vec::new(), Vec::new());
    let mut endpoints_set_aside = Vec::new();
    tables::walk(&transaction, tables::ENDPOINTS, |key, place, bytes| {
        let number = EndpointNumber(key);
        let endpoint = record::read_endpoint(place, number, bytes);
        match damage.sift("endpoints", key, endpoint) {
            Some(endpoint) => endpoints.push(endpoint),
            None => endpoints_set_aside.push(number),
        }
    })?;
    tables::walk(&transaction, tables::TOKENS, |key, place, bytes| {
        let number = TokenNumber(key);
        tokens.extend(damage.sift("tokens", key, record::read_token(place, number, bytes)));
    })?;
    tables::walk(&transaction, tables::RECENT, |key, place, bytes| {
        let last = damage.sift("recent", key, record::read_recent(place, bytes));
        recent.extend(last.map(|last| (EndpointNumber(key), last)));
    })?;
    Ok(Loaded {
        numbers: meta(&transaction, META_NUMBERS, record::read_numbers)?,
        epochs: meta(&transaction, META_EPOCHS, record::read_epochs)?,
        endpoints,
        endpoints_set_aside,
        tokens,
        recent,
        body_bytes: body_bytes(&transaction)?,
        is_new,
    })
}

/// The bytes of all bodies: as kept, else added up from the heads.
fn body_bytes(transaction: &ReadTransaction) -> Result<u64, Failure> {
    if let Some(bytes) = transaction.open_table(META)?.get(META_BODY_BYTES)?
        && let Ok(kept) =
            record::read_body_bytes(tables::place(META, &META_BODY_BYTES), bytes.value())
    {
        return Ok(kept);
    }
    let mut sum = 0;
    tables::walk(transaction, tables::HEADS, |_, place, bytes| {
        // One that is damaged is reported when it is looked for.
        sum += record::read_head(place, bytes).map_or(0, |head| u64::from(head.body_bytes));
    })?;
    Ok(sum)
}

fn meta<T>(
    transaction: &ReadTransaction,
    key: &str,
    read: impl FnOnce(Place, &[u8]) -> Result<T, Broken>,
) -> Result<T, Failure> {
    let bytes = transaction.open_table(META)?.get(key)?;
    let bytes = bytes.ok_or_else(|| Failure::Damaged(format!("its `{key}` is missing")))?;
    read(tables::place(META, &key), bytes.value())
        .map_err(|broken| Failure::Damaged(format!("its `{key}`: {broken}")))
}
