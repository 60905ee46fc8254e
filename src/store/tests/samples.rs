//! Things to store, every field different from its neighbours.

use std::sync::Arc;

use crate::domain::attempt::{
    Attempt, AttemptOutcome, ErrorKind, Exchange, Phase, Recent, Reply, Request, SendError, Timings,
};
use crate::domain::change::{EndState, Ended, Head, NewEvent, Numbers, Open, Reason};
use crate::domain::endpoint::{
    Encoding, Endpoint, EndpointSpec, Health, Keys, Order, Pause, PauseCause, Policy, Tls,
};
use crate::domain::event::{EventType, Origin};
use crate::domain::filter::{Filter, NumberPattern, Subscription, Wants};
use crate::domain::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber, TokenNumber};
use crate::domain::key::SignatureKey;
use crate::domain::rollup::Rollup;
use crate::domain::time::{Tick, Timestamp};
use crate::domain::token::{Role, Token};

pub const AT: Timestamp = Timestamp(1_763_900_000_123);

pub fn head() -> Head {
    Head {
        occurred_at: AT,
        received_at: AT.plus_ms(5),
        kind: EventType::CallCompleted,
        origin: Origin::Token(TokenNumber(3)),
        call: Some(0x0102_0304_0506_0708),
        account: Some(u64::MAX),
        caller_number: None,
        tracked_number: Some(1),
        idempotency_key: Some(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100),
        content: 1 << 127,
        body_bytes: 1024,
        matched: 2,
    }
}

pub fn open(endpoint: u32) -> Open {
    Open {
        endpoint: EndpointNumber(endpoint),
        due: Tick(AT.0 + 10),
        attempts: 2,
        round: 0,
        flags: 0,
    }
}

pub fn ended(endpoint: u32) -> Ended {
    Ended {
        endpoint: EndpointNumber(endpoint),
        round: 1,
        state: EndState::Failed,
        reason: Reason::AttemptsUsed,
        attempts: 11,
        status: 503,
        ms: 15_000,
        ended_at: AT.plus_ms(7),
    }
}

pub fn new_event(number: u64, open: Vec<Open>, ended: Vec<Ended>) -> NewEvent {
    NewEvent {
        number: EventNumber(number),
        head: head(),
        body: format!("{{\"id\":{number}}}").into_bytes().into(),
        expires_at: Some(Tick(AT.0 + 60_000)),
        open,
        ended,
    }
}

pub fn endpoint(number: u32) -> Endpoint {
    let key = |byte| SignatureKey::from_random([byte; 32]);
    Endpoint {
        number: EndpointNumber(number),
        revision: 9,
        spec: EndpointSpec {
            title: "CRM".into(),
            url: "https://crm.example.fr/hooks".into(),
            enabled: true,
            events: subscriptions(),
            headers: vec![("X-Env".into(), "prod".into())],
            encoding: Encoding::Base64,
            policy: Policy {
                timeout_ms: Some(15_000),
                in_flight_max: Some(4),
                rate_per_s: Some(2.5),
                attempts: None,
                order: Order::None,
                tls: Tls {
                    ca_pem: Some("ca".into()),
                    pin_sha256: Some("pin".into()),
                    client_pem: Some("client".into()),
                    insecure: true,
                },
            },
            expires_at: Some(AT.plus_ms(60_000)),
        },
        keys: Keys {
            current: key(1),
            next: Some(key(2)),
            previous: Some((SignatureKey::import("old").unwrap(), AT)),
        },
        health: Health {
            first_success_at: Some(AT),
            failing_since: None,
            pause: Some(Pause {
                cause: PauseCause::Failing,
                since: AT,
                next_probe_at: Some(Tick(AT.0)),
            }),
            notices: 2,
            recovering: true,
            catch_ups: 7,
        },
        created_at: AT,
        updated_at: AT.plus_ms(1),
    }
}

fn subscriptions() -> Vec<Subscription> {
    let all = Subscription {
        wants: Wants::All,
        filter: Filter::default(),
    };
    let own = Subscription {
        wants: Wants::Type(EventType::parse("pbx:queue_left").unwrap()),
        filter: Filter {
            accounts: vec!["acc-1".into(), "acc-2".into()],
            numbers: vec![NumberPattern {
                written: "+33 1*".into(),
                comparable: "+331".into(),
                prefix: true,
            }],
            duration_min: Some(10.5),
            duration_max: None,
        },
    };
    vec![all, own]
}

pub fn token(number: u32) -> Token {
    Token {
        number: TokenNumber(number),
        name: "pbx".into(),
        role: Role::Ingest,
        hash: [9; 32],
        created_at: AT,
        last_used_at: None,
    }
}

pub fn attempt(endpoint: u32, number: u64) -> Attempt {
    let event = EventNumber(77);
    Attempt {
        number: AttemptNumber(number),
        endpoint: EndpointNumber(endpoint),
        delivery: Some(DeliveryKey {
            event,
            endpoint: EndpointNumber(endpoint),
            round: 1,
        }),
        event,
        kind: EventType::CallMissed,
        n: 3,
        exchange: Exchange {
            at: AT,
            duration_ms: 183,
            request: Request {
                url: "http://192.0.2.1/h".into(),
                headers: vec![("webhook-id".into(), "evt_1".into())],
                body: Arc::from(&b"{\"a\":1}"[..]),
                timeout_ms: 15_000,
                tls: None,
            },
            result: Ok(Reply {
                status: 200,
                headers: vec![("Server".into(), "x".into())],
                body: b"ok".to_vec(),
                truncated: false,
            }),
            timings: Timings {
                connect_ms: Some(2),
                wait_ms: Some(170),
                ..Timings::default()
            },
            cut: false,
        },
        outcome: AttemptOutcome::Delivered,
        next_at: None,
    }
}

pub fn failed_attempt(endpoint: u32, number: u64) -> Attempt {
    let mut attempt = attempt(endpoint, number);
    attempt.delivery = None;
    attempt.event = EventNumber::test(5);
    attempt.exchange.result = Err(SendError {
        kind: ErrorKind::Timeout,
        phase: Phase::Response,
        message: "no answer in 15 s".into(),
    });
    attempt.outcome = AttemptOutcome::Test;
    attempt.next_at = Some(AT);
    attempt
}

pub fn recent(ms: u32) -> Recent {
    Recent {
        at: AT,
        outcome: AttemptOutcome::Retry,
        status: 500,
        ms,
        slot: 9,
    }
}

pub fn numbers() -> Numbers {
    Numbers {
        event: EventNumber(1000),
        endpoint: EndpointNumber(7),
        token: TokenNumber(8),
        attempt: AttemptNumber(9),
        newest: Tick(AT.0),
    }
}

/// Counters that differ from each other.
pub fn rollup(seed: u64) -> Rollup {
    let mut rollup = Rollup {
        accepted: 300 + seed,
        failed: seed,
        waiting: 5,
        oldest_ms: 70_000,
        ..Rollup::default()
    };
    rollup.note_delivered(12);
    rollup.note_delivered(12);
    rollup.note_delivered(9000);
    rollup
}
