//! Which events a replay sends to an endpoint once more: the rule for one of them. Pure.

use super::change::{EndState, Ended, Head, Open};
use super::event::EventType;
use super::id::EndpointNumber;
use super::time::Timestamp;

/// What is to be sent again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Only events that came since then; None: from the oldest that is kept.
    pub since: Option<Timestamp>,
    /// Only events that came until then.
    pub until: Timestamp,
    /// Which of them.
    pub only: Only,
    /// Only events of this type.
    pub kind: Option<EventType>,
}

/// Which events of a window are sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Only {
    /// Those that ended without having arrived: failed, expired or cancelled.
    #[default]
    Failed,
    /// All that match now, whether or not they arrived before.
    All,
}

impl Only {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Failed, Self::All];

    /// `failed`, `all`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::All => "all",
        }
    }
}

impl Window {
    /// Whether the event came in the window, and is of its type.
    pub fn covers(&self, head: &Head) -> bool {
        let at = head.received_at;
        self.since.is_none_or(|since| since <= at)
            && at <= self.until
            && self.kind.as_ref().is_none_or(|kind| *kind == head.kind)
    }
}

/// The round in which an event with these rows would go to the endpoint again; None where it is
/// not to go: it waits for the endpoint anyway, there are no more rounds, or it is not one that
/// failed and `Only::Failed` is asked for. With `Only::All` it must also match, see `route::wants`.
pub fn round(only: Only, endpoint: EndpointNumber, open: &[Open], ended: &[Ended]) -> Option<u8> {
    if open.iter().any(|one| one.endpoint == endpoint) {
        return None;
    }
    let ended = ended.iter().filter(|one| one.endpoint == endpoint);
    let has = |state: EndState| ended.clone().any(|one| one.state == state);
    let failed = [EndState::Failed, EndState::Expired, EndState::Cancelled];
    let wanted = match only {
        Only::Failed => failed.into_iter().any(has) && !has(EndState::Delivered),
        Only::All => true,
    };
    let highest = ended.clone().map(|one| one.round).max();
    let next = highest.unwrap_or(0).checked_add(1);
    next.filter(|_| wanted)
}

/// The later rounds that stand in the way of trying an ended delivery again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overtaken {
    /// One of them waits or is in flight.
    Open(u8),
    /// One of them was delivered.
    Delivered(u8),
}

/// Whether a later round of the same event and endpoint makes another try of that round
/// pointless: two who try at the same moment must end in one send.
pub fn overtaken(ended: &Ended, open: &[Open], all: &[Ended]) -> Option<Overtaken> {
    let later = |endpoint, round| endpoint == ended.endpoint && round > ended.round;
    let open = open.iter().find(|one| later(one.endpoint, one.round));
    let delivered = all
        .iter()
        .find(|one| later(one.endpoint, one.round) && one.state == EndState::Delivered);
    let open = open.map(|one| Overtaken::Open(one.round));
    open.or(delivered.map(|one| Overtaken::Delivered(one.round)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Reason;
    use crate::domain::event::Origin;
    use crate::domain::time::Tick;

    const ONE: EndpointNumber = EndpointNumber(1);

    fn ended(endpoint: u32, round: u8, state: EndState) -> Ended {
        Ended {
            endpoint: EndpointNumber(endpoint),
            round,
            state,
            reason: Reason::None,
            attempts: 1,
            status: 500,
            ms: 1,
            ended_at: Timestamp(1),
        }
    }

    fn open(endpoint: u32, round: u8) -> Open {
        Open {
            endpoint: EndpointNumber(endpoint),
            due: Tick(1),
            attempts: 0,
            round,
            flags: 0,
        }
    }

    #[test]
    fn which_events_go_again_and_in_which_round() {
        use EndState::{Cancelled, Delivered, Expired, Failed, Superseded};
        let check = |open: &[Open], all: &[Ended], failed: Option<u8>, every: Option<u8>| {
            assert_eq!(
                round(Only::Failed, ONE, open, all),
                failed,
                "{open:?} {all:?}"
            );
            assert_eq!(round(Only::All, ONE, open, all), every, "{open:?} {all:?}");
        };
        // It never had a delivery for this endpoint: only a match can tell.
        check(&[], &[], None, Some(1));
        check(&[open(2, 0)], &[ended(3, 4, Failed)], None, Some(1));
        for state in [Failed, Expired, Cancelled] {
            check(&[], &[ended(1, 0, state)], Some(1), Some(1));
            // Whatever waits is left to itself.
            check(&[open(1, 1)], &[ended(1, 0, state)], None, None);
            let arrived = [ended(1, 0, state), ended(1, 1, Delivered)];
            check(&[], &arrived, None, Some(2));
        }
        check(&[], &[ended(1, 0, Delivered)], None, Some(1));
        check(&[], &[ended(1, 0, Superseded)], None, Some(1));
        let both = [ended(1, 0, Superseded), ended(1, 1, Failed)];
        check(&[], &both, Some(2), Some(2));
        check(&[open(1, 0)], &[], None, None);
        check(&[], &[ended(1, 255, Failed)], None, None);
    }

    #[test]
    fn a_later_round_makes_another_try_pointless() {
        use EndState::{Delivered, Failed};
        let first = ended(1, 1, Failed);
        let check = |opened: &[Open], all: &[Ended], expected: Option<Overtaken>| {
            assert_eq!(
                overtaken(&first, opened, all),
                expected,
                "{opened:?} {all:?}"
            );
        };
        check(&[], &[first], None);
        check(&[], &[ended(1, 0, Delivered), first], None);
        check(&[], &[first, ended(1, 2, Failed)], None);
        check(&[open(2, 2)], &[first, ended(2, 2, Delivered)], None);
        check(&[open(1, 2)], &[first], Some(Overtaken::Open(2)));
        let arrived = [first, ended(1, 2, Delivered)];
        check(&[], &arrived, Some(Overtaken::Delivered(2)));
        check(&[open(1, 3)], &arrived, Some(Overtaken::Open(3)));
    }

    #[test]
    fn a_window_takes_both_of_its_ends() {
        let head = |at: u64| Head {
            occurred_at: Timestamp(0),
            received_at: Timestamp(at),
            kind: EventType::CallMissed,
            origin: Origin::Own,
            call: None,
            account: None,
            caller_number: None,
            tracked_number: None,
            idempotency_key: None,
            content: 0,
            body_bytes: 0,
            matched: 0,
        };
        let check = |since: Option<u64>, kind: Option<EventType>, at: u64, expected: bool| {
            let window = Window {
                since: since.map(Timestamp),
                until: Timestamp(20),
                only: Only::All,
                kind,
            };
            assert_eq!(window.covers(&head(at)), expected, "{window:?} {at}");
        };
        check(None, None, 0, true);
        check(None, None, 20, true);
        check(None, None, 21, false);
        check(Some(10), None, 9, false);
        check(Some(10), None, 10, true);
        check(Some(10), Some(EventType::CallMissed), 10, true);
        check(Some(10), Some(EventType::LeadCreated), 10, false);
    }
}
