//! Counts everything that the lanes count, anew.

use crate::domain::lanes::slab::{Entry, Marks, Spot};
use crate::domain::lanes::*;

/// Counts everything that is counted, by looking at every entry.
pub(super) fn check_figures(lanes: &Lanes) {
    let entries = lanes.slab.all();
    let mut flying = [0; 3];
    for (index, lane) in lanes.lanes.iter().enumerate() {
        let count = |spot: Spot| {
            let of = |entry: &&Entry| entry.lane == index as u32 && entry.spot == spot;
            entries.iter().filter(of).count()
        };
        let ready = count(Spot::Ready) + count(Spot::Called);
        let waiting = count(Spot::Held) + ready + count(Spot::Delayed);
        assert_eq!(lane.waiting as usize, waiting, "waiting");
        assert_eq!(lane.flying as usize, count(Spot::InFlight), "flying");
        assert_eq!(lane.ending as usize, count(Spot::Ending), "ending");
        assert_eq!(lane.delayed.live(), count(Spot::Delayed), "delayed");
        assert!(lane.delayed.kept() <= 2 * lane.delayed.live() + 64);
        flying[lane.class as usize] += lane.flying;
    }
    assert_eq!(lanes.rings.flying(), flying);
    let open = entries.iter().filter(|entry| entry.spot != Spot::Free);
    assert_eq!(open.clone().count() as u32, lanes.open());
    let expiring = open.filter(|entry| entry.marks.has(Marks::EXPIRES));
    assert_eq!(lanes.expiry.live(), expiring.count(), "expiring");
    assert!(lanes.expiry.kept() <= 2 * lanes.expiry.live() + 64);
}
