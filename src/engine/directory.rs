//! The endpoints as they are listed: by number, by title and by state, shared with the threads
//! that list them, so that a page costs as much as it shows and the engine nothing.
//!
//! The engine alone changes it, when its own memory has changed. What a lane has waiting and
//! what is counted is not here: that changes with every delivery, and is asked for by page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::domain::endpoint::{Endpoint, State};
use crate::domain::id::EndpointNumber;

/// Endpoints that are looked at under one lock: first as many as a page may want, then more. The
/// engine waits no longer than for these.
const SLICE_FIRST: usize = 64;
const SLICE_MAX: usize = 512;

/// The endpoints, shared.
#[derive(Debug, Default)]
pub struct Directory {
    index: RwLock<Index>,
}

#[derive(Debug, Default)]
struct Index {
    by_number: BTreeMap<EndpointNumber, (Arc<Endpoint>, Place)>,
    by_title: BTreeSet<Place>,
    by_state: BTreeSet<Place>,
    counts: [usize; 4],
}

/// Where an endpoint stands in an order. It is also what a page goes on behind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// Of its state, where that is what the order begins with; else 0.
    pub rank: u8,
    /// Its title in lower case, where the order looks at it.
    pub title: Arc<str>,
    /// Its number.
    pub number: EndpointNumber,
}

/// In which order endpoints are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// As they were added.
    Added,
    /// By title, whatever the case of its letters.
    Title,
    /// What needs a person first: failing, paused, active, disabled; then by title.
    State,
}

/// An endpoint with its place.
pub type Listed = (Place, Arc<Endpoint>);

impl Directory {
    /// Takes an endpoint in, or its newer form.
    pub(super) fn put(&self, endpoint: Arc<Endpoint>) {
        self.write().put(endpoint);
    }

    /// Forgets it.
    pub(super) fn remove(&self, number: EndpointNumber) {
        self.write().remove(number);
    }

    /// One of them.
    pub fn get(&self, number: EndpointNumber) -> Option<Arc<Endpoint>> {
        let index = self.read();
        let (endpoint, _) = index.by_number.get(&number)?;
        Some(Arc::clone(endpoint))
    }

    /// How many are in that state.
    pub fn count(&self, state: State) -> usize {
        self.read().counts[usize::from(rank(state))]
    }

    /// In that order, or from its end backwards, behind a place, for as long as `each` says
    /// `true`. Over many it takes a while: not for the async threads.
    pub fn walk(
        &self,
        (order, descends): (Order, bool),
        behind: Option<Place>,
        each: &mut dyn FnMut(Listed) -> bool,
    ) {
        let (mut behind, mut size) = (behind, SLICE_FIRST);
        loop {
            let slice = self.read().slice((order, descends), behind.as_ref(), size);
            let is_last = slice.len() < size;
            behind = slice.last().map(|(place, _)| place.clone());
            if !slice.into_iter().all(&mut *each) || is_last {
                return;
            }
            size = SLICE_MAX;
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        // Nothing under this lock leaves it half changed.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn put(&mut self, endpoint: Arc<Endpoint>) {
        self.remove(endpoint.number);
        let place = Place {
            rank: rank(endpoint.state()),
            title: endpoint.spec.title.to_lowercase().into(),
            number: endpoint.number,
        };
        self.counts[usize::from(place.rank)] += 1;
        self.by_title.insert(Order::Title.place(&place));
        self.by_state.insert(place.clone());
        self.by_number.insert(endpoint.number, (endpoint, place));
    }

    fn remove(&mut self, number: EndpointNumber) {
        if let Some((_, place)) = self.by_number.remove(&number) {
            self.counts[usize::from(place.rank)] -= 1;
            self.by_title.remove(&Order::Title.place(&place));
            self.by_state.remove(&place);
        }
    }

    fn slice(
        &self,
        (order, descends): (Order, bool),
        behind: Option<&Place>,
        size: usize,
    ) -> Vec<Listed> {
        let listed = |place: Place| {
            let (endpoint, _) = self.by_number.get(&place.number)?;
            Some((place, Arc::clone(endpoint)))
        };
        match order {
            Order::Added => {
                let from = behind.map(|place| place.number);
                let places = keys(&self.by_number, from.as_ref(), descends);
                let places = places.map(|number| Place {
                    rank: 0,
                    title: Arc::from(""),
                    number: *number,
                });
                places.filter_map(listed).take(size).collect()
            }
            Order::Title | Order::State => {
                let set = match order {
                    Order::Title => &self.by_title,
                    _ => &self.by_state,
                };
                let places = items(set, behind, descends).cloned();
                places.filter_map(listed).take(size).collect()
            }
        }
    }
}

fn keys<'m, K: Ord, V>(
    map: &'m BTreeMap<K, V>,
    behind: Option<&K>,
    descends: bool,
) -> Box<dyn Iterator<Item = &'m K> + 'm> {
    match (behind, descends) {
        (None, false) => Box::new(map.keys()),
        (None, true) => Box::new(map.keys().rev()),
        (Some(at), false) => Box::new(map.range((Excluded(at), Unbounded)).map(|(key, _)| key)),
        (Some(at), true) => Box::new(map.range(..at).rev().map(|(key, _)| key)),
    }
}

