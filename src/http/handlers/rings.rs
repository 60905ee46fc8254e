//! The last attempts of endpoints: the rows of the database under the engine's newer ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::attempt::{Attempt, RING_SLOTS};
use crate::domain::id::{DeliveryKey, EndpointNumber};

use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::wire::delivery::{DeliveryView, Last, Row};

/// The rings that one list looks into, as each is ten whole attempts to read; deliveries of
/// further endpoints are shown with what their row knows.
const RINGS_MAX: usize = 10;

type Dirty = Vec<(u8, Arc<Attempt>)>;

/// The ring of one endpoint, newest first.
pub async fn ring(edge: &Edge, endpoint: EndpointNumber) -> Result<Vec<Arc<Attempt>>, Problem> {
    let dirty = ask(|reply| edge.handle().dirty_history(endpoint, reply)).await?;
    edge.read(move |reader, _| Ok(merge(dirty, reader.history(endpoint)?)))
        .await
}

/// The last attempt of each of these deliveries whose row does not tell of it, where a ring
/// still has it.
pub async fn last_attempts<'a>(
    edge: &Edge,
    deliveries: impl Iterator<Item = &'a DeliveryView>,
) -> Result<HashMap<DeliveryKey, Last>, Problem> {
    let untold = deliveries.filter(|view| !tells_of_last(&view.row));
    let endpoints: BTreeSet<_> = untold.map(|view| view.key.endpoint).collect();
    let mut rings: Vec<(EndpointNumber, Dirty)> = Vec::new();
    for endpoint in endpoints.into_iter().take(RINGS_MAX) {
        let dirty = ask(|reply| edge.handle().dirty_history(endpoint, reply)).await?;
        rings.push((endpoint, dirty));
    }
    edge.read(move |reader, _| {
        let mut found = HashMap::new();
        for (endpoint, dirty) in rings {
            let ring = merge(dirty, reader.history(endpoint)?);
            for last in ring.iter().filter_map(|attempt| Last::of(attempt)) {
                // Newest first: what is there is newer.
                found.entry(last.key).or_insert(last);
            }
        }
        Ok(found)
    })
    .await
}

/// The row of a delivery that ended with an answer has its status and its duration; before a
/// first attempt there is nothing to tell.
const fn tells_of_last(row: &Row) -> bool {
    match row {
        Row::Open(open) => open.attempts == 0,
        Row::Ended(ended) => ended.status != 0 || ended.attempts == 0,
    }
}

/// A dirty slot hides the stored one. Newest start first; the number decides between two of
/// one millisecond.
fn merge(dirty: Dirty, stored: Vec<(u8, Attempt)>) -> Vec<Arc<Attempt>> {
    let is_dirty = |slot: u8| dirty.iter().any(|(known, _)| *known == slot);
    let older = stored.into_iter().filter(|(slot, _)| !is_dirty(*slot));
    let older: Vec<_> = older.map(|(_, attempt)| Arc::new(attempt)).collect();
    let mut ring: Vec<_> = dirty.into_iter().map(|(_, attempt)| attempt).collect();
    ring.extend(older);
    ring.sort_by_key(|attempt| std::cmp::Reverse((attempt.exchange.at, attempt.number)));
    ring.truncate(usize::from(RING_SLOTS));
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{AttemptOutcome, Exchange, Reply, Request, Timings};
    use crate::domain::event::EventType;
    use crate::domain::id::{AttemptNumber, EventNumber};
    use crate::domain::time::Timestamp;

    fn attempt(number: u64, at: u64) -> Attempt {
        Attempt {
            number: AttemptNumber(number),
            endpoint: EndpointNumber(1),
            delivery: None,
            event: EventNumber(1),
            kind: EventType::CallMissed,
            n: 1,
            exchange: Exchange {
                at: Timestamp(at),
                duration_ms: 1,
                request: Request {
                    url: "http://x/".into(),
                    headers: Vec::new(),
                    body: Arc::from(&b"{}"[..]),
                    timeout_ms: 1,
                    tls: None,
                },
                result: Ok(Reply {
                    status: 200,
                    headers: Vec::new(),
                    body: Vec::new(),
                    truncated: false,
                }),
                timings: Timings::default(),
                cut: false,
            },
            outcome: AttemptOutcome::Test,
            next_at: None,
        }
    }

    #[test]
    fn dirty_slots_hide_stored_ones_and_the_newest_is_first() {
        let stored = vec![
            (0, attempt(1, 10)),
            (1, attempt(2, 30)),
            (2, attempt(3, 20)),
        ];
        let dirty = vec![
            (0, Arc::new(attempt(11, 40))),
            (5, Arc::new(attempt(12, 40))),
        ];
        let numbers: Vec<_> = merge(dirty, stored)
            .iter()
            .map(|attempt| attempt.number.0)
            .collect();
        assert_eq!(numbers, [12, 11, 2, 3]);
    }
}
