//! A rate that is kept, a stopped lane that is tried, and what happens when it is well again.

use super::*;

const PAUSED: LaneSettings = LaneSettings {
    stopped: true,
    sick: true,
    ..HEALTHY
};

fn rated(per_s: f64) -> LaneSettings {
    LaneSettings {
        rate: Rate::per_s(per_s),
        ..HEALTHY
    }
}

impl Scene {
    /// Lets a lane with much to send run for that long, woken when it wants to be: how many go
    /// out in each second.
    fn per_second(&mut self, seconds: u64) -> Vec<usize> {
        let end = self.now.plus_ms(seconds * 1_000);
        let mut counts = vec![0; seconds as usize];
        let begun = self.now;
        loop {
            let second = self.now.ms_since(begun) / 1_000;
            for event in self.send() {
                self.deliver(event);
                counts[second as usize] += 1;
            }
            match self.lanes.next_wake() {
                Some(at) if at < end => drop(self.at(at.0)),
                _ => break,
            }
        }
        self.at(end.0);
        counts
    }
}

#[test]
fn a_rate_is_kept_by_wakes_alone() {
    let check = |per_s: f64, expected: [usize; 4]| {
        let mut scene = Scene::new(LIMITS, &[(1, rated(per_s)), (2, HEALTHY)]);
        for event in 0..5_000 {
            scene.admit(arrival(1, event));
        }
        assert_eq!(scene.per_second(4), expected, "{per_s}");
        scene.admit(arrival(2, 9_999));
        assert!(scene.send().contains(&9_999), "the others know no rate");
    };
    check(0.5, [1, 0, 1, 0]);
    check(3.0, [3; 4]);
    check(10.0, [10; 4]);
    check(250.0, [250; 4]);
    check(1_000.0, [1_000; 4]);
}

#[test]
fn a_rate_holds_for_retries_and_for_what_a_person_calls() {
    let mut scene = Scene::new(LIMITS, &[(1, rated(1.0))]);
    for event in 1..=3 {
        scene.admit(retried(1, event));
    }
    assert_eq!(scene.send(), [1]);
    scene.lanes.send_now(key(1, 3), None);
    assert!(scene.send().is_empty());
    assert_eq!(scene.lanes.next_wake(), Some(Tick(1_000)));
    scene.at(1_000);
    assert_eq!(scene.send(), [3]);
}

