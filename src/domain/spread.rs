//! A cheap hasher for maps whose keys are numbers: digests, counters.
//!
//! Not for texts, and not against a sender who picks numbers that collide: digests of SHA-256
//! and our own counters need no such guard. It holds no dice, so maps behave alike in each run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by numbers.
pub type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Hashes numbers by spreading their bits.
#[derive(Clone, Copy, Default, Debug)]
pub struct Spread(u64);

/// Spreads the bits of a number over all 64, one to one (the finish of MurmurHash3, Appleby).
pub const fn spread(number: u64) -> u64 {
    let mut mixed = number ^ (number >> 33);
    mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^= mixed >> 33;
    mixed = mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = spread(self.0.rotate_left(5) ^ number);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_fall_far_apart() {
        // What a table of 1,024 places would see of 1,024 numbers in a row.
        let places: std::collections::BTreeSet<_> = (0..1024).map(|n| spread(n) & 1023).collect();
        assert!(places.len() > 600, "{}", places.len());
        let mut map = NumberMap::default();
        map.insert(7u64, 'a');
        map.insert(7 << 32, 'b');
        assert_eq!((map.get(&7), map.get(&(7 << 32))), (Some(&'a'), Some(&'b')));
    }
}
