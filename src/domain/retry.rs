//! The retry plan: when a failed delivery is tried again.

use super::dice::Dice;

/// Delays after the first, second … failed attempt, with jitter of ±20 %.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    delays_ms: Vec<u64>,
}

impl Plan {
    /// A plan from `delivery.retry_plan`, at least one delay.
    pub fn new(delays_ms: Vec<u64>) -> Option<Self> {
        if delays_ms.is_empty() {
            None
        } else {
            Some(Self { delays_ms })
        }
    }

    /// Attempts of a delivery where its endpoint names no number: one more than delays.
    pub fn attempts(&self) -> u8 {
        todo!()
    }

    /// How long to wait after attempt number `made` (1, 2 …) failed, or None when it was the
    /// last of `attempts_max`. Beyond the plan its last delay repeats. Never less than
    /// `retry_after_ms`.
    pub fn next_ms(
        &self,
        made: u8,
        attempts_max: Option<u8>,
        retry_after_ms: u64,
        dice: &mut Dice,
    ) -> Option<u64> {
        todo!("{made} {attempts_max:?} {retry_after_ms} {dice:?}")
    }
}
