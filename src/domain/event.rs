//! An event as it comes in: its type, the facts that filters and order read, and its draft.

use std::fmt;
use std::sync::Arc;

use super::id::TokenNumber;
use super::payload::Draft;
use super::time::Timestamp;

/// What happened. The five of the original, or a producer's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// `call:ringing`
    CallRinging,
    /// `call:completed`
    CallCompleted,
    /// `call:missed`
    CallMissed,
    /// `email:received`
    EmailReceived,
    /// `lead:created`
    LeadCreated,
    /// `pbx:queue_left`, `endpoint:paused` …: of the form `EventType::parse` states.
    Own(Arc<str>),
}

/// Why a text is not an event type that may be posted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TypeError {
    /// Not of the form.
    #[error("must be of the form name:name, each 1 to 32 of a-z, 0-9 and _, a letter first")]
    Form,
}

impl EventType {
    /// The five of the original, in the order in which they are listed.
    pub const BUILT_IN: [Self; 5] = [
        Self::CallRinging,
        Self::CallCompleted,
        Self::CallMissed,
        Self::EmailReceived,
        Self::LeadCreated,
    ];

    /// Reads `call:completed` or any `[a-z][a-z0-9_]{0,31}:[a-z][a-z0-9_]{0,31}`.
    pub fn parse(text: &str) -> Result<Self, TypeError> {
        if let Some(known) = Self::BUILT_IN
            .into_iter()
            .find(|known| known.as_str() == text)
        {
            return Ok(known);
        }
        let word = |part: &str| {
            part.len() <= 32
                && part.starts_with(|c: char| c.is_ascii_lowercase())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        match text.split_once(':') {
            Some((room, name)) if word(room) && word(name) => Ok(Self::Own(text.into())),
            _ => Err(TypeError::Form),
        }
    }

    /// The code: `call:completed`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CallRinging => "call:ringing",
            Self::CallCompleted => "call:completed",
            Self::CallMissed => "call:missed",
            Self::EmailReceived => "email:received",
            Self::LeadCreated => "lead:created",
            Self::Own(code) => code,
        }
    }

    /// Whether it is one of ringhook's own `endpoint:…` notices, which producers can't post
    /// and which `*` leaves out.
    pub fn is_notice(&self) -> bool {
        self.as_str().starts_with("endpoint:")
    }

    /// Whether `data.id` must be there: `call:`, `email:` and `lead:` events.
    pub fn needs_id(&self) -> bool {
        ["call:", "email:", "lead:"]
            .iter()
            .any(|room| self.as_str().starts_with(room))
    }

    /// Whether a subscription to it may ask for a duration: `call:completed` and producers' own
    /// types. Notices have none.
    pub fn may_filter_duration(&self) -> bool {
        matches!(self, Self::CallCompleted | Self::Own(_)) && !self.is_notice()
    }

    /// Whether it ends its call, so that a ringing event of the same call is out of date.
    pub fn ends_call(&self) -> bool {
        matches!(self, Self::CallCompleted | Self::CallMissed)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who brought an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A producer with a token.
    Token(TokenNumber),
    /// A process of this user id over the Unix socket.
    Socket(u32),
    /// ringhook itself: the notices.
    Own,
}

/// What filters, order and lists read of `data`; everything else passes untouched.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// `data.id`: the call, email or lead.
    pub id: Option<String>,
    /// `data.account.id`
    pub account: Option<String>,
    /// `data.tracked_number`, in its comparable form (`filter::comparable`).
    pub tracked_number: Option<String>,
    /// `data.caller_number`, in its comparable form; None as well when it is no number.
    pub caller_number: Option<String>,
    /// `data.duration` in seconds, at least 0.
    pub duration: Option<f64>,
}

/// An event that is well formed and acceptable, before it has a number.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its type.
    pub kind: EventType,
    /// As the producer said; None means the moment of acceptance.
    pub occurred_at: Option<Timestamp>,
    /// What is read of its data.
    pub facts: Facts,
    /// The body, rendered but for its id (and its time, where the producer gave none).
    pub draft: Draft,
    /// Digest of the producer's key, see `digest::long`.
    pub idempotency_key: Option<u128>,
    /// Digest of type, data bytes and given time: the same for the same event posted again.
    /// 0 where the producer gave no key: nothing asks for it then, and it would cost as much as
    /// all the rest of reading.
    pub content: u128,
    /// Who brought it.
    pub origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_types_there_are() {
        let check = |code: &str, expected: bool| {
            let got = EventType::parse(code);
            assert_eq!(got.is_ok(), expected, "{code}");
            if let Ok(kind) = got {
                assert_eq!(kind.as_str(), code);
            }
        };
        for kind in EventType::BUILT_IN {
            check(kind.as_str(), true);
            assert!(!matches!(
                EventType::parse(kind.as_str()),
                Ok(EventType::Own(_))
            ));
        }
        let long = "a".repeat(32);
        check("a:b", true);
        check("pbx:queue_left", true);
        check("a0_:b_9", true);
        check("call:transferred", true);
        check("endpoint:paused", true);
        check(&format!("{long}:{long}"), true);
        check(&format!("{long}a:b"), false);
        check(&format!("a:{long}b"), false);
        for bad in [
            "", ":", "a", "a:", ":b", "a:b:c", "A:b", "a:B", "1a:b", "a:1b", "_a:b", "a:_b",
            "a-b:c", "a :b", " a:b", "a:b ", "a:b\n", "é:b", "a:é", "*", "a:*", "a\0:b",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn what_a_type_asks_for() {
        let check = |code: &str, expected: [bool; 4]| {
            let kind = EventType::parse(code).unwrap();
            let got = [
                kind.needs_id(),
                kind.may_filter_duration(),
                kind.ends_call(),
                kind.is_notice(),
            ];
            assert_eq!(got, expected, "{code}");
        };
        check("call:ringing", [true, false, false, false]);
        check("call:completed", [true, true, true, false]);
        check("call:missed", [true, false, true, false]);
        check("email:received", [true, false, false, false]);
        check("lead:created", [true, false, false, false]);
        check("call:transferred", [true, true, false, false]);
        check("pbx:queue_left", [false, true, false, false]);
        check("calls:made", [false, true, false, false]);
        check("endpoint:paused", [false, false, false, true]);
        check("endpoints:a", [false, true, false, false]);
    }
}
