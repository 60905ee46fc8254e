//! What an endpoint wants: event types, with filters by account, number and duration.
//!
//! One function decides, `Subscription::judge`: whether an event is sent and why it is not come
//! from the same words.

mod check;
mod number;
#[cfg(test)]
mod tests;

pub use check::{ACCOUNTS_MAX, NUMBERS_MAX};
pub use number::{NumberPattern, comparable, is_number};

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

/// Why an event is not sent to an endpoint.
#[derive(Clone, PartialEq, Debug)]
pub struct Miss {
    /// For programs: `disabled`, `type`, `account`, `number`, `duration`, `unread`, `newer`,
    /// `itself`.
    pub code: &'static str,
    /// For people, with both values: `duration 4 s is below its minimum of 10 s`.
    pub reason: String,
}

/// The first condition of a subscription that does not hold. Those that are asked later are
/// greater: an event that fails one of them came nearer to a match.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Hindrance {
    Type,
    Account,
    Number,
    TooShort,
    TooLong,
    Unread,
}

impl Wants {
    /// Whether events of that type are wanted at all.
    pub fn includes(&self, kind: &EventType) -> bool {
        match self {
            Self::All => !kind.is_notice(),
            Self::Type(wanted) => wanted == kind,
        }
    }

    /// `*` or the code of the type.
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "*",
            Self::Type(kind) => kind.as_str(),
        }
    }
}

impl Subscription {
    /// Whether it wants this event.
    pub fn matches(&self, kind: &EventType, facts: &Facts) -> bool {
        self.judge(kind, facts).is_none()
    }

    /// The same, of an event whose facts may not be known: its body is damaged.
    fn judge_known(&self, kind: &EventType, facts: Option<&Facts>) -> Option<Hindrance> {
        match facts {
            Some(facts) => self.judge(kind, facts),
            None if !self.wants.includes(kind) => Some(Hindrance::Type),
            None => (self.filter != Filter::default()).then_some(Hindrance::Unread),
        }
    }

    fn judge(&self, kind: &EventType, facts: &Facts) -> Option<Hindrance> {
        let filter = &self.filter;
        if !self.wants.includes(kind) {
            return Some(Hindrance::Type);
        }
        let accounts = &filter.accounts;
        if !accounts.is_empty()
            && !facts
                .account
                .as_ref()
                .is_some_and(|id| accounts.contains(id))
        {
            return Some(Hindrance::Account);
        }
        let covers = |number: &String| filter.numbers.iter().any(|known| known.covers(number));
        if !filter.numbers.is_empty() && !facts.tracked_number.as_ref().is_some_and(covers) {
            return Some(Hindrance::Number);
        }
        // An unknown duration is neither long nor short enough.
        if filter
            .duration_min
            .is_some_and(|min| facts.duration.is_none_or(|given| given < min))
        {
            return Some(Hindrance::TooShort);
        }
        if filter
            .duration_max
            .is_some_and(|max| facts.duration.is_none_or(|given| given > max))
        {
            return Some(Hindrance::TooLong);
        }
        None
    }
}

/// Why none of the subscriptions wants the event: the nearest miss. None when one does. Without
/// facts a filter that asks for some is not satisfied.
pub fn miss(
    subscriptions: &[Subscription],
    kind: &EventType,
    facts: Option<&Facts>,
) -> Option<Miss> {
    let mut nearest: Option<(Hindrance, &Subscription)> = None;
    for subscription in subscriptions {
        let hindrance = subscription.judge_known(kind, facts)?;
        if nearest.is_none_or(|(known, _)| hindrance > known) {
            nearest = Some((hindrance, subscription));
        }
    }
    // Only a filter that reads facts can fail for them.
    let known = facts.cloned().unwrap_or_default();
    let facts = &known;
    Some(match nearest {
        None | Some((Hindrance::Type, _)) => Miss {
            code: "type",
            reason: type_reason(subscriptions, kind),
        },
        Some((Hindrance::Account, subscription)) => Miss {
            code: "account",
            reason: account_reason(&subscription.filter, facts),
        },
        Some((Hindrance::Number, subscription)) => Miss {
            code: "number",
            reason: number_reason(&subscription.filter, facts),
        },
        Some((Hindrance::TooShort, subscription)) => Miss {
            code: "duration",
            reason: duration_reason(subscription.filter.duration_min, "below its minimum", facts),
        },
        Some((Hindrance::TooLong, subscription)) => Miss {
            code: "duration",
            reason: duration_reason(subscription.filter.duration_max, "above its maximum", facts),
        },
        Some((Hindrance::Unread, _)) => Miss {
            code: "unread",
            reason: "its filter asks for data that can't be read from the database; the log names \
                     the record"
                .to_owned(),
        },
    })
}

fn type_reason(subscriptions: &[Subscription], kind: &EventType) -> String {
    let wanted = some_of(subscriptions.iter().map(|one| one.wants.as_str()));
    if kind.is_notice() && subscriptions.iter().any(|one| one.wants == Wants::All) {
        return format!("type {kind} must be wanted by name, it wants {wanted}");
    }
    format!("type {kind} is not wanted, it wants {wanted}")
}

fn account_reason(filter: &Filter, facts: &Facts) -> String {
    let wanted = some_of(filter.accounts.iter().map(String::as_str));
    match &facts.account {
        None => format!("the event has no account, it wants {wanted}"),
        Some(id) => format!("account {} is not wanted, it wants {wanted}", brief(id)),
    }
}

fn number_reason(filter: &Filter, facts: &Facts) -> String {
    let wanted = some_of(filter.numbers.iter().map(|one| one.written.as_str()));
    match &facts.tracked_number {
        None => format!("the event has no tracked number, it wants {wanted}"),
        Some(number) => format!("tracked number {number} is not wanted, it wants {wanted}"),
    }
}

fn duration_reason(bound: Option<f64>, relation: &str, facts: &Facts) -> String {
    let bound = bound.unwrap_or_default();
    match facts.duration {
        Some(given) => format!("duration {given} s is {relation} of {bound} s"),
        None => {
            let bound_name = relation.rsplit(' ').next().unwrap_or_default();
            format!("the event has no duration, its {bound_name} is {bound} s")
        }
    }
}

/// The first few of a list, and how many more there are.
fn some_of<'a>(mut names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN_MAX: usize = 4;
    let more = names.len().saturating_sub(SHOWN_MAX);
    let shown: Vec<_> = names.by_ref().take(SHOWN_MAX).map(brief).collect();
    match (shown.len(), more) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

/// An id of at most 128 characters as it is, a longer one cut.
fn brief(id: &str) -> String {
    match id.char_indices().nth(128) {
        None => id.to_owned(),
        Some((end, _)) => format!("{}…", &id[..end]),
    }
}
