//! Places, removed endpoints, and what the memory of it all is.

use super::*;

#[test]
fn places_are_kept_up_to_the_bounds() {
    let limits = Limits {
        threads_max: 4,
        open_max: 10,
        crowded_from: 6,
        waiting_max: 5,
        waiting_max_crowded: 2,
    };
    // How many each of three lanes holds: admitted, then reserved; and what the first one gets.
    let check = |admitted: [u32; 3], reserved: [u32; 3], expected: Room| {
        let mut scene = Scene::new(limits, &[(1, HEALTHY), (2, HEALTHY), (3, HEALTHY)]);
        let mut event = 0;
        for (endpoint, count) in (1..).zip(admitted) {
            for _ in 0..count {
                event += 1;
                let one = arrival(endpoint, event);
                scene.lanes.admit_stored(scene.now, one, &mut Vec::new());
            }
        }
        for (endpoint, count) in (1..).zip(reserved) {
            for _ in 0..count {
                assert_eq!(scene.lanes.reserve(EndpointNumber(endpoint)), Room::Yes);
            }
        }
        let room = scene.lanes.reserve(EndpointNumber(1));
        assert_eq!(room, expected, "{admitted:?} {reserved:?}");
    };
    check([4, 0, 0], [0; 3], Room::Yes);
    check([5, 0, 0], [0; 3], Room::LaneFull);
    check([0; 3], [5, 0, 0], Room::LaneFull);
    check([2, 3, 0], [0, 0, 1], Room::LaneFull);
    check([1, 3, 0], [0, 0, 2], Room::Yes);
    check([0, 5, 5], [0; 3], Room::AllFull);
    check([5, 5, 0], [0; 3], Room::AllFull);
    // What was stored is never refused.
    check([9, 9, 9], [0; 3], Room::AllFull);
}

#[test]
fn a_place_is_free_again_when_given_back_or_when_its_delivery_flies() {
    let limits = Limits {
        waiting_max: 1,
        ..LIMITS
    };
    let mut scene = Scene::new(limits, &[(1, HEALTHY)]);
    let endpoint = EndpointNumber(1);
    assert_eq!(scene.lanes.reserve(endpoint), Room::Yes);
    assert_eq!(scene.lanes.reserve(endpoint), Room::LaneFull);
    scene.lanes.give_back(endpoint);
    scene.admit(arrival(1, 1));
    assert_eq!(scene.lanes.reserve(endpoint), Room::LaneFull);
    scene.send();
    assert_eq!((scene.report(1).waiting, scene.lanes.open()), (0, 1));
    assert_eq!(scene.lanes.reserve(endpoint), Room::Yes);
    assert_eq!(
        scene.lanes.reserve(EndpointNumber(2)),
        Room::LaneFull,
        "unknown"
    );
}

