//! The record of an endpoint. Its keys are in it: who can read the file can sign.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::{Broken, Place, add, begin, close_envelope, codes, only, take, unseal};
use crate::domain::endpoint::{Endpoint, EndpointSpec, Health, Keys, Pause, Policy, Tls};
use crate::domain::filter::{Filter, NumberPattern, Subscription, Wants};
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::domain::time::{Tick, Timestamp};

/// The version that is written: the row of version 1, and after it what was added since.
const VERSION: u8 = 2;

#[derive(Serialize, Deserialize)]
struct EndpointRow<'a> {
    revision: u32,
    title: &'a str,
    url: &'a str,
    enabled: bool,
    #[serde(borrow)]
    events: Vec<SubscriptionRow<'a>>,
    headers: Vec<(&'a str, &'a str)>,
    encoding: u8,
    policy: PolicyRow,
    expires_at: Option<u64>,
    key: &'a str,
    next_key: Option<&'a str>,
    previous_key: Option<(&'a str, u64)>,
    first_success_at: Option<u64>,
    failing_since: Option<u64>,
    pause: Option<PauseRow>,
    created_at: u64,
    updated_at: u64,
}

#[derive(Serialize, Deserialize)]
struct SubscriptionRow<'a> {
    /// None: every type.
    #[serde(borrow)]
    kind: Option<Kind<'a>>,
    accounts: Vec<&'a str>,
    numbers: Vec<NumberRow<'a>>,
    duration_min: Option<f64>,
    duration_max: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct NumberRow<'a> {
    written: &'a str,
    comparable: &'a str,
    prefix: bool,
}

#[derive(Serialize, Deserialize)]
struct PolicyRow {
    timeout_ms: Option<u32>,
    in_flight_max: Option<u16>,
    attempts: Option<u8>,
    order: u8,
}

#[derive(Serialize, Deserialize)]
struct PauseRow {
    cause: u8,
    since: u64,
    next_probe_at: Option<u64>,
}

/// What version 2 adds.
#[derive(Serialize, Deserialize, Default)]
struct AddedRow<'a> {
    ca_pem: Option<&'a str>,
    pin_sha256: Option<&'a str>,
    client_pem: Option<&'a str>,
    insecure: bool,
    rate_per_s: Option<f64>,
    notices: u8,
    recovering: bool,
    catch_ups: u8,
}

/// An endpoint; its number is the key of the row.
pub fn write_endpoint(place: Place, endpoint: &Endpoint, buffer: &mut Vec<u8>) {
    let Endpoint {
        spec, keys, health, ..
    } = endpoint;
    let row = EndpointRow {
        revision: endpoint.revision,
        title: &spec.title,
        url: &spec.url,
        enabled: spec.enabled,
        events: spec.events.iter().map(subscription_row).collect(),
        headers: spec
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        encoding: codes::encoding::code(spec.encoding),
        policy: PolicyRow {
            timeout_ms: spec.policy.timeout_ms,
            in_flight_max: spec.policy.in_flight_max,
            attempts: spec.policy.attempts,
            order: codes::order::code(spec.policy.order),
        },
        expires_at: spec.expires_at.map(|at| at.0),
        key: keys.current.reveal(),
        next_key: keys.next.as_ref().map(SignatureKey::reveal),
        previous_key: keys
            .previous
            .as_ref()
            .map(|(key, until)| (key.reveal(), until.0)),
        first_success_at: health.first_success_at.map(|at| at.0),
        failing_since: health.failing_since.map(|at| at.0),
        pause: health.pause.as_ref().map(|pause| PauseRow {
            cause: codes::pause_cause::code(pause.cause),
            since: pause.since.0,
            next_probe_at: pause.next_probe_at.map(|at| at.0),
        }),
        created_at: endpoint.created_at.0,
        updated_at: endpoint.updated_at.0,
    };
    let tls = &spec.policy.tls;
    let added = AddedRow {
        ca_pem: tls.ca_pem.as_deref(),
        pin_sha256: tls.pin_sha256.as_deref(),
        client_pem: tls.client_pem.as_deref(),
        insecure: tls.insecure,
        rate_per_s: spec.policy.rate_per_s,
        notices: health.notices,
        recovering: health.recovering,
        catch_ups: health.catch_ups,
    };
    begin(buffer);
    add(&row, buffer);
    add(&added, buffer);
    close_envelope(place, VERSION, buffer);
}

