//! What an endpoint wants: event types, with filters by account, number and duration.

use super::event::{EventType, Facts};

/// Events of one type, or of all, that pass the filter.
#[derive(Clone, PartialEq, Debug)]
pub struct Subscription {
    /// Which type.
    pub wants: Wants,
    /// Only those that pass.
    pub filter: Filter,
}

/// The type of a subscription.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wants {
    /// `*`: every type but `endpoint:…`.
    All,
    /// One type.
    Type(EventType),
}

/// Conditions that must all hold; an empty list means all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Filter {
    /// Ids of accounts, as given.
    pub accounts: Vec<String>,
    /// Tracked numbers.
    pub numbers: Vec<NumberPattern>,
    /// Bounds of the duration in seconds, inclusive.
    pub duration_min: Option<f64>,
    /// Bounds of the duration in seconds, inclusive.
    pub duration_max: Option<f64>,
}

/// A phone number, or the beginning of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberPattern {
    /// As the person wrote it, with the trailing `*` of a prefix.
    pub written: String,
    /// In its comparable form, without the `*`.
    pub comparable: String,
    /// Whether what follows does not matter.
    pub prefix: bool,
}

/// Why an event is not sent to an endpoint.
#[derive(Clone, PartialEq, Debug)]
pub struct Miss {
    /// For programs: `disabled`, `type`, `account`, `number`, `duration`, `newer`.
    pub code: &'static str,
    /// For people, with both values: `duration 4 s is below its minimum of 10 s`.
    pub reason: String,
}

/// A number in the form in which numbers are compared: white space and `. - / ( )` removed,
/// a leading `00` written `+`. Nothing else is guessed.
pub fn comparable(number: &str) -> String {
    todo!("{number}")
}

impl Subscription {
    /// Everything that is wrong with it; `field` is its own path: `events[0]`.
    pub fn check(&self, _field: &str) -> Vec<super::endpoint::FieldError> {
        Vec::new()
    }

    /// Whether it wants this event.
    pub fn matches(&self, kind: &EventType, facts: &Facts) -> bool {
        todo!("{kind} {facts:?}")
    }
}

/// Why none of the subscriptions wants the event: the nearest miss. None when one does.
pub fn miss(subscriptions: &[Subscription], kind: &EventType, facts: &Facts) -> Option<Miss> {
    todo!("{subscriptions:?} {kind} {facts:?}")
}
