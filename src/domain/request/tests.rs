//! What goes out, header by header, in the letter case of the wire.

use super::*;
use crate::domain::endpoint::{EndpointSpec, Health, Order, Policy, Tls};
use crate::domain::id::{Epoch, Epochs, EventNumber, TokenNumber};

const CONTRACT_BODY: &[u8] = br#"{"test": 2432232314}"#;
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp(1_614_265_330_999);

fn key(text: &str) -> SignatureKey {
    SignatureKey::import(text).unwrap()
}

fn keys(current: &str) -> Keys {
    Keys {
        current: key(current),
        next: None,
        previous: None,
    }
}

fn target(keys: Keys) -> Target {
    Target {
        endpoint: EndpointNumber(7),
        url: "https://crm.example.fr/hooks/calls".into(),
        headers: vec![("X-Env".to_owned(), "prod".to_owned())],
        keys,
        encoding: Encoding::Hex,
        timeout_ms: 15_000,
        idle_max: 4,
        tls: None,
    }
}

fn message() -> Message {
    let epoch = Epoch {
        first_event: EventNumber(0),
        first_endpoint: EndpointNumber(0),
        first_token: TokenNumber(0),
        salt: *b"saltsalt",
    };
    let epochs = Epochs::new(vec![epoch]).unwrap();
    Message {
        event_id: epochs.event_id(EventNumber(42)),
        kind: EventType::CallCompleted,
        attempt: 3,
        test: false,
        next_key: false,
    }
}

fn built(keys: Keys, message: &Message) -> Request {
    build(&target(keys), message, CONTRACT_BODY.into(), NOW)
}

fn value<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let field = request.headers.iter().find(|(known, _)| known == name);
    field.map(|(_, value)| value.as_str())
}

#[test]
fn every_header_in_its_letter_case() {
    let message = message();
    let id = message.event_id.as_str();
    let request = built(keys(WHSEC), &message);
    let calltracking = sign::calltracking(&key(WHSEC), Encoding::Hex, CONTRACT_BODY);
    let standard = sign::standard(&[&key(WHSEC)], id, NOW, CONTRACT_BODY).unwrap();
    let user_agent = format!("ringhook/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("Content-Type", "application/json"),
        ("User-Agent", &user_agent),
        ("X-CALLTRACKING-SIGNATURE", &calltracking),
        ("webhook-id", id),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", &standard),
        ("ringhook-event", "call:completed"),
        ("ringhook-attempt", "3"),
        ("X-Env", "prod"),
    ];
    let got: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(got, expected);
    assert_eq!(&*request.url, "https://crm.example.fr/hooks/calls");
    assert_eq!(&*request.body, CONTRACT_BODY);
    assert_eq!(request.timeout_ms, 15_000);
}

#[test]
fn the_body_is_not_copied() {
    let body: Arc<[u8]> = CONTRACT_BODY.into();
    let request = build(&target(keys(WHSEC)), &message(), Arc::clone(&body), NOW);
    assert!(Arc::ptr_eq(&request.body, &body));
}

#[test]
fn the_contracts_vector_in_both_encodings() {
    let body = b"{\"data\":{\"id\":\"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5\",\
        \"account\":{\"id\":\"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49\",\
        \"name\":\"My account\"}}}";
    let check = |encoding: Encoding, expected: &str| {
        let target = Target {
            encoding,
            ..target(keys("ringhook-test-key"))
        };
        let request = build(&target, &message(), body.as_slice().into(), NOW);
        assert_eq!(value(&request, CALLTRACKING_SIGNATURE), Some(expected));
        assert_eq!(value(&request, "webhook-signature"), None, "it cannot sign");
        assert_eq!(value(&request, "webhook-timestamp"), Some("1614265330"));
    };
    check(Encoding::Hex, "59ba4517343aeda55b1c8813a2a7fa065c83700b");
    check(Encoding::Base64, "WbpFFzQ67aVbHIgToqf6BlyDcAs=");
}

#[test]
fn a_test_says_so() {
    let test = Message {
        test: true,
        attempt: 1,
        ..message()
    };
    assert_eq!(
        value(&built(keys(WHSEC), &test), "ringhook-test"),
        Some("1")
    );
    assert_eq!(
        value(&built(keys(WHSEC), &message()), "ringhook-test"),
        None
    );
}