/// The endpoint of that number.
pub fn read_endpoint(
    place: Place,
    number: EndpointNumber,
    bytes: &[u8],
) -> Result<Endpoint, Broken> {
    let (row, added): (EndpointRow<'_>, AddedRow<'_>) = match unseal(place, bytes)? {
        (1, body) => (only(body)?, AddedRow::default()),
        (VERSION, body) => {
            let (row, rest) = take(body)?;
            (row, only(rest)?)
        }
        (version, _) => return Err(Broken::Version(version)),
    };
    Ok(Endpoint {
        number,
        revision: row.revision,
        keys: Keys {
            current: key(row.key)?,
            next: row.next_key.map(key).transpose()?,
            previous: match row.previous_key {
                Some((text, until)) => Some((key(text)?, Timestamp(until))),
                None => None,
            },
        },
        health: health(&row, &added)?,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        spec: spec(row, &added)?,
    })
}

fn spec(row: EndpointRow<'_>, added: &AddedRow<'_>) -> Result<EndpointSpec, Broken> {
    Ok(EndpointSpec {
        title: row.title.to_owned(),
        url: row.url.to_owned(),
        enabled: row.enabled,
        events: row.events.into_iter().map(subscription).collect(),
        headers: row
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        encoding: codes::encoding::read(row.encoding)?,
        policy: Policy {
            timeout_ms: row.policy.timeout_ms,
            in_flight_max: row.policy.in_flight_max,
            rate_per_s: added.rate_per_s,
            attempts: row.policy.attempts,
            order: codes::order::read(row.policy.order)?,
            tls: Tls {
                ca_pem: added.ca_pem.map(str::to_owned),
                pin_sha256: added.pin_sha256.map(str::to_owned),
                client_pem: added.client_pem.map(str::to_owned),
                insecure: added.insecure,
            },
        },
        expires_at: row.expires_at.map(Timestamp),
    })
}

fn health(row: &EndpointRow<'_>, added: &AddedRow<'_>) -> Result<Health, Broken> {
    let pause = match &row.pause {
        Some(pause) => Some(Pause {
            cause: codes::pause_cause::read(pause.cause)?,
            since: Timestamp(pause.since),
            next_probe_at: pause.next_probe_at.map(Tick),
        }),
        None => None,
    };
    Ok(Health {
        first_success_at: row.first_success_at.map(Timestamp),
        failing_since: row.failing_since.map(Timestamp),
        pause,
        notices: added.notices,
        recovering: added.recovering,
        catch_ups: added.catch_ups,
    })
}

fn key(text: &str) -> Result<SignatureKey, Broken> {
    SignatureKey::import(text).map_err(|_| Broken::Form)
}

fn subscription_row(subscription: &Subscription) -> SubscriptionRow<'_> {
    let Subscription { wants, filter } = subscription;
    SubscriptionRow {
        kind: match wants {
            Wants::All => None,
            Wants::Type(kind) => Some(kind.into()),
        },
        accounts: filter.accounts.iter().map(String::as_str).collect(),
        numbers: filter
            .numbers
            .iter()
            .map(|number| NumberRow {
                written: &number.written,
                comparable: &number.comparable,
                prefix: number.prefix,
            })
            .collect(),
        duration_min: filter.duration_min,
        duration_max: filter.duration_max,
    }
}

fn subscription(row: SubscriptionRow<'_>) -> Subscription {
    Subscription {
        wants: row.kind.map_or(Wants::All, |kind| Wants::Type(kind.into())),
        filter: Filter {
            accounts: row.accounts.into_iter().map(str::to_owned).collect(),
            numbers: row
                .numbers
                .into_iter()
                .map(|number| NumberPattern {
                    written: number.written.to_owned(),
                    comparable: number.comparable.to_owned(),
                    prefix: number.prefix,
                })
                .collect(),
            duration_min: row.duration_min,
            duration_max: row.duration_max,
        },
    }
}