#[test]
fn another_rate_counts_at_once_and_a_change_gives_nothing_away() {
    let mut scene = Scene::new(LIMITS, &[(1, rated(1.0))]);
    for event in 1..=9 {
        scene.admit(arrival(1, event));
    }
    assert_eq!(scene.send(), [1]);
    for _ in 0..10 {
        scene.put(1, rated(1.0));
        scene.put(1, rated(2.0));
        assert!(scene.send().is_empty());
    }
    assert_eq!(scene.lanes.next_wake(), Some(Tick(500)));
    scene.at(500);
    assert_eq!(scene.send(), [2]);
    scene.put(1, HEALTHY);
    assert_eq!(scene.send(), [3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_probe_is_the_newest_that_order_allows_and_another_one_each_time() {
    let mut scene = Scene::new(LIMITS, &[(1, PAUSED)]);
    scene.admit(retried(1, 1));
    scene.admit(arrival(1, 2));
    scene.admit(of_call(7, arrival(1, 3)));
    scene.admit(of_call(7, arrival(1, 4)));
    let mut probed: Vec<u64> = Vec::new();
    for _ in 0..4 {
        assert!(scene.lanes.probe(scene.now, EndpointNumber(1)));
        let sent = scene.send();
        probed.extend(&sent);
        assert!(
            scene.lanes.probe(scene.now, EndpointNumber(1)),
            "one is out"
        );
        assert!(scene.send().is_empty());
        scene.land(sent[0], AGAIN);
    }
    assert_eq!(probed, [3, 2, 1, 3], "4 is behind 3");
    scene.admit(arrival(1, 5));
    scene.lanes.probe(scene.now, EndpointNumber(1));
    assert_eq!(scene.send(), [5]);
    scene.deliver(5);
    scene.put(1, HEALTHY);
    assert_eq!(
        scene.drain(),
        [1, 2, 3, 4],
        "oldest first, and none counted"
    );
}

#[test]
fn what_waits_for_its_time_is_probed_too_and_a_disabled_lane_is_not() {
    let mut scene = Scene::new(LIMITS, &[(1, PAUSED)]);
    assert!(
        !scene.lanes.probe(scene.now, EndpointNumber(1)),
        "nothing waits"
    );
    for event in [1, 2] {
        let due = Tick(60_000 - event);
        scene.admit(Arrival {
            due,
            ..retried(1, event)
        });
    }
    let disabled = LaneSettings {
        disabled: true,
        ..PAUSED
    };
    scene.put(1, disabled);
    assert!(!scene.lanes.probe(scene.now, EndpointNumber(1)));
    scene.put(1, PAUSED);
    assert!(scene.lanes.probe(scene.now, EndpointNumber(1)));
    assert_eq!(scene.send(), [2]);
    assert!(!scene.lanes.probe(scene.now, EndpointNumber(9)));
}

#[test]
fn catching_up_takes_one_of_four_sends_oldest_first() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for (event, due) in [(1, 9_000), (2, 8_000), (3, 0), (4, 7_000)] {
        let due = Tick(due);
        scene.admit(Arrival {
            due,
            ..retried(1, event)
        });
    }
    for event in 5..=7 {
        scene.admit(arrival(1, event));
    }
    scene.lanes.catch_up(scene.now, EndpointNumber(1));
    for event in 11..=19 {
        scene.admit(arrival(1, event));
    }
    let expected = [11, 12, 13, 1, 14, 15, 16, 2, 17, 18, 19, 3, 4, 5, 6, 7];
    assert_eq!(scene.send(), expected);
}

#[test]
fn what_was_left_over_from_a_stop_takes_one_of_four_sends() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for event in 1..=3 {
        let mut superseded = Vec::new();
        let stored = arrival(1, event);
        scene.lanes.admit_stored(scene.now, stored, &mut superseded);
    }
    for event in 11..=16 {
        scene.admit(arrival(1, event));
    }
    assert_eq!(scene.send(), [11, 12, 13, 1, 14, 15, 16, 2, 3]);
}

#[test]
fn a_lane_that_comes_back_starts_gently() {
    let eight = LaneSettings {
        in_flight_max: 8,
        ..HEALTHY
    };
    let paused = LaneSettings {
        stopped: true,
        ..eight
    };
    let mut scene = Scene::new(LIMITS, &[(1, paused)]);
    for event in 0..100 {
        scene.admit(arrival(1, event));
    }
    scene.put(1, eight);
    let mut out = scene.send();
    assert_eq!(out, [0], "one at a time at first");
    for at_a_time in 2..=8 {
        scene.deliver(out.remove(0));
        out.extend(scene.send());
        assert_eq!(out.len(), at_a_time);
    }
    scene.deliver(out.remove(0));
    out.extend(scene.send());
    assert_eq!(out.len(), 8, "and never more than it may have");
    // It does not end here: a failure makes it sick, and the next success finds all allowed.
    scene.land(out.remove(0), retry(9_000));
    scene.deliver(out.remove(0));
    assert_eq!(out.len() + scene.send().len(), 8);
}

#[test]
fn a_failure_in_a_gentle_start_begins_it_anew() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for event in 0..100 {
        scene.admit(arrival(1, event));
    }
    scene.lanes.go_gently(EndpointNumber(1));
    let mut out = scene.send();
    for _ in 0..5 {
        scene.deliver(out.remove(0));
        out.extend(scene.send());
    }
    assert_eq!(out.len(), 6);
    scene.land(out.remove(0), retry(9_000));
    for flying in (0..5).rev() {
        assert!(scene.send().is_empty());
        scene.deliver(out.remove(0));
        assert_eq!(out.len(), flying);
        if flying <= 3 {
            break;
        }
    }
    out.extend(scene.send());
    assert_eq!(out.len(), 3, "two went well since");
}
