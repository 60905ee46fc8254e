//! The client against a hostile world, through its public face: receivers that misbehave, names
//! that point inside, proxies. Nothing but loopback is reached.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

mod answers;
mod certificates;
mod egress;
mod faults;
mod handshakes;
mod matrix;
mod proxy;
mod tunnel;
mod world;
