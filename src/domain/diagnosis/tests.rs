//! A table of what goes wrong at receivers, and the hint that each deserves.

use super::*;
use crate::domain::sign;
use crate::domain::time::Timestamp;

const BODY: &str = r#"{"data":{"id":"call-1","url":"https://x/é","n":"+336"},"event":"a:b"}"#;
const TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: u64 = 1_614_265_330;

fn key(text: &str) -> SignatureKey {
    SignatureKey::import(text).unwrap()
}

fn of(key_text: &str, body: &[u8], signature: &str) -> Result<Encoding, Option<Hint>> {
    let others = [("previous", key("old")), ("next", key("new"))];
    let evidence = Evidence {
        key: &key(key_text),
        others: &others,
        encoding: Some(Encoding::Hex),
        body,
    };
    calltracking(&evidence, signature)
}

#[test]
fn the_first_header() {
    let sign = |text: &str, body: &str| hex::encode(hmac_sha1(text.as_bytes(), body.as_bytes()));
    let right = sign(TEXT, BODY);
    let check = |signature: &str, expected: Option<Hint>| {
        assert_eq!(
            of(TEXT, BODY.as_bytes(), signature),
            Err(expected),
            "{signature}"
        );
    };
    assert_eq!(of(TEXT, BODY.as_bytes(), &right), Ok(Encoding::Hex));
    check(&sign("old", BODY), Some(Hint::OtherKey("previous")));
    check(&sign("new", BODY), Some(Hint::OtherKey("next")));
    let base64 = STANDARD.encode(hmac_sha1(TEXT.as_bytes(), BODY.as_bytes()));
    check(&base64, Some(Hint::Encoding(Encoding::Base64)));
    check(&right.to_uppercase(), Some(Hint::UpperCase));
    check(&format!(" {right}"), Some(Hint::WhiteSpace));
    check(
        &format!("sha1={right}"),
        Some(Hint::Prefix("sha1=".to_owned())),
    );
    let sha256 = hmac_sha256_bare(TEXT.as_bytes(), BODY.as_bytes());
    check(&hex::encode(sha256), Some(Hint::Sha256));
    let decoded = hmac_sha1(key(TEXT).standard().unwrap(), BODY.as_bytes());
    check(&hex::encode(decoded), Some(Hint::Key(KeyForm::Decoded)));
    check(
        &sign(&TEXT[6..], BODY),
        Some(Hint::Key(KeyForm::WithoutPrefix)),
    );
    check(&sign("stranger", BODY), None);
    check("", None);
    check("not a signature", None);
    assert_eq!(
        of(&TEXT[6..], BODY.as_bytes(), &right),
        Err(Some(Hint::Key(KeyForm::WithPrefix)))
    );
}

#[test]
fn bodies_that_were_changed_on_their_way() {
    // The signature is of BODY, or of the second text; the receiver has the first one.
    let check_of = |signed: &str, at_hand: &str, expected: BodyChange| {
        let signature = hex::encode(hmac_sha1(TEXT.as_bytes(), signed.as_bytes()));
        let got = of(TEXT, at_hand.as_bytes(), &signature);
        assert_eq!(got, Err(Some(Hint::Body(expected))), "{at_hand}");
    };
    let check = |at_hand: &str, expected| check_of(BODY, at_hand, expected);
    let json = |spaced, sorted, escapes| {
        BodyChange::Json(Style {
            spaced,
            sorted,
            escapes,
        })
    };
    check(&format!("{BODY}\n"), BodyChange::WithoutNewline);
    check(&format!("{BODY}\r\n"), BodyChange::WithoutNewline);
    check_of(&format!("{BODY}\n"), BODY, BodyChange::WithNewline);
    check_of("{\n\n}", "{\r\n\r\n}", BodyChange::ToLf);
    check_of("{\r\n}", "{\n}", BodyChange::ToCrlf);
    check(&format!("\u{feff}{BODY}"), BodyChange::WithoutMark);
    check_of(&format!("\u{feff}{BODY}"), BODY, BodyChange::WithMark);
    let dumped = BODY.replace("\":", "\": ").replace(",\"", ", \"");
    check(&dumped, json(false, false, Escapes::Same));
    check_of(&dumped, BODY, json(true, false, Escapes::Same));
    let ascii = dumped.replace('é', "\\u00e9");
    check(&ascii, json(false, false, Escapes::Unescaped));
    let php = BODY.replace('/', "\\/").replace('é', "\\u00e9");
    check(&php, json(false, false, Escapes::Unescaped));
    check_of(&php, BODY, json(false, false, Escapes::SlashedAscii));
    check(
        &BODY.replace('/', "\\/"),
        json(false, false, Escapes::Unslashed),
    );
    check_of(
        r#"{"a":1,"b":2}"#,
        r#"{"b":2,"a":1}"#,
        json(false, true, Escapes::Same),
    );
    check(&BODY.replace('+', " "), BodyChange::PlusSigns);
    check_of(
        "{\"a b\":1}",
        "payload=%7B%22a+b%22%3A1%7D",
        BodyChange::FormDecoded,
    );
}

