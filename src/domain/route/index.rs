//! The subscriptions to one event type, each filed under its most telling condition: accounts,
//! else numbers, else none.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{EndpointNumber, Facts, Subscription};
use crate::domain::filter::{Filter, NumberPattern};

/// A list of subscriptions, ascending by endpoint; one endpoint may have several.
type Entries = Vec<(EndpointNumber, Arc<Subscription>)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Index {
    plain: Entries,
    by_account: HashMap<Box<str>, Entries>,
    by_number: HashMap<Box<str>, Entries>,
    by_prefix: HashMap<Box<str>, Entries>,
    /// The lengths that the prefixes have, each with the count of its prefixes: an event asks
    /// once per length. A pattern bounds them to 33.
    prefix_lengths: BTreeMap<usize, usize>,
}

impl Index {
    /// Files the subscription under each of its accounts or numbers.
    pub(super) fn insert(&mut self, endpoint: EndpointNumber, subscription: &Arc<Subscription>) {
        let filter = &subscription.filter;
        if !filter.accounts.is_empty() {
            for account in &filter.accounts {
                add(
                    entries(&mut self.by_account, account),
                    endpoint,
                    subscription,
                );
            }
        } else if !filter.numbers.is_empty() {
            for pattern in &filter.numbers {
                let list = self.pattern_entries(pattern);
                add(list, endpoint, subscription);
            }
        } else {
            add(&mut self.plain, endpoint, subscription);
        }
    }

    /// Takes out what the endpoint has under this filter.
    pub(super) fn remove(&mut self, endpoint: EndpointNumber, filter: &Filter) {
        if !filter.accounts.is_empty() {
            for account in &filter.accounts {
                take_out(&mut self.by_account, account, endpoint);
            }
        } else if !filter.numbers.is_empty() {
            for pattern in &filter.numbers {
                self.remove_pattern(endpoint, pattern);
            }
        } else {
            take(&mut self.plain, endpoint);
        }
    }

    /// Whether nothing is filed.
    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty()
            && self.by_account.is_empty()
            && self.by_number.is_empty()
            && self.by_prefix.is_empty()
    }

    /// Calls `each` with every subscription that these facts may satisfy. One subscription may
    /// come twice.
    pub(super) fn candidates(
        &self,
        facts: &Facts,
        mut each: impl FnMut(EndpointNumber, &Subscription),
    ) {
        let mut visit = |found: Option<&Entries>| {
            for (endpoint, subscription) in found.into_iter().flatten() {
                each(*endpoint, subscription);
            }
        };
        visit(Some(&self.plain));
        if let Some(account) = facts.account.as_deref() {
            visit(self.by_account.get(account));
        }
        if let Some(number) = facts.tracked_number.as_deref() {
            visit(self.by_number.get(number));
            for length in self.prefix_lengths.keys() {
                visit(
                    number
                        .get(..*length)
                        .and_then(|prefix| self.by_prefix.get(prefix)),
                );
            }
        }
    }

    fn pattern_entries(&mut self, pattern: &NumberPattern) -> &mut Entries {
        let number = &pattern.comparable;
        if !pattern.prefix {
            return entries(&mut self.by_number, number);
        }
        let known = self.by_prefix.contains_key(number.as_str());
        *self.prefix_lengths.entry(number.len()).or_default() += usize::from(!known);
        entries(&mut self.by_prefix, number)
    }

    fn remove_pattern(&mut self, endpoint: EndpointNumber, pattern: &NumberPattern) {
        let number = &pattern.comparable;
        if !pattern.prefix {
            take_out(&mut self.by_number, number, endpoint);
        } else if take_out(&mut self.by_prefix, number, endpoint)
            && let Some(count) = self.prefix_lengths.get_mut(&number.len())
        {
            *count -= 1;
            if *count == 0 {
                self.prefix_lengths.remove(&number.len());
            }
        }
    }
}

fn entries<'a>(map: &'a mut HashMap<Box<str>, Entries>, key: &str) -> &'a mut Entries {
    // A key is copied only when it is new.
    if !map.contains_key(key) {
        map.insert(key.into(), Entries::new());
    }
    map.get_mut(key).expect("it was inserted above")
}

fn add(entries: &mut Entries, endpoint: EndpointNumber, subscription: &Arc<Subscription>) {
    // Endpoints are loaded in ascending order, so this is the end of the list as a rule.
    let place = entries.partition_point(|(known, _)| *known <= endpoint);
    entries.insert(place, (endpoint, Arc::clone(subscription)));
}

/// Takes the endpoint out of the list of `key`; true when that was the end of the list.
fn take_out(map: &mut HashMap<Box<str>, Entries>, key: &str, endpoint: EndpointNumber) -> bool {
    let Some(entries) = map.get_mut(key) else {
        return false;
    };
    take(entries, endpoint);
    let ended = entries.is_empty();
    if ended {
        map.remove(key);
    }
    ended
}

fn take(entries: &mut Entries, endpoint: EndpointNumber) {
    let start = entries.partition_point(|(known, _)| *known < endpoint);
    let end = entries.partition_point(|(known, _)| *known <= endpoint);
    entries.drain(start..end);
}
