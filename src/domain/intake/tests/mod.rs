//! Cases of intake: what is read of good bodies, what is said about bad ones, and random bytes.

mod malformed;
mod mutations;
mod unacceptable;

use super::*;
use crate::domain::id::{EndpointNumber, Epoch, Epochs, EventNumber, TokenNumber};
use crate::domain::payload;

const ORIGIN: Origin = Origin::Socket(1000);

fn read_text(body: &str) -> Result<Incoming, Unreadable> {
    read(body.as_bytes(), None, ORIGIN)
}

/// A call with these fields of `data` before its id.
fn call(fields: &str) -> String {
    format!(r#"{{"event":"call:completed","data":{{{fields}"id":"call-1"}}}}"#)
}

fn facts_of(body: &str) -> Facts {
    read_text(body)
        .unwrap_or_else(|error| panic!("{body}: {error:?}"))
        .facts
}

/// `data` of the body that receivers would get.
fn data_out(incoming: Incoming) -> String {
    let epoch = Epoch {
        first_event: EventNumber(1),
        first_endpoint: EndpointNumber(1),
        first_token: TokenNumber(1),
        salt: [7; 8],
    };
    let epochs = Epochs::new(vec![epoch]).unwrap();
    let body = incoming
        .draft
        .freeze(epochs.event_id(EventNumber(1)), Timestamp(0));
    payload::data_of(&body).unwrap().to_owned()
}

#[test]
fn all_of_an_event() {
    let body = r#" {
        "idempotency_key": "pbx-42", "occurred_at": "2026-03-04T10:08:22.1149+01:00",
        "data": {"id": "call-1", "account": {"name": "n", "id": "acc-1"},
                 "caller_number": "06 39 98 12 34", "tracked_number": "00 33 4 65 71 23 45",
                 "duration": 42.5},
        "event": "call:completed" } "#;
    let incoming = read_text(body).unwrap();
    assert_eq!(incoming.kind, EventType::CallCompleted);
    assert_eq!(incoming.occurred_at, Some(Timestamp(1_772_615_302_114)));
    assert_eq!(incoming.idempotency_key, Some(digest::long(&[b"pbx-42"])));
    assert_eq!(incoming.origin, ORIGIN);
    let text = |text: &str| Some(text.to_owned());
    let expected = Facts {
        id: text("call-1"),
        account: text("acc-1"),
        tracked_number: text("+33465712345"),
        caller_number: text("0639981234"),
        duration: Some(42.5),
    };
    assert_eq!(incoming.facts, expected);
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    let check = |fields: &str, expected: fn(Facts) -> Option<String>, value: Option<&str>| {
        assert_eq!(
            expected(facts_of(&call(fields))).as_deref(),
            value,
            "{fields}"
        );
    };
    check(r#""id":5,"id":"x","#, |facts| facts.id, Some("call-1"));
    check(
        r#""tracked_number":"x","tracked_number":"1","#,
        |facts| facts.tracked_number,
        Some("1"),
    );
    check(
        r#""tracked_number":"1","tracked_number":null,"#,
        |facts| facts.tracked_number,
        None,
    );
    check(
        r#""account":{"id":"a"},"account":{"id":"b"},"#,
        |facts| facts.account,
        Some("b"),
    );
    check(
        r#""account":{"id":1,"id":"b"},"#,
        |facts| facts.account,
        Some("b"),
    );
    check(
        r#""account":{"id":"a"},"account":{},"#,
        |facts| facts.account,
        None,
    );
    check(
        r#""account":{"id":"a"},"account":null,"#,
        |facts| facts.account,
        None,
    );
    check(
        r#""account":7,"account":{"id":"b"},"#,
        |facts| facts.account,
        Some("b"),
    );
}

#[test]
fn escapes_are_read() {
    let check = |written: &str, expected: &str| {
        let body = format!(r#"{{"event":"a:b","data":{{"account":{{"id":"{written}"}}}}}}"#);
        assert_eq!(
            facts_of(&body).account.as_deref(),
            Some(expected),
            "{written}"
        );
    };
    check("plain", "plain");
    check("", "");
    check("é😀", "é😀");
    check(r"\u00e9\uD83D\ude00!", "é😀!");
    check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
    check(r"\u0000\uffff", "\0\u{ffff}");
    check(r"a\\u0041", "a\\u0041");
    check(r"1234567\n12345678\n", "1234567\n12345678\n");
    let body = r#"{"\u0065vent":"c\u0061ll:missed","data":{"\u0069d":"\u0041"}}"#;
    assert_eq!(read_text(body).unwrap().kind, EventType::CallMissed);
    assert_eq!(facts_of(body).id.as_deref(), Some("A"));
}

#[test]
fn what_is_no_fact_passes_whatever_it_is() {
    for fields in [
        r#""caller_number":"anonymous","#,
        r#""caller_number":{"a":[1]},"#,
        r#""caller_number":"\ud800","#,
        r#""caller_number":"","#,
        r#""ID":5,"Duration":"x","account_id":7,"#,
        r#""x":"\ud800","\udfff":1,"#,
        r#""x":{"id":5,"duration":"x","account":7},"#,
        r#""account":{"x":{"id":5}},"#,
        r#""x":1e999,"y":-0.0,"z":123456789012345678901234567890,"#,
    ] {
        let facts = facts_of(&call(fields));
        assert_eq!(
            (facts.caller_number, facts.duration, facts.account),
            (None, None, None)
        );
    }
}

#[test]
fn null_is_absent() {
    let fields = r#""account":null,"tracked_number":null,"caller_number":null,"duration":null,"#;
    let only_id = Facts {
        id: Some("call-1".to_owned()),
        ..Facts::default()
    };
    assert_eq!(facts_of(&call(fields)), only_id);
    assert_eq!(facts_of(&call(r#""account":{"id":null},"#)), only_id);
    assert_eq!(
        facts_of(r#"{"event":"a:b","data":{"id":null}}"#),
        Facts::default()
    );
    let nulls = r#"{"event":"a:b","data":{},"occurred_at":null,"idempotency_key":null}"#;
    let incoming = read_text(nulls).unwrap();
    assert_eq!(
        (incoming.occurred_at, incoming.idempotency_key),
        (None, None)
    );
}

#[test]
fn numbers_of_seconds() {
    let check = |written: &str, expected: f64| {
        let facts = facts_of(&call(&format!(r#""duration":{written},"#)));
        let got = facts.duration.unwrap();
        assert_eq!(got, expected, "{written}");
        assert!(got.is_sign_positive(), "{written}");
    };
    check("0", 0.0);
    check("-0", 0.0);
    check("-0.0e5", 0.0);
    check("4.5", 4.5);
    check("1.5e+2", 150.0);
    check("15E-1", 1.5);
    check("1e-999", 0.0);
}

#[test]
fn data_goes_out_as_it_came_in() {
    for data in [
        "{}",
        "{ }",
        "{\n\t\"a\" : [ 1 , 2.50 , -0e+00, 1E999 ] , \r\n \"b\":{ } }",
        r#"{"a":1,"a":2,"":"","\u0061":3}"#,
        r#"{"x":"\ud800 \/ \u00e9 é 😀 \u0000"}"#,
        r#"{"x":"}\",\"event\":\"call:missed\"}"}"#,
        r#"{"x":"\\","y":"\\\"","z":[[[{}]],[]]}"#,
        r#"{"event":"a","event_id":"b","occurred_at":"c","test":true,"data":{"data":{}}}"#,
        "{\"\u{2028}\u{feff}\u{10ffff}\":\"\u{7f}\u{80}\"}",
    ] {
        let body = format!(r#"{{"data": {data} ,"event":"pbx:x"}}"#);
        let incoming = read_text(&body).unwrap_or_else(|error| panic!("{body} {error:?}"));
        assert_eq!(data_out(incoming), data);
        read_data(&EventType::parse("pbx:x").unwrap(), &format!(" {data}\n")).unwrap();
    }
}

#[test]
fn nesting_up_to_the_limit() {
    let kind = EventType::parse("a:b").unwrap();
    let check = |open: &str, close: &str, levels: usize| {
        // The envelope and `data` are two levels.
        let nested = format!("{}{}", open.repeat(levels - 2), close.repeat(levels - 2));
        let data = format!(r#"{{"x":{}}}"#, nested.replace(":}", ":1}"));
        let body = format!(r#"{{"event":"a:b","data":{data}}}"#);
        let read = read_text(&body).map(|_| ());
        let read_data = read_data(&kind, &data).map(|_| ());
        if levels <= DEPTH_MAX {
            assert_eq!((read, read_data), (Ok(()), Ok(())));
            return;
        }
        let Err(Unreadable::Malformed {
            field,
            offset,
            code,
            ..
        }) = read
        else {
            panic!("{read:?}");
        };
        assert_eq!((field.as_str(), code), ("data", "too_deep"));
        assert_eq!(
            offset,
            body.len() - 2 - data.len() + 5 + open.len() * (DEPTH_MAX - 2) + 1
        );
        assert_eq!(read_data.unwrap_err()[0].code, "too_deep");
    };
    for levels in [3, DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1, 100_000] {
        check("[", "]", levels);
        check(r#"{"a":"#, "}", levels);
    }
}

#[test]
fn the_same_event_has_the_same_content() {
    let content = |event: &str, data: &str, rest: &str| {
        let body = format!(r#"{{"event":"{event}","data":{data}{rest}}}"#);
        read(body.as_bytes(), Some("k"), ORIGIN).unwrap().content
    };
    let data = r#"{"id":"1"}"#;
    let at = r#","occurred_at":"2026-03-04T09:08:22Z""#;
    let first = content("call:missed", data, "");
    assert_eq!(
        first,
        content("c\\u0061ll:missed", data, r#","idempotency_key":"k""#)
    );
    assert_ne!(first, content("call:ringing", data, ""));
    assert_ne!(first, content("call:missed", r#"{"id": "1"}"#, ""));
    let timed = content("call:missed", data, at);
    assert_ne!(first, timed);
    let elsewhere = r#","occurred_at":"2026-03-04T10:08:22.000+01:00""#;
    assert_eq!(timed, content("call:missed", data, elsewhere));
    // Without a key nobody asks.
    assert_eq!(
        read_text(r#"{"event":"a:b","data":{}}"#).unwrap().content,
        0
    );
}

#[test]
fn keys_of_header_and_body() {
    let check = |body_key: &str, header: Option<&str>, expected: Result<&str, ()>| {
        let body = format!(r#"{{"event":"a:b","data":{{}}{body_key}}}"#);
        let got = read(body.as_bytes(), header, ORIGIN);
        match expected {
            Ok(key) => {
                let key = (!key.is_empty()).then(|| digest::long(&[key.as_bytes()]));
                assert_eq!(got.unwrap().idempotency_key, key);
            }
            Err(()) => assert_eq!(got.unwrap_err(), Unreadable::KeysDiffer),
        }
    };
    check("", None, Ok(""));
    check("", Some("k"), Ok("k"));
    check(r#","idempotency_key":"k""#, None, Ok("k"));
    check(r#","idempotency_key":"\u006b""#, Some("k"), Ok("k"));
    check(r#","idempotency_key":null"#, Some("k"), Ok("k"));
    check(r#","idempotency_key":"K""#, Some("k"), Err(()));
    check(r#","idempotency_key":"""#, Some("k"), Err(()));
}

#[test]
fn data_of_a_test_is_checked_alike() {
    let check = |data: &str, expected: &[(&str, &str)]| {
        let got = read_data(&EventType::CallCompleted, data).unwrap_err();
        let got: Vec<_> = got
            .iter()
            .map(|error| (error.field.as_str(), error.code))
            .collect();
        assert_eq!(got, expected, "{data}");
    };
    check("", &[("data", "not_json")]);
    check("[]", &[("data", "wrong_type")]);
    check("[", &[("data", "not_json")]);
    check("{} x", &[("data", "not_json")]);
    check("{}", &[("data.id", "required")]);
    check(r#"{"id":"\ud800"}"#, &[("data.id", "not_utf8")]);
    let two = [("data.id", "wrong_type"), ("data.duration", "out_of_range")];
    check(r#"{"id":1,"duration":-1}"#, &two);
}
