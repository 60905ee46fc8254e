//! `cargo bench --bench rules`: what the single steps of an event's way cost, without a network.
//!
//! Each is one of the steps that every event or every attempt takes; the whole way is measured by
//! the bench `pipeline`.

use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use ringhook::domain::change::{Change, Head, NewEvent, Numbers, Open};
use ringhook::domain::endpoint::{Encoding, Endpoint, EndpointSpec, Health, Keys, Order, Policy};
use ringhook::domain::event::{EventType, Incoming, Origin};
use ringhook::domain::filter::{Filter, NumberPattern, Subscription, Wants};
use ringhook::domain::id::{
    AttemptNumber, DeliveryKey, EndpointNumber, Epoch, Epochs, EventNumber, TokenNumber,
};
use ringhook::domain::intake;
use ringhook::domain::key::SignatureKey;
use ringhook::domain::lanes::{Arrival, Landed, LaneSettings, Lanes, Limits, Then};
use ringhook::domain::request::{self, Message, Target};
use ringhook::domain::route::Routes;
use ringhook::domain::sign;
use ringhook::domain::time::{Tick, Timestamp};
use ringhook::store::{self, Options};

const NOW: Timestamp = Timestamp(1_772_615_302_114);
const TICK: Tick = Tick(NOW.0);
const ID: &str = "evt_0000000000000vvtz34y5r8k2d";
/// About that of a call with its attribution fields.
const BODY_BYTES: usize = 1_024;

fn main() {
    divan::main();
}

#[divan::bench]
fn sign_sha1(bencher: Bencher) {
    let (key, body) = (key(), body());
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| sign::calltracking(&key, Encoding::Hex, black_box(body.as_bytes())));
}

#[divan::bench]
fn sign_sha256(bencher: Bencher) {
    let (key, body) = (key(), body());
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| sign::standard(&[&key], ID, NOW, black_box(body.as_bytes())));
}

/// Both signatures and all headers.
#[divan::bench]
fn request_built(bencher: Bencher) {
    let target = Target::of(&endpoint(1, "+33465712345"), 15_000, 4);
    let body: Arc<[u8]> = body().into_bytes().into();
    let message = Message {
        event_id: epochs().event_id(EventNumber(1)),
        kind: EventType::CallCompleted,
        attempt: 1,
        test: false,
        next_key: false,
    };
    bencher.bench(|| request::build(&target, &message, Arc::clone(&body), NOW));
}

/// One of the endpoints wants the event, by its number.
#[divan::bench(args = [1, 100, 10_000])]
fn matching(bencher: Bencher, endpoints: u32) {
    let mut routes = Routes::default();
    for number in 1..=endpoints {
        let tracked = format!("+33465{:06}", 712_344 + number);
        routes.put(&endpoint(number, &tracked));
    }
    let event = incoming();
    assert_eq!(routes.plan(&event.kind, &event.facts).len(), 1);
    bencher.bench(|| routes.plan(&event.kind, black_box(&event.facts)));
}

/// From the posted bytes to the body that lacks only its id.
#[divan::bench]
fn read_and_render(bencher: Bencher) {
    let body = body();
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| intake::read(black_box(body.as_bytes()), None, Origin::Socket(0)));
}

/// The id and the time go in; the bytes are frozen.
#[divan::bench]
fn freeze(bencher: Bencher) {
    let id = epochs().event_id(EventNumber(1));
    bencher
        .with_inputs(|| incoming().draft)
        .bench_values(|draft| draft.freeze(id, NOW));
}

/// A delivery's whole life in the lanes, with that many others waiting for stopped endpoints.
#[divan::bench(args = [0, 1_000_000])]
fn lane_turn(bencher: Bencher, waiting: u32) {
    const STOPPED: u32 = 8;
    let mut lanes = Lanes::new(Limits {
        threads_max: 512,
        open_max: 2_000_000,
        crowded_from: 1_500_000,
        waiting_max: 200_000,
        waiting_max_crowded: 10_000,
    });
    let mut superseded = Vec::new();
    for lane in 0..=STOPPED {
        let settings = LaneSettings {
            in_flight_max: 4,
            order: Order::Call,
            stopped: lane > 0,
            disabled: false,
            proven: true,
            sick: false,
            rate: None,
        };
        lanes.put_lane(TICK, EndpointNumber(lane), settings);
    }
    for number in 0..waiting {
        let arrival = arrival(u64::from(number), 1 + number % STOPPED);
        lanes.reserve(arrival.key.endpoint);
        lanes.admit(TICK, arrival, &mut superseded);
    }
    let mut number = u64::from(waiting);
    bencher.bench_local(|| {
        number += 1;
        let arrival = arrival(number, 0);
        lanes.reserve(arrival.key.endpoint);
        lanes.admit(TICK, arrival, &mut superseded);
        let sent = lanes.next(TICK).expect("the lane is not stopped");
        let landed = Landed {
            success: true,
            duration_ms: 1,
            then: Then::End,
        };
        lanes.land(TICK, sent.ticket, landed);
        lanes.release(TICK, sent.ticket);
    });
}

