//! Published vectors of both schemes, and what a verifier must refuse.

use super::*;

fn key(text: &str) -> SignatureKey {
    SignatureKey::import(text).unwrap()
}

const CONTRACT_BODY: &[u8] = b"{\"data\":{\"id\":\"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5\",\
    \"account\":{\"id\":\"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49\",\
    \"name\":\"My account\"}}}";
const CONTRACT_HEX: &str = "59ba4517343aeda55b1c8813a2a7fa065c83700b";
const CONTRACT_BASE64: &str = "WbpFFzQ67aVbHIgToqf6BlyDcAs=";

/// The body of the receivers' snippets: 141 bytes of UTF-8 with a newline at its end.
const SNIPPET_BODY: &str = "{\"event\":\"call:completed\",\"data\":{\"id\":\
    \"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5\",\"caller\":\"+33612345678\",\
    \"note\":\"répondu\"}}\n";
const SNIPPET_KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SNIPPET_ID: &str = "evt_01kaqz7m5v8r4t2n6w3x9y0cde";

#[test]
fn rfc_2202_vectors() {
    let check = |key: &[u8], data: &[u8], expected: &str| {
        assert_eq!(hex::encode(hmac_sha1(key, data)), expected);
    };
    check(
        &[0x0b; 20],
        b"Hi There",
        "b617318655057264e28bc0b6fb378c8ef146be00",
    );
    check(
        b"Jefe",
        b"what do ya want for nothing?",
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    );
    check(
        &[0xaa; 20],
        &[0xdd; 50],
        "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
    );
    check(
        &[0xaa; 80],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "aa4ae5e15272d00e95705637ce8a3b55ed402112",
    );
}

#[test]
fn calltracking_vectors() {
    let check = |text: &str, encoding: Encoding, body: &[u8], expected: &str| {
        assert_eq!(calltracking(&key(text), encoding, body), expected);
    };
    assert_eq!(CONTRACT_BODY.len(), 139);
    let contract = "ringhook-test-key";
    check(contract, Encoding::Hex, CONTRACT_BODY, CONTRACT_HEX);
    check(contract, Encoding::Base64, CONTRACT_BODY, CONTRACT_BASE64);
    check(
        SNIPPET_KEY,
        Encoding::Hex,
        SNIPPET_BODY.as_bytes(),
        "bacc741a6c466e18bccb8c8411dfea72245cf2c7",
    );
    check(
        "Jefe",
        Encoding::Hex,
        b"what do ya want for nothing?",
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    );
}

