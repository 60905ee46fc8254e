//! Why a delivery ended as it did, in words and as a code for programs.
//!
//! The sentence is made when it is read and not when the delivery ends: a row keeps one byte
//! for it, and the times are in the event's head.

use super::change::{EndState, Ended, Head, Reason};

/// A stable word for programs; None where the state says it all.
pub const fn code(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::None => None,
        Reason::AttemptsUsed => Some("attempts_used"),
        Reason::BacklogFull => Some("backlog_full"),
        Reason::LifeOver => Some("life_over"),
        Reason::CallEnded => Some("call_ended"),
        Reason::EndpointDeleted => Some("endpoint_deleted"),
        Reason::BodyDamaged => Some("body_damaged"),
        Reason::WaitedTooLong => Some("waited_too_long"),
    }
}

/// The `reason` of a delivery: the code, a colon and a sentence that says what can be done. None
/// where the state says it all.
pub fn sentence(ended: &Ended, head: &Head) -> Option<String> {
    let words = words(ended, head)?;
    Some(match code(ended.reason) {
        Some(code) => format!("{code}: {words}"),
        None => words,
    })
}

fn words(ended: &Ended, head: &Head) -> Option<String> {
    match ended.reason {
        Reason::None if ended.state == EndState::Cancelled => Some("cancelled by hand".to_owned()),
        Reason::None => None,
        Reason::AttemptsUsed => Some(attempts_used(ended)),
        Reason::BacklogFull => Some(
            "the endpoint already had as many deliveries waiting as it may (delivery.waiting_max); \
             replay it when the endpoint has caught up"
                .to_owned(),
        ),
        // Both times, because the earlier one counts: a producer whose clock is slow, or that
        // posts late, is found by comparing them.
        Reason::LifeOver => Some(format!(
            "its time to be sent was over; it happened at {}, was received at {} and ended at {}",
            head.occurred_at, head.received_at, ended.ended_at
        )),
        Reason::CallEnded => Some(format!(
            "the call has ended, and a later event of it says so; this one happened at {} and was \
             received at {}",
            head.occurred_at, head.received_at
        )),
        Reason::EndpointDeleted => Some("its endpoint was deleted".to_owned()),
        Reason::BodyDamaged => Some(
            "its body in the database is damaged and was not sent; the log names the record, and \
             a backup may still have it"
                .to_owned(),
        ),
        Reason::WaitedTooLong => Some(format!(
            "it waited longer than events are kept (retention.age); received at {}, ended at {}; \
             replay it when the endpoint takes deliveries again",
            head.received_at, ended.ended_at
        )),
    }
}

fn attempts_used(ended: &Ended) -> String {
    let answer = match ended.status {
        0 => "no answer".to_owned(),
        status => format!("status {status}"),
    };
    match ended.attempts {
        1 => format!("its only attempt failed: {answer}"),
        count => format!("its {count} attempts failed; the last one: {answer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{EventType, Origin};
    use crate::domain::id::EndpointNumber;
    use crate::domain::time::Timestamp;

    const REASONS: [Reason; 8] = [
        Reason::None,
        Reason::AttemptsUsed,
        Reason::BacklogFull,
        Reason::LifeOver,
        Reason::CallEnded,
        Reason::EndpointDeleted,
        Reason::BodyDamaged,
        Reason::WaitedTooLong,
    ];

    fn head() -> Head {
        Head {
            occurred_at: Timestamp(1_000),
            received_at: Timestamp(2_000),
            kind: EventType::CallRinging,
            origin: Origin::Own,
            call: None,
            account: None,
            caller_number: None,
            tracked_number: None,
            idempotency_key: None,
            content: 0,
            body_bytes: 0,
            matched: 1,
        }
    }

    fn ended(state: EndState, reason: Reason) -> Ended {
        Ended {
            endpoint: EndpointNumber(1),
            round: 0,
            state,
            reason,
            attempts: 11,
            status: 503,
            ms: 20,
            ended_at: Timestamp(61_000),
        }
    }

    #[test]
    fn every_reason_in_words() {
        use EndState::{Cancelled, Delivered, Expired, Failed, Superseded};
        let check = |state: EndState, reason: Reason, expected: Option<&str>| {
            let got = sentence(&ended(state, reason), &head());
            match (got, expected) {
                (Some(got), Some(begins)) => assert!(got.starts_with(begins), "{got}"),
                (got, expected) => assert_eq!(got.as_deref(), expected),
            }
        };
        check(Delivered, Reason::None, None);
        check(Cancelled, Reason::None, Some("cancelled by hand"));
        check(
            Cancelled,
            Reason::EndpointDeleted,
            Some("endpoint_deleted: its endpoint was deleted"),
        );
        check(
            Failed,
            Reason::AttemptsUsed,
            Some("attempts_used: its 11 attempts failed; the last one: status 503"),
        );
        check(
            Failed,
            Reason::BacklogFull,
            Some("backlog_full: the endpoint already had as many deliveries"),
        );
        check(
            Failed,
            Reason::BodyDamaged,
            Some("body_damaged: its body in the database is damaged"),
        );
        check(
            Expired,
            Reason::LifeOver,
            Some(
                "life_over: its time to be sent was over; it happened at \
                 1970-01-01T00:00:01.000Z, was received at 1970-01-01T00:00:02.000Z and ended \
                 at 1970-01-01T00:01:01.000Z",
            ),
        );
        check(
            Expired,
            Reason::WaitedTooLong,
            Some(
                "waited_too_long: it waited longer than events are kept (retention.age); received",
            ),
        );
        check(
            Superseded,
            Reason::CallEnded,
            Some("call_ended: the call has ended"),
        );
    }

    #[test]
    fn the_last_attempt_in_words() {
        let check = |attempts: u8, status: u16, expected: &str| {
            let ended = Ended {
                attempts,
                status,
                ..ended(EndState::Failed, Reason::AttemptsUsed)
            };
            let got = sentence(&ended, &head()).unwrap();
            assert_eq!(got, format!("attempts_used: {expected}"));
        };
        check(1, 404, "its only attempt failed: status 404");
        check(2, 0, "its 2 attempts failed; the last one: no answer");
    }

    #[test]
    fn codes_are_words_and_each_its_own() {
        let mut codes: Vec<_> = REASONS.into_iter().filter_map(code).collect();
        let all = codes.len();
        for code in &codes {
            let is_word = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(is_word, "{code}");
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), all), (7, 7));
    }
}
