//! The disk form of an event type: one byte for the five of the original.

use serde::{Deserialize, Serialize};

use crate::domain::event::EventType;

/// An event type. The order of the variants is the disk form.
#[derive(Serialize, Deserialize)]
pub enum Kind<'a> {
    CallRinging,
    CallCompleted,
    CallMissed,
    EmailReceived,
    LeadCreated,
    Own(&'a str),
}

impl<'a> From<&'a EventType> for Kind<'a> {
    fn from(kind: &'a EventType) -> Self {
        match kind {
            EventType::CallRinging => Self::CallRinging,
            EventType::CallCompleted => Self::CallCompleted,
            EventType::CallMissed => Self::CallMissed,
            EventType::EmailReceived => Self::EmailReceived,
            EventType::LeadCreated => Self::LeadCreated,
            EventType::Own(code) => Self::Own(code),
        }
    }
}

impl From<Kind<'_>> for EventType {
    fn from(kind: Kind<'_>) -> Self {
        match kind {
            Kind::CallRinging => Self::CallRinging,
            Kind::CallCompleted => Self::CallCompleted,
            Kind::CallMissed => Self::CallMissed,
            Kind::EmailReceived => Self::EmailReceived,
            Kind::LeadCreated => Self::LeadCreated,
            Kind::Own(code) => Self::Own(code.into()),
        }
    }
}