#[test]
fn which_keys_sign() {
    const NEXT: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const OLD: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let check = |keys: Keys, next_key: bool, first: &str, second: &[&str]| {
        let message = Message {
            next_key,
            ..message()
        };
        let request = built(keys, &message);
        let signers: Vec<_> = second.iter().map(|text| key(text)).collect();
        let signers: Vec<_> = signers.iter().collect();
        let id = message.event_id.as_str();
        let expected = sign::standard(&signers, id, NOW, CONTRACT_BODY);
        assert_eq!(value(&request, "webhook-signature"), expected.as_deref());
        let expected = sign::calltracking(&key(first), Encoding::Hex, CONTRACT_BODY);
        assert_eq!(value(&request, CALLTRACKING_SIGNATURE), Some(&expected[..]));
    };
    let with = |next: Option<&str>, previous: Option<(&str, u64)>| Keys {
        current: key(WHSEC),
        next: next.map(key),
        previous: previous.map(|(text, until)| (key(text), Timestamp(until))),
    };
    check(with(None, None), false, WHSEC, &[WHSEC]);
    check(with(Some(NEXT), None), false, WHSEC, &[WHSEC, NEXT]);
    check(with(Some(NEXT), None), true, NEXT, &[NEXT]);
    check(with(None, None), true, WHSEC, &[WHSEC]);
    let over = NOW.0;
    check(
        with(None, Some((OLD, over + 1))),
        false,
        WHSEC,
        &[WHSEC, OLD],
    );
    check(with(None, Some((OLD, over))), false, WHSEC, &[WHSEC]);
    check(with(Some(NEXT), Some((OLD, over + 1))), true, NEXT, &[NEXT]);
    let both = with(Some(NEXT), Some((OLD, over + 1)));
    check(both, false, WHSEC, &[WHSEC, NEXT, OLD]);
    // A rotation away from a key that signs the first header only.
    let imported = Keys {
        current: key("plain"),
        ..with(Some(NEXT), None)
    };
    check(imported, false, "plain", &[NEXT]);
    check(with(Some("plain"), None), false, WHSEC, &[WHSEC]);
    check(
        with(None, Some(("plain", over + 1))),
        false,
        WHSEC,
        &[WHSEC],
    );
}

#[test]
fn a_target_takes_the_policy_or_the_defaults() {
    let check = |policy: Policy, timeout_ms: u32, idle_max: u8| {
        let endpoint = Endpoint {
            number: EndpointNumber(7),
            revision: 1,
            spec: EndpointSpec {
                title: "CRM".to_owned(),
                url: "https://crm.example.fr/".to_owned(),
                enabled: true,
                events: Vec::new(),
                headers: vec![("X-Env".to_owned(), "prod".to_owned())],
                encoding: Encoding::Base64,
                policy,
                expires_at: None,
            },
            keys: keys(WHSEC),
            health: Health::default(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let target = Target::of(&endpoint, 15_000, 4);
        assert_eq!((target.timeout_ms, target.idle_max), (timeout_ms, idle_max));
        assert_eq!(target.endpoint, endpoint.number);
        assert_eq!(*target.url, *endpoint.spec.url);
        assert_eq!(target.headers, endpoint.spec.headers);
        assert_eq!(target.encoding, Encoding::Base64);
    };
    let policy = |timeout_ms, in_flight_max| Policy {
        timeout_ms,
        in_flight_max,
        rate_per_s: None,
        attempts: None,
        order: Order::Call,
        tls: Tls::default(),
    };
    check(policy(None, None), 15_000, 4);
    check(policy(Some(60_000), Some(1)), 60_000, 1);
    check(policy(None, Some(8)), 15_000, 8);
    check(policy(None, Some(256)), 15_000, 64);
}

#[test]
fn credentials_are_masked_and_signatures_shown() {
    let check = |name: &str, expected: bool| {
        let mut headers = vec![(name.to_owned(), "value".to_owned())];
        let shown = if expected { "***" } else { "value" };
        let want = vec![(name.to_owned(), shown.to_owned())];
        mask(&mut headers);
        assert_eq!(headers, want, "{name}");
    };
    for name in [
        "Authorization",
        "authorization",
        "X-Authorization",
        "Cookie",
        "X-Api-Key",
        "x-apikey",
        "API_KEY",
        "X-Auth",
        "X-Auth-User",
        "X-Access-Token",
        "X-Gitlab-Token",
        "X-Client-Secret",
        "X-Password",
        "X-Credentials",
        "Proxy-Authorization",
    ] {
        check(name, true);
    }
    for name in [
        "X-CALLTRACKING-SIGNATURE",
        "webhook-signature",
        "webhook-id",
        "Content-Type",
        "User-Agent",
        "X-Env",
        "Accept",
        "X-Key-Account",
        "é",
        "",
    ] {
        check(name, false);
    }
}

#[test]
fn what_an_endpoint_may_not_set() {
    let check = |name: &str, expected: bool| {
        assert_eq!(is_reserved_header(name), expected, "{name}");
        let upper = name.to_ascii_uppercase();
        assert_eq!(is_reserved_header(&upper), expected, "{upper}");
    };
    for name in OWN.into_iter().chain(HOP) {
        check(name, true);
    }
    for name in [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "webhook-anything",
        "ringhook-event",
        "ringhook-attempt",
        "ringhook-test",
        "ringhook-",
    ] {
        check(name, true);
    }
    for name in [
        "authorization",
        "x-env",
        "accept",
        "x-webhook-id",
        "webhook",
        "ringhook",
        "content-language",
        "tes",
        "t",
        "",
        "é-webhook-",
        "webhooké",
    ] {
        check(name, false);
    }
}

#[test]
fn every_header_of_ours_is_reserved() {
    let test = Message {
        test: true,
        ..message()
    };
    let mut request = built(keys(WHSEC), &test);
    let own = request.headers.pop();
    assert_eq!(own.map(|(name, _)| name).as_deref(), Some("X-Env"));
    assert_eq!(request.headers.len(), OWN_HEADERS);
    for (name, _) in &request.headers {
        assert!(is_reserved_header(name), "{name}");
    }
}