fn standard_of(text: &str, headers: StandardHeaders<'_>, body: &str) -> Result<(), Option<Hint>> {
    let others = [("previous", key("whsec_AAEC"))];
    let evidence = Evidence {
        key: &key(text),
        others: &others,
        encoding: None,
        body: body.as_bytes(),
    };
    standard(&evidence, headers, NOW)
}

#[test]
fn the_headers_of_standard_webhooks() {
    let (id, seconds) = ("msg_1", "1614265330");
    let decoded = key(TEXT).standard().unwrap().to_vec();
    let signed = |text: &str, body: &str| {
        let at = Timestamp(NOW * 1_000);
        sign::standard(&[&key(text)], id, at, body.as_bytes()).unwrap()
    };
    let check = |signatures: &str, expected: Result<(), Option<Hint>>| {
        let headers = StandardHeaders {
            id,
            seconds,
            signatures,
        };
        assert_eq!(standard_of(TEXT, headers, BODY), expected, "{signatures}");
    };
    let right = signed(TEXT, BODY);
    check(&right, Ok(()));
    check(&format!("v1,AAAA {right}"), Ok(()));
    check(
        &signed("whsec_AAEC", BODY),
        Err(Some(Hint::OtherKey("previous"))),
    );
    let newline = Hint::Body(BodyChange::WithNewline);
    check(&signed(TEXT, &format!("{BODY}\n")), Err(Some(newline)));
    check(&right[3..], Err(Some(Hint::NoVersion)));
    check(
        &right.replace("v1,", "v1="),
        Err(Some(Hint::Prefix("v1=".to_owned()))),
    );
    let tag = hmac_sha256(&decoded, id, seconds, BODY.as_bytes());
    check(&format!("v1,{}", hex::encode(tag)), Err(Some(Hint::Hex)));
    let written = |tag: [u8; 32]| format!("v1,{}", STANDARD.encode(tag));
    let with_text = hmac_sha256(TEXT.as_bytes(), id, seconds, BODY.as_bytes());
    check(&written(with_text), Err(Some(Hint::Key(KeyForm::Text))));
    let content = |content| Err(Some(Hint::Content(content)));
    let bare = hmac_sha256_bare(&decoded, BODY.as_bytes());
    check(&written(bare), content(Content::BodyOnly));
    let no_id = hmac_sha256_bare(&decoded, format!("{seconds}.{BODY}").as_bytes());
    check(&written(no_id), content(Content::NoId));
    let swapped = hmac_sha256(&decoded, seconds, id, BODY.as_bytes());
    check(&written(swapped), content(Content::Swapped));
    check("v1,AAAA", Err(None));
    check("", Err(None));
}

#[test]
fn clocks_and_keys_of_standard_webhooks() {
    let check = |text: &str, signed_s: u64, seconds: &str, expected: Option<Hint>| {
        let at = Timestamp(signed_s * 1_000);
        let signatures = sign::standard(&[&key(TEXT)], "m", at, b"{}").unwrap();
        let headers = StandardHeaders {
            id: "m",
            seconds,
            signatures: &signatures,
        };
        let got = standard_of(text, headers, "{}").err().flatten();
        assert_eq!(got, expected, "{text} {seconds}");
    };
    check(TEXT, NOW - 300, "1614265030", None);
    check(TEXT, NOW - 301, "1614265029", Some(Hint::Clock(-301)));
    check(TEXT, NOW + 400, "1614265730", Some(Hint::Clock(400)));
    check(
        TEXT,
        NOW,
        "1614265330000",
        Some(Hint::Content(Content::Seconds)),
    );
    check(
        TEXT,
        NOW,
        "1614265330.5",
        Some(Hint::Content(Content::Seconds)),
    );
    check(
        &TEXT[6..],
        NOW,
        "1614265330",
        Some(Hint::Key(KeyForm::WithPrefix)),
    );
    check("plain", NOW, "1614265330", Some(Hint::KeyCanNotSign));
}

#[test]
fn hints_tell_what_was_found_and_what_to_do() {
    let check = |hint: Hint, part: &str| {
        let [found, advice] = hint.lines();
        assert!(found.contains(part), "{found}");
        assert!(
            found.ends_with('.') && !advice.is_empty(),
            "{found} {advice}"
        );
    };
    check(Hint::OtherKey("previous"), "previous key");
    let style = Style {
        spaced: true,
        sorted: true,
        escapes: Escapes::SlashedAscii,
    };
    check(Hint::Body(BodyChange::Json(style)), "json.dumps()");
    check(Hint::Clock(-301), "301 s before the clock");
    check(Hint::Key(KeyForm::Text), "text of the key");
    check(Hint::Content(Content::NoId), "timestamp and body");
}
