//! Cases of filters: what matches, why not, and what a subscription may ask for.

use super::*;

fn subscription(wants: &str) -> Subscription {
    let wants = match wants {
        "*" => Wants::All,
        code => Wants::Type(EventType::parse(code).unwrap()),
    };
    let filter = Filter::default();
    Subscription { wants, filter }
}

fn accounts(wants: &str, ids: &[&str]) -> Subscription {
    let mut one = subscription(wants);
    one.filter.accounts = ids.iter().map(ToString::to_string).collect();
    one
}

fn numbers(wants: &str, patterns: &[&str]) -> Subscription {
    let mut one = subscription(wants);
    let parse = |text: &&str| NumberPattern::parse(text).unwrap();
    one.filter.numbers = patterns.iter().map(parse).collect();
    one
}

fn duration(wants: &str, min: Option<f64>, max: Option<f64>) -> Subscription {
    let mut one = subscription(wants);
    (one.filter.duration_min, one.filter.duration_max) = (min, max);
    one
}

fn facts(account: &str, number: &str, duration: Option<f64>) -> Facts {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Facts {
        id: given("call-1"),
        account: given(account),
        tracked_number: given(number),
        caller_number: None,
        duration,
    }
}

/// `expected` is the code and the reason, empty for a match.
fn check(subscriptions: &[Subscription], kind: &str, facts: &Facts, expected: (&str, &str)) {
    let kind = EventType::parse(kind).unwrap();
    let got = miss(subscriptions, &kind, Some(facts));
    let any = subscriptions.iter().any(|one| one.matches(&kind, facts));
    assert_eq!(any, got.is_none(), "{subscriptions:?} {got:?}");
    let got = got.map_or((String::new(), String::new()), |miss| {
        (miss.code.to_owned(), miss.reason)
    });
    assert_eq!(
        (got.0.as_str(), got.1.as_str()),
        expected,
        "{subscriptions:?}"
    );
}

const MATCH: (&str, &str) = ("", "");

#[test]
fn by_type() {
    let call = facts("acc-1", "+33988776655", Some(42.0));
    check(
        &[subscription("call:completed")],
        "call:completed",
        &call,
        MATCH,
    );
    check(&[subscription("*")], "call:completed", &call, MATCH);
    check(&[subscription("*")], "pbx:queue_left", &call, MATCH);
    check(
        &[subscription("endpoint:paused")],
        "endpoint:paused",
        &call,
        MATCH,
    );
    let notice = "type endpoint:paused must be wanted by name, it wants *";
    check(
        &[subscription("*")],
        "endpoint:paused",
        &call,
        ("type", notice),
    );
    let wanted = "type call:ringing is not wanted, it wants call:missed, pbx:a";
    let two = [subscription("call:missed"), subscription("pbx:a")];
    check(&two, "call:ringing", &call, ("type", wanted));
    let nothing = "type call:ringing is not wanted, it wants nothing";
    check(&[], "call:ringing", &call, ("type", nothing));
}

#[test]
fn by_account() {
    let wanted = [accounts("*", &["acc-1", "acc-2"])];
    check(&wanted, "call:missed", &facts("acc-2", "", None), MATCH);
    let other = "account acc-3 is not wanted, it wants acc-1, acc-2";
    check(
        &wanted,
        "call:missed",
        &facts("acc-3", "", None),
        ("account", other),
    );
    let case = "account ACC-1 is not wanted, it wants acc-1, acc-2";
    check(
        &wanted,
        "call:missed",
        &facts("ACC-1", "", None),
        ("account", case),
    );
    let none = "the event has no account, it wants acc-1, acc-2";
    check(
        &wanted,
        "call:missed",
        &facts("", "", None),
        ("account", none),
    );
    let many = [accounts("*", &["a", "b", "c", "d", "e", "f"])];
    let shown = "account g is not wanted, it wants a, b, c, d and 2 more";
    check(
        &many,
        "call:missed",
        &facts("g", "", None),
        ("account", shown),
    );
}

#[test]
fn by_number() {
    let wanted = [numbers("*", &["+33 9 88 77 66 55", "+3318*"])];
    check(
        &wanted,
        "call:missed",
        &facts("", "+33988776655", None),
        MATCH,
    );
    check(
        &wanted,
        "call:missed",
        &facts("", "+33181234567", None),
        MATCH,
    );
    let other = "tracked number +33199 is not wanted, it wants +33 9 88 77 66 55, +3318*";
    check(
        &wanted,
        "call:missed",
        &facts("", "+33199", None),
        ("number", other),
    );
    let none = "the event has no tracked number, it wants +33 9 88 77 66 55, +3318*";
    check(
        &wanted,
        "call:missed",
        &facts("", "", None),
        ("number", none),
    );
}

