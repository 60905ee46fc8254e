//! The body that receivers get, rendered once per event and then frozen.
//!
//! `data` is copied byte for byte: it is never parsed here and never written anew.

mod sample;

use std::io::Write as _;
use std::sync::Arc;

use super::event::EventType;
use super::id::PublicId;
use super::time::Timestamp;
pub use sample::{labels, sample};

/// A body that lacks only its event id, and its time where the producer gave none. It is
/// rendered where the event is parsed, so the engine only patches 30 (or 54) bytes.
#[derive(Clone, Debug)]
pub struct Draft {
    bytes: Vec<u8>,
    id_at: usize,
    time_at: Option<usize>,
}

const DATA: &[u8] = br#"{"data":"#;
const EVENT: &[u8] = br#","event":""#;
const ID: &[u8] = br#"","event_id":""#;
const TIME: &[u8] = br#"","occurred_at":""#;
const REAL: &[u8] = br#"","test":false}"#;
const TEST: &[u8] = br#"","test":true}"#;
/// The length of every time as it is written.
const TIME_LENGTH: usize = 24;

impl Draft {
    /// Renders `{"data":…,"event":"…","event_id":"…","occurred_at":"…","test":false}`.
    /// `data` is the producer's object, byte for byte; None for the time means: at acceptance.
    pub fn render(
        kind: &EventType,
        data: &str,
        occurred_at: Option<Timestamp>,
        test: bool,
    ) -> Self {
        let code = kind.as_str().as_bytes();
        let end = if test { TEST } else { REAL };
        let frame = DATA.len() + EVENT.len() + ID.len() + TIME.len() + end.len();
        let filled_in = PublicId::EVENT_LENGTH + TIME_LENGTH;
        let mut bytes = Vec::with_capacity(frame + filled_in + data.len() + code.len());
        for part in [DATA, data.as_bytes(), EVENT, code, ID] {
            bytes.extend_from_slice(part);
        }
        let id_at = bytes.len();
        bytes.extend_from_slice(&[b'0'; PublicId::EVENT_LENGTH]);
        bytes.extend_from_slice(TIME);
        let time_at = bytes.len();
        bytes.extend_from_slice(&[b'0'; TIME_LENGTH]);
        bytes.extend_from_slice(end);
        if let Some(at) = occurred_at {
            write_time(&mut bytes, time_at, at);
        }
        Self {
            bytes,
            id_at,
            time_at: occurred_at.is_none().then_some(time_at),
        }
    }

    /// Length of the body in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a body has its frame at least.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Fills in what was not known; from now on the bytes never change. `id` is the id of an
    /// event, which all have one length.
    pub fn freeze(self, id: PublicId, received_at: Timestamp) -> Arc<[u8]> {
        let mut bytes = self.bytes;
        let id_end = self.id_at + PublicId::EVENT_LENGTH;
        bytes[self.id_at..id_end].copy_from_slice(id.as_str().as_bytes());
        if let Some(time_at) = self.time_at {
            write_time(&mut bytes, time_at, received_at);
        }
        bytes.into()
    }
}

fn write_time(bytes: &mut [u8], at: usize, time: Timestamp) {
    let mut place = &mut bytes[at..at + TIME_LENGTH];
    write!(place, "{time}").expect("a time has 24 bytes");
}

/// The `data` object of a frozen body, byte for byte; None when it is not one of ours.
///
/// It is found from the end, where everything has a known length but the code of the type, and
/// that has no quotes in it: the producer's bytes are not searched.
pub fn data_of(body: &[u8]) -> Option<&str> {
    let rest = body
        .strip_suffix(REAL)
        .or_else(|| body.strip_suffix(TEST))?;
    let rest = cut_end(rest, TIME_LENGTH)?.strip_suffix(TIME)?;
    let rest = cut_end(rest, PublicId::EVENT_LENGTH)?.strip_suffix(ID)?;
    let code_at = rest.iter().rposition(|byte| *byte == b'"')? + 1;
    let data = rest[..code_at].strip_suffix(EVENT)?.strip_prefix(DATA)?;
    std::str::from_utf8(data).ok()
}

fn cut_end(bytes: &[u8], length: usize) -> Option<&[u8]> {
    bytes.get(..bytes.len().checked_sub(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EndpointNumber, Epoch, Epochs, EventNumber, TokenNumber};

    const AT: Timestamp = Timestamp(1_772_615_302_114);

    const EPOCH: Epoch = Epoch {
        first_event: EventNumber(1),
        first_endpoint: EndpointNumber(1),
        first_token: TokenNumber(1),
        salt: [7; 8],
    };

    fn event_id() -> PublicId {
        Epochs::new(vec![EPOCH]).unwrap().event_id(EventNumber(7))
    }

    #[test]
    fn the_envelope_is_the_contracts() {
        let check = |occurred_at, test, expected_time: &str, expected_test: &str| {
            let draft = Draft::render(&EventType::CallCompleted, "{ }", occurred_at, test);
            assert_eq!(draft.len(), draft.bytes.capacity());
            let received_at = AT.plus_ms(1_886);
            let body = draft.freeze(event_id(), received_at);
            let id = event_id();
            let expected = [
                r#"{"data":{ },"event":"call:completed","event_id":""#,
                id.as_str(),
                r#"","occurred_at":""#,
                expected_time,
                r#"","test":"#,
                expected_test,
                "}",
            ]
            .concat();
            assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
        };
        check(Some(AT), false, "2026-03-04T09:08:22.114Z", "false");
        check(None, false, "2026-03-04T09:08:24.000Z", "false");
        check(None, true, "2026-03-04T09:08:24.000Z", "true");
    }

    #[test]
    fn data_comes_out_as_it_went_in() {
        let tricky = r#"{"a":"x","event":"call:missed","event_id":"evt_1","test":false}"#;
        let own = EventType::parse("pbx:queue_left").unwrap();
        for data in ["{}", "{\n\t\"é\" : 1.50e+2 }", tricky] {
            for test in [false, true] {
                let body = Draft::render(&own, data, None, test).freeze(event_id(), AT);
                assert_eq!(data_of(&body), Some(data));
            }
        }
    }

    #[test]
    fn what_is_not_ours_has_no_data() {
        let body = Draft::render(&EventType::CallMissed, "{}", None, false);
        let body = body.freeze(event_id(), AT);
        for length in 0..body.len() {
            assert_eq!(data_of(&body[..length]), None, "{length}");
            assert_eq!(data_of(&body[length + 1..]), None, "{length}");
        }
        assert_eq!(data_of(&[0xff; 200]), None);
    }
}
