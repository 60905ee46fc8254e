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
    /// Requests per second, 0.01–1,000; None: as many as there are.
    pub rate_per_s: Option<f64>,
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
    /// How many notices of this failing spell were given.
    pub notices: u8,
    /// It has failed and answers again: what waited is still to be made due.
    pub recovering: bool,
    /// Counts how often all that waited was made due, round and round. A delivery that was put
    /// off before the last time is due, whatever its row says.
    pub catch_ups: u8,
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

impl Health {
    /// Paused after a long failing spell, and so probed by itself.
    pub fn is_probed(&self) -> bool {
        let pause = self.pause.as_ref();
        pause.is_some_and(|pause| pause.cause == PauseCause::Failing)
    }

    /// Begins anew by the will of a person: what failed before does not count, and all that
    /// waits is due.
    pub fn begin_anew(&mut self) {
        self.pause = None;
        self.end_spell();
        self.recovering = false;
        self.catch_ups = self.catch_ups.wrapping_add(1);
    }

    /// It fails no longer.
    pub fn end_spell(&mut self) {
        self.failing_since = None;
        self.notices = 0;
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

    /// Since when it is failing or paused; None when it is neither, or disabled.
    pub fn since(&self) -> Option<Timestamp> {
        match self.state() {
            State::Active | State::Disabled => None,
            State::Failing => self.health.failing_since,
            State::Paused => self.health.pause.as_ref().map(|pause| pause.since),
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
