//! The keys of an endpoint, and how they change: a rotation in two steps, or a replacement at
//! once. Which of them sign a request is said in `sign`.

use super::super::key::SignatureKey;
use super::super::time::Timestamp;

/// The keys of an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keys {
    /// Signs every request.
    pub current: SignatureKey,
    /// Made, and not yet switched to: signs the Standard header as well.
    pub next: Option<SignatureKey>,
    /// Still signs the Standard header until that time.
    pub previous: Option<(SignatureKey, Timestamp)>,
}

impl Keys {
    /// How long the key that was switched from goes on to sign the Standard header: a day, in
    /// which receivers that check both are moved over.
    pub const OVERLAP_MS: u64 = 24 * 60 * 60 * 1_000;

    /// An endpoint's first key.
    pub const fn only(current: SignatureKey) -> Self {
        Self {
            current,
            next: None,
            previous: None,
        }
    }

    /// Step one: the next key is there, to be tried and handed to the receiver. It takes the
    /// place of one that was made before and not switched to.
    pub fn prepare(&mut self, next: SignatureKey) {
        self.next = Some(next);
    }

    /// Step two: the next key is the current one, and the one before goes on to sign the
    /// Standard header for a while. False, and nothing is changed, without a next key.
    pub fn promote(&mut self, at: Timestamp) -> bool {
        let Some(next) = self.next.take() else {
            return false;
        };
        let old = std::mem::replace(&mut self.current, next);
        self.previous = Some((old, at.plus_ms(Self::OVERLAP_MS)));
        true
    }

    /// At once and without an overlap: from here on this key signs, and it alone. A rotation
    /// that was begun is over.
    pub fn replace(&mut self, key: SignatureKey) {
        *self = Self::only(key);
    }

    /// Forgets the previous key where its time is over; whether it did.
    pub fn forget_previous(&mut self, now: Timestamp) -> bool {
        let over = self.previous.as_ref().is_some_and(|(_, at)| *at <= now);
        if over {
            self.previous = None;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SignatureKey {
        SignatureKey::import(text).unwrap()
    }

    fn shown(keys: &Keys) -> (&str, Option<&str>, Option<(&str, u64)>) {
        let previous = keys.previous.as_ref();
        (
            keys.current.reveal(),
            keys.next.as_ref().map(SignatureKey::reveal),
            previous.map(|(key, until)| (key.reveal(), until.0)),
        )
    }

    #[test]
    fn a_rotation_step_by_step() {
        let day = Keys::OVERLAP_MS;
        let mut keys = Keys::only(key("a"));
        assert!(!keys.promote(Timestamp(1)));
        assert_eq!(shown(&keys), ("a", None, None));
        keys.prepare(key("b"));
        keys.prepare(key("c"));
        assert_eq!(shown(&keys), ("a", Some("c"), None));
        assert!(keys.promote(Timestamp(5)));
        assert_eq!(shown(&keys), ("c", None, Some(("a", day + 5))));
        assert!(!keys.promote(Timestamp(6)), "there is no next one any more");
        // A second rotation within the overlap: only one key before the current one is kept.
        keys.prepare(key("d"));
        assert_eq!(shown(&keys), ("c", Some("d"), Some(("a", day + 5))));
        assert!(keys.promote(Timestamp(7)));
        assert_eq!(shown(&keys), ("d", None, Some(("c", day + 7))));
    }

    #[test]
    fn the_overlap_ends_to_the_millisecond() {
        let mut keys = Keys::only(key("a"));
        assert!(!keys.forget_previous(Timestamp(u64::MAX)));
        keys.prepare(key("b"));
        keys.promote(Timestamp(5));
        assert!(!keys.forget_previous(Timestamp(Keys::OVERLAP_MS + 4)));
        assert!(keys.forget_previous(Timestamp(Keys::OVERLAP_MS + 5)));
        assert_eq!(shown(&keys), ("b", None, None));
    }

    #[test]
    fn a_replacement_leaves_no_other_key() {
        let mut keys = Keys::only(key("a"));
        keys.prepare(key("b"));
        keys.promote(Timestamp(5));
        keys.prepare(key("c"));
        keys.replace(key("d"));
        assert_eq!(shown(&keys), ("d", None, None));
    }
}
