//! The merge patch in tables.

use super::*;
use crate::domain::endpoint::Tls;
use crate::domain::filter::Wants;
use crate::http::json;

const NOW: Timestamp = Timestamp(1_000_000);
const GOOD: &str = r#"{"title":"CRM","url":"https://crm.example.fr/","events":["*"]}"#;

/// The status, and the fields of the errors in their order.
fn refusal(problem: &Problem) -> (u16, Vec<String>) {
    let document: serde_json::Value = serde_json::from_slice(&problem.document()).unwrap();
    let errors = document["errors"].as_array().unwrap().iter();
    let fields = errors.map(|error| error["field"].as_str().unwrap().to_owned());
    (problem.code().row().1, fields.collect())
}

fn created(body: &str) -> Result<(EndpointSpec, Option<SignatureKey>), Problem> {
    create(json::object(body.as_bytes())?, NOW)
}

fn patched(body: &str) -> Result<EndpointSpec, Problem> {
    let mut spec = created(GOOD).unwrap().0;
    spec.headers = vec![("X-A".into(), "1".into()), ("X-B".into(), "2".into())];
    spec.policy.attempts = Some(3);
    patch(&mut spec, json::object(body.as_bytes())?, NOW)?;
    Ok(spec)
}

#[test]
fn what_is_created() {
    let body = r#"{"title":"CRM","url":"https://crm.example.fr/hooks","enabled":false,"key":"old",
        "events":["call:missed",{"type":"call:completed","accounts":["a"],"numbers":["+33 1*"],
        "duration":{"min":10,"max":null}},"*"],"headers":{"X-Env":"prod"},
        "signature":{"encoding":"base64"},"policy":{"timeout_ms":2000,"in_flight_max":8,
        "attempts":2,"order":"none","rate_per_s":0.5,"tls":{"ca_pem":null,"insecure":false}},
        "expires_at":"2026-03-04T10:08:22+01:00"}"#;
    let (spec, key) = created(body).unwrap();
    assert_eq!(key.unwrap().reveal(), "old");
    assert!(!spec.enabled);
    assert_eq!(spec.encoding, Encoding::Base64);
    assert_eq!(spec.events.len(), 3);
    assert_eq!(spec.events[1].filter.duration_min, Some(10.0));
    let pattern = &spec.events[1].filter.numbers[0];
    let got = (
        pattern.written.as_str(),
        pattern.comparable.as_str(),
        pattern.prefix,
    );
    assert_eq!(got, ("+33 1*", "+331", true));
    assert_eq!(spec.events[2].wants, Wants::All);
    assert_eq!(spec.headers, [("X-Env".to_owned(), "prod".to_owned())]);
    let expected = Policy {
        timeout_ms: Some(2000),
        in_flight_max: Some(8),
        rate_per_s: Some(0.5),
        attempts: Some(2),
        order: Order::None,
        tls: Tls::default(),
    };
    assert_eq!(spec.policy, expected);
    assert!(spec.expires_at.is_some());
}

fn check_refused(body: &str, status: u16, fields: &[&str]) {
    let got = created(body).err().map(|problem| refusal(&problem));
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    assert_eq!(got, Some((status, fields)), "{body}");
}

