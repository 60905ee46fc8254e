//! Bodies that get 400: the field, the byte and the code of each.

use super::*;

/// `expected` is the code, the field and the offset.
fn check(body: impl AsRef<[u8]>, expected: (&str, &str, usize)) {
    let body = body.as_ref();
    let shown = String::from_utf8_lossy(body);
    match read(body, None, ORIGIN) {
        Err(Unreadable::Malformed {
            field,
            offset,
            code,
            message,
        }) => {
            assert_eq!(
                (code, field.as_str(), offset),
                expected,
                "{shown}: {message}"
            );
            assert!(!message.is_empty() && message.len() < 300, "{message}");
        }
        other => panic!("{shown}: {other:?}"),
    }
}

#[test]
fn what_is_not_json() {
    check("", ("not_json", "", 0));
    check("  \n", ("not_json", "", 3));
    check("\u{feff}{}", ("not_json", "", 0));
    check("{", ("not_json", "", 1));
    check("}", ("not_json", "", 0));
    check("nul", ("not_json", "", 0));
    check("NaN", ("not_json", "", 0));
    check("'a'", ("not_json", "", 0));
    check("[1,]", ("not_json", "", 3));
    check("[1 2]", ("not_json", "", 3));
    check("[1}", ("not_json", "", 2));
    check("[] []", ("not_json", "", 3));
    check("{,}", ("not_json", "", 1));
    check("{'event':1}", ("not_json", "", 1));
    check("{event:1}", ("not_json", "", 1));
    check(r#"{"event" "a:b"}"#, ("not_json", "", 9));
    check(r#"{"event":}"#, ("not_json", "event", 9));
    check(r#"{"event":"a:b"#, ("not_json", "event", 13));
    check(r#"{"event":"a:b","#, ("not_json", "", 15));
    check(r#"{"event":"a:b",}"#, ("not_json", "", 15));
    check(r#"{"event":"a:b" "data":{}}"#, ("not_json", "", 15));
    check(r#"{"event":"a:b","data":{}"#, ("not_json", "", 24));
    check(r#"{"event":"a:b","data":{}]"#, ("not_json", "", 24));
    check(r#"{"event":"a:b","data":{}}x"#, ("not_json", "", 25));
    check(r#"{"event":"a:b","data":{}}{}"#, ("not_json", "", 25));
    check("{\"event\":\"a:b\",\"data\":{}}\0", ("not_json", "", 25));
    check("{/**/}", ("not_json", "", 1));
}

#[test]
fn what_is_not_json_within_data() {
    let check = |data: &str, at: usize| {
        let body = format!(r#"{{"data":{data},"event":"a:b"}}"#);
        check(body, ("not_json", "data", 8 + at));
    };
    check(r#"{"x":NaN}"#, 5);
    check(r#"{"x":Infinity}"#, 5);
    check(r#"{"x":-Infinity}"#, 6);
    check(r#"{"x":True}"#, 5);
    check(r#"{"x":tru}"#, 5);
    check(r#"{"x":01}"#, 6);
    check(r#"{"x":+1}"#, 5);
    check(r#"{"x":.5}"#, 5);
    check(r#"{"x":1.}"#, 7);
    check(r#"{"x":1e}"#, 7);
    check(r#"{"x":1e+}"#, 8);
    check(r#"{"x":-}"#, 6);
    check(r#"{"x":0x1}"#, 6);
    check(r#"{"x":1,}"#, 7);
    check(r#"{"x":1,,"y":2}"#, 7);
    check(r#"{"x":[1,]}"#, 8);
    check(r#"{"x":[,1]}"#, 6);
    check(r#"{"x":{"y"}}"#, 9);
    check(r#"{"x":{1:2}}"#, 6);
    check(r#"{"x":[1}}"#, 7);
    check(r#"{"x":{"y":1]}"#, 11);
    check(r#"{"x":'y'}"#, 5);
    check(r#"{"x":"\x"}"#, 7);
    check(r#"{"x":"\u12g4"}"#, 10);
    check(r#"{"x":"\u123é"}"#, 11);
    check("{\"x\":\"a\nb\"}", 7);
    check("{\"x\":\"12345678\t\"}", 14);
    check("{\"x\":\"\0\"}", 6);
    check("{\"x\":\u{a0}1}", 5);
    check(r#"{"account":{"id":"a"x}}"#, 20);
    check(r#"{"account":{"id":[}}"#, 18);
}

#[test]
fn what_is_not_utf8() {
    check(b"\xff", ("not_utf8", "", 0));
    check(b"{\"event\":\"a\x80\"}", ("not_utf8", "", 11));
    check(b"{\"event\":\"\xc3", ("not_utf8", "", 10));
    check(b"\xff\xfe{\0}\0", ("not_utf8", "", 0));
    check(b"{\"data\":\"\xed\xa0\x80\"}", ("not_utf8", "", 9));
}

#[test]
fn half_characters_where_text_is_read() {
    check(r#"{"event":"\ud800","data":{}}"#, ("not_utf8", "event", 9));
    check(
        r#"{"event":"\udc00\ud800","data":{}}"#,
        ("not_utf8", "event", 9),
    );
    let key = r#"{"event":"a:b","data":{},"idempotency_key":"\udfff"}"#;
    check(key, ("not_utf8", "idempotency_key", 43));
    let time = r#"{"event":"a:b","data":{},"occurred_at":"\ud800x"}"#;
    check(time, ("not_utf8", "occurred_at", 39));
    let data = |fields: &str| format!(r#"{{"event":"a:b","data":{{{fields}}}}}"#);
    check(data(r#""id":"\ud800\ud800""#), ("not_utf8", "data.id", 28));
    check(
        data(r#""account":{"id":"\udbff\u0041"}"#),
        ("not_utf8", "data.account.id", 39),
    );
    check(
        data(r#""tracked_number":"\ud800\n""#),
        ("not_utf8", "data.tracked_number", 40),
    );
}

#[test]
fn what_has_another_shape() {
    check("[]", ("wrong_type", "", 0));
    check(r#" [{"event":"a:b","data":{}}]"#, ("wrong_type", "", 1));
    check("null", ("wrong_type", "", 0));
    check("5", ("wrong_type", "", 0));
    check(r#""text""#, ("wrong_type", "", 0));
    check(r#"{"event":5,"data":{}}"#, ("wrong_type", "event", 9));
    check(r#"{"event":null,"data":{}}"#, ("wrong_type", "event", 9));
    check(r#"{"event":["a:b"],"data":{}}"#, ("wrong_type", "event", 9));
    check(r#"{"event":"a:b","data":[]}"#, ("wrong_type", "data", 22));
    check(
        r#"{"event":"a:b","data": null}"#,
        ("wrong_type", "data", 23),
    );
    check(r#"{"event":"a:b","data":"{}"}"#, ("wrong_type", "data", 22));
    let time = r#"{"event":"a:b","data":{},"occurred_at":1772615302}"#;
    check(time, ("wrong_type", "occurred_at", 39));
    let key = r#"{"event":"a:b","data":{},"idempotency_key":{}}"#;
    check(key, ("wrong_type", "idempotency_key", 43));
}

#[test]
fn unknown_missing_and_duplicate_fields() {
    check("{}", ("missing_field", "event", 1));
    check(r#"{"data":{}}"#, ("missing_field", "event", 10));
    check(r#"{"event":"a:b"} "#, ("missing_field", "data", 14));
    check(r#"{"event":"a:b","type":1}"#, ("unknown_field", "type", 15));
    check(r#"{"Event":"a:b"}"#, ("unknown_field", "Event", 1));
    check(r#"{"":1}"#, ("unknown_field", "", 1));
    check(r#"{"\u0061\n":1}"#, ("unknown_field", "a\n", 1));
    check(r#"{"\ud800":1}"#, ("unknown_field", "\u{fffd}", 1));
    let long = format!("{}…", "x".repeat(64));
    check(
        format!(r#"{{"{}":1}}"#, "x".repeat(1_000)),
        ("unknown_field", &long, 1),
    );
    let event = r#"{"event":"a:b","data":{},"event":"a:b"}"#;
    check(event, ("duplicate_field", "event", 25));
    let data = r#"{"data":{},"d\u0061ta":{},"event":"a:b"}"#;
    check(data, ("duplicate_field", "data", 11));
    let key = r#"{"idempotency_key":null,"idempotency_key":"k"}"#;
    check(key, ("duplicate_field", "idempotency_key", 24));
    let time = r#"{"occurred_at":null,"occurred_at":null}"#;
    check(time, ("duplicate_field", "occurred_at", 20));
}