/// One commit, synced: that many new events of 1 KiB, each with one delivery. The tables get them
/// meanwhile, and a commit waits where they are far behind.
#[divan::bench(args = [1, 16, 64, 256, 1024], sample_size = 1, sample_count = 50)]
fn commit(bencher: Bencher, events: usize) {
    let directory = tempfile::tempdir().expect("there is room for temporary files");
    let options = Options {
        path: directory.path().join("ringhook.redb"),
        cache_bytes: 24 << 20,
        salt: [7; 8],
    };
    let (mut store, _) = store::open(&options).expect("a new database can be made there");
    let body: Arc<[u8]> = body().into_bytes().into();
    let mut next = 1;
    bencher
        .counter(ItemsCount::new(events))
        .with_inputs(|| {
            let first = next;
            next += events as u64;
            let mut changes: Vec<_> = (first..next)
                .map(|number| new_event(number, &body))
                .collect();
            changes.push(Change::Numbers(numbers(next)));
            changes
        })
        .bench_local_values(|changes| store.commit(changes).expect("the disk has room"));
}

fn key() -> SignatureKey {
    SignatureKey::from_random([7; SignatureKey::RANDOM_BYTES])
}

fn body() -> String {
    let frame = |padding: &str| {
        [
            r#"{"event":"call:completed","data":{"id":"call-1","#,
            r#""account":{"id":"acc-1","name":"My account"},"#,
            r#""caller_number":"+33639981234","tracked_number":"+33465712345","#,
            &format!(r#""duration":42,"utm_source":"{padding}"}}}}"#),
        ]
        .concat()
    };
    frame(&"x".repeat(BODY_BYTES - frame("").len()))
}

fn incoming() -> Incoming {
    let body = body();
    intake::read(body.as_bytes(), None, Origin::Socket(0)).expect("it is a good event")
}

fn epochs() -> Epochs {
    let epoch = Epoch {
        first_event: EventNumber(1),
        first_endpoint: EndpointNumber(1),
        first_token: TokenNumber(1),
        salt: [7; 8],
    };
    Epochs::new(vec![epoch]).expect("one epoch is enough")
}

fn endpoint(number: u32, tracked: &str) -> Endpoint {
    Endpoint {
        number: EndpointNumber(number),
        revision: 1,
        spec: EndpointSpec {
            title: "CRM".to_owned(),
            url: "http://127.0.0.1:9/hooks".to_owned(),
            enabled: true,
            events: vec![Subscription {
                wants: Wants::Type(EventType::CallCompleted),
                filter: Filter {
                    numbers: vec![NumberPattern::parse(tracked).expect("it is a number")],
                    ..Filter::default()
                },
            }],
            headers: Vec::new(),
            encoding: Encoding::Hex,
            policy: Policy::default(),
            expires_at: None,
        },
        keys: Keys {
            current: key(),
            next: None,
            previous: None,
        },
        health: Health::default(),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn arrival(event: u64, endpoint: u32) -> Arrival {
    Arrival {
        key: DeliveryKey {
            event: EventNumber(event),
            endpoint: EndpointNumber(endpoint),
            round: 0,
        },
        call: Some(event),
        ends_call: true,
        ringing: false,
        expires_at: None,
        due: TICK,
        attempts: 0,
    }
}

fn new_event(number: u64, body: &Arc<[u8]>) -> Change {
    Change::Event(Arc::new(NewEvent {
        number: EventNumber(number),
        head: Head {
            occurred_at: NOW,
            received_at: NOW,
            kind: EventType::CallCompleted,
            origin: Origin::Token(TokenNumber(1)),
            call: Some(number),
            account: Some(1),
            caller_number: Some(2),
            tracked_number: Some(3),
            idempotency_key: None,
            content: u128::from(number),
            body_bytes: BODY_BYTES as u32,
            matched: 1,
        },
        body: Arc::clone(body),
        expires_at: None,
        open: vec![Open {
            endpoint: EndpointNumber(1),
            due: TICK,
            attempts: 0,
            round: 0,
            flags: 0,
        }],
        ended: Vec::new(),
    }))
}

fn numbers(event: u64) -> Numbers {
    Numbers {
        event: EventNumber(event),
        endpoint: EndpointNumber(2),
        token: TokenNumber(2),
        attempt: AttemptNumber(1),
        newest: TICK,
    }
}
