//! Scenes of the lanes, rule by rule, and random rounds against the model.

mod bounds;
mod figures;
mod healing;
mod isolation;
mod order;
mod rounds;

use super::*;
use crate::domain::id::EventNumber;

const LIMITS: Limits = Limits {
    threads_max: 64,
    open_max: 2_000_000,
    crowded_from: 1_500_000,
    waiting_max: 200_000,
    waiting_max_crowded: 10_000,
};

/// A healthy endpoint of a receiver that takes what comes.
const HEALTHY: LaneSettings = LaneSettings {
    in_flight_max: 256,
    order: Order::Call,
    stopped: false,
    disabled: false,
    proven: true,
    sick: false,
    rate: None,
};

/// An event without a call for an endpoint, due at once.
fn arrival(endpoint: u32, event: u64) -> Arrival {
    Arrival {
        key: key(endpoint, event),
        call: None,
        ends_call: false,
        ringing: false,
        expires_at: None,
        due: Tick(0),
        attempts: 0,
    }
}

fn of_call(call: u64, arrival: Arrival) -> Arrival {
    Arrival {
        call: Some(call),
        ..arrival
    }
}

fn ringing(call: u64, endpoint: u32, event: u64) -> Arrival {
    Arrival {
        ringing: true,
        ..of_call(call, arrival(endpoint, event))
    }
}

fn completed(call: u64, endpoint: u32, event: u64) -> Arrival {
    Arrival {
        ends_call: true,
        ..of_call(call, arrival(endpoint, event))
    }
}

fn retried(endpoint: u32, event: u64) -> Arrival {
    Arrival {
        attempts: 1,
        ..arrival(endpoint, event)
    }
}

fn key(endpoint: u32, event: u64) -> DeliveryKey {
    DeliveryKey {
        event: EventNumber(event),
        endpoint: EndpointNumber(endpoint),
        round: 0,
    }
}

const SUCCESS: Landed = Landed {
    success: true,
    duration_ms: 20,
    then: Then::End,
};

fn retry(at: u64) -> Landed {
    Landed {
        success: false,
        duration_ms: 20,
        then: Then::Retry(Tick(at)),
    }
}

const AGAIN: Landed = Landed {
    success: false,
    duration_ms: 20,
    then: Then::Again,
};

/// The lanes with a clock, told in numbers of events.
struct Scene {
    lanes: Lanes,
    now: Tick,
    flying: Vec<Dispatch>,
}

impl Scene {
    fn new(limits: Limits, lanes: &[(u32, LaneSettings)]) -> Self {
        let mut scene = Self {
            lanes: Lanes::new(limits),
            now: Tick(0),
            flying: Vec::new(),
        };
        for (endpoint, settings) in lanes {
            scene.put(*endpoint, *settings);
        }
        scene
    }

    fn put(&mut self, endpoint: u32, settings: LaneSettings) {
        self.lanes
            .put_lane(self.now, EndpointNumber(endpoint), settings);
    }

    /// Takes one in, and tells the events that it superseded.
    fn admit(&mut self, arrival: Arrival) -> Vec<u64> {
        assert_eq!(self.lanes.reserve(arrival.key.endpoint), Room::Yes);
        let mut superseded = Vec::new();
        self.lanes.admit(self.now, arrival, &mut superseded);
        events(&superseded)
    }

    /// Sends whatever may go, and tells the events.
    fn send(&mut self) -> Vec<u64> {
        self.send_up_to(usize::MAX)
    }

    fn send_up_to(&mut self, max: usize) -> Vec<u64> {
        let mut sent = Vec::new();
        while sent.len() < max
            && let Some(dispatch) = self.lanes.next(self.now)
        {
            sent.push(dispatch.key.event.0);
            self.flying.push(dispatch);
        }
        sent
    }

    fn land(&mut self, event: u64, landed: Landed) -> (Ticket, Settled) {
        let is_it = |dispatch: &Dispatch| dispatch.key.event.0 == event;
        let index = self.flying.iter().position(is_it).unwrap();
        let ticket = self.flying.remove(index).ticket;
        (ticket, self.lanes.land(self.now, ticket, landed).unwrap())
    }

    /// It succeeds, and that is committed.
    fn deliver(&mut self, event: u64) {
        let (ticket, settled) = self.land(event, SUCCESS);
        assert!(matches!(settled, Settled::Done { .. }));
        self.lanes.release(self.now, ticket);
    }

    /// Sends and delivers one after the other, and tells the events in their order.
    fn drain(&mut self) -> Vec<u64> {
        let mut sent = Vec::new();
        while let [event] = self.send_up_to(1)[..] {
            sent.push(event);
            self.deliver(event);
        }
        sent
    }

    /// Lets time pass, and tells the events that expired.
    fn at(&mut self, now: u64) -> Vec<u64> {
        self.now = Tick(now);
        let mut expired = Vec::new();
        self.lanes.advance(self.now, usize::MAX, &mut expired);
        events(&expired)
    }

    fn place(&self, arrival: Arrival) -> Option<Place> {
        let found = self.lanes.find(arrival.key, arrival.call);
        found.map(|standing| standing.place)
    }

    fn report(&self, endpoint: u32) -> LaneReport {
        self.lanes.report(EndpointNumber(endpoint)).unwrap()
    }
}

fn events(left: &[Left]) -> Vec<u64> {
    left.iter().map(|left| left.key.event.0).collect()
}
