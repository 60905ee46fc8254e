//! ringhook as its users meet it: the real binary over its ports, against real receivers.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod batch;
mod bench;
mod check;
mod cli;
mod delivery;
mod edge;
mod endpoints;
mod events;
mod keys;
mod limits;
mod order;
mod page;
mod preview;
mod receivers;
mod replay;
mod replay_cli;
mod replay_races;
mod restart;
mod retention;
mod retry;
mod session;
mod stats;
mod stream;
mod test_receiver;
mod tls;
mod tools;
