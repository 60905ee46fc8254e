//! An endpoint as it is shown.

use serde::{Serialize, Serializer};

use crate::config::DeliverySettings;
use crate::domain::attempt::Recent;
use crate::domain::endpoint::tls::CLIENT_PEM_SET;
use crate::domain::endpoint::{Encoding, EndpointSpec, Keys, Order, Tls};
use crate::domain::filter::{NumberPattern, Subscription, Wants};
use crate::domain::id::{Epochs, PublicId};
use crate::domain::key::SignatureKey;
use crate::domain::time::Timestamp;
use crate::engine::handle::EndpointView;

use super::Text;

/// `Endpoint` of the contract.
#[derive(Serialize)]
pub struct EndpointJson<'a> {
    id: Text<PublicId>,
    title: &'a str,
    url: &'a str,
    enabled: bool,
    events: Vec<SubscriptionJson<'a>>,
    headers: HeadersJson<'a>,
    signature: SignatureJson,
    policy: PolicyJson<'a>,
    state: &'static str,
    reason: Option<String>,
    stats: StatsJson,
    recent: Vec<RecentJson>,
    expires_at: Option<Text<Timestamp>>,
    created_at: Text<Timestamp>,
    updated_at: Text<Timestamp>,
}

impl<'a> EndpointJson<'a> {
    /// With the daemon's defaults where the policy follows them.
    pub fn new(view: &'a EndpointView, epochs: &Epochs, defaults: &DeliverySettings) -> Self {
        let endpoint = &*view.endpoint;
        let spec = &endpoint.spec;
        Self {
            id: Text(epochs.endpoint_id(endpoint.number)),
            title: &spec.title,
            url: &spec.url,
            enabled: spec.enabled,
            events: spec.events.iter().map(SubscriptionJson::new).collect(),
            headers: HeadersJson(&spec.headers),
            signature: SignatureJson {
                encoding: encoding_name(spec.encoding),
                standard: endpoint.keys.current.standard().is_some(),
                next: endpoint.keys.next.is_some(),
                previous_until: until(&endpoint.keys).map(Text),
            },
            policy: PolicyJson::new(spec, defaults),
            state: endpoint.state().as_str(),
            reason: endpoint.reason(),
            stats: StatsJson::new(view),
            recent: view.recent.iter().map(RecentJson::new).collect(),
            expires_at: spec.expires_at.map(Text),
            created_at: Text(endpoint.created_at),
            updated_at: Text(endpoint.updated_at),
        }
    }
}

/// `hex`, `base64`
pub const fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    }
}

/// `call`, `none`
pub const fn order_name(order: Order) -> &'static str {
    match order {
        Order::Call => "call",
        Order::None => "none",
    }
}

#[derive(Serialize)]
struct SubscriptionJson<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    accounts: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<DurationJson>,
}

impl<'a> SubscriptionJson<'a> {
    fn new(subscription: &'a Subscription) -> Self {
        let filter = &subscription.filter;
        let written = |pattern: &'a NumberPattern| pattern.written.as_str();
        let (min, max) = (filter.duration_min, filter.duration_max);
        Self {
            kind: match &subscription.wants {
                Wants::All => "*",
                Wants::Type(kind) => kind.as_str(),
            },
            accounts: &filter.accounts,
            numbers: filter.numbers.iter().map(written).collect(),
            duration: (min.is_some() || max.is_some()).then_some(DurationJson {
                min: min.map(Plain),
                max: max.map(Plain),
            }),
        }
    }
}

#[derive(Serialize)]
struct DurationJson {
    min: Option<Plain>,
    max: Option<Plain>,
}

/// A number; a whole one is written without a fraction, as it was given.
struct Plain(f64);

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here every whole number is exact.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

struct HeadersJson<'a>(&'a [(String, String)]);

impl Serialize for HeadersJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct SignatureJson {
    encoding: &'static str,
    /// Whether the key can sign `webhook-signature` too; an imported one may not.
    standard: bool,
    /// Whether there is a next key. It is said here, so that nobody has to read keys for it.
    next: bool,
    /// Until when the previous key signs `webhook-signature` as well.
    previous_until: Option<Text<Timestamp>>,
}

fn until(keys: &Keys) -> Option<Timestamp> {
    keys.previous.as_ref().map(|(_, until)| *until)
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    timeout_ms: u32,
    in_flight_max: u16,
    rate_per_s: Option<Plain>,
    attempts: Option<u8>,
    order: &'static str,
    tls: TlsJson<'a>,
}

impl<'a> PolicyJson<'a> {
    fn new(spec: &'a EndpointSpec, defaults: &DeliverySettings) -> Self {
        let policy = &spec.policy;
        Self {
            timeout_ms: policy.timeout_ms.unwrap_or(defaults.timeout_ms),
            in_flight_max: policy.in_flight_max.unwrap_or(defaults.in_flight_max),
            rate_per_s: policy.rate_per_s.map(Plain),
            attempts: policy.attempts,
            order: order_name(policy.order),
            tls: TlsJson::new(&policy.tls),
        }
    }
}

#[derive(Serialize)]
struct TlsJson<'a> {
    ca_pem: Option<&'a str>,
    pin_sha256: Option<&'a str>,
    /// Its private key is not shown again, not even to an administrator.
    client_pem: Option<&'static str>,
    insecure: bool,
}

impl<'a> TlsJson<'a> {
    fn new(tls: &'a Tls) -> Self {
        Self {
            ca_pem: tls.ca_pem.as_deref(),
            pin_sha256: tls.pin_sha256.as_deref(),
            client_pem: tls.client_pem.as_ref().map(|_| CLIENT_PEM_SET),
            insecure: tls.insecure,
        }
    }
}

/// What is counted of an endpoint.
#[derive(Serialize)]
pub struct StatsJson {
    waiting: u32,
    oldest_due_at: Option<Text<Timestamp>>,
    delivered_24h: u64,
    failed_24h: u64,
    p95_ms: Option<u32>,
}

impl StatsJson {
    /// As it is now.
    pub fn new(view: &EndpointView) -> Self {
        Self {
            waiting: view.lane.waiting,
            oldest_due_at: view.oldest_due_at.map(Text),
            delivered_24h: view.stats.delivered,
            failed_24h: view.stats.failed,
            p95_ms: view.stats.p95_ms,
        }
    }
}

/// An attempt in short.
#[derive(Serialize)]
pub struct RecentJson {
    at: Text<Timestamp>,
    outcome: &'static str,
    status: Option<u16>,
    ms: u32,
}

impl RecentJson {
    /// One of the last ten.
    pub fn new(recent: &Recent) -> Self {
        Self {
            at: Text(recent.at),
            outcome: recent.outcome.as_str(),
            status: Some(recent.status).filter(|status| *status != 0),
            ms: recent.ms,
        }
    }
}

/// The keys of an endpoint, on the one route that shows them.
#[derive(Serialize)]
pub struct KeysJson<'a> {
    key: &'a str,
    next: Option<&'a str>,
    previous: Option<&'a str>,
}

impl<'a> KeysJson<'a> {
    /// In clear: for the eyes of an administrator, and with an audit line.
    pub fn new(keys: &'a Keys) -> Self {
        Self {
            key: keys.current.reveal(),
            next: keys.next.as_ref().map(SignatureKey::reveal),
            previous: keys.previous.as_ref().map(|(key, _)| key.reveal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let check = |seconds: f64, expected: &str| {
            assert_eq!(serde_json::to_string(&Plain(seconds)).unwrap(), expected);
        };
        check(10.0, "10");
        check(0.0, "0");
        check(2.5, "2.5");
        check(1e300, "1e+300");
    }
}
