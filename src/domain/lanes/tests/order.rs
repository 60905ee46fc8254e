//! Order within a call, supersede, expiry and due times.

use super::*;

const ORDERLESS: LaneSettings = LaneSettings {
    order: Order::None,
    ..HEALTHY
};

fn done(holds_another: bool) -> Settled {
    Settled::Done { holds_another }
}

#[test]
fn the_next_event_of_a_call_waits_for_the_commit() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    let (first, second) = (ringing(7, 1, 1), of_call(7, arrival(1, 2)));
    for one in [first, second, of_call(8, arrival(1, 3)), arrival(1, 4)] {
        scene.admit(one);
    }
    assert_eq!(scene.send(), [1, 3, 4], "calls do not wait for each other");
    assert_eq!(scene.place(second), Some(Place::Held));
    let (ticket, settled) = scene.land(1, SUCCESS);
    assert_eq!(settled, done(true));
    assert_eq!(scene.land(3, SUCCESS).1, done(false));
    assert_eq!(scene.send(), [] as [u64; 0]);
    assert_eq!(scene.place(first), Some(Place::Ending));
    scene.lanes.release(scene.now, ticket);
    assert_eq!(scene.place(first), None);
    assert_eq!(scene.send(), [2]);
}

#[test]
fn a_retry_keeps_its_place_in_the_call_and_holds_no_other_call() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for one in [of_call(7, arrival(1, 1)), of_call(7, arrival(1, 2))] {
        scene.admit(one);
    }
    assert_eq!(scene.send(), [1]);
    assert_eq!(scene.land(1, retry(5_000)).1, done(false));
    scene.admit(of_call(8, arrival(1, 3)));
    assert_eq!(scene.send(), [3]);
    scene.deliver(3);
    scene.at(4_999);
    assert_eq!(scene.send(), [] as [u64; 0]);
    assert_eq!(scene.lanes.next_wake(), Some(Tick(5_000)));
    scene.at(5_000);
    assert_eq!(scene.send(), [1]);
    assert_eq!(scene.flying[0].attempts, 1);
    scene.deliver(1);
    assert_eq!(scene.send(), [2]);
}

#[test]
fn without_order_and_in_later_rounds_nobody_waits() {
    let mut scene = Scene::new(LIMITS, &[(1, ORDERLESS), (2, HEALTHY)]);
    for event in [1, 2] {
        scene.admit(of_call(7, arrival(1, event)));
    }
    scene.admit(of_call(7, arrival(2, 3)));
    let mut replay = of_call(7, arrival(2, 4));
    replay.key.round = 1;
    replay.expires_at = Some(Tick(10));
    scene.admit(replay);
    assert_eq!(scene.at(20), [] as [u64; 0], "a replay does not expire");
    let mut sent = scene.send();
    sent.sort_unstable();
    assert_eq!(sent, [1, 2, 3, 4]);
    assert_eq!(scene.place(replay), Some(Place::InFlight));
}

#[test]
fn order_that_is_switched_off_lets_go_what_it_holds() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for event in 1..=3 {
        scene.admit(of_call(7, arrival(1, event)));
    }
    assert_eq!(scene.send(), [1]);
    scene.put(1, ORDERLESS);
    assert_eq!(scene.send(), [2, 3]);
    scene.put(1, HEALTHY);
    scene.admit(of_call(7, arrival(1, 4)));
    assert_eq!(scene.send(), [] as [u64; 0]);
    // Those let go left the middle of the call; the oldest is still there.
    scene.deliver(3);
    scene.deliver(2);
    assert_eq!(scene.send(), [] as [u64; 0]);
    scene.deliver(1);
    assert_eq!(scene.send(), [4]);
}

#[test]
fn the_end_of_a_call_supersedes_what_still_rings() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    scene.admit(of_call(7, arrival(1, 1)));
    assert_eq!(scene.send(), [1]);
    scene.admit(ringing(7, 1, 2));
    scene.admit(of_call(7, arrival(1, 3)));
    scene.admit(ringing(8, 1, 4));
    scene.admit(ringing(7, 1, 5));
    assert_eq!(scene.admit(completed(7, 1, 6)), [5, 2]);
    assert_eq!(scene.admit(completed(7, 1, 7)), [] as [u64; 0]);
    scene.deliver(1);
    assert_eq!(scene.send(), [4, 3], "another call still rings");
    // A replay of a ringing event, or one without order, is nobody's to supersede.
    let mut replay = ringing(9, 1, 10);
    replay.key.round = 1;
    scene.admit(replay);
    assert_eq!(scene.admit(completed(9, 1, 11)), [] as [u64; 0]);
}

#[test]
fn one_that_rings_in_flight_is_superseded_when_it_comes_back() {
    let check = |landed: Landed, expected: Settled, then_sent: &[u64]| {
        let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
        scene.admit(ringing(7, 1, 1));
        assert_eq!(scene.send(), [1]);
        assert_eq!(scene.admit(completed(7, 1, 2)), [] as [u64; 0]);
        assert_eq!(scene.land(1, landed).1, expected, "{landed:?}");
        assert_eq!(scene.send(), then_sent, "{landed:?}");
    };
    check(SUCCESS, done(true), &[]);
    check(retry(5_000), Settled::Superseded, &[2]);
    check(AGAIN, Settled::Superseded, &[2]);
}

