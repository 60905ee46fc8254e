//! The forms of the contract: field names and shapes, written from domain types and read into
//! them. Domain types themselves are not serializable.

pub mod attempt;
pub mod delivery;
pub mod endpoint;
pub mod endpoint_read;
pub mod event;
pub mod news;
pub mod preview;
pub mod replay;
pub mod setting;
pub mod stats;
pub mod status;
pub mod subscription_read;
pub mod token;

use std::fmt::Display;

use serde::{Serialize, Serializer};

/// An id or a time, written as its text.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// What it holds, at most `limit`.
    pub items: Vec<T>,
    /// Where the next page goes on; None at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is never longer than a page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
