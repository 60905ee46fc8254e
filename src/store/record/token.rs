//! The record of a token.

use serde::{Deserialize, Serialize};

use super::{Broken, Place, codes, only, seal, unseal_only};
use crate::domain::id::TokenNumber;
use crate::domain::time::Timestamp;
use crate::domain::token::Token;

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct TokenRow<'a> {
    name: &'a str,
    role: u8,
    hash: [u8; 32],
    created_at: u64,
    last_used_at: Option<u64>,
}

/// A token; its number is the key of the row.
pub fn write_token(place: Place, token: &Token, buffer: &mut Vec<u8>) {
    let row = TokenRow {
        name: &token.name,
        role: codes::role::code(token.role),
        hash: token.hash,
        created_at: token.created_at.0,
        last_used_at: token.last_used_at.map(|at| at.0),
    };
    seal(place, VERSION, &row, buffer);
}

/// The token of that number.
pub fn read_token(place: Place, number: TokenNumber, bytes: &[u8]) -> Result<Token, Broken> {
    let row: TokenRow<'_> = only(unseal_only(place, VERSION, bytes)?)?;
    Ok(Token {
        number,
        name: row.name.to_owned(),
        role: codes::role::read(row.role)?,
        hash: row.hash,
        created_at: Timestamp(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp),
    })
}
