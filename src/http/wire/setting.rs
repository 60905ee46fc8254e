//! A setting as it is shown.

use serde::Serialize;

use crate::config::Effective;

/// One setting with its origin.
#[derive(Serialize)]
pub struct SettingJson<'a> {
    key: String,
    value: &'a str,
    origin: String,
    reloadable: bool,
}

impl<'a> SettingJson<'a> {
    /// As it holds.
    pub fn new(effective: &'a Effective) -> Self {
        Self {
            key: effective.setting.name(),
            value: &effective.value,
            origin: effective.origin(),
            reloadable: effective.setting.is_reloadable(),
        }
    }
}
