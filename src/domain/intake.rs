//! Reads a posted event: what is wrong with it, or an `Incoming`.

use super::endpoint::FieldError;
use super::event::{Incoming, Origin};

/// The deepest nesting of a posted body.
pub const DEPTH_MAX: usize = 128;

/// Why a body is not accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Not JSON, not UTF-8, too deep, wrong shape or an unknown field: 400.
    Malformed {
        /// The path of the field, empty for the body as a whole.
        field: String,
        /// Where in the body, in bytes.
        offset: usize,
        /// A word for programs: `not_json`, `not_utf8`, `too_deep`, `unknown_field`,
        /// `missing_field`, `wrong_type`, `duplicate_field`.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// Well formed, not acceptable: 422, every error at once.
    Unacceptable(Vec<FieldError>),
    /// The key of the header and the key of the body differ: 400.
    KeysDiffer,
}

/// Reads `{"event":…,"data":…,"occurred_at":…,"idempotency_key":…}`. `header_key` is the value
/// of `Idempotency-Key`.
pub fn read(body: &[u8], header_key: Option<&str>, origin: Origin) -> Result<Incoming, Unreadable> {
    todo!("{body:?} {header_key:?} {origin:?}")
}

/// Checks an object that is to be the `data` of an event of that type (for tests of an
/// endpoint): the facts in it, or every error in it.
pub fn read_data(
    kind: &super::event::EventType,
    data: &str,
) -> Result<super::event::Facts, Vec<FieldError>> {
    todo!("{kind} {data}")
}
