//! Records that can't be read: each is reported once, counted, and set aside.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::record::Broken;
use crate::telemetry::Counter;

/// How many damaged records are remembered by name. Those beyond are counted each time that
/// they are met, and no longer named in the log.
const NAMES_MAX: usize = 10_000;

/// The damaged records met since the start.
#[derive(Debug, Default)]
pub struct Damage {
    names: Mutex<HashSet<String>>,
    count: Counter,
}

impl Damage {
    /// The record, or None when it is damaged, which is reported here.
    pub fn sift<T>(
        &self,
        table: &str,
        key: impl fmt::Debug,
        record: Result<T, Broken>,
    ) -> Option<T> {
        record
            .map_err(|broken| self.report(table, &format!("{key:?}"), broken))
            .ok()
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    fn report(&self, table: &str, key: &str, broken: Broken) {
        let name = format!("{table} {key}");
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_MAX {
            self.count.add(1);
        } else if names.insert(name) {
            self.count.add(1);
            log::warn!(table, key; "a damaged record is set aside: {broken}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_counted_once_however_often_it_is_met() {
        let damage = Damage::default();
        for _ in 0..3 {
            assert_eq!(
                damage.sift("heads", 7, Err::<(), _>(Broken::Checksum)),
                None
            );
        }
        assert_eq!(damage.sift("open", 7, Err::<(), _>(Broken::Form)), None);
        assert_eq!(damage.sift("open", 8, Ok(5)), Some(5));
        assert_eq!(damage.count(), 2);
    }
}
