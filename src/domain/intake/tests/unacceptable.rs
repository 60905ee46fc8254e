//! Bodies that are well formed and get 422: every error at once.

use super::*;

/// `expected` are the fields and codes.
fn check(body: &str, expected: &[(&str, &str)]) {
    match read_text(body) {
        Err(Unreadable::Unacceptable(errors)) => {
            let got: Vec<_> = errors
                .iter()
                .map(|one| (one.field.as_str(), one.code))
                .collect();
            assert_eq!(got, expected, "{body}");
            assert!(
                errors
                    .iter()
                    .all(|one| (5..300).contains(&one.message.len())),
                "{errors:?}"
            );
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn types_that_can_not_be_posted() {
    let check = |code: &str, expected: &str| {
        let body = format!(r#"{{"event":"{code}","data":{{}}}}"#);
        check(&body, &[("event", expected)]);
    };
    check("", "invalid");
    check("call", "invalid");
    check("Call:completed", "invalid");
    check("call:completed:x", "invalid");
    check("*", "invalid");
    check(&"x".repeat(100_000), "invalid");
    check("endpoint:paused", "reserved");
    check("endpoint:x", "reserved");
}

#[test]
fn ids() {
    let check = |kind: &str, id: &str, expected: &str| {
        let body = format!(r#"{{"event":"{kind}","data":{{{id}}}}}"#);
        if expected.is_empty() {
            read_text(&body).unwrap();
        } else {
            check(&body, &[("data.id", expected)]);
        }
    };
    for kind in [
        "call:ringing",
        "call:transferred",
        "email:received",
        "lead:created",
    ] {
        check(kind, "", "required");
        check(kind, r#""id":null"#, "required");
        check(kind, r#""id":"x""#, "");
    }
    check("pbx:x", "", "");
    check("pbx:x", r#""id":null"#, "");
    for kind in ["call:ringing", "pbx:x"] {
        check(kind, r#""id":"""#, "out_of_range");
        check(kind, &format!(r#""id":"{}""#, "é".repeat(128)), "");
        check(
            kind,
            &format!(r#""id":"{}""#, "é".repeat(129)),
            "out_of_range",
        );
        check(kind, &format!(r#""id":"{}""#, r"\u00e9".repeat(128)), "");
        check(kind, r#""id":5"#, "wrong_type");
        check(kind, r#""id":["x"]"#, "wrong_type");
        check(kind, r#""id":"x","id":{}"#, "wrong_type");
    }
}

#[test]
fn other_facts() {
    let check = |fields: &str, field: &str, code: &str| {
        check(&call(&format!("{fields},")), &[(field, code)]);
    };
    check(r#""account":"acc-1""#, "data.account", "wrong_type");
    check(r#""account":[]"#, "data.account", "wrong_type");
    check(r#""account":false"#, "data.account", "wrong_type");
    check(r#""account":{"id":7}"#, "data.account.id", "wrong_type");
    check(r#""account":{"id":{}}"#, "data.account.id", "wrong_type");
    check(
        r#""account":{"id":"a","id":7}"#,
        "data.account.id",
        "wrong_type",
    );
    let number = "data.tracked_number";
    check(r#""tracked_number":33988776655"#, number, "wrong_type");
    check(r#""tracked_number":["+33"]"#, number, "wrong_type");
    for unusable in [
        "",
        " ",
        "-",
        "+",
        "+33x",
        "anonymous",
        "sip:101@pbx",
        "*31#",
        "+3318*",
    ] {
        check(
            &format!(r#""tracked_number":"{unusable}""#),
            number,
            "invalid",
        );
    }
    check(
        &format!(r#""tracked_number":"{}""#, "1".repeat(33)),
        number,
        "invalid",
    );
    let duration = "data.duration";
    check(r#""duration":"42""#, duration, "wrong_type");
    check(r#""duration":true"#, duration, "wrong_type");
    check(r#""duration":-1"#, duration, "out_of_range");
    check(r#""duration":-1e-5"#, duration, "out_of_range");
    check(r#""duration":1e999"#, duration, "out_of_range");
    check(r#""duration":-1e999"#, duration, "out_of_range");
    check(
        &format!(r#""duration":{}"#, "9".repeat(100_000)),
        duration,
        "out_of_range",
    );
}

#[test]
fn times() {
    for time in [
        "",
        "yesterday",
        "2026-03-04",
        "2026-03-04T09:08:22",
        "2026-03-04 09:08:22Z",
        "20260304T090822Z",
        "2026-03-04T09Z",
        "2026-03-04T09:08Z",
        "2026-03-04T09:08:22,5Z",
        "2026-03-04T09:08:22+01",
        "2026-03-04T09:08:22+0100",
        "2026-03-04T09:08:22+01:00[Europe/Paris]",
        "2026-02-30T09:08:22Z",
        "2026-03-04T25:08:22Z",
        "1969-12-31T23:59:59Z",
        " 2026-03-04T09:08:22Z",
        "1772615302",
    ] {
        let body = format!(r#"{{"event":"a:b","data":{{}},"occurred_at":"{time}"}}"#);
        check(&body, &[("occurred_at", "invalid")]);
    }
}

#[test]
fn keys() {
    let long = "k".repeat(129);
    for key in ["", " ", "a b", "é", "a\u{7f}", &long] {
        let body = format!(r#"{{"event":"a:b","data":{{}},"idempotency_key":"{key}"}}"#);
        check(&body, &[("idempotency_key", "invalid")]);
        let got = read(br#"{"event":"a:b","data":{}}"#, Some(key), ORIGIN).unwrap_err();
        let Unreadable::Unacceptable(errors) = got else {
            panic!("{got:?}");
        };
        assert_eq!(errors[0].field, "Idempotency-Key");
    }
    let body = format!(
        r#"{{"event":"a:b","data":{{}},"idempotency_key":"{}"}}"#,
        &long[1..]
    );
    read_text(&body).unwrap();
}

#[test]
fn every_error_at_once() {
    let body = r#"{"event":"call:completed","occurred_at":"x","idempotency_key":"",
        "data":{"account":{"id":1},"tracked_number":"x","duration":-1}}"#;
    let expected = [
        ("data.id", "required"),
        ("data.account.id", "wrong_type"),
        ("data.tracked_number", "invalid"),
        ("data.duration", "out_of_range"),
        ("occurred_at", "invalid"),
        ("idempotency_key", "invalid"),
    ];
    check(body, &expected);
    let body = r#"{"event":"x","data":{"id":5}}"#;
    check(body, &[("event", "invalid"), ("data.id", "wrong_type")]);
}

#[test]
fn a_message_names_the_value_and_what_to_do() {
    let body = call(r#""tracked_number":"sip:101@pbx","duration":-4,"#);
    let Err(Unreadable::Unacceptable(errors)) = read_text(&body) else {
        panic!("{body}");
    };
    assert!(
        errors[0]
            .message
            .contains("\"sip:101@pbx\" is not a phone number"),
        "{errors:?}"
    );
    assert!(
        errors[1].message.contains("-4 is not a number of seconds"),
        "{errors:?}"
    );
}
