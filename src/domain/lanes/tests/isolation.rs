//! Who may send next: limits, classes, shares, turns and holds.

use super::*;

const NEW: LaneSettings = LaneSettings {
    proven: false,
    ..HEALTHY
};
const SICK: LaneSettings = LaneSettings {
    sick: true,
    ..HEALTHY
};

/// A scene with so many lanes of each kind, numbered from 100, 200 and 300, and three events for
/// each. The number of an event is that of its endpoint times ten and a digit.
fn crowd(threads_max: u32, healthy: u32, new: u32, sick: u32) -> Scene {
    let limits = Limits {
        threads_max,
        ..LIMITS
    };
    let mut scene = Scene::new(limits, &[]);
    for (first, count, settings) in [(100, healthy, HEALTHY), (200, new, NEW), (300, sick, SICK)] {
        for endpoint in first..first + count {
            scene.put(endpoint, settings);
            for digit in 0..3 {
                scene.admit(arrival(endpoint, u64::from(endpoint) * 10 + digit));
            }
        }
    }
    scene
}

/// How many sent events belong to healthy, new and sick endpoints.
fn by_kind(sent: &[u64]) -> [usize; 3] {
    [1, 2, 3].map(|kind| sent.iter().filter(|event| *event / 1000 == kind).count())
}

#[test]
fn one_at_a_time_while_new_or_sick() {
    let check = |settings: LaneSettings, expected: usize| {
        let mut scene = Scene::new(LIMITS, &[(1, settings)]);
        for event in 0..10 {
            scene.admit(arrival(1, event));
        }
        assert_eq!(scene.send().len(), expected, "{settings:?}");
    };
    let four = LaneSettings {
        in_flight_max: 4,
        ..HEALTHY
    };
    check(four, 4);
    check(
        LaneSettings {
            proven: false,
            ..four
        },
        1,
    );
    check(LaneSettings { sick: true, ..four }, 1);
    check(
        LaneSettings {
            stopped: true,
            ..four
        },
        0,
    );
}

#[test]
fn a_success_proves_and_heals_and_a_failure_makes_sick() {
    let mut scene = Scene::new(LIMITS, &[(1, NEW)]);
    for event in 0..10 {
        scene.admit(arrival(1, event));
    }
    assert_eq!(scene.send(), [0]);
    scene.land(0, AGAIN);
    assert!(!scene.report(1).sick, "a cut says nothing");
    assert_eq!(scene.send(), [0], "it goes first again");
    scene.land(0, retry(60_000));
    assert!(scene.report(1).sick);
    assert_eq!(scene.send(), [1]);
    scene.deliver(1);
    assert!(!scene.report(1).sick);
    assert_eq!(scene.send().len(), 8);
    // A failure that ends its delivery is one too.
    let failed = Landed {
        success: false,
        ..SUCCESS
    };
    scene.land(2, failed);
    assert!(scene.report(1).sick);
    // The settings of an open lane say nothing about its health.
    scene.put(1, HEALTHY);
    assert!(scene.report(1).sick);
}

#[test]
fn slow_from_one_second_until_a_success_within_one() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    let took = |duration_ms: u32| Landed {
        duration_ms,
        ..SUCCESS
    };
    scene.admit(arrival(1, 1));
    scene.send();
    assert_eq!(scene.lanes.next_wake(), Some(Tick(1_000)));
    scene.at(500);
    scene.admit(arrival(1, 2));
    scene.admit(arrival(1, 3));
    scene.send();
    scene.at(999);
    assert!(!scene.report(1).slow);
    scene.at(1_000);
    assert!(scene.report(1).slow);
    scene.at(1_100);
    scene.land(2, took(600));
    assert!(!scene.report(1).slow, "1 is still out, but has marked once");
    assert_eq!(scene.lanes.next_wake(), Some(Tick(1_500)));
    scene.at(1_500);
    assert!(scene.report(1).slow, "by 3");
    scene.at(1_600);
    scene.land(3, took(1_001));
    assert!(scene.report(1).slow);
    scene.admit(arrival(1, 4));
    scene.send();
    scene.land(4, retry(9_999));
    assert!(scene.report(1).slow, "refused at once is no answer");
    scene.land(1, took(1_000));
    assert!(!scene.report(1).slow);
}

