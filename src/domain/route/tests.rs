//! Cases of routing, and random endpoints and events against the plain filter.

use super::*;
use crate::domain::dice::Dice;
use crate::domain::endpoint::{Encoding, EndpointSpec, Health, Keys, Policy};
use crate::domain::filter::{Filter, NumberPattern};
use crate::domain::key::SignatureKey;

fn endpoint(number: u32, events: Vec<Subscription>) -> Endpoint {
    Endpoint {
        number: EndpointNumber(number),
        revision: 1,
        spec: EndpointSpec {
            title: "CRM".to_owned(),
            url: "https://crm.example.fr/hooks".to_owned(),
            enabled: true,
            events,
            headers: Vec::new(),
            encoding: Encoding::Hex,
            policy: Policy::default(),
            expires_at: None,
        },
        keys: Keys {
            current: SignatureKey::from_random([7; 32]),
            next: None,
            previous: None,
        },
        health: Health::default(),
        created_at: Timestamp(1_000),
        updated_at: Timestamp(1_000),
    }
}

fn wants(kind: &str) -> Subscription {
    let filter = Filter::default();
    let wants = match kind {
        "*" => Wants::All,
        code => Wants::Type(EventType::parse(code).unwrap()),
    };
    Subscription { wants, filter }
}

const TYPES: [&str; 6] = [
    "call:completed",
    "call:missed",
    "call:ringing",
    "pbx:x",
    "pbx:y",
    "endpoint:paused",
];
const ACCOUNTS: [&str; 4] = ["acc-1", "acc-2", "acc-3", "é"];
const NUMBERS: [&str; 6] = ["+33181", "+33182", "+331", "0181", "101", "+44"];
const PATTERNS: [&str; 8] = [
    "+33181", "+3318*", "+33*", "+*", "01*", "0181", "101*", "+33181*",
];

fn one_of<'a>(dice: &mut Dice, list: &[&'a str]) -> &'a str {
    list[dice.below(list.len() as u64) as usize]
}

fn random_endpoint(dice: &mut Dice) -> Endpoint {
    let number = dice.below(40) as u32;
    let count = dice.below(4);
    let subscriptions = (0..count).map(|_| {
        let kind = if dice.below(6) == 0 {
            "*"
        } else {
            one_of(dice, &TYPES)
        };
        let mut one = wants(kind);
        if dice.below(3) == 0 {
            let count = 1 + dice.below(3);
            let ids = (0..count).map(|_| one_of(dice, &ACCOUNTS).to_owned());
            one.filter.accounts = ids.collect();
        }
        if dice.below(3) == 0 {
            let count = 1 + dice.below(3);
            let patterns = (0..count).map(|_| NumberPattern::parse(one_of(dice, &PATTERNS)));
            one.filter.numbers = patterns.map(Result::unwrap).collect();
        }
        if dice.below(4) == 0 {
            one.filter.duration_min = Some(dice.below(5) as f64);
        }
        if dice.below(4) == 0 {
            one.filter.duration_max = Some(dice.below(9) as f64);
        }
        one
    });
    let mut made = endpoint(number, subscriptions.collect());
    made.spec.enabled = dice.below(8) != 0;
    made
}

fn random_event(dice: &mut Dice) -> (EventType, Facts) {
    let kind = EventType::parse(one_of(dice, &TYPES)).unwrap();
    let facts = Facts {
        id: None,
        account: (dice.below(4) != 0).then(|| one_of(dice, &ACCOUNTS).to_owned()),
        tracked_number: (dice.below(4) != 0).then(|| one_of(dice, &NUMBERS).to_owned()),
        caller_number: None,
        duration: (dice.below(4) != 0).then(|| dice.below(10) as f64),
    };
    (kind, facts)
}

#[test]
fn the_index_finds_what_the_filters_say() {
    let mut dice = Dice::seeded(31);
    let (mut routes, mut naive) = (Routes::default(), std::collections::BTreeMap::new());
    let mut matched = 0;
    for _ in 0..20_000 {
        match dice.below(4) {
            0 => {
                let one = random_endpoint(&mut dice);
                routes.put(&one);
                naive.insert(one.number, one);
            }
            1 if dice.below(2) == 0 => {
                let number = EndpointNumber(dice.below(40) as u32);
                routes.remove(number);
                naive.remove(&number);
            }
            _ => {
                let (kind, facts) = random_event(&mut dice);
                let gets = |one: &&Endpoint| super::wants(one, "ep_1", &kind, &facts);
                let expected: Vec<_> = naive.values().filter(gets).map(|one| one.number).collect();
                matched += expected.len();
                assert_eq!(routes.plan(&kind, &facts), expected, "{kind} {facts:?}");
                for one in naive.values() {
                    let miss = explain(one, &kind, Some(&facts), Timestamp(2_000));
                    assert_eq!(miss.is_none(), expected.contains(&one.number), "{miss:?}");
                }
            }
        }
    }
    assert!(matched > 10_000, "{matched}");
    for number in 0..40 {
        routes.remove(EndpointNumber(number));
    }
    assert!(routes.known.is_empty() && routes.by_type.is_empty() && routes.all.is_empty());
}

