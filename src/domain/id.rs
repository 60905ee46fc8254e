//! Numbers and the public ids made from them.
//!
//! A public id is a prefix and 26 letters of lower-case Crockford base32 over 16 bytes. The
//! first bytes are the number, so ids sort by age without trusting a clock; the others are
//! the salt of the number's epoch, so an id never repeats after a restore.

use std::fmt;

/// Counts accepted events; never reused. The top bit marks the event of a test.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EventNumber(pub u64);

/// Counts endpoints; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EndpointNumber(pub u32);

/// Counts tokens; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TokenNumber(pub u32);

/// Counts attempts of all endpoints, tests included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AttemptNumber(pub u64);

/// A replay of a window; it lives in memory only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ReplayNumber(pub u64);

/// Names one delivery: an event for an endpoint in one round (a replay is a new round).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeliveryKey {
    /// The event that is delivered.
    pub event: EventNumber,
    /// Where it goes.
    pub endpoint: EndpointNumber,
    /// 0 for the first round, one more for each replay.
    pub round: u8,
}

impl EventNumber {
    const TEST: u64 = 1 << 63;

    /// The number of a test's event, from 63 random bits. It is never stored.
    pub const fn test(random: u64) -> Self {
        Self(random | Self::TEST)
    }

    /// Whether this is the event of a test.
    pub const fn is_test(self) -> bool {
        self.0 & Self::TEST != 0
    }
}

/// Random bytes that make the ids of one epoch its own.
pub type Salt = [u8; 8];

/// A run of numbers under one salt. A restore opens a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Epoch {
    /// The first event of the epoch.
    pub first_event: EventNumber,
    /// The first endpoint of the epoch.
    pub first_endpoint: EndpointNumber,
    /// The first token of the epoch.
    pub first_token: TokenNumber,
    /// What its ids end with.
    pub salt: Salt,
}

/// All epochs of a database, oldest first, never empty: it turns numbers into ids and back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Epochs(Vec<Epoch>);

/// A public id such as `evt_0000000000006s3kq0vh7m2n4d`: ASCII, at most 30 bytes, no `.`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicId {
    bytes: [u8; PublicId::LONGEST],
    length: u8,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 26;

impl PublicId {
    const LONGEST: usize = 4 + LETTERS;
    /// The length of every event id.
    pub const EVENT_LENGTH: usize = 4 + LETTERS;

