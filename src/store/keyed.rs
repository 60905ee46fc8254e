//! The part of the changes that is rows by key: endpoints, tokens, history and numbers. Each is
//! written whole; what belongs to events is not touched here.

use redb::{Key, WriteTransaction};

use super::record;
use super::rollups::{drop_old, is_old, stored};
use super::tables::{
    Definition, ENDPOINTS, HISTORY, META, META_BODY_BYTES, META_NUMBERS, RECENT, ROLLUPS, TOKENS,
    place,
};
use crate::domain::attempt::RING_SLOTS;
use crate::domain::change::Change;

/// The rows that are written whole: of each key only the last change counts.
pub(super) fn apply_keyed(
    transaction: &WriteTransaction,
    changes: &[Change],
) -> Result<(), redb::Error> {
    let mut meta = Vec::new();
    let mut endpoints = Vec::new();
    let mut tokens = Vec::new();
    let mut history = Vec::new();
    let mut recent = Vec::new();
    let mut rollups = Vec::new();
    let mut dropped = Vec::new();
    for change in changes {
        match change {
            Change::Endpoint(endpoint) => endpoints.push((endpoint.number.0, Some(change))),
            Change::EndpointRemoved(endpoint) => {
                endpoints.push((endpoint.0, None));
                recent.push((endpoint.0, None));
                history.extend((0..RING_SLOTS).map(|slot| ((endpoint.0, slot), None)));
            }
            Change::Token(token) => tokens.push((token.number.0, Some(change))),
            Change::TokenRemoved(token) => tokens.push((token.0, None)),
            Change::History(slot, attempt) => {
                history.push(((attempt.endpoint.0, *slot), Some(change)));
            }
            Change::Recent(endpoint, _) => recent.push((endpoint.0, Some(change))),
            Change::Rollup(key, _) => rollups.push((stored(*key), Some(change))),
            Change::RollupsDropped { hours, minutes } => {
                // Those of this transaction that came before are as old as those on disk.
                for (key, row) in &mut rollups {
                    if is_old(*key, *hours, *minutes) {
                        *row = None;
                    }
                }
                dropped.push((*hours, *minutes));
            }
            Change::Numbers(_) => meta.push((META_NUMBERS, Some(change))),
            Change::BodyBytes(_) => meta.push((META_BODY_BYTES, Some(change))),
            Change::Event(_)
            | Change::Withdrawn(_)
            | Change::Pruned(_)
            | Change::Moved(..)
            | Change::Ended(..)
            | Change::Reopened(..)
            | Change::Unopened(_) => {}
        }
    }
    put(transaction, META, meta)?;
    put(transaction, ENDPOINTS, endpoints)?;
    put(transaction, TOKENS, tokens)?;
    put(transaction, HISTORY, history)?;
    put(transaction, RECENT, recent)?;
    for (hours, minutes) in dropped {
        drop_old(transaction, hours, minutes)?;
    }
    put(transaction, ROLLUPS, rollups)
}

/// Writes (or removes, for None) rows of one table in the order of keys.
fn put<'k, K, T>(
    transaction: &WriteTransaction,
    definition: Definition<K>,
    mut rows: Vec<(T, Option<&Change>)>,
) -> Result<(), redb::Error>
where
    K: Key<SelfType<'k> = T> + 'static,
    T: std::borrow::Borrow<T> + Ord + Copy + 'k,
{
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(key, _)| *key);
    let mut table = transaction.open_table(definition)?;
    let mut buffer = Vec::new();
    for group in rows.chunk_by(|one, next| one.0 == next.0) {
        let (key, change) = group[group.len() - 1];
        match change {
            Some(change) => {
                let written = record::write_record(place(definition, &key), change, &mut buffer);
                assert!(written, "has no record: {change:?}");
                table.insert(key, buffer.as_slice())?;
            }
            None => {
                table.remove(key)?;
            }
        }
    }
    Ok(())
}
