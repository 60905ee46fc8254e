//! How often an address may sign in wrongly.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::MINUTE_MS;
use crate::domain::time::Tick;

/// Wrong tries of an address within a minute. Beyond it even a right one is refused.
const TRIES_MAX: u32 = 5;
/// Addresses with wrong tries. Beyond it addresses that have none yet are refused, until some of
/// the others are forgotten.
const ADDRESSES_MAX: usize = 1024;

/// Wrong tries of the last minute.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<IpAddr, Wrong>>);

#[derive(Debug)]
struct Wrong {
    since: Tick,
    count: u32,
}

impl Tries {
    /// Counts a try of that address before it is looked at. False: it may not have one.
    pub fn take(&self, address: IpAddr, now: Tick) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.retain(|_, wrong| now.ms_since(wrong.since) < MINUTE_MS);
        let address = network_of(address);
        if tries.len() >= ADDRESSES_MAX && !tries.contains_key(&address) {
            return false;
        }
        let wrong = tries.entry(address).or_insert(Wrong {
            since: now,
            count: 0,
        });
        wrong.count = wrong.count.saturating_add(1);
        wrong.count <= TRIES_MAX
    }

    /// The last try of that address was right, and is not counted.
    pub fn give_back(&self, address: IpAddr) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrong) = tries.get_mut(&network_of(address)) {
            wrong.count = wrong.count.saturating_sub(1);
        }
    }
}

/// A host may take any address of its /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Tick = Tick(9_000);

    #[test]
    fn five_wrong_ones_a_minute() {
        let tries = Tries::default();
        let of = |address: &str, ms| tries.take(address.parse().unwrap(), BEGUN.plus_ms(ms));
        assert!((0..5).all(|ms| of("10.0.0.1", ms)));
        assert!(!of("10.0.0.1", 5) && !of("::ffff:10.0.0.1", 59_999));
        assert!(of("10.0.0.2", 5), "another address has its own");
        assert!(of("10.0.0.1", 60_000), "a minute after the first");
        assert!((0..5).all(|n| of(&format!("fd00::{n}"), 0)));
        assert!(!of("fd00::99", 0) && of("fd00:0:0:1::1", 0), "by network");
    }

    #[test]
    fn right_ones_do_not_count() {
        let tries = Tries::default();
        let address = "10.0.0.1".parse().unwrap();
        for _ in 0..100 {
            assert!(tries.take(address, BEGUN));
            tries.give_back(address);
        }
    }

    #[test]
    fn with_too_many_addresses_new_ones_wait() {
        let tries = Tries::default();
        let address = |number: usize| {
            let [.., a, b] = u32::try_from(number).unwrap().to_be_bytes();
            IpAddr::from([10, 0, a, b])
        };
        assert!((0..ADDRESSES_MAX).all(|number| tries.take(address(number), BEGUN)));
        assert!(!tries.take(address(ADDRESSES_MAX), BEGUN));
        assert!(tries.take(address(0), BEGUN));
        assert!(tries.take(address(ADDRESSES_MAX), BEGUN.plus_ms(MINUTE_MS)));
    }
}
