//! An endpoint: where events go, what it wants, how it is treated, and how it is doing.

use super::filter::Subscription;
use super::id::EndpointNumber;
use super::time::{Tick, Timestamp};

mod check;
mod keys;
pub mod tls;
mod url;

pub use check::check_events;
pub use keys::Keys;
pub use tls::{Tls, TlsTerms, check_ca};
pub use url::check as check_url;

/// An endpoint as it is kept.
#[derive(Clone, PartialEq, Debug)]
pub struct Endpoint {
    /// Its number, never reused.
    pub number: EndpointNumber,
    /// Goes up with every change by a person; an edit names the one it was made from.
    pub revision: u32,
    /// What a person may set.
    pub spec: EndpointSpec,
    /// Its keys.
    pub keys: Keys,
    /// How it is doing; changed by deliveries, and by pause and resume.
    pub health: Health,
    /// When it was added.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub updated_at: Timestamp,
}

/// What a person sets of an endpoint. `EndpointSpec::check` holds for every one that is kept.
#[derive(Clone, PartialEq, Debug)]
pub struct EndpointSpec {
    /// 1–200 characters.
    pub title: String,
    /// http or https, at most 2,048 bytes, without user information and fragment.
    pub url: String,
    /// A disabled endpoint matches no new event, and what waits for it stays unsent.
    pub enabled: bool,
    /// The events it wants, at least one.
    pub events: Vec<Subscription>,
    /// Its own headers, at most 32 and 8 KB, in the order and letter case given.
    pub headers: Vec<(String, String)>,
    /// How `X-CALLTRACKING-SIGNATURE` is written.
    pub encoding: Encoding,
    /// How it is treated.
    pub policy: Policy,
    /// When it is deleted by itself.
    pub expires_at: Option<Timestamp>,
}

/// How `X-CALLTRACKING-SIGNATURE` is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// Lower-case hex.
    #[default]
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// How an endpoint is treated; `None` follows the daemon's configuration.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Policy {
    /// The whole attempt, 1,000–60,000 ms; None: `delivery.timeout`.
    pub timeout_ms: Option<u32>,
    /// Requests at a time, 1–256; None: `delivery.in_flight_max`.
    pub in_flight_max: Option<u16>,
    /// Attempts of a delivery, 1–25; None: the length of the retry plan plus one.
    pub attempts: Option<u8>,
    /// Whether the events of one call wait for each other.
    pub order: Order,
    /// How TLS differs from what holds for all.
    pub tls: Tls,
}

/// Whether events of one call wait for each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Within one call, an event waits until the earlier ones have ended.
    #[default]
    Call,
    /// No waiting.
    None,
}

/// How an endpoint is doing; kept over a restart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// None: it is new, it has never succeeded.
    pub first_success_at: Option<Timestamp>,
    /// Set from the third failed attempt in a row to the next success.
    pub failing_since: Option<Timestamp>,
    /// Set while it is paused.
    pub pause: Option<Pause>,
}

/// Why and since when an endpoint is paused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Who paused it.
    pub cause: PauseCause,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again by itself, in engine time; never after a pause by hand or by 410.
    pub next_probe_at: Option<Tick>,
}

/// Who paused an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PauseCause {
    /// A person.
    Hand,
    /// The receiver, which answered 410 Gone.
    Gone,
    /// ringhook, after `delivery.pause_after` of failures.
    Failing,
}

/// The state of an endpoint in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// All is well.
    Active,
    /// The last attempts failed.
    Failing,
    /// Events queue and are not sent.
    Paused,
    /// New events do not match.
    Disabled,
}

impl State {
    /// The four, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Active, Self::Failing, Self::Paused, Self::Disabled];

    /// `active`, `failing`, `paused`, `disabled`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

impl Endpoint {
    /// Disabled before paused before failing: the one that a person has to undo first.
    pub const fn state(&self) -> State {
        if !self.spec.enabled {
            State::Disabled
        } else if self.health.pause.is_some() {
            State::Paused
        } else if self.health.failing_since.is_some() {
            State::Failing
        } else {
            State::Active
        }
    }

    /// Why it is not active and since when, in words, and that its TLS is not checked where that
    /// is so; None when it is active and all is checked.
    pub fn reason(&self) -> Option<String> {
        let warning = self.spec.policy.tls.warning();
        match (self.why_not_active(), warning) {
            (None, warning) => warning.map(str::to_owned),
            (why, None) => why,
            (Some(why), Some(warning)) => Some(format!("{why}; {warning}")),
        }
    }

    fn why_not_active(&self) -> Option<String> {
        let pause = self.health.pause.as_ref();
        match self.state() {
            State::Active => None,
            State::Failing => {
                let since = self.health.failing_since.unwrap_or_default();
                Some(format!("its attempts have failed since {since}"))
            }
            State::Disabled => Some(format!(
                "disabled by hand, last changed {}",
                self.updated_at
            )),
            State::Paused => pause.map(|pause| match pause.cause {
                PauseCause::Hand => format!("paused by hand since {}", pause.since),
                PauseCause::Gone => format!(
                    "paused since {}: the receiver answered 410 Gone; resume it by hand",
                    pause.since
                ),
                PauseCause::Failing => format!(
                    "paused since {} after failing for a long time; it is tried again by itself",
                    pause.since
                ),
            }),
        }
    }
}

/// A field of a request that can't be accepted, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The path in the request: `events[0].duration.min`.
    pub field: String,
    /// A word for programs: `out_of_range`, `not_allowed`, `required`, `invalid` …
    pub code: &'static str,
    /// A sentence for people, with the value and what to do.
    pub message: String,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}