#[test]
fn standard_vectors() {
    let check = |text: &str, id: &str, seconds: u64, body: &str, expected: &str| {
        let at = Timestamp(seconds * 1000 + 999);
        let key = key(text);
        let got = standard(&[&key], id, at, body.as_bytes());
        assert_eq!(got.as_deref(), Some(expected), "{id}");
        assert!(verify_standard(
            &key,
            expected,
            id,
            &seconds.to_string(),
            body.as_bytes()
        ));
    };
    check(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
    check(
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1_649_367_553,
        r#"{"email":"test@example.com","username":"test_user"}"#,
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    );
    check(
        SNIPPET_KEY,
        SNIPPET_ID,
        1_763_900_000,
        SNIPPET_BODY,
        "v1,WA0lb84WIoLGTzN0UwMdPncFI9vz5CF4i5gl9HhHeek=",
    );
}

#[test]
fn several_keys_sign_and_one_that_cannot_is_left_out() {
    let (new, old, plain) = (
        key(SNIPPET_KEY),
        key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        key("ringhook-test-key"),
    );
    let signed = |keys: &[&SignatureKey]| standard_at(keys, "evt_1", "1", b"{}");
    let both = signed(&[&new, &old]).unwrap();
    let alone = [signed(&[&new]).unwrap(), signed(&[&old]).unwrap()];
    assert_eq!(both, alone.join(" "));
    assert!(both.len() < 2 * STANDARD_LENGTH, "{}", both.len());
    for key in [&new, &old] {
        assert!(verify_standard(key, &both, "evt_1", "1", b"{}"));
    }
    assert_eq!(signed(&[&plain, &old]), Some(alone[1].clone()));
    assert_eq!(signed(&[&plain]), None);
    assert_eq!(signed(&[]), None);
}

#[test]
fn the_next_key_signs_from_the_start_and_the_previous_one_until_its_overlap_is_over() {
    let until = Timestamp(1_000);
    let keys = Keys {
        current: key("current"),
        next: Some(key("next")),
        previous: Some((key("previous"), until)),
    };
    let check = |keys: &Keys, now: u64, expected: &[&str]| {
        let got: Vec<_> = signing_keys(keys, Timestamp(now))
            .into_iter()
            .map(SignatureKey::reveal)
            .collect();
        assert_eq!(got, expected, "{now}");
    };
    check(&keys, 999, &["current", "next", "previous"]);
    check(&keys, 1_000, &["current", "next"]);
    let settled = Keys {
        next: None,
        previous: None,
        ..keys
    };
    check(&settled, 0, &["current"]);
}

#[test]
fn what_a_verifier_of_the_first_header_accepts() {
    let check = |signature: &str, expected: bool| {
        let got = verify_calltracking(&key("ringhook-test-key"), signature, CONTRACT_BODY);
        assert_eq!(got, expected, "{signature}");
    };
    check(CONTRACT_HEX, true);
    check(&CONTRACT_HEX.to_uppercase(), true);
    check(CONTRACT_BASE64, true);
    check("", false);
    check("59", false);
    check(&CONTRACT_HEX[..38], false);
    check(&CONTRACT_HEX[..39], false);
    check(&format!("{CONTRACT_HEX}00"), false);
    check(&format!("sha1={CONTRACT_HEX}"), false);
    check(&format!("{CONTRACT_HEX} "), false);
    check(&format!("0{}", &CONTRACT_HEX[1..]), false);
    check(&CONTRACT_BASE64[..24], false);
    check(&CONTRACT_BASE64.to_lowercase(), false);
    check("é", false);
    let other = verify_calltracking(&key("other"), CONTRACT_HEX, CONTRACT_BODY);
    assert!(!other, "another key");
    let changed = verify_calltracking(&key("ringhook-test-key"), CONTRACT_HEX, b"{}");
    assert!(!changed, "another body");
}

#[test]
fn what_a_verifier_of_the_standard_header_accepts() {
    let right = "v1,WA0lb84WIoLGTzN0UwMdPncFI9vz5CF4i5gl9HhHeek=";
    let verify = |text: &str, signatures: &str, id: &str, seconds: &str| {
        let body = SNIPPET_BODY.as_bytes();
        verify_standard(&key(text), signatures, id, seconds, body)
    };
    let check = |signatures: &str, expected: bool| {
        let got = verify(SNIPPET_KEY, signatures, SNIPPET_ID, "1763900000");
        assert_eq!(got, expected, "{signatures}");
    };
    check(right, true);
    check(&format!("v1,AAAA {right}"), true);
    check(&format!("v1a,xyz  {right} v2,abc"), true);
    check("", false);
    check("v1,", false);
    check("v1", false);
    check("v1,WA0=", false);
    check(&right[3..], false);
    check(&right.replace("v1,", "v2,"), false);
    check(&right.replace("v1,", "V1,"), false);
    check(&right.replace('W', "X"), false);
    check(&format!("{right}{right}"), false);
    assert!(!verify(SNIPPET_KEY, right, "evt_other", "1763900000"));
    assert!(!verify(SNIPPET_KEY, right, SNIPPET_ID, "1763900001"));
    assert!(!verify(
        "ringhook-test-key",
        right,
        SNIPPET_ID,
        "1763900000"
    ));
}

#[test]
fn a_body_that_is_not_utf8_is_signed_as_it_is() {
    let key = key(SNIPPET_KEY);
    let body = [0xff, 0x00, 0xfe];
    let first = calltracking(&key, Encoding::Base64, &body);
    assert!(verify_calltracking(&key, &first, &body));
    let second = standard_at(&[&key], "evt_1", "1", &body).unwrap();
    assert!(verify_standard(&key, &second, "evt_1", "1", &body));
}
