//! Scenarios: `step` and `turn` with the store and the delivery threads played by the test, and
//! the whole engine on a real database with a scripted network.

mod accepting;
mod administering;
mod behind;
mod bench;
mod delivering;
mod failing;
mod grouping;
mod hardening;
mod healing;
mod keeping;
mod pausing;
mod replaying;
mod retrying;
mod rolling;
mod rotating;
mod telling;
mod whole;

pub(in crate::engine) use bench::{exchange, spec};
