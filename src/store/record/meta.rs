//! What the database says of itself: its format, its epochs, its next numbers, its totals.

use serde::{Deserialize, Serialize};

use super::{Broken, Place, only, seal, unseal_only};
use crate::domain::change::Numbers;
use crate::domain::id::{
    AttemptNumber, EndpointNumber, Epoch, Epochs, EventNumber, Salt, TokenNumber,
};
use crate::domain::time::Tick;

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct EpochRow {
    first_event: u64,
    first_endpoint: u32,
    first_token: u32,
    salt: Salt,
}

#[derive(Serialize, Deserialize)]
struct NumbersRow {
    event: u64,
    endpoint: u32,
    token: u32,
    attempt: u64,
    newest: u64,
}

/// The format version. This record keeps its form for ever: every ringhook must be able to
/// read in any database that it is too old for it.
pub fn write_format(place: Place, format: u32, buffer: &mut Vec<u8>) {
    seal(place, VERSION, &format, buffer);
}

/// The format version.
pub fn read_format(place: Place, bytes: &[u8]) -> Result<u32, Broken> {
    only(unseal_only(place, VERSION, bytes)?)
}

/// The epochs, oldest first.
pub fn write_epochs(place: Place, epochs: &Epochs, buffer: &mut Vec<u8>) {
    let rows: Vec<_> = epochs
        .as_slice()
        .iter()
        .map(|epoch| EpochRow {
            first_event: epoch.first_event.0,
            first_endpoint: epoch.first_endpoint.0,
            first_token: epoch.first_token.0,
            salt: epoch.salt,
        })
        .collect();
    seal(place, VERSION, &rows, buffer);
}

/// The epochs, oldest first.
pub fn read_epochs(place: Place, bytes: &[u8]) -> Result<Epochs, Broken> {
    let rows: Vec<EpochRow> = only(unseal_only(place, VERSION, bytes)?)?;
    let epochs = rows.into_iter().map(|row| Epoch {
        first_event: EventNumber(row.first_event),
        first_endpoint: EndpointNumber(row.first_endpoint),
        first_token: TokenNumber(row.first_token),
        salt: row.salt,
    });
    Epochs::new(epochs.collect()).ok_or(Broken::Form)
}

/// The bytes of all bodies.
pub fn write_body_bytes(place: Place, body_bytes: u64, buffer: &mut Vec<u8>) {
    seal(place, VERSION, &body_bytes, buffer);
}

/// The bytes of all bodies.
pub fn read_body_bytes(place: Place, bytes: &[u8]) -> Result<u64, Broken> {
    only(unseal_only(place, VERSION, bytes)?)
}

/// The next numbers.
pub fn write_numbers(place: Place, numbers: &Numbers, buffer: &mut Vec<u8>) {
    let row = NumbersRow {
        event: numbers.event.0,
        endpoint: numbers.endpoint.0,
        token: numbers.token.0,
        attempt: numbers.attempt.0,
        newest: numbers.newest.0,
    };
    seal(place, VERSION, &row, buffer);
}

/// The next numbers.
pub fn read_numbers(place: Place, bytes: &[u8]) -> Result<Numbers, Broken> {
    let row: NumbersRow = only(unseal_only(place, VERSION, bytes)?)?;
    Ok(Numbers {
        event: EventNumber(row.event),
        endpoint: EndpointNumber(row.endpoint),
        token: TokenNumber(row.token),
        attempt: AttemptNumber(row.attempt),
        newest: Tick(row.newest),
    })
}

/// The number of the last batch of the journal that the tables have.
pub fn write_applied(place: Place, applied: u64, buffer: &mut Vec<u8>) {
    seal(place, VERSION, &applied, buffer);
}

/// The number of the last batch of the journal that the tables have.
pub fn read_applied(place: Place, bytes: &[u8]) -> Result<u64, Broken> {
    only(unseal_only(place, VERSION, bytes)?)
}
