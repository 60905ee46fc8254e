//! The page as people meet it: Debian's Chromium, the real daemon, a real receiver.
//!
//! Every test goes the steps of a user, by the words on the screen, in English and in French.
//! `tests/run` installs what they need. `tests/screenshots DIR` takes pictures of every page.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

#[path = "../support/mod.rs"]
mod support;

mod accessibility;
mod browser;
mod driver;
mod endpoints;
mod events;
mod hostile;
mod overview;
mod scene;
mod screenshots;
mod settings;
mod sign_in;
mod tokens;
mod words;
