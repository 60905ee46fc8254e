//! One change at a time to an endpoint that may be kept, and many at once.

use super::*;
use crate::domain::endpoint::{Encoding, Policy};
use crate::domain::event::EventType;
use crate::domain::filter::{Filter, Subscription, Wants};

fn subscription() -> Subscription {
    Subscription {
        wants: Wants::Type(EventType::CallCompleted),
        filter: Filter::default(),
    }
}

fn good() -> EndpointSpec {
    EndpointSpec {
        title: "CRM".to_owned(),
        url: "https://crm.example.fr/hooks/calls".to_owned(),
        enabled: true,
        events: vec![subscription()],
        headers: vec![("X-Env".to_owned(), "prod".to_owned())],
        encoding: Encoding::Hex,
        policy: Policy::default(),
        expires_at: None,
    }
}

/// `field code` of every error, in their order.
fn check(change: impl FnOnce(&mut EndpointSpec), expected: &[&str]) {
    let mut spec = good();
    change(&mut spec);
    let errors = spec.check();
    let got: Vec<_> = errors
        .iter()
        .map(|error| format!("{} {}", error.field, error.code))
        .collect();
    assert_eq!(got, expected, "{errors:?}");
}

fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn titles() {
    let title =
        |text: &str, expected: &[&str]| check(|spec| spec.title = text.to_owned(), expected);
    title("C", &[]);
    title("Contrôle d’appels ☎", &[]);
    title(&"é".repeat(200), &[]);
    title(&"é".repeat(201), &["title too_long"]);
    title("", &["title required"]);
    title("  ", &["title required"]);
    title("a\nb", &["title invalid"]);
    title("a\u{1b}[31mb", &["title invalid"]);
}

#[test]
fn events() {
    let events = |count: usize, expected: &[&str]| {
        check(|spec| spec.events = vec![subscription(); count], expected);
    };
    events(0, &["events required"]);
    events(1, &[]);
    events(100, &[]);
    events(101, &["events too_many"]);
    let ringing = Subscription {
        wants: Wants::Type(EventType::CallRinging),
        filter: Filter {
            duration_min: Some(10.0),
            ..Filter::default()
        },
    };
    check(
        |spec| spec.events.push(ringing),
        &["events[1].duration not_allowed"],
    );
}

#[test]
fn names_and_values_of_headers() {
    let header = |name: &str, value: &str, expected: &[&str]| {
        check(|spec| spec.headers = headers(&[(name, value)]), expected);
    };
    header("X-Env", "prod", &[]);
    header("x-env", "", &[]);
    header("Authorization", "Bearer abc", &[]);
    header("X-Env", "a\tb c", &[]);
    header("X-Env", " prod", &["headers.X-Env invalid"]);
    header("X-Env", "prod\t", &["headers.X-Env invalid"]);
    header("X-Env", "a\r\nHost: b", &["headers.X-Env invalid"]);
    header("X-Env", "a\nb", &["headers.X-Env invalid"]);
    header("X-Env", "a\u{0}b", &["headers.X-Env invalid"]);
    header("X-Env", "é", &["headers.X-Env invalid"]);
    header("", "a", &["headers. invalid"]);
    header("X Env", "a", &["headers.X Env invalid"]);
    header("X-Env:", "a", &["headers.X-Env: invalid"]);
    header("X-Énv", "a", &["headers.X-Énv invalid"]);
    header("X\r\nY", "a", &["headers.X\\r\\nY invalid"]);
    header("Host", "a", &["headers.Host not_allowed"]);
    header(
        "content-length",
        "1",
        &["headers.content-length not_allowed"],
    );
    header("Webhook-Id", "1", &["headers.Webhook-Id not_allowed"]);
    let ours = "x-calltracking-signature";
    header(ours, "a", &["headers.x-calltracking-signature not_allowed"]);
}

/// Every byte in a name and in a value: what passes can be sent, and nothing panics. The library
/// would send bytes beyond ASCII; receivers read them in different ways, so they are refused.
#[test]
fn every_byte_in_a_header() {
    for character in (0..=255u8).map(char::from) {
        let mut spec = good();
        spec.headers = headers(&[("X-A", &format!("a{character}b"))]);
        let sendable = HeaderValue::from_str(&spec.headers[0].1).is_ok();
        let sendable = sendable && character.is_ascii();
        assert_eq!(spec.check().is_empty(), sendable, "{character:?}");

        spec.headers = headers(&[(&format!("X{character}A"), "a")]);
        let sendable = HeaderName::from_bytes(spec.headers[0].0.as_bytes()).is_ok();
        assert_eq!(spec.check().is_empty(), sendable, "{character:?}");
    }
}

