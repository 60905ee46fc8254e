//! ringhook: webhooks for phone systems.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod http;
pub mod send;
pub mod store;
pub mod telemetry;