#[test]
fn by_duration() {
    let kind = "call:completed";
    let bounds = [duration(kind, Some(10.0), Some(60.0))];
    for inside in [10.0, 10.5, 60.0] {
        check(&bounds, kind, &facts("", "", Some(inside)), MATCH);
    }
    let short = "duration 4 s is below its minimum of 10 s";
    check(
        &bounds,
        kind,
        &facts("", "", Some(4.0)),
        ("duration", short),
    );
    let long = "duration 60.5 s is above its maximum of 60 s";
    check(
        &bounds,
        kind,
        &facts("", "", Some(60.5)),
        ("duration", long),
    );
    let none = "the event has no duration, its minimum is 10 s";
    check(&bounds, kind, &facts("", "", None), ("duration", none));
    let below = [duration(kind, None, Some(60.0))];
    check(&below, kind, &facts("", "", Some(0.0)), MATCH);
    let none = "the event has no duration, its maximum is 60 s";
    check(&below, kind, &facts("", "", None), ("duration", none));
}

#[test]
fn the_nearest_miss_is_told() {
    let kind = "call:completed";
    let mut near = accounts(kind, &["acc-1"]);
    near.filter.duration_min = Some(10.0);
    let all = [
        subscription("call:missed"),
        near,
        accounts(kind, &["acc-2"]),
    ];
    let short = "duration 4 s is below its minimum of 10 s";
    check(
        &all,
        kind,
        &facts("acc-1", "", Some(4.0)),
        ("duration", short),
    );
    check(&all, kind, &facts("acc-2", "", Some(4.0)), MATCH);
    let account = "account acc-3 is not wanted, it wants acc-1";
    check(
        &all,
        kind,
        &facts("acc-3", "", Some(4.0)),
        ("account", account),
    );
}

#[test]
fn what_a_subscription_may_ask_for() {
    let check = |one: &Subscription, expected: &[(&str, &str)]| {
        let errors = one.check("events[2]");
        let got: Vec<_> = errors
            .iter()
            .map(|error| (error.field.as_str(), error.code))
            .collect();
        assert_eq!(got, expected, "{errors:?}");
    };
    let field = "events[2].duration";
    for kind in [
        "call:ringing",
        "call:missed",
        "email:received",
        "lead:created",
        "*",
    ] {
        check(&duration(kind, Some(1.0), None), &[(field, "not_allowed")]);
        check(&duration(kind, None, Some(1.0)), &[(field, "not_allowed")]);
        check(&subscription(kind), &[]);
    }
    check(
        &duration("endpoint:paused", Some(1.0), None),
        &[(field, "not_allowed")],
    );
    for kind in ["call:completed", "pbx:queue_left"] {
        check(&duration(kind, Some(10.0), Some(10.0)), &[]);
        check(
            &duration(kind, Some(11.0), Some(10.0)),
            &[(field, "out_of_range")],
        );
        let (min, max) = ("events[2].duration.min", "events[2].duration.max");
        check(&duration(kind, Some(-1.0), None), &[(min, "out_of_range")]);
        check(
            &duration(kind, Some(f64::NAN), None),
            &[(min, "out_of_range")],
        );
        check(
            &duration(kind, None, Some(f64::INFINITY)),
            &[(max, "out_of_range")],
        );
    }
    let long = "x".repeat(129);
    let ids = ["acc-1", "", &long, &long[1..]];
    let (empty, too_long) = ("events[2].accounts[1]", "events[2].accounts[2]");
    let expected = [(empty, "out_of_range"), (too_long, "out_of_range")];
    check(&accounts("*", &ids), &expected);
    let (some, many) = (["acc"; ACCOUNTS_MAX], ["acc"; ACCOUNTS_MAX + 1]);
    check(&accounts("*", &some), &[]);
    check(
        &accounts("*", &many),
        &[("events[2].accounts", "out_of_range")],
    );
    let (some, many) = (["112"; NUMBERS_MAX], ["112"; NUMBERS_MAX + 1]);
    check(&numbers("*", &some), &[]);
    check(
        &numbers("*", &many),
        &[("events[2].numbers", "out_of_range")],
    );
}

#[test]
fn an_event_whose_data_is_damaged() {
    let check = |subscriptions: &[Subscription], expected: Option<&str>| {
        let got = miss(subscriptions, &EventType::CallCompleted, None);
        assert_eq!(got.map(|miss| miss.code), expected, "{subscriptions:?}");
    };
    check(&[subscription("call:completed")], None);
    check(&[subscription("*")], None);
    check(&[subscription("call:missed")], Some("type"));
    let narrowed = [
        accounts("call:completed", &["acc-1"]),
        numbers("*", &["+331*"]),
        duration("call:completed", Some(1.0), None),
    ];
    for one in narrowed {
        check(std::slice::from_ref(&one), Some("unread"));
        check(&[one, subscription("*")], None);
    }
}
