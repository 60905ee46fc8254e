//! What must hold of the files of the page, read as text, without a browser: nothing inline,
//! nothing from elsewhere, nothing missing, and two catalogues that say the same.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

mod catalogues;
mod files;
mod markup;
