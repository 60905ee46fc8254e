//! Changes by persons.

use super::bench::{Bench, event, settings, spec};
use crate::config::DeliverySettings;
use crate::domain::change::{Change, EndState, Reason};
use crate::domain::id::{EndpointNumber, TokenNumber};
use crate::domain::key::SignatureKey;
use crate::domain::token::Role;
use crate::engine::handle::{Command, Refusal, Written};
use crate::engine::message::Message;

const ONE: EndpointNumber = EndpointNumber(1);

fn edit(title: &str, revision: u32) -> Command {
    let mut spec = spec();
    spec.title = title.into();
    Command::EditEndpoint {
        endpoint: ONE,
        revision,
        spec: Box::new(spec),
    }
}

#[test]
fn two_changes_in_a_row_compose_and_a_stale_one_is_refused() {
    let mut bench = Bench::with_endpoints(1);
    let first = bench.write(edit("one", 1));
    let pause = bench.write(Command::Pause(ONE));
    let stale = bench.write(edit("two", 1));
    assert!(first.try_recv().is_err(), "answered before the commit");
    bench.commit();
    assert!(first.try_recv().unwrap().is_ok() && pause.try_recv().unwrap().is_ok());
    assert_eq!(stale.try_recv().unwrap().unwrap_err(), Refusal::Changed);
    let endpoint = &bench.state.roster[&ONE].endpoint;
    assert_eq!(
        (endpoint.spec.title.as_str(), endpoint.revision),
        ("one", 3)
    );
    assert!(endpoint.health.pause.is_some());
    let last = bench.disk.iter().rev().find_map(|change| match change {
        Change::Endpoint(endpoint) => Some(endpoint),
        _ => None,
    });
    assert_eq!(last, Some(endpoint));
}

