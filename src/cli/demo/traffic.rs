//! The demo's calls: each rings, and is completed or missed a moment later. It posts nothing and
//! reads no clock: it says what is due.

use std::collections::VecDeque;

use crate::cli::send::fresh_sample;
use crate::domain::event::EventType;
use crate::domain::payload;
use crate::domain::time::Tick;

/// Two calls per second.
const EVERY_MS: u64 = 500;
/// How long a call rings, so that its end overtakes what a receiver has not yet taken.
const RINGS_MS: u64 = 700;
/// Calls of a burst.
const BURST: u64 = 50;

/// What is to come.
pub struct Traffic {
    letters: String,
    calls: u64,
    /// None while it is stopped.
    next_call_at: Option<Tick>,
    /// Calls that ring, and when each ends.
    ringing: VecDeque<(Tick, u64)>,
    /// Calls that begin at once, beside the others.
    extra: u64,
}

impl Traffic {
    /// The first call comes now. `letters` tell its calls from those of another demo.
    pub fn new(now: Tick, letters: String) -> Self {
        Self {
            letters,
            calls: 0,
            next_call_at: Some(now),
            ringing: VecDeque::new(),
            extra: 0,
        }
    }

    /// The body of the next event that is due; None when none is.
    pub fn next(&mut self, now: Tick) -> Option<String> {
        if self.ringing.front().is_some_and(|(end, _)| *end <= now) {
            let (_, call) = self.ringing.pop_front()?;
            return Some(self.body(call, &ended(call)));
        }
        if self.extra > 0 {
            self.extra -= 1;
        } else {
            let at = self.next_call_at.filter(|at| *at <= now)?;
            // After a pause of the machine there is no crowd of calls that were missed.
            self.next_call_at = Some(at.plus_ms(EVERY_MS).max(now));
        }
        self.calls += 1;
        self.ringing.push_back((now.plus_ms(RINGS_MS), self.calls));
        Some(self.body(self.calls, &EventType::CallRinging))
    }

    /// When something is due; None while nothing will be.
    pub fn next_at(&self) -> Option<Tick> {
        let end = self.ringing.front().map(|(end, _)| *end);
        [end, self.next_call_at].into_iter().flatten().min()
    }

    /// Stops new calls, or lets them come again. True when they come.
    pub fn toggle(&mut self, now: Tick) -> bool {
        self.next_call_at = match self.next_call_at {
            Some(_) => None,
            None => Some(now),
        };
        self.next_call_at.is_some()
    }

    /// Many calls at once, from the next look on; how many.
    pub fn burst(&mut self) -> u64 {
        self.extra += BURST;
        BURST
    }

    fn body(&self, call: u64, kind: &EventType) -> String {
        let letters = format!("{}{call:06}", self.letters);
        let data = fresh_sample(payload::sample(kind), &letters);
        format!("{{\"event\":\"{kind}\",\"data\":{data}}}")
    }
}

/// Every third call is missed.
fn ended(call: u64) -> EventType {
    match call % 3 {
        0 => EventType::CallMissed,
        _ => EventType::CallCompleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(traffic: &mut Traffic, now: u64) -> Vec<String> {
        let mut due = Vec::new();
        while let Some(body) = traffic.next(Tick(now)) {
            let event: serde_json::Value = serde_json::from_str(&body).unwrap();
            let id = event["data"]["id"].as_str().unwrap();
            let call = id.rsplit("xy").next().unwrap().trim_start_matches('0');
            due.push(format!("{} {call}", event["event"].as_str().unwrap()));
        }
        due
    }

    #[test]
    fn two_calls_a_second_each_with_its_end() {
        let mut traffic = Traffic::new(Tick(0), "xy".to_owned());
        assert_eq!(due(&mut traffic, 0), ["call:ringing 1"]);
        assert_eq!(traffic.next_at(), Some(Tick(500)));
        assert_eq!(due(&mut traffic, 400), [""; 0]);
        assert_eq!(due(&mut traffic, 500), ["call:ringing 2"]);
        assert_eq!(due(&mut traffic, 700), ["call:completed 1"]);
        assert_eq!(due(&mut traffic, 1_000), ["call:ringing 3"]);
        assert!(!traffic.toggle(Tick(1_000)));
        let rest = ["call:completed 2", "call:missed 3"];
        assert_eq!(due(&mut traffic, 5_000), rest);
        assert_eq!(traffic.next_at(), None);
        traffic.burst();
        assert_eq!(due(&mut traffic, 5_000).len(), 50);
        assert!(traffic.toggle(Tick(6_000)));
        assert_eq!(due(&mut traffic, 6_000).len(), 51);
    }
}
