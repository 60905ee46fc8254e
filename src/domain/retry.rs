//! The retry plan: when a failed delivery is tried again.
//!
//! It knows no clock: it answers with a delay, and the dice for the jitter are an argument.

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
        u8::try_from(self.delays_ms.len().saturating_add(1)).unwrap_or(u8::MAX)
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
        if made >= attempts_max.unwrap_or(self.attempts()) {
            return None;
        }
        let place = usize::from(made.saturating_sub(1)).min(self.delays_ms.len() - 1);
        Some(jittered(self.delays_ms[place], dice).max(retry_after_ms))
    }
}

/// Somewhere from 80 % to 120 % of the delay, so that what failed together does not return
/// together.
fn jittered(delay_ms: u64, dice: &mut Dice) -> u64 {
    let fifth = delay_ms / 5;
    (delay_ms - fifth).saturating_add(dice.below(2 * fifth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;
    const HOUR: u64 = 3_600 * SECOND;

    /// The plan of the contract: 5 s, 30 s, 2 m, 10 m, 30 m, 1 h, 2 h, 4 h, 8 h, 12 h.
    fn contract() -> Plan {
        let seconds = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];
        Plan::new(seconds.map(|delay| delay * SECOND).to_vec()).unwrap()
    }

    /// The shortest and the longest of many throws.
    fn range(plan: &Plan, made: u8, attempts_max: Option<u8>, after: u64) -> Option<(u64, u64)> {
        let mut dice = Dice::seeded(u64::from(made));
        let throws: Option<Vec<u64>> = (0..2_000)
            .map(|_| plan.next_ms(made, attempts_max, after, &mut dice))
            .collect();
        throws.map(|all| (*all.iter().min().unwrap(), *all.iter().max().unwrap()))
    }

    #[test]
    fn every_delay_of_the_contract_lies_within_a_fifth() {
        let plan = contract();
        assert_eq!(plan.attempts(), 11);
        for (made, delay) in (1..).zip(plan.delays_ms.clone()) {
            let (shortest, longest) = range(&plan, made, None, 0).unwrap();
            let (low, high) = (delay / 10 * 8, delay / 10 * 12);
            assert!(
                low <= shortest && longest <= high,
                "{made}: {shortest} {longest}"
            );
            // The throws reach near both ends, and so the whole of the range.
            let near = delay / 100;
            assert!(
                shortest < low + near && high - near < longest,
                "{made}: {shortest} {longest}"
            );
        }
    }

    #[test]
    fn the_number_of_attempts() {
        let check = |made: u8, attempts_max: Option<u8>, expected: Option<u64>| {
            let plan = contract();
            // Delays are told apart by their middle: each is twice the one before, or more.
            let got = range(&plan, made, attempts_max, 0).map(|(low, high)| {
                let middle = u64::midpoint(low, high);
                *plan
                    .delays_ms
                    .iter()
                    .min_by_key(|delay| delay.abs_diff(middle))
                    .unwrap()
            });
            assert_eq!(
                got,
                expected.map(|s| s * SECOND),
                "{made} of {attempts_max:?}"
            );
        };
        check(1, None, Some(5));
        check(2, None, Some(30));
        check(10, None, Some(43_200));
        check(11, None, None);
        check(12, None, None);
        check(255, None, None);
        check(1, Some(1), None);
        check(1, Some(2), Some(5));
        check(2, Some(2), None);
        check(10, Some(11), Some(43_200));
        check(11, Some(25), Some(43_200));
        check(24, Some(25), Some(43_200));
        check(25, Some(25), None);
        // A policy that was lowered meanwhile ends what has made more attempts already.
        check(9, Some(3), None);
        check(0, None, Some(5));
        check(0, Some(0), None);
    }

    #[test]
    fn retry_after_never_shortens_and_may_lengthen() {
        let plan = contract();
        let check = |made: u8, after: u64, low: u64, high: u64| {
            let (shortest, longest) = range(&plan, made, None, after).unwrap();
            assert!(
                low <= shortest && longest <= high,
                "{made} {after}: {shortest} {longest}"
            );
        };
        check(1, SECOND, 4 * SECOND, 6 * SECOND);
        check(1, 5 * SECOND, 5 * SECOND, 6 * SECOND);
        check(1, HOUR, HOUR, HOUR);
        check(10, 24 * HOUR, 24 * HOUR, 24 * HOUR);
        check(10, HOUR, 34_560 * SECOND, 51_840 * SECOND);
        assert_eq!(
            plan.next_ms(11, None, HOUR, &mut Dice::seeded(1)),
            None,
            "a wish of the receiver gives no further attempt"
        );
    }

    #[test]
    fn plans_at_their_ends() {
        assert_eq!(Plan::new(Vec::new()), None);
        assert_eq!(Plan::new(vec![1; 300]).unwrap().attempts(), 255);
        for delay in [0, 1, 4, 5, u64::MAX] {
            let plan = Plan::new(vec![delay]).unwrap();
            let (low, high) = range(&plan, 1, None, 0).unwrap();
            assert!(low <= delay && delay <= high, "{delay}: {low} {high}");
        }
    }
}
