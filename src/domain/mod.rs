//! Pure rules. No clock, no dice, no disk, no net: everything is an argument.
//!
//! Domain types are not serializable: the disk form is in `store`, the wire form in `http`.

pub mod address;
pub mod attempt;
pub mod certificate;
pub mod change;
pub mod diagnosis;
pub mod dice;
pub mod digest;
pub mod ended_calls;
pub mod endpoint;
pub mod event;
pub mod filter;
pub mod id;
pub mod intake;
pub mod key;
pub mod lanes;
pub mod notice;
pub mod outcome;
pub mod payload;
pub mod pem;
pub mod reason;
pub mod replay;
pub mod request;
pub mod retention;
pub mod retry;
pub mod route;
pub mod sign;
pub mod spell;
pub mod spread;
pub mod time;
pub mod token;
