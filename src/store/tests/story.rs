//! Random batches, and the naive model of what they make of a database.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{samples, settle};
use crate::domain::attempt::{Attempt, RING_SLOTS, Recent};
use crate::domain::change::{Change, Ended, Head, Numbers, Open, Reopened};
use crate::domain::dice::Dice;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::{AttemptNumber, DeliveryKey, EndpointNumber, EventNumber, TokenNumber};
use crate::domain::rollup::{Rollup, RollupKey, Span};
use crate::domain::time::Tick;
use crate::domain::token::Token;
use crate::store::{OpenRow, Store, load, record, tables};

/// Every row of a database.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rows {
    pub heads: BTreeMap<u64, Head>,
    pub bodies: BTreeMap<u64, Arc<[u8]>>,
    pub open: BTreeMap<u64, OpenRow>,
    pub closed: BTreeMap<u64, Vec<Ended>>,
    pub endpoints: BTreeMap<u32, Endpoint>,
    pub tokens: BTreeMap<u32, Token>,
    /// Attempts as text: they are not compared anywhere else.
    pub history: BTreeMap<(u32, u8), String>,
    pub recent: BTreeMap<u32, Vec<Recent>>,
    pub rollups: BTreeMap<RollupKey, Rollup>,
    pub numbers: Option<Numbers>,
    pub body_bytes: u64,
}

impl Rows {
    /// What a store has.
    pub fn of(store: &Store) -> Self {
        settle(store);
        let loaded = load::load(&store.shared, false).unwrap();
        let mut rows = Self {
            endpoints: loaded
                .endpoints
                .into_iter()
                .map(|endpoint| (endpoint.number.0, endpoint))
                .collect(),
            tokens: loaded
                .tokens
                .into_iter()
                .map(|token| (token.number.0, token))
                .collect(),
            recent: loaded
                .recent
                .into_iter()
                .map(|(endpoint, recent)| (endpoint.0, recent))
                .collect(),
            numbers: Some(loaded.numbers),
            body_bytes: loaded.body_bytes,
            ..Self::default()
        };
        let transaction = store.shared.begin_read().unwrap();
        tables::walk(&transaction, tables::HEADS, |key, place, bytes| {
            rows.heads
                .insert(key, record::read_head(place, bytes).unwrap());
        })
        .unwrap();
        tables::walk(&transaction, tables::EVENTS, |key, place, bytes| {
            rows.bodies
                .insert(key, record::read_body(place, bytes).unwrap());
        })
        .unwrap();
        tables::walk(&transaction, tables::OPEN, |key, place, bytes| {
            rows.open
                .insert(key, record::read_open(place, bytes).unwrap());
        })
        .unwrap();
        tables::walk(&transaction, tables::CLOSED, |key, place, bytes| {
            rows.closed
                .insert(key, record::read_ended(place, bytes).unwrap());
        })
        .unwrap();
        tables::walk(&transaction, tables::HISTORY, |key, place, bytes| {
            rows.history
                .insert(key, text(&record::read_attempt(place, bytes).unwrap()));
        })
        .unwrap();
        tables::walk(&transaction, tables::ROLLUPS, |(span, of), place, bytes| {
            let (span, of) = (Span(span), EndpointNumber(of));
            let rollup = record::read_rollup(place, bytes).unwrap();
            rows.rollups.insert(RollupKey { span, of }, rollup);
        })
        .unwrap();
        rows
    }