#[test]
fn fields_that_are_refused() {
    let check = check_refused;
    let with = |fields: &str| format!("{},{fields}}}", GOOD.trim_end_matches('}'));
    check("{}", 422, &["title", "url", "events"]);
    check("[]", 400, &[""]);
    check(&with(r#""odd":1"#), 400, &["odd"]);
    check(
        &with(r#""id":"ep_1","state":"active""#),
        422,
        &["id", "state"],
    );
    check(&with(r#""key":"two words""#), 422, &["key"]);
    check(&with(r#""enabled":"yes""#), 400, &["enabled"]);
    check(&with(r#""policy":{"odd":1}"#), 400, &["policy.odd"]);
    check(
        &with(r#""policy":{"timeout_ms":"5"}"#),
        400,
        &["policy.timeout_ms"],
    );
    check(
        &with(r#""policy":{"timeout_ms":1.5}"#),
        422,
        &["policy.timeout_ms"],
    );
    check(
        &with(r#""policy":{"attempts":-1}"#),
        422,
        &["policy.attempts"],
    );
    check(
        &with(r#""policy":{"attempts":1e300}"#),
        422,
        &["policy.attempts"],
    );
    check(&with(r#""policy":{"order":"odd"}"#), 422, &["policy.order"]);
    check(
        &with(r#""policy":{"rate_per_s":0}"#),
        422,
        &["policy.rate_per_s"],
    );
    check(
        &with(r#""policy":{"tls":{"insecure":true,"ca_pem":"x","pin_sha256":"x"}}"#),
        422,
        &["policy.tls.ca_pem", "policy.tls.pin_sha256"],
    );
    check(
        &with(r#""policy":{"tls":{"client_pem":"set"}}"#),
        422,
        &["policy.tls.client_pem"],
    );
    check(
        &with(r#""policy":{"tls":{"insecure":"yes"}}"#),
        400,
        &["policy.tls.insecure"],
    );
    check(
        &with(r#""signature":{"encoding":"hex","standard":true}"#),
        422,
        &["signature.standard"],
    );
    check(
        &with(r#""expires_at":"1970-01-01T00:00:01Z""#),
        422,
        &["expires_at"],
    );
    check(&with(r#""expires_at":"noon""#), 422, &["expires_at"]);
    check(&with(r#""headers":{"X":1}"#), 400, &["headers.X"]);
}

#[test]
fn subscriptions_that_are_refused() {
    let check = check_refused;
    let events = |events: &str| format!(r#"{{"title":"A","url":"http://x/","events":{events}}}"#);
    check(&events(r#"["Call"]"#), 422, &["events[0]"]);
    check(
        &events(r#"[{"type":"call:missed"},{"type":"x"}]"#),
        422,
        &["events[1].type"],
    );
    check(&events(r#"[{"accounts":[]}]"#), 400, &["events[0].type"]);
    check(
        &events(r#"[{"type":"*","accounts":[7]}]"#),
        400,
        &["events[0].accounts[0]"],
    );
    check(
        &events(r#"[{"type":"*","odd":[7]}]"#),
        400,
        &["events[0].odd"],
    );
    check(&events("[7]"), 400, &["events[0]"]);
    check(&events("null"), 422, &["events"]);
}

#[test]
fn a_patch_merges_and_null_resets() {
    let check = |body: &str, expected: &dyn Fn(&EndpointSpec) -> bool| {
        let got = patched(body).unwrap();
        assert!(expected(&got), "{body}: {got:?}");
    };
    check("{}", &|spec| {
        spec.headers.len() == 2 && spec.policy.attempts == Some(3)
    });
    check(r#"{"title":"New"}"#, &|spec| {
        spec.title == "New" && spec.enabled
    });
    check(r#"{"enabled":false}"#, &|spec| !spec.enabled);
    check(r#"{"enabled":null}"#, &|spec| spec.enabled);
    check(r#"{"headers":null}"#, &|spec| spec.headers.is_empty());
    check(r#"{"headers":{"x-a":null,"X-C":"3"}}"#, &|spec| {
        let names: Vec<_> = spec.headers.iter().map(|(name, _)| name.as_str()).collect();
        names == ["X-B", "X-C"]
    });
    check(r#"{"headers":{"x-a":"9"}}"#, &|spec| {
        spec.headers[0] == ("x-a".to_owned(), "9".to_owned())
    });
    check(r#"{"policy":{"timeout_ms":5000}}"#, &|spec| {
        spec.policy.attempts == Some(3) && spec.policy.timeout_ms == Some(5000)
    });
    check(r#"{"policy":{"attempts":null}}"#, &|spec| {
        spec.policy.attempts.is_none()
    });
    check(r#"{"policy":null}"#, &|spec| {
        spec.policy == Policy::default()
    });
    check(r#"{"events":["call:missed"]}"#, &|spec| {
        spec.events.len() == 1
    });
    check(r#"{"expires_at":null}"#, &|spec| spec.expires_at.is_none());
}

#[test]
fn what_a_patch_may_not() {
    let check = |body: &str, status: u16, field: &str| {
        let got = patched(body).err().map(|problem| refusal(&problem));
        assert_eq!(got, Some((status, vec![field.to_owned()])), "{body}");
    };
    check(r#"{"title":null}"#, 422, "title");
    check(r#"{"url":null}"#, 422, "url");
    check(r#"{"events":null}"#, 422, "events");
    check(r#"{"events":[]}"#, 422, "events");
    check(r#"{"url":"nowhere"}"#, 422, "url");
    check(r#"{"key":"x"}"#, 422, "key");
    check(r#"{"created_at":null}"#, 422, "created_at");
    check(r#"{"odd":1}"#, 400, "odd");
    check(r#"{"title":7}"#, 400, "title");
}