#[test]
fn what_waits_expires_at_its_time() {
    let stopped = LaneSettings {
        stopped: true,
        ..HEALTHY
    };
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY), (2, stopped)]);
    let until = |at: u64, arrival: Arrival| Arrival {
        expires_at: Some(Tick(at)),
        ..arrival
    };
    scene.admit(until(600, of_call(7, arrival(1, 1))));
    assert_eq!(scene.send(), [1]);
    scene.admit(until(500, of_call(7, arrival(1, 2))));
    scene.admit(of_call(7, arrival(1, 3)));
    scene.admit(until(700, arrival(2, 4)));
    assert_eq!(scene.lanes.next_wake(), Some(Tick(500)));
    assert_eq!(scene.at(499), [] as [u64; 0]);
    assert_eq!(scene.at(700), [2, 4], "the paused too, but not in flight");
    scene.land(1, retry(9_000));
    assert_eq!(scene.lanes.next_wake(), Some(Tick(700)));
    assert_eq!(scene.at(701), [1]);
    assert_eq!(scene.send(), [3]);
}

#[test]
fn expiry_goes_in_slices() {
    let mut scene = Scene::new(LIMITS, &[]);
    let stopped = LaneSettings {
        stopped: true,
        ..HEALTHY
    };
    scene.put(1, stopped);
    for event in 1..=5 {
        let expires_at = Some(Tick(100 - event));
        scene.admit(Arrival {
            expires_at,
            ..arrival(1, event)
        });
    }
    let mut expired = Vec::new();
    scene.lanes.advance(Tick(200), 2, &mut expired);
    assert_eq!(events(&expired), [5, 4]);
    assert!(scene.lanes.next_wake() <= Some(Tick(200)));
    scene.lanes.advance(Tick(200), 2, &mut expired);
    assert_eq!(events(&expired), [5, 4, 3, 2]);
    scene.lanes.advance(Tick(200), 2, &mut expired);
    assert_eq!(events(&expired), [5, 4, 3, 2, 1]);
    assert_eq!(scene.lanes.next_wake(), None);
}

#[test]
fn a_due_time_too_far_ahead_counts_as_a_day() {
    const DAY: u64 = 86_400_000;
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for (event, due) in [(1, 30 * DAY), (2, 60_000), (3, 30 * DAY)] {
        scene.admit(Arrival {
            due: Tick(due),
            ..arrival(1, event)
        });
    }
    assert_eq!(scene.report(1).oldest_due, Some(Tick(60_000)));
    scene.at(DAY - 1);
    assert_eq!(scene.send(), [2]);
    scene.at(DAY);
    assert_eq!(scene.send(), [1, 3]);
}

#[test]
fn a_stopped_lane_sends_nothing_and_has_everything_due_when_it_goes_on() {
    let stopped = LaneSettings {
        stopped: true,
        ..HEALTHY
    };
    let mut scene = Scene::new(LIMITS, &[(1, stopped)]);
    scene.admit(retried(1, 1));
    scene.admit(Arrival {
        due: Tick(5_000),
        ..retried(1, 2)
    });
    scene.admit(arrival(1, 3));
    scene.at(100);
    assert_eq!(scene.send(), [] as [u64; 0]);
    scene.put(1, HEALTHY);
    for event in 4..=9 {
        scene.admit(arrival(1, event));
    }
    assert_eq!(scene.drain(), [4, 5, 6, 1, 7, 8, 9, 2, 3]);
}

#[test]
fn taken_out_it_lets_the_next_of_its_call_go() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    let all = [1, 2, 3].map(|event| of_call(7, arrival(1, event)));
    for one in all {
        scene.admit(one);
    }
    let now = scene.now;
    let mut take = |one: Arrival| scene.lanes.take(now, one.key, one.call);
    assert_eq!(events(take(all[0]).as_slice()), [1]);
    assert_eq!(take(all[0]), None);
    assert_eq!(events(take(all[2]).as_slice()), [3]);
    assert_eq!(scene.send(), [2]);
    assert_eq!(
        scene.lanes.take(now, all[1].key, all[1].call),
        None,
        "in flight"
    );
}

#[test]
fn a_call_by_hand_passes_a_pause_and_its_time_and_goes_once() {
    let paused = LaneSettings {
        stopped: true,
        ..HEALTHY
    };
    let mut scene = Scene::new(LIMITS, &[(1, paused)]);
    scene.admit(arrival(1, 1));
    let later = Arrival {
        due: Tick(5_000),
        ..arrival(1, 2)
    };
    scene.admit(later);
    assert!(scene.send().is_empty());
    let call = |scene: &mut Scene, event| scene.lanes.send_now(key(1, event), None);
    assert_eq!(call(&mut scene, 2), Some(Place::Waiting));
    assert_eq!(call(&mut scene, 2), Some(Place::Waiting));
    assert_eq!(scene.send(), [2]);
    assert_eq!(call(&mut scene, 2), Some(Place::InFlight));
    // It comes back to waiting for the very time that its first timer was set to.
    scene.land(2, retry(5_000));
    assert!(scene.at(5_000).is_empty());
    assert!(scene.send().is_empty());
    scene.put(1, HEALTHY);
    // A sick one gets them one by one.
    assert_eq!(scene.send(), [2]);
    scene.deliver(2);
    assert_eq!(scene.send(), [1]);
    assert_eq!(call(&mut scene, 3), None);
}

#[test]
fn a_call_by_hand_does_not_pass_the_order_nor_a_disabled_endpoint() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    scene.admit(of_call(7, arrival(1, 1)));
    scene.admit(of_call(7, arrival(1, 2)));
    assert_eq!(scene.send(), [1]);
    let held = scene.lanes.send_now(key(1, 2), Some(7));
    assert_eq!(held, Some(Place::Held));
    assert!(scene.send().is_empty());
    let disabled = LaneSettings {
        stopped: true,
        disabled: true,
        ..HEALTHY
    };
    scene.put(1, disabled);
    scene.deliver(1);
    scene.lanes.send_now(key(1, 2), Some(7));
    assert!(scene.send().is_empty());
    scene.put(1, HEALTHY);
    assert_eq!(scene.send(), [2]);
}
