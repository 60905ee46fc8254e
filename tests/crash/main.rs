//! `kill -9` under load through the real binary, again and again: nothing accepted is lost.
//!
//! `tests/run` does a few rounds; `tests/torture 200` does many. Settings by environment:
//! `RINGHOOK_ROUNDS` and `RINGHOOK_SEED`, which is printed.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use ringhook::domain::dice::Dice;
use support::client::Connection;
use support::daemon::Daemon;
use support::receiver::Receiver;
use support::{until, verify};

/// Requests that the receiver may have at a time; each may come twice after a kill.
const IN_FLIGHT_MAX: u64 = 16;
/// Finishes that may be uncommitted at a kill: `engine.md` "Commits".
const UNCOMMITTED_MAX: u64 = 512;
/// So many that commits go out behind others.
const PRODUCERS: u64 = 64;

/// What arrived, by `data.id`: the `webhook-id` and how often.
#[derive(Default)]
struct Ledger {
    arrived: Mutex<HashMap<String, (String, u64)>>,
    key: Mutex<String>,
    extra: AtomicU64,
}

impl Ledger {
    fn note(&self, request: &support::receiver::Received) {
        let key = self.key.lock().unwrap().clone();
        let request = request.clone().verified_with(&key);
        let call = request.json()["data"]["id"].as_str().unwrap().to_owned();
        let id = request.header("webhook-id").to_owned();
        let mut arrived = self.arrived.lock().unwrap();
        let entry = arrived.entry(call).or_insert_with(|| (id.clone(), 0));
        assert_eq!(entry.0, id, "the same event has always the same webhook-id");
        entry.1 += 1;
        if entry.1 > 1 {
            self.extra.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn has(&self, call: &str, id: &str) -> bool {
        self.arrived
            .lock()
            .unwrap()
            .get(call)
            .is_some_and(|(known, _)| known == id)
    }
}

#[test]
fn nothing_accepted_is_lost_by_kill_9() {
    let setting = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (rounds, seed) = (setting("RINGHOOK_ROUNDS", 6), setting("RINGHOOK_SEED", 7));
    println!("{rounds} rounds with seed {seed}");
    let mut dice = Dice::seeded(seed);

    let ledger = Arc::new(Ledger::default());
    let sees = Arc::clone(&ledger);
    let receiver = Receiver::forgetful(move |request| sees.note(request));
    let mut daemon = Daemon::start();
    let token = daemon.token("ingest");
    let policy = json!({"policy": {"in_flight_max": IN_FLIGHT_MAX}});
    let endpoint = daemon.add_endpoint(&receiver.url(), &policy);
    let key = daemon
        .api("GET", &format!("/v1/endpoints/{endpoint}/key"), None)
        .json();
    *ledger.key.lock().unwrap() = key["key"].as_str().unwrap().to_owned();

    let mut accepted = 0;
    for round in 0..rounds {
        let load = Load::start(&daemon, &token, round);
        std::thread::sleep(Duration::from_millis(dice.below(500)));
        let before = ledger.extra.load(Ordering::Relaxed);
        daemon.kill();
        let acknowledged = load.stop();
        accepted += acknowledged.len();
        daemon.start_again();
        for (call, id) in &acknowledged {
            until(&format!("{call} ({id}) of round {round}"), || {
                ledger.has(call, id).then_some(())
            });
        }
        let waiting = || daemon.endpoint(&endpoint)["stats"]["waiting"] == 0;
        until("the queue to be empty", || waiting().then_some(()));
        let extra = ledger.extra.load(Ordering::Relaxed) - before;
        assert!(
            extra <= IN_FLIGHT_MAX + UNCOMMITTED_MAX,
            "round {round}: {extra} came twice"
        );
    }
    let extra = ledger.extra.load(Ordering::Relaxed);
    println!("{rounds} kills, {accepted} events accepted, 0 lost, {extra} came twice");
    assert!(accepted > 0, "the load never got an event accepted");
}

/// Producers that post as fast as they are answered.
struct Load {
    stop: Arc<AtomicBool>,
    producers: Vec<std::thread::JoinHandle<Vec<(String, String)>>>,
}

impl Load {
    fn start(daemon: &Daemon, token: &str, round: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let producers = (0..PRODUCERS)
            .map(|producer| {
                let (stop, bearer) = (Arc::clone(&stop), format!("Bearer {token}"));
                let mut connection = Connection::tcp(daemon.address);
                std::thread::spawn(move || {
                    let mut acknowledged = Vec::new();
                    for number in 0.. {
                        let call = format!("call-{round}-{producer}-{number}");
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let Some(id) = post(&mut connection, &bearer, &call) else {
                            break;
                        };
                        acknowledged.push((call, id));
                    }
                    acknowledged
                })
            })
            .collect();
        Self { stop, producers }
    }

    /// Stops the producers; what was answered 202, as (call, event id).
    fn stop(self) -> Vec<(String, String)> {
        self.stop.store(true, Ordering::Relaxed);
        self.producers
            .into_iter()
            .flat_map(|producer| producer.join().unwrap())
            .collect()
    }
}

/// The id of the accepted event; None when the daemon died before its answer.
fn post(connection: &mut Connection, bearer: &str, call: &str) -> Option<String> {
    let body = json!({"event": "call:completed", "data": {"id": call, "note": "x".repeat(600)}});
    let headers = [("Authorization", bearer)];
    let answer = connection.call("POST", "/v1/events", &headers, Some(&body.to_string()))?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id: Value = answer.json()["id"].clone();
    Some(id.as_str().unwrap().to_owned())
}

#[test]
fn the_verifier_of_these_tests_can_say_no() {
    assert!(!verify::calltracking("key", "00", b"body"));
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let (id, seconds) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
    assert!(verify::standard(
        key,
        signature,
        id,
        seconds,
        br#"{"test": 2432232314}"#
    ));
    assert!(!verify::standard(
        key,
        signature,
        id,
        seconds,
        br#"{"test": 2432232315}"#
    ));
}
