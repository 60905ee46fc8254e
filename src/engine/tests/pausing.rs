//! An endpoint that fails for long: notices, the pause, probes, and how it comes back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bench::{Bench, event, exchange, settings, spec};
use crate::config::DeliverySettings;
use crate::domain::change::{Change, EndState, NewEvent};
use crate::domain::endpoint::{Endpoint, PauseCause, State};
use crate::domain::event::EventType;
use crate::domain::filter::{Filter, Subscription, Wants};
use crate::domain::id::{EndpointNumber, EventNumber};
use crate::domain::key::SignatureKey;
use crate::engine::handle::Command;
use crate::engine::message::{Errand, Message};
use crate::engine::turn::next_wake;

const ONE: EndpointNumber = EndpointNumber(1);
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const NOTICES: [&str; 3] = ["endpoint:failing", "endpoint:paused", "endpoint:resumed"];

impl Bench {
    /// Adds an endpoint that wants these types, `*` for all.
    pub(super) fn add(&mut self, types: &[&str]) {
        let wanted = |code: &&str| Subscription {
            wants: match *code {
                "*" => Wants::All,
                code => Wants::Type(EventType::parse(code).unwrap()),
            },
            filter: Filter::default(),
        };
        let mut wish = spec();
        wish.events = types.iter().map(wanted).collect();
        self.write(Command::AddEndpoint {
            spec: Box::new(wish),
            key: SignatureKey::import("key").unwrap(),
        });
        self.commit();
    }

    /// The events that are out to an endpoint.
    pub(super) fn out(&self, to: u32) -> Vec<u64> {
        let keys = self.jobs.iter().filter_map(|job| match job.ticket {
            Errand::Delivery(dispatch) => Some(dispatch.key),
            Errand::Test(_) => None,
        });
        let of = keys.filter(|key| key.endpoint.0 == to);
        of.map(|key| key.event.0).collect()
    }

    /// The oldest request to an endpoint is answered so; false when none is out.
    pub(super) fn answer(&mut self, to: u32, status: u16) -> bool {
        let is_its = |ticket: Errand| match ticket {
            Errand::Delivery(dispatch) => dispatch.key.endpoint.0 == to,
            Errand::Test(_) => false,
        };
        let at = self.jobs.iter().position(|job| is_its(job.ticket));
        let job = at.and_then(|at| self.jobs.remove(at));
        if let Some(job) = &job {
            self.land(job.ticket, Ok(exchange(status, false)));
        }
        job.is_some()
    }

    /// Lets time pass as it does, in which endpoint 1 answers everything so and the others well.
    pub(super) fn run(&mut self, ms: u64, status: u16) {
        let end = self.now.tick.plus_ms(ms);
        loop {
            self.commit();
            while self.answer(1, status) || self.answer(2, 200) || self.answer(3, 200) {
                self.commit();
            }
            let left = end.ms_since(self.now.tick);
            if left == 0 {
                return;
            }
            let wake = next_wake(&self.state, self.now);
            let sleep = wake.map_or(left, |at| at.ms_since(self.now.tick).max(1));
            self.after(sleep.min(left));
        }
    }

    pub(super) fn one(&self) -> &Endpoint {
        &self.state.roster[&ONE].endpoint
    }

    /// The notices on disk, each with its data, and where its commit also holds the record of
    /// endpoint 1, the state that this says.
    fn notices(&self) -> Vec<(String, Value, Option<State>)> {
        let mut notices = Vec::new();
        for batch in self
            .disk
            .split(|change| matches!(change, Change::Numbers(_)))
        {
            let record = batch.iter().rev().find_map(|change| match change {
                Change::Endpoint(endpoint) if endpoint.number == ONE => Some(endpoint.state()),
                _ => None,
            });
            for change in batch {
                if let Change::Event(new) = change
                    && new.head.kind.is_notice()
                {
                    assert!(new.open.iter().all(|open| open.endpoint.0 == 2), "{new:?}");
                    notices.push((new.head.kind.to_string(), data(new), record));
                }
            }
        }
        notices
    }

    /// How often a delivery to endpoint 1 was put off, by event.
    fn put_off(&self) -> BTreeMap<u64, u8> {
        let moved = self.disk.iter().filter_map(|change| match change {
            Change::Moved(event, open) if open.endpoint == ONE => Some((event.0, open.attempts)),
            _ => None,
        });
        moved.collect()
    }
}

fn data(new: &NewEvent) -> Value {
    let body: Value = serde_json::from_slice(&new.body).unwrap();
    body["data"].clone()
}

fn patient(pause_after_ms: u64) -> DeliverySettings {
    DeliverySettings {
        retry_plan_ms: vec![MINUTE; 24],
        waiting_max: 200_000,
        pause_after_ms,
        ..settings()
    }
}