    /// One change, as it is meant.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Event(new) => self.accept(new),
            Change::Pruned(event) if self.open.contains_key(&event.0) => {}
            Change::Withdrawn(event) | Change::Pruned(event) => {
                self.heads.remove(&event.0);
                self.bodies.remove(&event.0);
                self.open.remove(&event.0);
                self.closed.remove(&event.0);
            }
            Change::Moved(event, moved) => {
                let row = self.open.get_mut(&event.0);
                for one in row.into_iter().flat_map(|row| &mut row.open) {
                    if one.key(*event) == moved.key(*event) {
                        *one = *moved;
                    }
                }
            }
            Change::Ended(event, ended) => self.end(*event, ended),
            Change::Reopened(event, reopened) => self.reopen(*event, reopened),
            Change::Unopened(key) => self.remove_open(*key),
            Change::Endpoint(endpoint) => {
                let row = Endpoint::clone(endpoint);
                self.endpoints.insert(endpoint.number.0, row);
            }
            Change::EndpointRemoved(endpoint) => {
                self.endpoints.remove(&endpoint.0);
                self.recent.remove(&endpoint.0);
                self.history.retain(|(of, _), _| *of != endpoint.0);
            }
            Change::Token(token) => {
                self.tokens.insert(token.number.0, Token::clone(token));
            }
            Change::TokenRemoved(token) => {
                self.tokens.remove(&token.0);
            }
            Change::History(slot, attempt) => {
                self.history
                    .insert((attempt.endpoint.0, *slot), text(attempt));
            }
            Change::Recent(endpoint, recent) => {
                self.recent.insert(endpoint.0, recent.clone());
            }
            Change::Rollup(key, rollup) => {
                self.rollups.insert(*key, Rollup::clone(rollup));
            }
            Change::RollupsDropped { hours, minutes } => {
                self.rollups.retain(|key, _| match key.span {
                    span if span < Span::FIRST_MINUTE => span >= *hours,
                    span => span >= *minutes,
                });
            }
            Change::Numbers(numbers) => self.numbers = Some(*numbers),
            Change::BodyBytes(bytes) => self.body_bytes = *bytes,
        }
    }

    fn accept(&mut self, new: &crate::domain::change::NewEvent) {
        let event = new.number.0;
        self.heads.insert(event, new.head.clone());
        self.bodies.insert(event, new.body.clone());
        if !new.open.is_empty() {
            let row = OpenRow {
                call: new.head.call,
                kind: new.head.kind.clone(),
                expires_at: new.expires_at,
                open: new.open.clone(),
            };
            self.open.insert(event, row);
        }
        if !new.ended.is_empty() {
            self.closed.insert(event, new.ended.clone());
        }
    }

    fn end(&mut self, event: EventNumber, ended: &Ended) {
        self.remove_open(ended.key(event));
        let closed = self.closed.entry(event.0).or_default();
        if !closed.iter().any(|one| one.key(event) == ended.key(event)) {
            closed.push(*ended);
        }
    }
}

impl Rows {
    fn remove_open(&mut self, key: DeliveryKey) {
        let event = key.event;
        if let Some(row) = self.open.get_mut(&event.0) {
            row.open.retain(|one| one.key(event) != key);
            if row.open.is_empty() {
                self.open.remove(&event.0);
            }
        }
    }

    fn reopen(&mut self, event: EventNumber, reopened: &Reopened) {
        let key = reopened.open.key(event);
        let open = self.open.get(&event.0).map(|row| row.open.as_slice());
        let is_open = open.is_some_and(|open| open.iter().any(|one| one.key(event) == key));
        let closed = self.closed.get(&event.0);
        let has_ended = closed.is_some_and(|row| row.iter().any(|one| one.key(event) == key));
        if is_open || has_ended || !self.heads.contains_key(&event.0) {
            return;
        }
        let row = self.open.entry(event.0).or_insert_with(|| OpenRow {
            call: reopened.call,
            kind: reopened.kind.clone(),
            expires_at: None,
            open: Vec::new(),
        });
        row.open.push(reopened.open);
    }
}

fn text(attempt: &Attempt) -> String {
    format!("{attempt:?}")
}

/// Tells a random life of a database.
#[derive(Clone, Debug)]
pub struct Story {
    pub dice: Dice,
    /// What the database must hold once every batch so far was applied.
    pub rows: Rows,
    next: u64,
}

const ENDPOINTS: u64 = 5;

impl Story {
    pub fn new(seed: u64, rows: Rows) -> Self {
        let dice = Dice::seeded(seed);
        let next = rows.numbers.map_or(1, |numbers| numbers.event.0);
        Self { dice, rows, next }
    }

    /// A batch of up to `size` changes and the next numbers; `rows` are then those after it.
    pub fn batch(&mut self, size: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..=self.dice.below(size) {
            let change = self.change();
            self.rows.apply(&change);
            changes.push(change);
        }
        let numbers = Change::Numbers(Numbers {
            event: EventNumber(self.next),
            endpoint: EndpointNumber(6),
            token: TokenNumber(6),
            attempt: AttemptNumber(self.next),
            newest: Tick(self.next),
        });
        let body_bytes = Change::BodyBytes(self.next);
        for change in [numbers, body_bytes] {
            self.rows.apply(&change);
            changes.push(change);
        }
        changes
    }

