//! Random rounds: the lanes and their model do the same, and must agree on every answer.
//!
//! `RINGHOOK_STEPS` makes the rounds longer.

use super::figures::check_figures;
use crate::domain::dice::Dice;
use crate::domain::id::EventNumber;
use crate::domain::lanes::model::Model;
use crate::domain::lanes::*;

const SEEDS: u64 = 60;
const STEPS: u64 = 1_000;

#[test]
fn lanes_agree_with_their_model() {
    let steps = std::env::var("RINGHOOK_STEPS").map_or(STEPS, |text| text.parse().unwrap());
    for seed in 0..SEEDS {
        let done = std::panic::catch_unwind(|| {
            let mut round = Round::new(seed);
            (0..steps).for_each(|_| round.step());
            round.run_dry();
        });
        assert!(done.is_ok(), "seed {seed}");
    }
}

struct Round {
    dice: Dice,
    now: Tick,
    real: Lanes,
    model: Model,
    endpoints: Vec<EndpointNumber>,
    kept: Vec<EndpointNumber>,
    /// All that ever came in lately, by which deliveries are asked for.
    known: Vec<Arrival>,
    tickets: Vec<Ticket>,
    ending: Vec<Ticket>,
    events: u64,
    opened: u32,
}

impl Round {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::seeded(seed);
        let limits = Limits {
            threads_max: 1 + dice.below(24) as u32,
            open_max: 60,
            crowded_from: 45,
            waiting_max: 25,
            waiting_max_crowded: 10,
        };
        Self {
            dice,
            now: Tick(1_000_000),
            real: Lanes::new(limits),
            model: Model::new(limits),
            endpoints: Vec::new(),
            kept: Vec::new(),
            known: Vec::new(),
            tickets: Vec::new(),
            ending: Vec::new(),
            events: 0,
            opened: 0,
        }
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..2 => self.open_lane(),
            2..6 => self.change_lane(),
            6 => self.remove_lane(),
            7..10 => self.clear_removed(),
            10..35 => self.reserve(),
            35..37 => self.give_back(),
            37..56 => self.admit(),
            56..76 => self.next(),
            76..86 => self.land(),
            86..91 => self.release(),
            91 => self.hold_back(),
            92..97 => self.advance(),
            97 => self.send_now(),
            98 => self.heal(),
            _ => self.take(),
        }
        self.check();
    }

    fn settings(&mut self) -> LaneSettings {
        let disabled = self.chance(9);
        LaneSettings {
            in_flight_max: 1 + self.dice.below(5) as u16,
            order: if self.chance(5) {
                Order::None
            } else {
                Order::Call
            },
            stopped: disabled || self.chance(5),
            disabled,
            proven: !self.chance(4),
            sick: self.chance(6),
            rate: self.rate(),
        }
    }

    fn rate(&mut self) -> Option<Rate> {
        let rates = [0.0, 0.0, 0.0, 0.7, 3.0, 40.0, 1_000.0];
        Rate::per_s(rates[self.dice.below(7) as usize])
    }

    /// The engine has a lane probed, starts it gently or lets it catch up.
    fn heal(&mut self) {
        let Some(endpoint) = self.endpoint() else {
            return;
        };
        match self.dice.below(4) {
            0 => {
                self.real.catch_up(self.now, endpoint);
                self.model.catch_up(self.now, endpoint);
            }
            1 => {
                self.real.go_gently(endpoint);
                self.model.go_gently(endpoint);
            }
            _ => {
                let real = self.real.probe(self.now, endpoint);
                assert_eq!(real, self.model.probe(self.now, endpoint));
            }
        }
    }

    fn open_lane(&mut self) {
        if self.endpoints.len() < 8 {
            self.opened += 1;
            let endpoint = EndpointNumber(self.opened);
            let settings = self.settings();
            self.endpoints.push(endpoint);
            self.real.put_lane(self.now, endpoint, settings);
            self.model.put_lane(self.now, endpoint, settings);
        }
    }

    fn change_lane(&mut self) {
        if let Some(endpoint) = self.endpoint() {
            let settings = self.settings();
            self.real.put_lane(self.now, endpoint, settings);
            self.model.put_lane(self.now, endpoint, settings);
        }
    }

    fn remove_lane(&mut self) {
        if let Some(endpoint) = self.endpoint()
            && self.chance(2)
        {
            self.endpoints.retain(|one| *one != endpoint);
            self.real.remove_lane(endpoint);
            self.model.remove_lane(endpoint);
        }
    }

    fn clear_removed(&mut self) {
        let max = self.dice.below(6) as usize;
        let left = self.real.clear_removed(max);
        self.model.clear_removed(max, &left);
    }

    fn reserve(&mut self) {
        // Now and then one that is unknown, or removed.
        let any = EndpointNumber(self.dice.below(20) as u32);
        let endpoint = self.endpoint().filter(|_| !self.chance(20)).unwrap_or(any);
        let room = self.real.reserve(endpoint);
        assert_eq!(room, self.model.reserve(endpoint));
        if room == Room::Yes {
            self.kept.push(endpoint);
        }
    }

    fn give_back(&mut self) {
        if let Some(endpoint) = self.pick_kept() {
            self.real.give_back(endpoint);
            self.model.give_back(endpoint);
        }
    }

    fn admit(&mut self) {
        let stored = self.chance(12);
        let endpoint = if stored {
            self.endpoint()
        } else {
            self.pick_kept()
        };
        let Some(endpoint) = endpoint else {
            return;
        };
        let arrival = self.arrival(endpoint);
        self.known.push(arrival);
        if self.known.len() > 200 {
            self.known.remove(0);
        }
        let mut superseded = Vec::new();
        if stored {
            self.real.admit_stored(self.now, arrival, &mut superseded);
        } else {
            self.real.admit(self.now, arrival, &mut superseded);
        }
        assert_eq!(superseded, self.model.admit(self.now, arrival, !stored));
    }

    fn arrival(&mut self, endpoint: EndpointNumber) -> Arrival {
        // The same event comes to several endpoints, and in several rounds.
        let again = self.chance(3);
        self.events += u64::from(!again);
        let key = |round| DeliveryKey {
            event: EventNumber(self.events),
            endpoint,
            round,
        };
        let is_known = |round: &u8| self.known.iter().any(|a| a.key == key(*round));
        let round = (0..255).find(|round| !is_known(round)).unwrap();
        let key = key(round);
        let kind = self.dice.below(4);
        let ahead = [0, 0, 0, 400, 5_000, 100_000_000][self.dice.below(6) as usize];
        let due = Tick(self.now.0 + ahead - self.dice.below(2) * 300);
        let life = self.dice.below(4_000);
        Arrival {
            key,
            call: (!self.chance(5)).then(|| self.dice.below(5)),
            ends_call: kind == 0,
            ringing: kind == 1,
            expires_at: (kind == 1 || self.chance(8)).then(|| self.now.plus_ms(life)),
            due,
            attempts: self.dice.below(2) as u8,
        }
    }

    fn next(&mut self) {
        let dispatch = self.real.next(self.now);
        self.model.next(self.now, dispatch);
        self.tickets.extend(dispatch.map(|d| d.ticket));
    }

    fn land(&mut self) {
        let Some(ticket) = Self::pick(&mut self.dice, &mut self.tickets) else {
            return;
        };
        let then = match self.dice.below(4) {
            0 | 1 => Then::End,
            2 => Then::Retry(self.now.plus_ms(self.dice.below(3_000))),
            _ => Then::Again,
        };
        let landed = Landed {
            success: then == Then::End && !self.chance(4),
            duration_ms: [5, 1_000, 1_001][self.dice.below(3) as usize],
            then,
        };
        let settled = self.real.land(self.now, ticket, landed);
        assert_eq!(settled, self.model.land(self.now, ticket, landed));
        assert!(settled.is_some());
        if then == Then::End {
            self.ending.push(ticket);
        }
        // An answer that comes a second time finds nothing in flight.
        assert_eq!(self.real.land(self.now, ticket, landed), None);
    }

    fn release(&mut self) {
        if let Some(ticket) = Self::pick(&mut self.dice, &mut self.ending) {
            self.real.release(self.now, ticket);
            self.model.release(self.now, ticket);
            self.real.release(self.now, ticket);
        }
    }

    fn hold_back(&mut self) {
        if let Some(endpoint) = self.endpoint() {
            let until = self.now.plus_ms(self.dice.below(2_000));
            self.real.hold_back(endpoint, until);
            self.model.hold_back(endpoint, until);
        }
    }

    fn advance(&mut self) {
        self.now = self
            .now
            .plus_ms([0, 1, 20, 150, 600, 1_500, 4_000][self.dice.below(7) as usize]);
        let max = self.dice.below(6) as usize;
        let mut expired = Vec::new();
        self.real.advance(self.now, max, &mut expired);
        self.model.advance(self.now, max, &expired);
        if expired.len() < max {
            let wake = self.real.next_wake();
            assert!(wake.is_none_or(|at| at > self.now), "{wake:?}");
        }
    }

    fn take(&mut self) {
        if let Some(arrival) = self.pick_known() {
            let left = self.real.take(self.now, arrival.key, arrival.call);
            assert_eq!(left, self.model.take(self.now, arrival.key));
        }
    }

    fn send_now(&mut self) {
        if let Some(arrival) = self.pick_known() {
            let place = self.real.send_now(arrival.key, arrival.call);
            assert_eq!(place, self.model.send_now(arrival.key));
        }
    }

    fn check(&mut self) {
        assert_eq!(self.real.open(), self.model.open());
        let (real, model) = (self.real.next_wake(), self.model.next_wake());
        let late = |at: Tick| real.is_none_or(|real| real > at.max(self.now));
        assert!(!model.is_some_and(late), "{real:?} is later than {model:?}");
        if let Some(endpoint) = self.endpoint() {
            assert_eq!(self.real.report(endpoint), self.model.report(endpoint));
        }
        if let Some(arrival) = self.pick_known() {
            let found = self.real.find(arrival.key, arrival.call);
            assert_eq!(found, self.model.find(arrival.key), "{arrival:?}");
        }
        if self.chance(16) {
            let (mut real, mut model) = (self.real.in_flight(), self.model.in_flight());
            real.sort_unstable();
            model.sort_unstable();
            assert_eq!(real, model);
            check_figures(&self.real);
        }
    }

    /// Everything is sent, released or cleared: nothing may be left.
    fn run_dry(&mut self) {
        while let Some(endpoint) = self.pick_kept() {
            self.real.give_back(endpoint);
            self.model.give_back(endpoint);
        }
        for endpoint in self.endpoints.clone() {
            let settings = LaneSettings {
                stopped: false,
                disabled: false,
                rate: None,
                ..self.settings()
            };
            self.real.put_lane(self.now, endpoint, settings);
            self.model.put_lane(self.now, endpoint, settings);
        }
        self.now = self.now.plus_ms(86_400_000);
        for _ in 0..1_000 {
            self.next();
            self.land();
            self.release();
            self.advance();
            self.clear_removed();
        }
        assert_eq!((self.real.open(), self.model.open()), (0, 0));
        for endpoint in std::mem::take(&mut self.endpoints) {
            self.real.remove_lane(endpoint);
            assert_eq!(self.real.report(endpoint), None);
        }
        self.real.clear_removed(1);
        check_figures(&self.real);
        assert_eq!(self.real.chains.used(), 0);
        assert_eq!(self.real.indexes.len(), 0);
        assert_eq!(self.real.wakes.len(), 0);
        assert_eq!(self.real.free_lanes.len(), self.real.lanes.len());
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.dice.below(one_in) == 0
    }

    fn endpoint(&mut self) -> Option<EndpointNumber> {
        let count = self.endpoints.len() as u64;
        (count > 0).then(|| self.endpoints[self.dice.below(count) as usize])
    }

    fn pick_kept(&mut self) -> Option<EndpointNumber> {
        Self::pick(&mut self.dice, &mut self.kept)
    }

    fn pick_known(&mut self) -> Option<Arrival> {
        let count = self.known.len() as u64;
        (count > 0).then(|| self.known[self.dice.below(count) as usize])
    }

    fn pick<T>(dice: &mut Dice, from: &mut Vec<T>) -> Option<T> {
        let count = from.len() as u64;
        (count > 0).then(|| from.swap_remove(dice.below(count) as usize))
    }
}
