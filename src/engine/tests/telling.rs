//! What the live stream is told, when, and how much of it.

use super::bench::{Bench, event, spec};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::engine::handle::Command;
use crate::engine::news::{Figures, News, Skipped};

/// A bench with that many endpoints, where somebody listens.
fn heard(endpoints: u32) -> Bench {
    let mut bench = Bench::with_endpoints(endpoints);
    assert!(bench.news.is_empty(), "told to nobody");
    bench.state.news.listen(true);
    bench.after(0);
    bench.news.clear();
    bench
}

/// Everything told since the last call, in short.
fn told(bench: &mut Bench) -> Vec<String> {
    let short = |news: News| match news {
        News::Attempt(attempt) => format!("attempt of {}: {:?}", attempt.event.0, attempt.result),
        News::Event(event) => format!("event {}", event.number.0),
        News::Endpoint(number, Some(view)) => {
            format!("endpoint {} {}", number.0, view.endpoint.state().as_str())
        }
        News::Endpoint(number, None) => format!("endpoint {} gone", number.0),
        News::Figures(_) => "figures".to_owned(),
    };
    bench.news.drain(..).map(short).collect()
}

fn figures(bench: &Bench) -> Vec<Figures> {
    let of = |news: &News| match news {
        News::Figures(figures) => Some(*figures),
        _ => None,
    };
    bench.news.iter().filter_map(of).collect()
}

#[test]
fn what_is_written_is_told_after_its_commit() {
    let mut bench = heard(1);
    bench.submit(&event("call:missed", "1"));
    assert_eq!(told(&mut bench), [""; 0]);
    bench.commit();
    assert_eq!(told(&mut bench), ["event 1"]);
    bench.finish(200);
    assert_eq!(told(&mut bench), [""; 0]);
    bench.settle();
    assert_eq!(
        told(&mut bench),
        ["attempt of 1: Ok(200)", "endpoint 1 active"],
        "its first success is written down as well"
    );
}

#[test]
fn what_a_failed_commit_carried_is_told_with_the_next() {
    let mut bench = heard(1);
    bench.submit(&event("call:missed", "1"));
    bench.commit();
    bench.finish(200);
    bench.after(20);
    told(&mut bench);
    bench.fail();
    assert_eq!(told(&mut bench), [""; 0]);
    bench.message(crate::engine::message::Message::Reopened);
    bench.commit();
    assert!(told(&mut bench).contains(&"attempt of 1: Ok(200)".to_owned()));
}

#[test]
fn a_test_is_told_at_once() {
    let mut bench = heard(1);
    bench.test(1);
    bench.finish(404);
    let [News::Attempt(attempt)] = &bench.news[..] else {
        panic!("{:?}", bench.news);
    };
    assert_eq!((attempt.delivery, attempt.result), (None, Ok(404)));
    assert_eq!(attempt.outcome, AttemptOutcome::Test);
}

#[test]
fn endpoints_are_told_as_they_are_after_the_commit() {
    let mut bench = heard(1);
    bench.write(Command::AddEndpoint {
        spec: Box::new(spec()),
        key: SignatureKey::import("key").unwrap(),
    });
    bench.commit();
    assert_eq!(told(&mut bench), ["endpoint 2 active"]);
    bench.write(Command::Pause(EndpointNumber(1)));
    bench.write(Command::Disable(EndpointNumber(1)));
    bench.commit();
    assert_eq!(
        told(&mut bench),
        ["event 1", "endpoint 1 paused", "endpoint 1 disabled"],
        "a pause is also an event"
    );
    bench.write(Command::RemoveEndpoint(EndpointNumber(1)));
    bench.commit();
    assert_eq!(told(&mut bench), ["endpoint 1 gone"]);
}

#[test]
fn of_a_flood_a_few_are_told_and_the_others_counted() {
    let mut bench = heard(0);
    for call in 0..100 {
        bench.submit(&event("call:missed", &call.to_string()));
        bench.commit();
    }
    let events = told(&mut bench);
    assert_eq!(events.len(), 20, "{events:?}");
    bench.after(1000);
    let skipped = Skipped {
        events: 80,
        ..Skipped::default()
    };
    assert_eq!(figures(&bench)[0].skipped, skipped);
    assert_eq!(figures(&bench)[0].accepted, 100);
    bench.news.clear();
    bench.submit(&event("call:missed", "next second"));
    bench.commit();
    assert_eq!(told(&mut bench), ["event 101"]);
}

#[test]
fn figures_come_once_a_second_and_only_when_something_happened() {
    let mut bench = heard(1);
    bench.submit(&event("call:missed", "1"));
    bench.commit();
    for _ in 0..10 {
        bench.after(100);
        bench.commit();
    }
    assert_eq!(figures(&bench).len(), 1);
    bench.news.clear();
    // All is written and swept: the engine may sleep, and wakes for nothing.
    for _ in 0..100 {
        bench.after(1000);
        bench.commit();
    }
    let quiet = bench.news.len();
    for _ in 0..100 {
        bench.after(1000);
        bench.commit();
    }
    assert_eq!(bench.news.len(), quiet);
}

#[test]
fn nobody_who_listens_is_told_nothing() {
    let mut bench = heard(1);
    bench.state.news.listen(false);
    bench.submit(&event("call:missed", "1"));
    bench.commit();
    bench.finish(500);
    bench.settle();
    bench.after(5000);
    bench.settle();
    assert_eq!(told(&mut bench), [""; 0]);
}