#[test]
fn a_removed_endpoint_is_cleared_in_slices_and_forgotten() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY), (2, HEALTHY)]);
    let endpoint = EndpointNumber(1);
    for one in [
        of_call(7, arrival(1, 1)),
        of_call(7, arrival(1, 2)),
        of_call(8, arrival(1, 3)),
        arrival(1, 4),
    ] {
        scene.admit(one);
    }
    assert_eq!(scene.send(), [1, 3, 4]);
    scene.admit(retried(1, 5));
    scene.admit(Arrival {
        due: Tick(9_000),
        ..arrival(1, 6)
    });
    scene.admit(arrival(2, 7));
    assert_eq!(scene.lanes.reserve(endpoint), Room::Yes);
    scene.lanes.remove_lane(endpoint);
    assert_eq!(scene.lanes.report(endpoint), None);
    assert_eq!(scene.lanes.reserve(endpoint), Room::LaneFull);
    assert_eq!(scene.send(), [7]);
    assert_eq!(events(&scene.lanes.clear_removed(2)), [2, 5]);
    assert_eq!(events(&scene.lanes.clear_removed(2)), [6]);
    // One that was on its way to the disk comes in all the same.
    scene.lanes.admit(scene.now, arrival(1, 8), &mut Vec::new());
    assert_eq!(scene.send(), [] as [u64; 0]);
    assert_eq!(events(&scene.lanes.clear_removed(2)), [8]);
    assert_eq!(scene.lanes.clear_removed(2), []);
    assert_eq!(scene.land(3, retry(1)).1, Settled::Removed);
    assert_eq!(scene.land(4, AGAIN).1, Settled::Removed);
    // What was delivered was delivered.
    let (ticket, settled) = scene.land(1, SUCCESS);
    assert_eq!(
        settled,
        Settled::Done {
            holds_another: false
        }
    );
    scene.lanes.release(scene.now, ticket);
    assert_eq!((scene.lanes.open(), scene.lanes.indexes.len()), (1, 1));
    // Even after all of it is forgotten, a late one is not sent but cleared.
    scene.lanes.admit(scene.now, arrival(1, 9), &mut Vec::new());
    assert_eq!(scene.send(), [] as [u64; 0]);
    assert_eq!(events(&scene.lanes.clear_removed(2)), [9]);
    assert_eq!(scene.lanes.clear_removed(2), []);
    assert_eq!((scene.lanes.open(), scene.lanes.indexes.len()), (1, 1));
}

#[test]
fn a_late_answer_is_not_mistaken() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    scene.admit(arrival(1, 1));
    scene.send();
    let (ticket, _) = scene.land(1, SUCCESS);
    let now = scene.now;
    assert_eq!(scene.lanes.land(now, ticket, SUCCESS), None, "ending");
    scene.lanes.release(now, ticket);
    scene.admit(arrival(1, 2));
    scene.send();
    assert_eq!(
        scene.flying[0].ticket.slot, ticket.slot,
        "the slot is used again"
    );
    assert_eq!(scene.lanes.land(now, ticket, SUCCESS), None);
    scene.lanes.release(now, ticket);
    assert_eq!(scene.lanes.in_flight(), [key(1, 2)]);
    let unknown = Ticket { slot: 99, stamp: 0 };
    assert_eq!(scene.lanes.land(now, unknown, SUCCESS), None);
}

#[test]
fn a_delivery_takes_about_a_hundred_bytes_at_most() {
    const COUNT: u64 = 100_000;
    let check = |due: u64, expires_at: Option<Tick>, bytes_max: u64| {
        let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
        for event in 0..COUNT {
            scene.admit(Arrival {
                due: Tick(due),
                expires_at,
                ..of_call(event / 3, arrival(1, event))
            });
        }
        let lanes = &scene.lanes;
        let delayed = lanes.lanes[0].delayed.bytes();
        let bytes = lanes.slab.bytes() + lanes.chains.bytes() + lanes.expiry.bytes() + delayed;
        let each = bytes as u64 / COUNT;
        assert!(
            each <= bytes_max,
            "{each} bytes for one of {due} {expires_at:?}"
        );
    };
    assert_eq!(size_of::<slab::Entry>(), 56);
    check(0, None, 84);
    check(60_000, None, 100);
    check(0, Some(Tick(60_000)), 104);
}

#[test]
fn timers_of_those_that_left_do_not_pile_up() {
    let mut scene = Scene::new(LIMITS, &[(1, HEALTHY)]);
    for event in 0..10_000 {
        scene.admit(Arrival {
            expires_at: Some(Tick(60_000 + event)),
            ..arrival(1, event)
        });
        scene.send();
        scene.land(event, retry(50_000));
        let taken = scene.lanes.take(scene.now, key(1, event), None);
        assert!(taken.is_some());
    }
    assert!(scene.lanes.expiry.bytes() < 4_096);
    assert!(scene.lanes.lanes[0].delayed.bytes() < 4_096);
    assert_eq!(scene.lanes.slab.bytes() / size_of::<slab::Entry>(), 64);
}
