//! What a replay asks for: in line behind new events, once whoever else asks, and told of.

use super::bench::{Bench, event};
use crate::domain::change::EndState;
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryKey, EndpointNumber, EventNumber, ReplayNumber};
use crate::engine::handle::{Command, Named, Refusal};
use crate::engine::message::{Errand, Message};

const ONE: EndpointNumber = EndpointNumber(1);
const REPLAY: ReplayNumber = ReplayNumber(9);

fn named(event: u64, round: u8) -> Named {
    Named {
        key: DeliveryKey {
            event: EventNumber(event),
            endpoint: ONE,
            round,
        },
        call: None,
    }
}

fn replay(event: u64, round: u8) -> Command {
    Command::Replay(named(event, round), EventType::EmailReceived, REPLAY)
}

/// That many events, all delivered.
fn delivered(count: u64) -> Bench {
    let mut bench = Bench::with_endpoints(1);
    for number in 1..=count {
        bench.submit(&event("email:received", &number.to_string()));
        bench.commit();
        bench.finish(200);
        bench.settle();
    }
    assert!(bench.jobs.is_empty());
    bench
}

fn flying(bench: &Bench) -> Vec<(u64, u8)> {
    let jobs = bench.jobs.iter().map(|job| match job.ticket {
        Errand::Delivery(dispatch) => (dispatch.key.event.0, dispatch.key.round),
        Errand::Test(_) => panic!("a test"),
    });
    jobs.collect()
}

#[test]
fn a_replay_waits_behind_new_events_and_takes_one_of_four_sends() {
    let mut bench = delivered(3);
    bench.write(Command::Pause(ONE));
    bench.commit();
    for number in 1..=3 {
        bench.write(replay(number, 1));
    }
    bench.commit();
    bench.after(60_000);
    assert!(bench.jobs.is_empty(), "a pause holds for a replay");
    bench.write(Command::Resume(ONE));
    bench.commit();
    // It starts gently.
    assert_eq!(flying(&bench), [(1, 1)]);
    while !bench.jobs.is_empty() {
        bench.finish(200);
        bench.settle();
    }
    // Then it takes four at a time.
    for number in 4..=7 {
        bench.submit(&event("email:received", &number.to_string()));
    }
    bench.settle();
    // The two between told of the pause and of its end.
    assert_eq!(flying(&bench), [(6, 0), (7, 0), (8, 0), (9, 0)]);
    // With new events waiting, a replay is one of four.
    for number in 1..=2 {
        bench.write(replay(number + 1_000, 1));
    }
    for number in 8..=11 {
        bench.submit(&event("email:received", &number.to_string()));
    }
    bench.settle();
    for _ in 0..4 {
        bench.finish(200);
    }
    let next = flying(&bench);
    let replays = next.iter().filter(|(_, round)| *round > 0).count();
    assert_eq!((next.len(), replays), (4, 1), "{next:?}");
}

#[test]
fn the_replayer_is_told_how_its_deliveries_ended() {
    let mut bench = delivered(3);
    // One by hand is not of the replay.
    bench.write(Command::Reopen(named(1, 1), EventType::EmailReceived));
    bench.commit();
    bench.finish(200);
    bench.settle();
    assert_eq!(bench.replayed, []);
    bench.write(replay(1, 2));
    bench.write(replay(2, 1));
    bench.write(replay(3, 1));
    bench.commit();
    bench.finish(200);
    assert_eq!(bench.replayed, [(REPLAY, EndState::Delivered)]);
    bench.finish(500);
    bench.settle();
    assert_eq!(bench.replayed.len(), 1, "it is tried again");
    bench.write(Command::Cancel(named(2, 1)));
    bench.commit();
    assert_eq!(bench.replayed[1], (REPLAY, EndState::Cancelled));
    bench.finish(200);
    bench.settle();
    assert_eq!(bench.replayed[2..], [(REPLAY, EndState::Delivered)]);
}

#[test]
fn a_replay_and_a_retry_in_one_commit_send_once() {
    for first_is_replay in [true, false] {
        let mut bench = delivered(1);
        let by_hand = Command::Reopen(named(1, 1), EventType::EmailReceived);
        let mut commands = [replay(1, 1), by_hand];
        if !first_is_replay {
            commands.reverse();
        }
        let said = commands.map(|command| bench.write(command));
        bench.commit();
        assert!(said[0].try_recv().unwrap().is_ok());
        assert_eq!(said[1].try_recv().unwrap().unwrap_err(), Refusal::InFlight);
        assert_eq!(flying(&bench), [(1, 1)]);
    }
}

#[test]
fn a_replay_whose_commit_failed_is_asked_for_again() {
    let mut bench = delivered(1);
    let said = bench.write(replay(1, 1));
    bench.fail();
    assert_eq!(said.try_recv().unwrap().unwrap_err(), Refusal::StoreAway);
    bench.message(Message::Reopened);
    bench.settle();
    let again = bench.write(replay(1, 1));
    bench.commit();
    assert!(again.try_recv().unwrap().is_ok());
    bench.finish(200);
    assert_eq!(flying(&bench), []);
    assert_eq!(bench.replayed, [(REPLAY, EndState::Delivered)]);
}