#[test]
fn health_and_a_change_by_hand_in_one_commit_are_both_kept() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.submit(&event("email:received", "2"));
    bench.finish(200);
    bench.write(edit("one", 1));
    bench.commit();
    let last = bench.disk.iter().rev().find_map(|change| match change {
        Change::Endpoint(endpoint) => Some(endpoint),
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!(last.spec.title, "one");
    assert!(last.health.first_success_at.is_some());
    assert_eq!(last, &bench.state.roster[&ONE].endpoint);
}

#[test]
fn pausing_twice_and_resuming_nothing_are_answered_at_once() {
    let mut bench = Bench::with_endpoints(1);
    let resumed = bench.write(Command::Resume(ONE));
    assert!(matches!(resumed.try_recv(), Ok(Ok(Written::Endpoint(_)))));
    bench.write(Command::Pause(ONE));
    bench.commit();
    let again = bench.write(Command::Pause(ONE));
    assert!(matches!(again.try_recv(), Ok(Ok(Written::Endpoint(_)))));
    assert!(bench.order.is_none());
    bench.submit(&event("email:received", "1"));
    bench.commit();
    assert!(bench.jobs.is_empty(), "sent while paused");
    bench.write(Command::Resume(ONE));
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn a_disabled_endpoint_matches_nothing() {
    let mut bench = Bench::with_endpoints(1);
    bench.write(Command::Disable(ONE));
    bench.commit();
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.write(Command::Enable(ONE));
    bench.commit();
    assert!(bench.jobs.is_empty());
    bench.submit(&event("email:received", "2"));
    bench.commit();
    assert_eq!(bench.jobs.len(), 1);
}

#[test]
fn deleted_with_one_in_flight_and_others_waiting() {
    let mut bench = Bench::with_endpoints(1);
    for call in ["1", "2", "3"] {
        bench.submit(&event("email:received", call));
        bench.commit();
        bench.settle();
    }
    let said = bench.write(Command::RemoveEndpoint(ONE));
    let behind = bench.write(Command::Pause(ONE));
    bench.settle();
    assert!(matches!(said.try_recv(), Ok(Ok(Written::Gone))));
    assert_eq!(behind.try_recv().unwrap().unwrap_err(), Refusal::Unknown);
    let cancelled = (EndState::Cancelled, Reason::EndpointDeleted);
    let ends: Vec<_> = bench
        .ends()
        .iter()
        .map(|end| (end.0, end.1, end.2))
        .collect();
    assert_eq!(
        ends,
        [(2, cancelled.0, cancelled.1), (3, cancelled.0, cancelled.1)]
    );
    bench.finish(500);
    bench.settle();
    assert_eq!(bench.ends()[2].1, EndState::Cancelled);
    assert_eq!(bench.state.lanes.open(), 0);
    assert!(bench.jobs.is_empty() && bench.dirty(1).is_empty());
}

#[test]
fn an_event_that_was_on_its_way_to_a_deleted_endpoint() {
    let mut bench = Bench::with_endpoints(1);
    bench.write(Command::RemoveEndpoint(ONE));
    // Planned before the deletion is committed.
    bench.submit(&event("email:received", "1"));
    bench.settle();
    bench.settle();
    assert_eq!(
        bench.ends(),
        [(1, EndState::Cancelled, Reason::EndpointDeleted, 0)]
    );
    assert!(bench.jobs.is_empty());
}

#[test]
fn an_endpoint_with_a_term_is_deleted_unless_it_is_renewed() {
    let mut bench = Bench::with_endpoints(1);
    let until = |bench: &Bench, ms: u64, revision: u32| {
        let mut spec = spec();
        spec.expires_at = Some(bench.now.wall.plus_ms(ms));
        Command::EditEndpoint {
            endpoint: ONE,
            revision,
            spec: Box::new(spec),
        }
    };
    bench.write(until(&bench, 60_000, 1));
    bench.commit();
    bench.after(59_000);
    bench.commit();
    bench.write(until(&bench, 60_000, 2));
    bench.after(1_000);
    bench.commit();
    assert!(bench.state.roster.contains_key(&ONE));
    bench.after(60_000);
    bench.commit();
    assert!(bench.state.roster.is_empty());
    assert!(
        bench
            .disk
            .iter()
            .any(|change| matches!(change, Change::EndpointRemoved(ONE)))
    );
}

#[test]
fn tokens_come_and_go() {
    let mut bench = Bench::with_endpoints(0);
    let said = bench.write(Command::AddToken {
        name: "pbx".into(),
        role: Role::Ingest,
        hash: [1; 32],
    });
    bench.commit();
    let Ok(Ok(Written::Token(token))) = said.try_recv() else {
        panic!("no token");
    };
    assert_eq!(token.number, TokenNumber(1));
    bench.message(crate::engine::message::Message::TokensUsed(vec![
        TokenNumber(1),
    ]));
    bench.settle();
    let used = bench.disk.iter().rev().find_map(|change| match change {
        Change::Token(token) => token.last_used_at,
        _ => None,
    });
    assert_eq!(used.map(|at| at.0 % 60_000), Some(0));
    let gone = bench.write(Command::RemoveToken(TokenNumber(1)));
    bench.commit();
    assert!(matches!(gone.try_recv(), Ok(Ok(Written::Gone))));
    let again = bench.write(Command::RemoveToken(TokenNumber(1)));
    assert_eq!(again.try_recv().unwrap().unwrap_err(), Refusal::Unknown);
}

#[test]
fn a_key_is_replaced_at_once() {
    let mut bench = Bench::with_endpoints(1);
    let key = SignatureKey::import("other").unwrap();
    bench.write(Command::ReplaceKey(ONE, key.clone()));
    bench.commit();
    bench.submit(&event("email:received", "1"));
    bench.commit();
    assert_eq!(bench.jobs[0].target.keys.current, key);
}

#[test]
fn other_figures_count_from_now_on() {
    let mut bench = Bench::with_endpoints(1);
    bench.submit(&event("email:received", "1"));
    bench.commit();
    bench.finish(200);
    bench.settle();
    let narrow = DeliverySettings {
        in_flight_max: 1,
        timeout_ms: 1_000,
        retry_plan_ms: vec![60_000],
        waiting_max: 2,
        ..settings()
    };
    bench.message(Message::Reconfigure(Box::new(narrow)));
    for call in ["2", "3", "4", "5"] {
        bench.submit(&event("email:received", call));
        bench.commit();
    }
    assert_eq!(bench.jobs.len(), 1, "one at a time");
    assert_eq!(bench.state.roster[&ONE].target.timeout_ms, 1_000);
    let full = (5, EndState::Failed, Reason::BacklogFull, 0);
    assert!(bench.ends().contains(&full), "{:?}", bench.ends());

    bench.message(Message::Reconfigure(Box::new(settings())));
    assert_eq!(bench.jobs.len(), 3, "the rest goes out at once");
    assert_eq!(bench.state.roster[&ONE].target.timeout_ms, 15_000);
}