    fn change(&mut self) -> Change {
        let number = self.dice.below(ENDPOINTS) as u32 + 1;
        let attempt = Arc::new(samples::attempt(number, self.dice.below(1000)));
        match self.dice.below(27) {
            24..=25 => Change::Rollup(self.span(number), Box::new(samples::rollup(self.next))),
            26 => Change::RollupsDropped {
                hours: self.span(0).span,
                minutes: Span(Span::FIRST_MINUTE.0 + self.dice.below(9) as u32),
            },
            20..=23 => self.reopened(),
            0..=5 => self.event(),
            6 if self.dice.below(2) == 0 => Change::Withdrawn(self.some_event()),
            6 => Change::Pruned(self.some_event()),
            7..=9 => {
                let (event, mut open) = self.some_open();
                open.due = Tick(self.dice.below(1000));
                open.attempts += 1;
                Change::Moved(event, open)
            }
            10..=14 => {
                let (event, open) = self.some_open();
                let mut ended = samples::ended(open.endpoint.0);
                ended.round = open.round;
                Change::Ended(event, ended)
            }
            15 => Change::Endpoint(Arc::new(samples::endpoint(number))),
            16 => Change::EndpointRemoved(EndpointNumber(number)),
            17 => match self.dice.below(2) {
                0 => Change::Token(Arc::new(samples::token(number))),
                _ => Change::TokenRemoved(TokenNumber(number)),
            },
            18 => Change::History(self.dice.below(u64::from(RING_SLOTS)) as u8, attempt),
            _ => Change::Recent(
                EndpointNumber(number),
                vec![samples::recent(number); self.dice.below(4) as usize],
            ),
        }
    }

    /// An hour of an endpoint, or a minute of the whole.
    fn span(&mut self, number: u32) -> RollupKey {
        let (span, is_minute) = (self.dice.below(9) as u32, self.dice.below(2) == 0);
        match is_minute && number > 0 {
            true => RollupKey::whole(Span(Span::FIRST_MINUTE.0 + span)),
            false => RollupKey {
                span: Span(span),
                of: EndpointNumber(number),
            },
        }
    }

    fn event(&mut self) -> Change {
        let open = (0..self.dice.below(4)).map(|n| samples::open(n as u32 + 1));
        let ended = (0..self.dice.below(2)).map(|n| samples::ended(n as u32 + 4));
        let mut new = samples::new_event(self.next, open.collect(), ended.collect());
        let body_bytes_max = [100, 100, 100, 6000][self.dice.below(4) as usize];
        new.body = vec![b'x'; self.dice.below(body_bytes_max) as usize].into();
        self.next += 1;
        Change::Event(Arc::new(new))
    }

    /// A new round of an event, as a rule of one that is there; at times it is taken back.
    fn reopened(&mut self) -> Change {
        let event = self.some_event();
        let mut open = samples::open(self.dice.below(3) as u32 + 1);
        open.round = 1 + self.dice.below(2) as u8;
        if self.dice.below(5) == 0 {
            return Change::Unopened(open.key(event));
        }
        let head = self.rows.heads.get(&event.0).cloned();
        let head = head.unwrap_or_else(|| samples::new_event(1, vec![], vec![]).head);
        let reopened = Reopened {
            call: head.call,
            kind: head.kind,
            open,
        };
        Change::Reopened(event, Box::new(reopened))
    }

    /// An event that is or was there, or never was. (One that is still to come is not spoken of:
    /// numbers are given out in order.)
    fn some_event(&mut self) -> EventNumber {
        EventNumber(self.dice.below(self.next))
    }

    /// A delivery that is open as a rule, and sometimes is not, or never was.
    fn some_open(&mut self) -> (EventNumber, Open) {
        let open = self.rows.open.len() as u64;
        if open == 0 || self.dice.below(10) == 0 {
            let endpoint = self.dice.below(ENDPOINTS) as u32;
            return (self.some_event(), samples::open(endpoint));
        }
        let place = self.dice.below(open) as usize;
        let (event, row) = self.rows.open.iter().nth(place).unwrap();
        let place = self.dice.below(row.open.len() as u64) as usize;
        (EventNumber(*event), row.open[place])
    }
}
