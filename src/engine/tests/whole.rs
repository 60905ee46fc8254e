//! The whole engine: a real database in a directory of its own, real threads, a scripted
//! network.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bench::{accepted, event, exchange, keyed, settings, spec};
use crate::clock::Clock;
use crate::config::RetentionSettings;
use crate::domain::attempt::{ErrorKind, Phase, Request, SendError, Timings};
use crate::domain::change::EndState;
use crate::domain::event::{EventType, Origin};
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::intake;
use crate::domain::key::SignatureKey;
use crate::domain::payload::Draft;
use crate::domain::token::Role;
use crate::engine::handle::{
    Accepted, Command, EngineStatus, Handle, Refusal, Reply, TestRequest, Written,
};
use crate::engine::{Parts, Running, start};
use crate::send::{Sent, Transport};
use crate::store::{self, Options, Reader};

const PATIENCE: Duration = Duration::from_secs(20);

/// Shows every request, and answers what the script says; at its end it hangs until cut.
struct Script {
    seen: Mutex<Sender<Request>>,
    statuses: Mutex<Receiver<u16>>,
    // Kept by the script itself as well: with it gone a hanging thread is woken.
    next: Mutex<Option<Sender<u16>>>,
}

impl Transport for Script {
    fn send(&self, request: &Request, _idle_max: u8) -> Sent {
        self.seen
            .lock()
            .unwrap()
            .send(request.clone())
            .unwrap_or(());
        let status = self.statuses.lock().unwrap().recv();
        let result = match status {
            Ok(status) => exchange(status, false).result,
            Err(_) => Err(SendError {
                kind: ErrorKind::Internal,
                phase: Phase::Response,
                message: "cut".into(),
            }),
        };
        Sent {
            result,
            timings: Timings::default(),
            duration_ms: 1,
        }
    }

    fn shut_down(&self) {
        self.next.lock().unwrap().take();
    }
}

struct Daemon {
    running: Running,
    handle: Handle,
    reader: Reader,
    script: Arc<Script>,
    seen: Receiver<Request>,
}

impl Daemon {
    fn start(directory: &Path) -> Self {
        let (store, loaded) = store::open(&Options {
            path: directory.join("ringhook.redb"),
            cache_bytes: 8 * 1024 * 1024,
            salt: [7; 8],
        })
        .unwrap();
        let reader = store.reader();
        let (to_seen, seen) = channel();
        let (next, statuses) = channel();
        let script = Arc::new(Script {
            seen: Mutex::new(to_seen),
            statuses: Mutex::new(statuses),
            next: Mutex::new(Some(next)),
        });
        let clock = Clock::system(loaded.numbers.newest);
        let transport: Arc<dyn Transport> = script.clone();
        let mut delivery = settings();
        delivery.stop_timeout_ms = 0;
        delivery.waiting_max = 200_000;
        let running = start(Parts {
            store,
            loaded,
            delivery,
            retention: RetentionSettings {
                bytes_max: 1 << 30,
                ..super::bench::KEPT
            },
            free_bytes_min: 0,
            transport,
            clock,
            seed: 1,
            counters: Arc::default(),
            on_panic: Arc::new(|| {}),
        })
        .unwrap();
        Self {
            handle: running.handle(),
            running,
            reader,
            script,
            seen,
        }
    }

    fn answer(&self, status: u16) {
        let next = self.script.next.lock().unwrap();
        next.as_ref().unwrap().send(status).unwrap();
    }

    fn add_endpoint(&self) {
        let command = Command::AddEndpoint {
            spec: Box::new(spec()),
            key: SignatureKey::import("key").unwrap(),
        };
        let said = ask(|reply| self.handle.write(command, reply));
        assert!(matches!(said, Ok(Written::Endpoint(_))));
    }

    fn submit(&self, body: &str) -> Result<Accepted, Refusal> {
        let incoming = intake::read(body.as_bytes(), None, Origin::Socket(0)).unwrap();
        ask(|reply| self.handle.submit(incoming, reply))
    }

    fn ended(&self, event: u64) -> Vec<EndState> {
        let stored = self.reader.event(EventNumber(event)).unwrap().unwrap();
        stored.ended.iter().map(|ended| ended.state).collect()
    }
}

fn ask<T: Send + 'static>(question: impl FnOnce(Reply<T>)) -> T {
    let (sender, said) = channel();
    question(Box::new(move |answer| sender.send(answer).unwrap_or(())));
    said.recv_timeout(PATIENCE).expect("an answer")
}