/// Endpoint 1 wants emails, 2 the notices, 3 everything.
fn scene(pause_after_ms: u64) -> Bench {
    let mut bench = Bench::with_endpoints(0);
    bench.message(Message::Reconfigure(Box::new(patient(pause_after_ms))));
    bench.add(&["email:received"]);
    bench.add(&NOTICES);
    bench.add(&["*"]);
    bench.disk.clear();
    bench
}

fn email(bench: &mut Bench, id: u64) {
    bench.submit(&event("email:received", &id.to_string()));
    bench.commit();
}

#[test]
fn it_is_told_of_paused_probed_and_resumed() {
    let mut bench = scene(20 * MINUTE);
    email(&mut bench, 1);
    bench.run(14 * MINUTE, 500);
    assert_eq!(bench.one().state(), State::Failing);
    assert!(bench.notices().is_empty());
    bench.run(11 * MINUTE, 500);
    assert_eq!(bench.one().state(), State::Paused);
    let told = bench.notices();
    let words: Vec<_> = told.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(words, ["endpoint:failing", "endpoint:paused"]);
    let states: Vec<_> = told.iter().map(|(.., state)| *state).collect();
    assert_eq!(
        states,
        [Some(State::Failing), Some(State::Paused)],
        "one commit"
    );
    for (kind, data, _) in &told {
        let keys: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
        let expected = ["id", "reason", "since", "state", "title", "url", "waiting"];
        assert_eq!(keys, expected);
        assert_eq!(data["waiting"], 1);
        assert_eq!(
            kind,
            &format!("endpoint:{}", data["state"].as_str().unwrap())
        );
        assert!(
            data["reason"]
                .as_str()
                .unwrap()
                .contains(data["since"].as_str().unwrap())
        );
    }
    let before = bench.put_off();
    assert!(bench.out(1).is_empty());
    // A new event is a probe, but not two within a minute, and none of it is counted.
    email(&mut bench, 2);
    let newest = bench.state.numbers.event.0 - 1;
    assert_eq!(bench.out(1), [newest]);
    assert!(bench.answer(1, 500));
    email(&mut bench, 3);
    bench.commit();
    assert!(bench.out(1).is_empty());
    bench.run(HOUR - MINUTE, 500);
    bench.after(2 * MINUTE);
    assert_eq!(bench.out(1), [newest + 1], "another one, an hour later");
    bench.answer(1, 500);
    bench.settle();
    assert_eq!(bench.put_off(), before, "a probe counts as no attempt");
    // The first success resumes, and what waited goes out.
    bench.run(HOUR + MINUTE, 200);
    assert_eq!(bench.one().state(), State::Active);
    let (kind, data, state) = bench.notices().pop().unwrap();
    assert_eq!((kind.as_str(), state), (NOTICES[2], Some(State::Active)));
    assert_eq!(
        (&data["state"], &data["waiting"]),
        (&"active".into(), &2.into())
    );
    let ends = bench.ends();
    assert!(
        ends.iter().all(|end| end.1 == EndState::Delivered),
        "{ends:?}"
    );
    assert_eq!(bench.state.lanes.open(), 0);
}

#[test]
fn a_receiver_that_is_down_for_a_weekend_loses_nothing() {
    const EVENTS: u64 = 50_000;
    let mut bench = scene(12 * HOUR);
    let plan = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];
    bench.message(Message::Reconfigure(Box::new(DeliverySettings {
        retry_plan_ms: plan.map(|seconds| seconds * 1_000).to_vec(),
        ..patient(12 * HOUR)
    })));
    let all: Vec<String> = (0..EVENTS)
        .map(|id| event("email:received", &id.to_string()))
        .collect();
    bench.write(Command::RemoveEndpoint(EndpointNumber(3)));
    bench.commit();
    bench.disk.clear();
    for hour in all.chunks(EVENTS as usize / 62 + 1) {
        for group in hour.chunks(500) {
            bench.submit_group(group);
            bench.commit();
        }
        bench.run(HOUR, 503);
    }
    assert_eq!(bench.one().state(), State::Paused);
    let waiting = bench.state.lanes.report(ONE).unwrap().waiting;
    assert_eq!(u64::from(waiting), EVENTS, "all of it waits");
    assert!(bench.put_off().values().all(|attempts| *attempts < 11));
    // It is back. New events do not wait behind the others, and it is never run over.
    let mut most = 0;
    bench.after(2 * HOUR);
    let mut delivered_new = None;
    for turn in 0..2 * EVENTS {
        if turn == 1_000 {
            email(&mut bench, EVENTS);
            delivered_new = Some(bench.state.numbers.event.0 - 1);
        }
        most = most.max(bench.out(1).len());
        assert!(turn < 1_050 || !bench.out(1).contains(&delivered_new.unwrap()));
        let answered = bench.answer(1, 200);
        bench.answer(2, 200);
        bench.commit();
        if !answered && bench.state.lanes.open() == 0 {
            break;
        }
        if !answered {
            bench.after(20);
        }
    }
    assert!(most <= 4, "{most} at a time");
    bench.settle();
    let mut ends = BTreeMap::new();
    for (event, state, ..) in bench.ends() {
        assert_eq!(state, EndState::Delivered);
        *ends.entry(event).or_insert(0) += 1;
    }
    assert!(ends.len() as u64 > EVENTS, "{}", ends.len());
    assert!(ends.values().all(|count| *count == 1));
    let words: Vec<_> = bench.notices().into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(words, [NOTICES[0], NOTICES[0], NOTICES[1], NOTICES[2]]);
}

