//! The small closed sets as numbers. A number that was released never changes its meaning.

use super::Broken;
use crate::domain::attempt::{AttemptOutcome, ErrorKind, Phase};
use crate::domain::change::{EndState, Reason};
use crate::domain::endpoint::{Encoding, Order, PauseCause};
use crate::domain::token::Role;

/// Makes a module with `code` (to the disk) and `read` (from it). The first is a complete
/// match, so the compiler asks for the number of every variant that is added.
macro_rules! codes {
    ($name:ident, $type:ty, { $($variant:ident = $code:literal,)+ }) => {
        pub mod $name {
            use super::*;

            /// As it is written.
            pub const fn code(value: $type) -> u8 {
                match value { $(<$type>::$variant => $code,)+ }
            }

            /// As it was written.
            pub const fn read(code: u8) -> Result<$type, Broken> {
                match code {
                    $($code => Ok(<$type>::$variant),)+
                    _ => Err(Broken::Form),
                }
            }
        }
    };
}

codes!(state, EndState, {
    Delivered = 0,
    Failed = 1,
    Expired = 2,
    Superseded = 3,
    Cancelled = 4,
});

codes!(reason, Reason, {
    None = 0,
    AttemptsUsed = 1,
    BacklogFull = 2,
    LifeOver = 3,
    CallEnded = 4,
    EndpointDeleted = 5,
    BodyDamaged = 6,
    WaitedTooLong = 7,
});

codes!(outcome, AttemptOutcome, {
    Delivered = 0,
    Retry = 1,
    Failed = 2,
    Paused = 3,
    Test = 4,
});

codes!(error_kind, ErrorKind, {
    Dns = 0,
    Blocked = 1,
    Connect = 2,
    Tls = 3,
    Timeout = 4,
    Closed = 5,
    Protocol = 6,
    TooLarge = 7,
    Internal = 8,
});

codes!(phase, Phase, {
    Start = 0,
    Resolve = 1,
    Connect = 2,
    Tls = 3,
    Request = 4,
    Response = 5,
});

codes!(encoding, Encoding, {
    Hex = 0,
    Base64 = 1,
});

codes!(order, Order, {
    Call = 0,
    None = 1,
});

codes!(pause_cause, PauseCause, {
    Hand = 0,
    Gone = 1,
    Failing = 2,
});

codes!(role, Role, {
    Ingest = 0,
    Read = 1,
    Admin = 2,
});