#[test]
fn an_event_goes_through() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(directory.path());
    daemon.add_endpoint();
    let body = event("call:completed", "c1");
    assert_eq!(daemon.submit(&body), accepted(1, 1, false));
    let request = daemon.seen.recv_timeout(PATIENCE).unwrap();
    let id = daemon.handle.epochs().event_id(EventNumber(1));
    let stored = daemon.reader.body(EventNumber(1)).unwrap().unwrap();
    assert_eq!(request.body, stored);
    assert!(
        request
            .headers
            .iter()
            .any(|(name, value)| name == "webhook-id" && value == id.as_str())
    );
    daemon.answer(200);
    // Seen in memory before anything is swept.
    let attempts = loop {
        let one = EndpointNumber(1);
        let attempts = ask(|reply| daemon.handle.dirty_history(one, reply));
        let stored = daemon.reader.history(one).unwrap();
        if !attempts.is_empty() || !stored.is_empty() {
            break attempts.len().max(stored.len());
        }
    };
    assert_eq!(attempts, 1);
    let views = ask(|reply| daemon.handle.views(vec![EndpointNumber(1)], reply));
    assert_eq!(views[0].recent.len(), 1);
    assert_eq!(views[0].stats.delivered, 1);
    let status = ask(|reply| daemon.handle.status(reply));
    assert!(status.ready && status.threads >= 1);
    let (handle, reader) = (daemon.handle.clone(), daemon.reader.clone());
    assert!(daemon.running.stop());
    drop(reader);
    let after = Daemon::start(directory.path());
    assert_eq!(after.ended(1), [EndState::Delivered]);
    assert_eq!(after.reader.history(EndpointNumber(1)).unwrap().len(), 1);
    assert!(after.running.stop());
    // Nobody waits for ever behind a closed door.
    let late = ask(|reply| handle.status(reply));
    assert_eq!(late, EngineStatus::default());
}

#[test]
fn what_was_in_flight_at_a_stop_is_sent_by_the_next_run() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(directory.path());
    daemon.add_endpoint();
    let body = keyed("email:received", "e1", "k1");
    assert_eq!(daemon.submit(&body), accepted(1, 1, false));
    assert_eq!(
        daemon.submit(&event("email:received", "e2")),
        accepted(2, 1, false)
    );
    let first = daemon.seen.recv_timeout(PATIENCE).unwrap();
    let said = {
        let (sender, said) = channel();
        let kind = EventType::CallCompleted;
        let test = TestRequest {
            endpoint: EndpointNumber(1),
            draft: Draft::render(&kind, "{}", None, true),
            kind,
            next_key: false,
        };
        let reply = Box::new(move |answer| sender.send(answer).unwrap_or(()));
        daemon.handle.test(test, reply);
        said
    };
    daemon.seen.recv_timeout(PATIENCE).unwrap();
    let handle = daemon.handle.clone();
    assert!(daemon.running.stop());
    let test = said.recv_timeout(PATIENCE).unwrap();
    assert_eq!(test.unwrap_err(), Refusal::Stopping);
    let late = intake::read(body.as_bytes(), None, Origin::Socket(0)).unwrap();
    assert_eq!(
        ask(|reply| handle.submit(late, reply)),
        Err(Refusal::Stopping)
    );

    let daemon = Daemon::start(directory.path());
    let again = daemon.seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!(again.body, first.body);
    assert_eq!(daemon.submit(&body), accepted(1, 1, true));
    assert_eq!(
        daemon.submit(&event("email:received", "e3")),
        accepted(3, 1, false)
    );
    daemon.answer(200);
    daemon.seen.recv_timeout(PATIENCE).unwrap();
    assert!(daemon.running.stop());
}

#[test]
fn a_token_counts_from_its_commit_and_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(directory.path());
    let command = Command::AddToken {
        name: "pbx".into(),
        role: Role::Ingest,
        hash: [9; 32],
    };
    let said = ask(|reply| daemon.handle.write(command, reply));
    assert!(matches!(said, Ok(Written::Token(_))));
    assert!(daemon.handle.authenticate(&[9; 32]).is_some());
    assert!(daemon.handle.authenticate(&[8; 32]).is_none());
    assert!(daemon.running.stop());
    let daemon = Daemon::start(directory.path());
    assert_eq!(daemon.handle.tokens().len(), 1);
    assert!(daemon.handle.authenticate(&[9; 32]).is_some());
    assert!(daemon.running.stop());
}

#[test]
fn a_burst_arrives_once_each() {
    const EVENTS: u64 = 500;
    let directory = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(directory.path());
    for _ in 0..3 {
        daemon.add_endpoint();
    }
    let (sender, said) = channel();
    for call in 0..EVENTS {
        let body = event("call:completed", &call.to_string());
        let incoming = intake::read(body.as_bytes(), None, Origin::Socket(0)).unwrap();
        let sender = sender.clone();
        let reply = Box::new(move |answer| sender.send(answer).unwrap());
        daemon.handle.submit(incoming, reply);
        for _ in 0..3 {
            daemon.answer(200);
        }
    }
    for _ in 0..EVENTS {
        assert!(said.recv_timeout(PATIENCE).unwrap().is_ok());
    }
    let mut seen = HashMap::new();
    for _ in 0..3 * EVENTS {
        let request = daemon.seen.recv_timeout(PATIENCE).unwrap();
        *seen.entry(request.body).or_insert(0) += 1;
    }
    assert_eq!(seen.len() as u64, EVENTS);
    assert!(seen.values().all(|times| *times == 3));
    assert!(daemon.running.stop());
    let after = Daemon::start(directory.path());
    let delivered = vec![EndState::Delivered; 3];
    assert!((1..=EVENTS).all(|event| after.ended(event) == delivered));
    assert!(after.running.stop());
}
