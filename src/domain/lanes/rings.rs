//! Who of all lanes goes next: a ring of lanes per class, one job per lane and turn, and the
//! shares of the threads that lanes in doubt may hold together.

use super::lane::{Class, Lane, Turns};
use super::slab::NONE;

/// The rings, and how many threads each class holds.
#[derive(Debug)]
pub(super) struct Rings {
    rings: [Ring; 3],
    /// Threads that the lanes of each class hold.
    flying: [u32; 3],
    threads_max: u32,
    /// Healthy ones against all others.
    turns: Turns,
    /// Of the others, sick ones went last.
    sick_went_last: bool,
}

/// Lanes that may send, by `ring_after` and `ring_before`.
#[derive(Clone, Copy, Debug)]
struct Ring {
    head: u32,
    tail: u32,
}

impl Rings {
    /// Of that many threads given out one goes to the lanes in doubt while they may.
    const OTHERS_ONE_OF: u8 = 8;

    pub(super) fn new(threads_max: u32) -> Self {
        let ring = Ring {
            head: NONE,
            tail: NONE,
        };
        Self {
            rings: [ring; 3],
            flying: [0; 3],
            threads_max,
            turns: Turns::default(),
            sick_went_last: false,
        }
    }

    /// The lane whose turn it is, taken off its ring; None when none may send.
    pub(super) fn pop(&mut self, lanes: &mut [Lane]) -> Option<u32> {
        let class = self.choose()?;
        let index = self.rings[class as usize].head;
        self.unlink(lanes, index);
        Some(index)
    }

    /// Takes note of what a lane has become: moves its threads to the tally of its class, and
    /// the lane into or out of the rings. One that may send and has its place keeps it.
    pub(super) fn settle(&mut self, lanes: &mut [Lane], index: u32) {
        let lane = &mut lanes[index as usize];
        let class = lane.class_now();
        let may_send = lane.may_send();
        if lane.in_ring && (lane.class != class || !may_send) {
            self.unlink(lanes, index);
        }
        let lane = &mut lanes[index as usize];
        if lane.class != class {
            self.flying[lane.class as usize] -= lane.flying;
            self.flying[class as usize] += lane.flying;
            lane.class = class;
        }
        if may_send && !lane.in_ring {
            self.push_back(lanes, index);
        }
    }

    /// A delivery of the lane takes a thread.
    pub(super) fn take_thread(&mut self, lane: &mut Lane) {
        lane.flying += 1;
        self.flying[lane.class as usize] += 1;
    }

    /// A delivery of the lane gives its thread back.
    pub(super) fn free_thread(&mut self, lane: &mut Lane) {
        lane.flying -= 1;
        self.flying[lane.class as usize] -= 1;
    }

    /// Threads held, by class.
    #[cfg(test)]
    pub(super) fn flying(&self) -> [u32; 3] {
        self.flying
    }

    fn choose(&mut self) -> Option<Class> {
        if self.flying.iter().sum::<u32>() >= self.threads_max {
            return None;
        }
        let healthy = self.waits(Class::Healthy);
        let other = self.choose_other();
        if !healthy && other.is_none() {
            return None;
        }
        let its_turn = self
            .turns
            .minor(healthy, other.is_some(), Self::OTHERS_ONE_OF);
        let class = other.filter(|_| its_turn).unwrap_or(Class::Healthy);
        if class != Class::Healthy {
            self.sick_went_last = class == Class::Sick;
        }
        Some(class)
    }

    /// Which of the lanes in doubt may go, within their shares: half of the threads for all of
    /// them, a quarter for sick ones. A share is one thread at least, or a small daemon would
    /// never try a new endpoint.
    fn choose_other(&self) -> Option<Class> {
        let sick_flying = self.flying[Class::Sick as usize];
        let flying = sick_flying + self.flying[Class::Watched as usize];
        if flying >= (self.threads_max / 2).max(1) {
            return None;
        }
        let sick = self.waits(Class::Sick) && sick_flying < (self.threads_max / 4).max(1);
        let watched = self.waits(Class::Watched);
        if sick && (!watched || !self.sick_went_last) {
            Some(Class::Sick)
        } else {
            watched.then_some(Class::Watched)
        }
    }

    fn waits(&self, class: Class) -> bool {
        self.rings[class as usize].head != NONE
    }

    fn push_back(&mut self, lanes: &mut [Lane], index: u32) {
        let ring = &mut self.rings[lanes[index as usize].class as usize];
        let last = std::mem::replace(&mut ring.tail, index);
        if last == NONE {
            ring.head = index;
        } else {
            lanes[last as usize].ring_after = index;
        }
        let lane = &mut lanes[index as usize];
        (lane.in_ring, lane.ring_before, lane.ring_after) = (true, last, NONE);
    }

    fn unlink(&mut self, lanes: &mut [Lane], index: u32) {
        let lane = &mut lanes[index as usize];
        lane.in_ring = false;
        let (class, before, after) = (lane.class, lane.ring_before, lane.ring_after);
        let ring = &mut self.rings[class as usize];
        if before == NONE {
            ring.head = after;
        } else {
            lanes[before as usize].ring_after = after;
        }
        if after == NONE {
            ring.tail = before;
        } else {
            lanes[after as usize].ring_before = before;
        }
    }
}
