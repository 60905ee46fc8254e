//! Records: the disk form of everything that is stored, and its envelope.
//!
//! Every record is a version byte, a crc32c (little-endian), and the body: postcard, but for the
//! frozen body of an event, which is kept as it is. The checksum is over the table's name, the
//! key, the version byte and the body: a record under a key that is not its own is damaged, too.
//! The structs here are private to the disk: domain types know nothing of it. A form that was
//! released never changes; a new one gets the next version, and the old one is still read.

mod attempt;
mod change;
mod codes;
mod endpoint;
mod event;
mod kind;
mod meta;
mod rollup;
#[cfg(test)]
mod tests;
mod token;

pub use attempt::{read_attempt, read_recent, write_attempt, write_recent};
pub use change::{read_changes, write_changes, write_record};
pub use endpoint::{read_endpoint, write_endpoint};
pub use event::{
    add_ended, read_body, read_ended, read_head, read_open, write_body, write_ended, write_head,
    write_open,
};
pub use meta::{
    read_applied, read_body_bytes, read_epochs, read_format, read_numbers, write_applied,
    write_body_bytes, write_epochs, write_format, write_numbers,
};
pub use rollup::{read_rollup, write_rollup};
pub use token::{read_token, write_token};

use serde::{Deserialize, Serialize, Serializer};

/// Why a record can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// Shorter than an envelope.
    #[error("it is too short")]
    Short,
    /// Not the bytes that were written.
    #[error("its checksum is wrong")]
    Checksum,
    /// Written by a newer ringhook, or not by any.
    #[error("its version {0} is not known")]
    Version(u8),
    /// The bytes that were written, but not the form of its version.
    #[error("its form is not that of its version")]
    Form,
}

/// The table and the key of a record, as its checksum takes them in.
#[derive(Clone, Copy, Debug)]
pub struct Place(u32);

impl Place {
    /// The place in the table of that name, under the key of those bytes.
    pub fn new(table: &str, key: &[u8]) -> Self {
        Self(crc32c::crc32c_append(crc32c::crc32c(table.as_bytes()), key))
    }

    fn checksum(self, version: u8, body: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &[version]), body)
    }
}

/// Bytes before the body: the version and the checksum.
const ENVELOPE_BYTES: usize = 5;

/// Writes the envelope into its place before the body, which `bytes` already holds.
fn close_envelope(place: Place, version: u8, bytes: &mut [u8]) {
    let checksum = place.checksum(version, &bytes[ENVELOPE_BYTES..]);
    bytes[0] = version;
    bytes[1..ENVELOPE_BYTES].copy_from_slice(&checksum.to_le_bytes());
}

/// The version and the body of a record whose checksum is right.
fn unseal(place: Place, bytes: &[u8]) -> Result<(u8, &[u8]), Broken> {
    let (envelope, body) = bytes
        .split_first_chunk::<ENVELOPE_BYTES>()
        .ok_or(Broken::Short)?;
    let [version, stored @ ..] = *envelope;
    if place.checksum(version, body) == u32::from_le_bytes(stored) {
        Ok((version, body))
    } else {
        Err(Broken::Checksum)
    }
}

/// The body of a record that can only have one version.
fn unseal_only(place: Place, version: u8, bytes: &[u8]) -> Result<&[u8], Broken> {
    match unseal(place, bytes)? {
        (found, body) if found == version => Ok(body),
        (found, _) => Err(Broken::Version(found)),
    }
}

/// Begins a record: what the buffer held is gone, its memory is kept.
fn begin(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(ENVELOPE_BYTES, 0);
}

/// Adds one piece to the body.
fn add(row: &impl Serialize, buffer: &mut Vec<u8>) {
    *buffer = postcard::to_extend(row, std::mem::take(buffer))
        .expect("rows have known lengths, and memory takes any of them");
}

/// Bytes that are written in one go; serde takes a slice for a sequence of numbers.
#[derive(Deserialize)]
#[serde(transparent)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// A whole record of one piece.
fn seal(place: Place, version: u8, row: &impl Serialize, buffer: &mut Vec<u8>) {
    begin(buffer);
    add(row, buffer);
    close_envelope(place, version, buffer);
}

/// A body of exactly one piece.
fn only<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Broken> {
    match take(body)? {
        (row, []) => Ok(row),
        _ => Err(Broken::Form),
    }
}

/// The first piece of a body, and what follows it.
fn take<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<(T, &'a [u8]), Broken> {
    postcard::take_from_bytes(body).map_err(|_| Broken::Form)
}

/// A body of pieces of one kind, up to its end.
fn packed<'a, T: Deserialize<'a>, U>(
    mut body: &'a [u8],
    each: impl Fn(T) -> Result<U, Broken>,
) -> Result<Vec<U>, Broken> {
    let mut all = Vec::new();
    while !body.is_empty() {
        let (row, rest) = take(body)?;
        all.push(each(row)?);
        body = rest;
    }
    Ok(all)
}