#[test]
fn how_many_headers_and_how_large() {
    let list = |count: usize, bytes: usize| -> Vec<_> {
        (0..count)
            .map(|nth| (format!("X-{nth:04}"), "v".repeat(bytes)))
            .collect()
    };
    check(|spec| spec.headers = Vec::new(), &[]);
    check(|spec| spec.headers = list(32, 250), &[]);
    check(|spec| spec.headers = list(32, 251), &["headers too_long"]);
    check(|spec| spec.headers = list(1, 8_186), &[]);
    check(|spec| spec.headers = list(1, 8_187), &["headers too_long"]);
    check(|spec| spec.headers = list(33, 1), &["headers too_many"]);
    let twice = headers(&[("X-Env", "a"), ("X-Other", "b"), ("x-env", "c")]);
    check(|spec| spec.headers = twice, &["headers.x-env duplicate"]);
}

#[test]
fn ranges_of_the_policy() {
    let timeout = |value: u32, expected: &[&str]| {
        check(|spec| spec.policy.timeout_ms = Some(value), expected);
    };
    timeout(1_000, &[]);
    timeout(60_000, &[]);
    timeout(0, &["policy.timeout_ms out_of_range"]);
    timeout(999, &["policy.timeout_ms out_of_range"]);
    timeout(60_001, &["policy.timeout_ms out_of_range"]);
    let in_flight = |value: u16, expected: &[&str]| {
        check(|spec| spec.policy.in_flight_max = Some(value), expected);
    };
    in_flight(1, &[]);
    in_flight(256, &[]);
    in_flight(0, &["policy.in_flight_max out_of_range"]);
    in_flight(257, &["policy.in_flight_max out_of_range"]);
    let rate = |value: f64, expected: &[&str]| {
        check(|spec| spec.policy.rate_per_s = Some(value), expected);
    };
    rate(0.01, &[]);
    rate(2.5, &[]);
    rate(1_000.0, &[]);
    for wrong in [0.0, 0.009, -1.0, 1_000.1, 1e300] {
        rate(wrong, &["policy.rate_per_s out_of_range"]);
    }
    let attempts = |value: u8, expected: &[&str]| {
        check(|spec| spec.policy.attempts = Some(value), expected);
    };
    attempts(1, &[]);
    attempts(25, &[]);
    attempts(0, &["policy.attempts out_of_range"]);
    attempts(26, &["policy.attempts out_of_range"]);
}

#[test]
fn every_error_at_once() {
    check(
        |spec| {
            spec.title.clear();
            spec.url = "https://user@crm.example.fr/".to_owned();
            spec.events.clear();
            spec.headers = headers(&[("Host", "a"), ("X-Env", "é")]);
            spec.policy.timeout_ms = Some(1);
            spec.policy.in_flight_max = Some(0);
            spec.policy.attempts = Some(100);
        },
        &[
            "title required",
            "url not_allowed",
            "events required",
            "headers.Host not_allowed",
            "headers.X-Env invalid",
            "policy.timeout_ms out_of_range",
            "policy.in_flight_max out_of_range",
            "policy.attempts out_of_range",
        ],
    );
}

#[test]
fn an_error_names_the_value_and_what_to_do_but_no_secret() {
    let message = |change: fn(&mut EndpointSpec)| {
        let mut spec = good();
        change(&mut spec);
        spec.check().remove(0).message
    };
    assert_eq!(
        message(|spec| spec.policy.timeout_ms = Some(90_000)),
        "90000 is out of range: give 1000 to 60000, or null for the default"
    );
    assert_eq!(
        message(|spec| spec.url = "crm.example.fr".to_owned()),
        "crm.example.fr must begin with https:// or http://"
    );
    let secret = message(|spec| spec.headers = headers(&[("X-Key", " hunter2")]));
    assert!(!secret.contains("hunter2"), "{secret}");
}
