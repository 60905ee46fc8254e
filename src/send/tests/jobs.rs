//! The pool over a scripted transport.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::pool::{Body, Finished, Job, NoBody, Pool, PoolLimits, PoolParts};
use super::super::{Sent, Transport};
use crate::clock::Clock;
use crate::domain::attempt::{ErrorKind, Reply, Request, Timings};
use crate::domain::endpoint::{Encoding, Keys};
use crate::domain::event::EventType;
use crate::domain::id::{EndpointNumber, Epoch, Epochs, EventNumber, PublicId, TokenNumber};
use crate::domain::key::SignatureKey;
use crate::domain::request::{Message, Target};
use crate::domain::time::{Now, Tick, Timestamp};

const LONG: Duration = Duration::from_secs(30);

/// Answers by the body: `hang` until the gate is opened, `panic`, anything else 200 at once.
#[derive(Default)]
struct Scripted {
    is_open: Mutex<bool>,
    opened: Condvar,
    shut: AtomicBool,
}

impl Scripted {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Transport for Scripted {
    fn send(&self, request: &Request, _: u8) -> Sent {
        match &*request.body {
            b"panic" => panic!("as the script says"),
            b"hang" => {
                let is_open = self.is_open.lock().unwrap();
                drop(
                    self.opened
                        .wait_while(is_open, |is_open| !*is_open)
                        .unwrap(),
                );
            }
            _ => {}
        }
        let result = if self.shut.load(Ordering::SeqCst) {
            Err(super::super::errors::stopping())
        } else {
            Ok(Reply {
                status: 200,
                headers: Vec::new(),
                body: Vec::new(),
                truncated: false,
            })
        };
        let timings = Timings::default();
        Sent {
            result,
            timings,
            duration_ms: 1,
        }
    }

    fn shut_down(&self) {
        self.shut.store(true, Ordering::SeqCst);
        self.open();
    }
}

struct Bench {
    pool: Pool<u32>,
    transport: Arc<Scripted>,
    results: Receiver<Finished<u32>>,
}

impl Bench {
    fn new(keep: u32, threads_max: u32) -> Self {
        let (tell, results) = mpsc::channel();
        let tell = Mutex::new(tell);
        let transport = Arc::new(Scripted::default());
        let now = Now {
            wall: Timestamp(1_614_265_330_000),
            tick: Tick(0),
        };
        let parts = PoolParts {
            limits: PoolLimits { keep, threads_max },
            transport: Arc::clone(&transport) as Arc<dyn Transport>,
            load: Arc::new(|event| match event.0 {
                7 => Ok(Arc::from(*b"stored")),
                8 => Err(NoBody::Gone),
                _ => Err(NoBody::Away),
            }),
            done: Arc::new(move |finished| tell.lock().unwrap().send(finished).unwrap()),
            clock: Clock::from_fn(move || now),
        };
        let pool = Pool::resting(parts, Duration::from_millis(50));
        Self {
            pool,
            transport,
            results,
        }
    }

    fn give(&self, ticket: u32, body: Body) {
        let target = Arc::new(target());
        let message = message();
        self.pool.give(Job {
            ticket,
            target,
            message,
            body,
        });
    }

    fn next(&self) -> Finished<u32> {
        self.results.recv_timeout(LONG).unwrap()
    }
}

fn here(text: &str) -> Body {
    Body::Here(text.as_bytes().into())
}

fn target() -> Target {
    Target {
        endpoint: EndpointNumber(7),
        url: "http://crm.example/hook".into(),
        headers: Vec::new(),
        keys: Keys {
            current: SignatureKey::import("ringhook-test-key").unwrap(),
            next: None,
            previous: None,
        },
        encoding: Encoding::Hex,
        timeout_ms: 15_000,
        idle_max: 4,
        tls: None,
    }
}

fn message() -> Message {
    Message {
        event_id: event_id(),
        kind: EventType::CallCompleted,
        attempt: 1,
        test: false,
        next_key: false,
    }
}

fn event_id() -> PublicId {
    let epoch = Epoch {
        first_event: EventNumber(0),
        first_endpoint: EndpointNumber(0),
        first_token: TokenNumber(0),
        salt: *b"saltsalt",
    };
    Epochs::new(vec![epoch]).unwrap().event_id(EventNumber(7))
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "it never came to be");
        thread::yield_now();
    }
}