#[test]
fn paused_by_410_or_by_hand_it_is_not_probed() {
    let check = |by_hand: bool| {
        let mut bench = scene(12 * HOUR);
        email(&mut bench, 1);
        if by_hand {
            bench.answer(1, 500);
            bench.write(Command::Pause(ONE));
            bench.commit();
        } else {
            bench.answer(1, 410);
        }
        bench.run(30 * HOUR, 200);
        email(&mut bench, 2);
        bench.run(HOUR, 200);
        let waiting = bench.state.lanes.report(ONE).unwrap().waiting;
        assert_eq!((waiting, bench.out(1).len()), (2, 0), "{by_hand}");
        let told = bench.notices();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].0.as_str(), told[0].2),
            (NOTICES[1], Some(State::Paused))
        );
        bench.write(Command::Resume(ONE));
        bench.run(MINUTE, 200);
        let told = bench.notices();
        assert_eq!(
            (told[1].0.as_str(), told[1].2),
            (NOTICES[2], Some(State::Active))
        );
        assert_eq!(bench.state.lanes.open(), 0, "{by_hand}");
    };
    check(true);
    check(false);
}

#[test]
fn a_410_ends_the_probes_of_a_pause() {
    let mut bench = scene(20 * MINUTE);
    email(&mut bench, 1);
    bench.run(26 * MINUTE, 500);
    assert_eq!(bench.one().state(), State::Paused);
    bench.run(2 * HOUR, 410);
    let pause = bench.one().health.pause.clone().unwrap();
    assert_eq!((pause.cause, pause.next_probe_at), (PauseCause::Gone, None));
    let (kind, data, _) = bench.notices().pop().unwrap();
    assert_eq!(kind, NOTICES[1]);
    assert!(data["reason"].as_str().unwrap().contains("410"), "{data}");
    bench.run(3 * HOUR, 200);
    assert_eq!(bench.one().state(), State::Paused);
}

#[test]
fn resumed_or_enabled_by_hand_it_begins_anew() {
    for disabled in [false, true] {
        let mut bench = scene(20 * MINUTE);
        email(&mut bench, 1);
        let failing_for = if disabled { 10 } else { 26 };
        bench.run(failing_for * MINUTE, 500);
        let (stop, go_on) = match disabled {
            true => (Command::Disable(ONE), Command::Enable(ONE)),
            false => (Command::Pause(ONE), Command::Resume(ONE)),
        };
        bench.write(stop);
        bench.run(30 * HOUR, 500);
        assert!(bench.out(1).is_empty());
        bench.write(go_on);
        bench.run(5 * MINUTE, 500);
        assert_eq!(bench.one().state(), State::Failing, "{disabled}");
        bench.run(HOUR, 500);
        assert_eq!(bench.one().state(), State::Paused, "{disabled}");
    }
}

#[test]
fn a_notice_whose_commit_fails_is_given_with_the_next() {
    let mut bench = scene(20 * MINUTE);
    email(&mut bench, 1);
    bench.run(14 * MINUTE, 500);
    bench.commit();
    while bench.order.is_none() {
        bench.sleep();
        while bench.order.is_none() && bench.answer(1, 500) {}
        if bench.one().health.notices == 0 {
            bench.commit();
        }
    }
    assert_eq!(bench.one().health.notices, 1);
    bench.fail();
    assert!(bench.notices().is_empty());
    bench.message(Message::Reopened);
    bench.settle();
    let told = bench.notices();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, NOTICES[0]);
    let of_two = bench.disk.iter().filter_map(|change| match change {
        Change::Event(new) if new.head.kind.is_notice() => Some(new.number),
        _ => None,
    });
    let numbers: Vec<EventNumber> = of_two.collect();
    assert_eq!(bench.out(2), [numbers[0].0]);
}
