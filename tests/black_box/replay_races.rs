//! Replays against retries at the same moment: each event is sent once by all of them together.

use std::collections::BTreeMap;
use std::thread;

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

const EVENTS: usize = 120;

/// Posts them; every first try fails. The ids of their deliveries.
fn failed_once(daemon: &Daemon, fields: &serde_json::Value) -> (Receiver, String, Vec<String>) {
    let receiver = Receiver::scripted(|number, _| match number < EVENTS {
        true => Reaction::Status(500),
        false => Reaction::Status(200),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), fields);
    let lines: String = (0..EVENTS)
        .map(|n| {
            let event = json!({"event": "call:missed", "data": {"id": format!("call-{n}")}});
            format!("{event}\n")
        })
        .collect();
    daemon.post_batch(&lines).expect(202);
    receiver.wait_for(EVENTS);
    let listed = daemon.api("GET", "/v1/deliveries?limit=500", None);
    let listed = listed.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    let ids = items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned());
    (receiver, endpoint, ids.collect())
}

/// Every event arrived twice: its first try, and one more.
fn check_once_more(daemon: &Daemon, receiver: &Receiver) {
    until("all deliveries to end", || {
        let status = daemon.api("GET", "/v1/status", None).expect(200).json();
        let ended = status["waiting"] == 0 && status["in_flight"] == 0;
        (ended && receiver.received().len() >= 2 * EVENTS).then_some(())
    });
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for got in receiver.received() {
        *counts
            .entry(got.header("webhook-id").to_owned())
            .or_default() += 1;
    }
    assert_eq!(counts.len(), EVENTS);
    let twice = counts.values().all(|count| *count == 2);
    assert!(twice, "{counts:?}");
}

/// Runs replays of all that failed, one after the other, until `over` says so.
fn replay_on(daemon: &Daemon, endpoint: &str, over: impl Fn() -> bool) {
    let path = format!("/v1/endpoints/{endpoint}/replay");
    while !over() {
        let started = daemon.api("POST", &path, Some(&json!({})));
        assert!([201, 409].contains(&started.status), "{}", started.text());
    }
}

#[test]
fn what_has_failed_is_replayed_and_retried_by_two_at_once() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_RETRY_PLAN", "1h")]);
    let (receiver, endpoint, deliveries) =
        failed_once(&daemon, &json!({"policy": {"attempts": 1}}));
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let replays = scope.spawn(|| {
            replay_on(&daemon, &endpoint, || {
                done.load(std::sync::atomic::Ordering::Relaxed)
            });
        });
        let retries = [false, true].map(|backwards| {
            let mut ids = deliveries.clone();
            if backwards {
                ids.reverse();
            }
            let daemon = &daemon;
            scope.spawn(move || {
                for id in ids {
                    let path = format!("/v1/deliveries/{id}/retry");
                    let answer = daemon.api("POST", &path, None);
                    let expected = [200, 201, 409].contains(&answer.status);
                    assert!(expected, "{}", answer.text());
                }
            })
        });
        for retry in retries {
            retry.join().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        replays.join().unwrap();
    });
    check_once_more(&daemon, &receiver);
}

#[test]
fn what_waits_for_its_time_is_replayed_and_retried_when_it_comes() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_RETRY_PLAN", "1s")]);
    let (receiver, endpoint, deliveries) = failed_once(&daemon, &json!({}));
    thread::scope(|scope| {
        scope.spawn(|| {
            let arrived = || receiver.received().len() >= 2 * EVENTS;
            replay_on(&daemon, &endpoint, arrived);
        });
        for id in &deliveries {
            let path = format!("/v1/deliveries/{id}/retry");
            let answer = daemon.api("POST", &path, None);
            assert!([200, 409].contains(&answer.status), "{}", answer.text());
        }
        receiver.wait_for(2 * EVENTS);
    });
    check_once_more(&daemon, &receiver);
}