#[test]
fn one_thread_takes_the_jobs_in_order() {
    let bench = Bench::new(1, 1);
    assert_eq!(bench.pool.threads(), (0, 0));
    (0..100).for_each(|ticket| bench.give(ticket, here("fine")));
    for expected in 0..100 {
        let finished = bench.next();
        assert_eq!(finished.ticket, expected);
        let exchange = finished.exchange.unwrap();
        assert_eq!(exchange.result.unwrap().status, 200);
        assert_eq!((exchange.at.0, exchange.cut), (1_614_265_330_000, false));
    }
    assert_eq!(bench.pool.threads().0, 1);
    bench.pool.stop();
    assert_eq!(bench.pool.threads(), (0, 0));
}

#[test]
fn threads_are_added_while_none_is_idle_and_end_when_not_needed() {
    let bench = Bench::new(1, 3);
    (0..5).for_each(|ticket| bench.give(ticket, here("hang")));
    assert_eq!(bench.pool.threads().0, 3);
    bench.transport.open();
    let mut tickets: Vec<u32> = (0..5).map(|_| bench.next().ticket).collect();
    tickets.sort_unstable();
    assert_eq!(tickets, [0, 1, 2, 3, 4]);
    until(|| bench.pool.threads() == (1, 0));
    bench.give(5, here("fine"));
    assert_eq!(bench.next().ticket, 5);
    bench.pool.stop();
}

#[test]
fn a_job_that_was_left_to_threads_that_hang_gets_one_of_its_own() {
    let bench = Bench::new(1, 100);
    // Given in one go: after the first few, jobs are left to the threads that were called.
    (0..50).for_each(|ticket| bench.give(ticket, here("hang")));
    bench.give(50, here("fine"));
    assert_eq!(bench.next().ticket, 50);
    until(|| bench.pool.threads().1 >= 50);
    bench.pool.stop();
    // The stop ended them all; every one of them still has its result.
    (0..50).for_each(|_| drop(bench.next()));
}

#[test]
fn many_givers_lose_no_job() {
    let bench = Bench::new(2, 4);
    thread::scope(|scope| {
        for giver in 0..4 {
            let bench = &bench.pool;
            scope.spawn(move || {
                for number in 0..2_500 {
                    bench.give(Job {
                        ticket: giver * 2_500 + number,
                        target: Arc::new(target()),
                        message: message(),
                        body: here("fine"),
                    });
                }
            });
        }
    });
    let mut tickets: Vec<u32> = (0..10_000).map(|_| bench.next().ticket).collect();
    tickets.sort_unstable();
    assert!(tickets.iter().copied().eq(0..10_000));
    assert!(bench.pool.threads().0 <= 4);
    bench.pool.stop();
}

#[test]
fn a_panic_is_a_result_and_the_thread_goes_on() {
    let bench = Bench::new(1, 1);
    bench.give(1, here("panic"));
    bench.give(2, here("fine"));
    let exchange = bench.next().exchange.unwrap();
    let error = exchange.result.unwrap_err();
    assert_eq!((error.kind, exchange.cut), (ErrorKind::Internal, false));
    assert!(bench.next().exchange.unwrap().result.is_ok());
    bench.pool.stop();
}

#[test]
fn a_stored_body_is_read_on_the_delivery_thread() {
    let bench = Bench::new(1, 1);
    bench.give(1, Body::Stored(EventNumber(7)));
    bench.give(2, Body::Stored(EventNumber(8)));
    bench.give(3, Body::Stored(EventNumber(9)));
    let exchange = bench.next().exchange.unwrap();
    assert_eq!(&*exchange.request.body, b"stored");
    assert_eq!(bench.next().exchange.unwrap_err(), NoBody::Gone);
    assert_eq!(bench.next().exchange.unwrap_err(), NoBody::Away);
    bench.pool.stop();
}

#[test]
fn a_stop_cuts_what_is_in_flight_and_what_waits() {
    let bench = Bench::new(1, 2);
    (0..4).for_each(|ticket| bench.give(ticket, here("hang")));
    until(|| bench.pool.threads() == (2, 2));
    bench.pool.stop();
    bench.give(4, here("fine"));
    let mut tickets = Vec::new();
    for _ in 0..5 {
        let finished = bench.next();
        let exchange = finished.exchange.unwrap();
        assert!(exchange.cut && exchange.result.is_err());
        tickets.push(finished.ticket);
    }
    tickets.sort_unstable();
    assert_eq!(tickets, [0, 1, 2, 3, 4]);
    assert_eq!(bench.pool.threads(), (0, 0));
}