    fn new(prefix: &str, value: u128) -> Self {
        let mut bytes = [0; Self::LONGEST];
        bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
        for (place, byte) in bytes[prefix.len()..prefix.len() + LETTERS]
            .iter_mut()
            .enumerate()
        {
            let shift = 5 * (LETTERS - 1 - place);
            *byte = ALPHABET[(value >> shift) as usize & 31];
        }
        let length = u8::try_from(prefix.len() + LETTERS).expect("30 fits in a byte");
        Self { bytes, length }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("ids are ASCII")
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The 16 bytes of an id: None when the prefix, the length or a letter is wrong.
fn decode(prefix: &str, text: &str) -> Option<u128> {
    let letters = text.strip_prefix(prefix)?.as_bytes();
    if letters.len() != LETTERS || letters[0] > b'7' {
        return None;
    }
    letters.iter().try_fold(0u128, |value, letter| {
        let digit = ALPHABET.iter().position(|known| known == letter)?;
        Some(value << 5 | digit as u128)
    })
}

impl Epochs {
    /// `epochs` oldest first; None when there is none.
    pub fn new(epochs: Vec<Epoch>) -> Option<Self> {
        if epochs.is_empty() {
            None
        } else {
            Some(Self(epochs))
        }
    }

    /// The epochs, oldest first.
    pub fn as_slice(&self) -> &[Epoch] {
        &self.0
    }

    fn salt(&self, of: impl Fn(&Epoch) -> bool) -> u64 {
        let epoch = self
            .0
            .iter()
            .rev()
            .find(|epoch| of(epoch))
            .unwrap_or(&self.0[0]);
        u64::from_be_bytes(epoch.salt)
    }

    fn event_salt(&self, event: EventNumber) -> u64 {
        self.salt(|epoch| epoch.first_event <= event)
    }

    fn endpoint_salt(&self, endpoint: EndpointNumber) -> u64 {
        self.salt(|epoch| epoch.first_endpoint <= endpoint)
    }

    fn token_salt(&self, token: TokenNumber) -> u64 {
        self.salt(|epoch| epoch.first_token <= token)
    }

    /// `evt_…`: the `webhook-id` of an event.
    pub fn event_id(&self, event: EventNumber) -> PublicId {
        PublicId::new("evt_", join(event.0, self.event_salt(event)))
    }

    /// `ep_…`
    pub fn endpoint_id(&self, endpoint: EndpointNumber) -> PublicId {
        PublicId::new(
            "ep_",
            join(u64::from(endpoint.0), self.endpoint_salt(endpoint)),
        )
    }

    /// `tok_…`
    pub fn token_id(&self, token: TokenNumber) -> PublicId {
        PublicId::new("tok_", join(u64::from(token.0), self.token_salt(token)))
    }

    /// `dlv_…`: event, endpoint, round, then three bytes of the event's salt.
    pub fn delivery_id(&self, key: DeliveryKey) -> PublicId {
        let rest = u64::from(key.endpoint.0) << 32
            | u64::from(key.round) << 24
            | self.event_salt(key.event) >> 40;
        PublicId::new("dlv_", join(key.event.0, rest))
    }

    /// `att_…`: endpoint, attempt number, then four bytes of the endpoint's salt.
    pub fn attempt_id(&self, endpoint: EndpointNumber, attempt: AttemptNumber) -> PublicId {
        let value = u128::from(endpoint.0) << 96
            | u128::from(attempt.0) << 32
            | u128::from(self.endpoint_salt(endpoint) >> 32);
        PublicId::new("att_", value)
    }

    /// `rpl_…`: a replay, then the newest salt. A replay lives in memory only; its number is the
    /// time at which it began, so that none of a later run has the same id.
    pub fn replay_id(&self, replay: ReplayNumber) -> PublicId {
        PublicId::new("rpl_", join(replay.0, self.salt(|_| true)))
    }

    /// The event of an id, None when it was never given out by this database.
    pub fn parse_event(&self, id: &str) -> Option<EventNumber> {
        let event = EventNumber((decode("evt_", id)? >> 64) as u64);
        (self.event_id(event).as_str() == id).then_some(event)
    }

    /// The endpoint of an id, None when it was never given out by this database.
    pub fn parse_endpoint(&self, id: &str) -> Option<EndpointNumber> {
        let number = u32::try_from(decode("ep_", id)? >> 64).ok()?;
        let endpoint = EndpointNumber(number);
        (self.endpoint_id(endpoint).as_str() == id).then_some(endpoint)
    }

    /// The token of an id, None when it was never given out by this database.
    pub fn parse_token(&self, id: &str) -> Option<TokenNumber> {
        let token = TokenNumber(u32::try_from(decode("tok_", id)? >> 64).ok()?);
        (self.token_id(token).as_str() == id).then_some(token)
    }

    /// The replay of an id, None when it was never given out by this database.
    pub fn parse_replay(&self, id: &str) -> Option<ReplayNumber> {
        let replay = ReplayNumber((decode("rpl_", id)? >> 64) as u64);
        (self.replay_id(replay).as_str() == id).then_some(replay)
    }

    /// The delivery of an id, None when it was never given out by this database.
    pub fn parse_delivery(&self, id: &str) -> Option<DeliveryKey> {
        let value = decode("dlv_", id)?;
        let key = DeliveryKey {
            event: EventNumber((value >> 64) as u64),
            endpoint: EndpointNumber((value >> 32) as u32),
            round: (value >> 24) as u8,
        };
        (self.delivery_id(key).as_str() == id).then_some(key)
    }
}

fn join(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs() -> Epochs {
        let epoch = |first, salt| Epoch {
            first_event: EventNumber(first),
            first_endpoint: EndpointNumber(first as u32),
            first_token: TokenNumber(first as u32),
            salt,
        };
        Epochs::new(vec![
            epoch(1, [7; 8]),
            epoch(100, *b"\xff\0\xfe\x01\x80\x7f\x55\xaa"),
        ])
        .expect("two epochs")
    }

    #[test]
    fn every_id_reads_back() {
        let epochs = epochs();
        for number in [1u32, 2, 99, 100, 101, u32::MAX] {
            let event = EventNumber(u64::from(number) << 20);
            let key = DeliveryKey {
                event,
                endpoint: EndpointNumber(number),
                round: 255,
            };
            assert_eq!(
                epochs.parse_event(epochs.event_id(event).as_str()),
                Some(event)
            );
            assert_eq!(
                epochs.parse_delivery(epochs.delivery_id(key).as_str()),
                Some(key)
            );
            let (endpoint, token) = (EndpointNumber(number), TokenNumber(number));
            assert_eq!(
                epochs.parse_endpoint(epochs.endpoint_id(endpoint).as_str()),
                Some(endpoint)
            );
            assert_eq!(
                epochs.parse_token(epochs.token_id(token).as_str()),
                Some(token)
            );
            let replay = ReplayNumber(u64::from(number) << 9);
            let id = epochs.replay_id(replay);
            assert_eq!(epochs.parse_replay(id.as_str()), Some(replay));
        }
    }

    #[test]
    fn ids_sort_by_age_and_keep_their_length() {
        let epochs = epochs();
        let ids: Vec<_> = [1, 2, 31, 32, 99, 100, 5_000_000]
            .map(|n| epochs.event_id(EventNumber(n)).to_string())
            .to_vec();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(
            ids.iter()
                .all(|id| id.len() == PublicId::EVENT_LENGTH && !id.contains('.'))
        );
    }

    #[test]
    fn a_forged_or_mangled_id_is_nobodys() {
        let epochs = epochs();
        let good = epochs.event_id(EventNumber(150)).to_string();
        let mut wrong_salt = good.clone();
        wrong_salt.replace_range(29..30, if good.ends_with('0') { "1" } else { "0" });
        for bad in [
            wrong_salt.as_str(),
            &good[..29],
            &good.to_uppercase(),
            "evt_",
            "",
            "ep_1",
        ] {
            assert_eq!(epochs.parse_event(bad), None, "{bad}");
        }
        assert_eq!(epochs.parse_endpoint(&good), None);
    }

    #[test]
    fn an_old_epoch_keeps_its_ids() {
        let old = Epochs::new(epochs().as_slice()[..1].to_vec()).expect("one epoch");
        let event = EventNumber(42);
        assert_eq!(old.event_id(event), epochs().event_id(event));
        assert_ne!(
            old.event_id(EventNumber(100)),
            epochs().event_id(EventNumber(100))
        );
    }

    #[test]
    fn the_events_of_tests_are_of_their_own_kind() {
        assert!(EventNumber::test(5).is_test());
        assert!(!EventNumber(5).is_test());
    }
}