fn items<'s, K: Ord>(
    set: &'s BTreeSet<K>,
    behind: Option<&K>,
    descends: bool,
) -> Box<dyn Iterator<Item = &'s K> + 's> {
    match (behind, descends) {
        (None, false) => Box::new(set.iter()),
        (None, true) => Box::new(set.iter().rev()),
        (Some(at), false) => Box::new(set.range((Excluded(at), Unbounded))),
        (Some(at), true) => Box::new(set.range(..at).rev()),
    }
}

impl Order {
    /// The part of a place that this order looks at.
    fn place(self, place: &Place) -> Place {
        Place {
            rank: if self == Self::State { place.rank } else { 0 },
            ..place.clone()
        }
    }

    /// The place in `Order::State` behind which those of one state begin.
    pub fn beginning(state: State, descends: bool) -> Place {
        Place {
            rank: rank(state) + u8::from(descends),
            title: Arc::from(""),
            number: EndpointNumber(0),
        }
    }
}

/// What needs a person first.
const fn rank(state: State) -> u8 {
    match state {
        State::Failing => 0,
        State::Paused => 1,
        State::Active => 2,
        State::Disabled => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::endpoint::{Health, Keys};
    use crate::domain::key::SignatureKey;
    use crate::domain::time::Timestamp;
    use crate::engine::tests::spec;

    fn endpoint(number: u32, title: &str, failing: bool) -> Arc<Endpoint> {
        let mut spec = spec();
        spec.title = title.to_owned();
        Arc::new(Endpoint {
            number: EndpointNumber(number),
            revision: 1,
            spec,
            keys: Keys {
                current: SignatureKey::import("key").unwrap(),
                next: None,
                previous: None,
            },
            health: Health {
                failing_since: failing.then_some(Timestamp(1)),
                ..Health::default()
            },
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        })
    }

    fn listed(directory: &Directory, order: (Order, bool), behind: Option<Place>) -> Vec<u32> {
        let mut numbers = Vec::new();
        directory.walk(order, behind, &mut |(place, _)| {
            numbers.push(place.number.0);
            true
        });
        numbers
    }

    #[test]
    fn orders_and_what_changes_them() {
        let directory = Directory::default();
        let all = [
            (1, "b", false),
            (2, "A", false),
            (3, "c", true),
            (4, "a", true),
        ];
        for (number, title, failing) in all {
            directory.put(endpoint(number, title, failing));
        }
        let check = |order: Order, expected: &[u32]| {
            assert_eq!(listed(&directory, (order, false), None), expected);
            let mut backwards = listed(&directory, (order, true), None);
            backwards.reverse();
            assert_eq!(backwards, expected, "{order:?} from its end");
        };
        check(Order::Added, &[1, 2, 3, 4]);
        check(Order::Title, &[2, 4, 1, 3]);
        check(Order::State, &[4, 3, 2, 1]);
        directory.put(endpoint(4, "z", false));
        directory.remove(EndpointNumber(1));
        check(Order::Title, &[2, 3, 4]);
        check(Order::State, &[3, 2, 4]);
        assert_eq!(directory.count(State::Failing), 1);
        assert_eq!(directory.count(State::Active), 2);
        assert!(directory.get(EndpointNumber(1)).is_none());
    }

    #[test]
    fn a_walk_goes_on_behind_any_place_and_over_slices() {
        let directory = Directory::default();
        let count = 2 * SLICE_MAX as u32;
        for number in 1..=count {
            directory.put(endpoint(number, &format!("{:05}", count - number), false));
        }
        let backwards: Vec<_> = (1..=count).rev().collect();
        assert_eq!(listed(&directory, (Order::Title, false), None), backwards);
        let mut places = Vec::new();
        directory.walk((Order::State, false), None, &mut |(place, _)| {
            places.push(place);
            places.len() < 100
        });
        let behind = places.pop().unwrap();
        let rest = listed(&directory, (Order::State, false), Some(behind));
        assert_eq!(rest, backwards[100..]);
        for state in State::ALL {
            let behind = Some(Order::beginning(state, false));
            let mut first = None;
            directory.walk((Order::State, false), behind, &mut |(_, endpoint)| {
                first = Some(endpoint.state());
                false
            });
            let expected = (state != State::Disabled).then_some(State::Active);
            assert_eq!(first, expected, "{state:?}");
        }
    }
}