/// What can't match is not looked at: of 10,000 endpoints the candidates are the few that are
/// filed under this account or number.
#[test]
fn the_cost_does_not_grow_with_what_can_not_match() {
    let mut routes = Routes::default();
    for number in 0..10_000 {
        let mut one = wants(if number % 3 == 0 {
            "*"
        } else {
            "call:completed"
        });
        match number % 4 {
            0 => one.filter.accounts = vec![format!("acc-{number}")],
            1 => one.filter.numbers = vec![NumberPattern::parse(&format!("+33{number}")).unwrap()],
            2 => one.filter.numbers = vec![NumberPattern::parse(&format!("+44{number}*")).unwrap()],
            _ => one.wants = Wants::Type(EventType::parse(&format!("pbx:x{number}")).unwrap()),
        }
        routes.put(&endpoint(number, vec![one]));
    }
    let candidates = |facts: &Facts| {
        let mut count = 0;
        routes.by_type[&EventType::CallCompleted].candidates(facts, |_, _| count += 1);
        routes.all.candidates(facts, |_, _| count += 1);
        count
    };
    let mut facts = Facts::default();
    assert_eq!(candidates(&facts), 0);
    facts.account = Some("acc-8".to_owned());
    assert_eq!(candidates(&facts), 1);
    facts.tracked_number = Some("+445002000".to_owned());
    assert!(candidates(&facts) <= 4, "{}", candidates(&facts));
    assert_eq!(routes.plan(&EventType::CallRinging, &facts), []);
}

#[test]
fn a_changed_endpoint_is_found_by_its_new_filter_only() {
    let mut routes = Routes::default();
    let facts = Facts::default();
    let plan = |routes: &Routes, kind: EventType| routes.plan(&kind, &facts);
    let mut one = endpoint(
        7,
        vec![wants("call:missed"), wants("*"), wants("call:missed")],
    );
    routes.put(&one);
    assert_eq!(plan(&routes, EventType::CallMissed), [EndpointNumber(7)]);
    assert_eq!(plan(&routes, EventType::CallRinging), [EndpointNumber(7)]);
    one.spec.events = vec![wants("call:missed")];
    routes.put(&one);
    assert_eq!(plan(&routes, EventType::CallMissed), [EndpointNumber(7)]);
    assert_eq!(plan(&routes, EventType::CallRinging), []);
    one.spec.enabled = false;
    routes.put(&one);
    assert_eq!(plan(&routes, EventType::CallMissed), []);
    routes.remove(EndpointNumber(7));
    routes.remove(EndpointNumber(8));
}

#[test]
fn why_an_endpoint_does_not_get_an_event() {
    let check = |one: &Endpoint, received_at: u64, expected: Option<(&str, &str)>| {
        let kind = EventType::CallCompleted;
        let facts = Facts::default();
        let got = explain(one, &kind, Some(&facts), Timestamp(received_at));
        let words = why_not((one, "ep_1"), &kind, Some(&facts), Timestamp(received_at));
        assert_eq!(words.code, got.as_ref().map_or("newer", |miss| miss.code));
        let got = got.as_ref().map(|miss| (miss.code, miss.reason.as_str()));
        assert_eq!(got, expected);
    };
    let mut one = endpoint(1, vec![wants("call:completed")]);
    check(&one, 1_000, None);
    let added = "the endpoint was added after the event, 1970-01-01T00:00:01.000Z; \
                 now it would match";
    check(&one, 999, Some(("newer", added)));
    one.updated_at = Timestamp(5_000);
    let changed = "the endpoint was changed after the event, 1970-01-01T00:00:05.000Z; \
                   now it would match";
    check(&one, 4_999, Some(("newer", changed)));
    check(&one, 5_000, None);
    one.spec.events = vec![wants("call:missed")];
    let other = "type call:completed is not wanted, it wants call:missed";
    check(&one, 5_000, Some(("type", other)));
    let both = format!("{other}; the endpoint was added after the event, 1970-01-01T00:00:01.000Z");
    check(&one, 999, Some(("type", &both)));
    one.spec.enabled = false;
    check(&one, 5_000, Some(("disabled", "the endpoint is disabled")));
}

#[test]
fn a_notice_never_goes_where_it_is_about() {
    let mut own = endpoint(1, vec![wants("endpoint:failing")]);
    own.spec.events.push(wants("*"));
    let kind = EventType::parse("endpoint:failing").unwrap();
    let about = |id: &str| Facts {
        id: Some(id.to_owned()),
        ..Facts::default()
    };
    let check = |kind: &EventType, facts: &Facts, expected: bool, code: &str| {
        assert_eq!(super::wants(&own, "ep_1", kind, facts), expected, "{kind}");
        let miss = why_not((&own, "ep_1"), kind, Some(facts), Timestamp(5_000));
        assert_eq!(miss.code, code, "{kind}");
    };
    check(&kind, &about("ep_1"), false, "itself");
    check(&kind, &about("ep_2"), true, "newer");
    // Another event may name an endpoint as it likes.
    check(&EventType::CallMissed, &about("ep_1"), true, "newer");
}