#[test]
fn an_answer_after_a_second_marks_without_waiting_to_be_woken() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    scene.admit(arrival(1, 1));
    scene.send();
    scene.now = Tick(1_200);
    let late = Landed {
        duration_ms: 1_200,
        ..SUCCESS
    };
    scene.land(1, late);
    assert!(scene.report(1).slow);
}

#[test]
fn new_slow_and_sick_ones_hold_half_of_the_threads_at_most() {
    let check = |threads: u32, lanes: [u32; 3], expected: [usize; 3]| {
        let mut scene = crowd(threads, lanes[0], lanes[1], lanes[2]);
        assert_eq!(by_kind(&scene.send()), expected, "{threads} {lanes:?}");
    };
    check(16, [0, 20, 0], [0, 8, 0]);
    check(16, [0, 0, 20], [0, 0, 4]);
    check(16, [0, 20, 20], [0, 4, 4]);
    check(16, [0, 2, 20], [0, 2, 4]);
    check(16, [1, 20, 20], [3, 4, 4]);
    // One of the first eight goes to the others, and one of the next; healthy ones fill the rest.
    check(16, [9, 20, 20], [14, 1, 1]);
    // A share is one thread at least.
    check(1, [0, 0, 2], [0, 0, 1]);
    check(1, [0, 2, 0], [0, 1, 0]);
    check(3, [0, 2, 2], [0, 0, 1]);
}

#[test]
fn one_of_eight_threads_goes_to_those_in_doubt() {
    let mut scene = crowd(64, 6, 2, 2);
    let sent = scene.send();
    let in_doubt = sent.iter().enumerate().filter(|(_, event)| **event >= 2000);
    let in_doubt: Vec<_> = in_doubt.map(|(at, event)| (at, *event)).collect();
    // The healthy ones have 18 in all; what is left of the others then goes by itself.
    assert_eq!(in_doubt, [(7, 3000), (15, 2000), (20, 3010), (21, 2010)]);
    let first: Vec<_> = sent[..8].to_vec();
    let expected = [1000, 1010, 1020, 1030, 1040, 1050, 1001, 3000];
    assert_eq!(first, expected, "one job per lane and turn");
}

#[test]
fn a_lane_that_turns_slow_takes_its_threads_into_the_share() {
    let mut scene = crowd(8, 1, 4, 0);
    scene.lanes.put_lane(
        Tick(0),
        EndpointNumber(100),
        LaneSettings {
            in_flight_max: 6,
            ..HEALTHY
        },
    );
    for event in 1_003..1_010 {
        scene.admit(arrival(100, event));
    }
    assert_eq!(by_kind(&scene.send_up_to(6)), [6, 0, 0]);
    scene.at(1_000);
    assert!(scene.report(100).slow);
    assert_eq!(
        scene.send(),
        [] as [u64; 0],
        "half of the threads are in doubt"
    );
    scene.put(101, HEALTHY);
    scene.admit(arrival(101, 1_999));
    assert_eq!(scene.send(), [1_999]);
}

#[test]
fn of_four_sends_one_is_a_retry_when_both_wait() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    (1..=6).for_each(|event| drop(scene.admit(arrival(1, event))));
    (11..=13).for_each(|event| drop(scene.admit(retried(1, event))));
    assert_eq!(scene.send(), [1, 2, 3, 11, 4, 5, 6, 12, 13]);
    scene.admit(arrival(1, 7));
    assert_eq!(scene.send(), [7]);
}

#[test]
fn a_hold_stops_one_endpoint_until_its_time() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY), (2, HEALTHY)]);
    scene.admit(arrival(1, 1));
    scene.admit(arrival(2, 2));
    scene.lanes.hold_back(EndpointNumber(1), Tick(5_000));
    scene.lanes.hold_back(EndpointNumber(1), Tick(3_000));
    assert_eq!(scene.report(1).held_until, Some(Tick(5_000)));
    assert_eq!(scene.send(), [2]);
    scene.deliver(2);
    scene.at(4_999);
    assert_eq!(scene.send(), [] as [u64; 0]);
    assert_eq!(scene.lanes.next_wake(), Some(Tick(5_000)));
    scene.at(5_000);
    assert_eq!(scene.report(1).held_until, None);
    assert_eq!(scene.send(), [1]);
}
