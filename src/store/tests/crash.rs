//! Power loss at any moment: what was acknowledged is there, and batches are whole.

use super::story::{Rows, Story};
use super::{first_disk, open_on};

/// Rounds of a few commits and a power loss, one after the other on the same disk.
const ROUNDS: u64 = 120;

#[test]
fn what_was_acknowledged_outlives_a_power_loss() {
    let disk = first_disk();
    let mut story = Story::new(3, Rows::of(&open_on(&disk).unwrap().0));
    let mut recoveries_cut = 0;
    for round in 0..ROUNDS {
        // Of the two, the first is acknowledged; the second may be there.
        let mut acknowledged = story.rows.clone();
        disk.fail(story.dice.below(150), u64::MAX);
        if let Ok((mut store, _)) = open_on(&disk) {
            loop {
                let batch = story.batch(12);
                let quick_repair = story.dice.below(5) == 0;
                let result = match quick_repair {
                    true => store.commit_quick_repair(batch.clone()),
                    false => store.commit(batch.clone()),
                };
                if result.is_err() {
                    break;
                }
                acknowledged = story.rows.clone();
            }
        } else {
            recoveries_cut += 1;
        }
        disk.lose_power(&mut story.dice);

        // Opened on a copy: the next round recovers on its own, and may be cut short in it.
        let (store, _) = open_on(&disk.copy()).unwrap();
        let found = Rows::of(&store);
        assert!(
            found == acknowledged || found == story.rows,
            "round {round}: neither the last acknowledged batch nor the one after it"
        );
        story.rows = found;
    }
    assert!(recoveries_cut > ROUNDS / 30, "{recoveries_cut}");
}
