//! Whether both signatures of a request are right, and in words why not. Pure.

use crate::cli::receiver::Received;
use crate::domain::diagnosis::{self, Evidence, Hint, StandardHeaders, TOLERANCE_SECONDS};
use crate::domain::key::SignatureKey;
use crate::domain::sign;
use crate::domain::time::Timestamp;

/// What is to be said of one signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// It is right.
    Right,
    /// It is not, and why.
    Wrong(String),
    /// There is none, and none was to be expected.
    Absent,
}

/// What is to be said of both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// `X-CALLTRACKING-SIGNATURE`
    pub calltracking: Check,
    /// `webhook-signature`
    pub standard: Check,
}

impl Verdict {
    /// `sha1, standard`: the schemes whose signature is right.
    pub fn right(&self) -> String {
        let schemes = [("sha1", &self.calltracking), ("standard", &self.standard)];
        let right: Vec<_> = schemes
            .into_iter()
            .filter(|(_, check)| **check == Check::Right)
            .map(|(name, _)| name)
            .collect();
        right.join(", ")
    }

    /// What is wrong, a sentence for each signature.
    pub fn wrongs(&self) -> Vec<&str> {
        [&self.calltracking, &self.standard]
            .into_iter()
            .filter_map(|check| match check {
                Check::Wrong(why) => Some(why.as_str()),
                Check::Right | Check::Absent => None,
            })
            .collect()
    }
}

/// Checks a request with any of the endpoint's keys.
pub fn verdict(keys: &[SignatureKey], received: &Received, now: Timestamp) -> Verdict {
    Verdict {
        calltracking: calltracking(keys, received),
        standard: standard(keys, received, now),
    }
}

fn calltracking(keys: &[SignatureKey], received: &Received) -> Check {
    let Some(signature) = received.header("x-calltracking-signature") else {
        return Check::Wrong("X-CALLTRACKING-SIGNATURE is missing.".to_owned());
    };
    let right = |key| sign::verify_calltracking(key, signature, &received.body);
    if keys.iter().any(right) {
        return Check::Right;
    }
    let why = format!(
        "X-CALLTRACKING-SIGNATURE is not the HMAC-SHA1 of these {} bytes under this key.",
        received.body.len()
    );
    let diagnose = |evidence: &Evidence<'_>| diagnosis::calltracking(evidence, signature).err()?;
    wrong(why, keys, received, diagnose)
}

/// Says why, and what would make it match where that is found.
fn wrong(
    mut why: String,
    keys: &[SignatureKey],
    received: &Received,
    diagnose: impl Fn(&Evidence<'_>) -> Option<Hint>,
) -> Check {
    let hint = keys.first().and_then(|key| {
        diagnose(&Evidence {
            key,
            others: &[],
            encoding: None,
            body: &received.body,
        })
    });
    if let Some(hint) = hint {
        let [found, _] = hint.lines();
        why = format!("{why} {found}");
    }
    Check::Wrong(why)
}

fn standard(keys: &[SignatureKey], received: &Received, now: Timestamp) -> Check {
    let Some(signatures) = received.header("webhook-signature") else {
        return match keys.iter().any(|key| key.standard().is_some()) {
            true => Check::Wrong("webhook-signature is missing.".to_owned()),
            false => Check::Absent,
        };
    };
    let (Some(id), Some(seconds)) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    ) else {
        return Check::Wrong("webhook-id or webhook-timestamp is missing.".to_owned());
    };
    let right = |key| sign::verify_standard(key, signatures, id, seconds, &received.body);
    if !keys.iter().any(right) {
        let why = format!(
            "webhook-signature is not the HMAC-SHA256 of id, timestamp and these {} bytes under \
             this key.",
            received.body.len()
        );
        let headers = StandardHeaders {
            id,
            seconds,
            signatures,
        };
        let now = now.unix_seconds();
        let diagnose =
            |evidence: &Evidence<'_>| diagnosis::standard(evidence, headers, now).err()?;
        return wrong(why, keys, received, diagnose);
    }
    let distance = seconds.parse::<u64>().ok();
    match distance.map(|seconds| seconds.abs_diff(now.unix_seconds())) {
        Some(0..=TOLERANCE_SECONDS) => Check::Right,
        Some(distance) => Check::Wrong(format!(
            "webhook-timestamp is {distance} s away from this machine's clock."
        )),
        None => Check::Wrong("webhook-timestamp is no number.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLTRACKING_BODY: &str = concat!(
        r#"{"data":{"id":"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5","account":{"id":"#,
        r#""acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"}}}"#
    );

    fn received(body: &str, headers: &[(&str, &str)]) -> Received {
        Received {
            at: Timestamp(0),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            body: body.to_owned().into(),
            answer: "200".to_owned(),
            took_ms: 1,
        }
    }

    fn key(text: &str) -> Vec<SignatureKey> {
        vec![SignatureKey::import(text).unwrap()]
    }

    #[test]
    fn the_first_signature() {
        let signature = "59ba4517343aeda55b1c8813a2a7fa065c83700b";
        let check = |key_text: &str, body: &str, signature: &str, right: bool| {
            let received = received(body, &[("x-calltracking-signature", signature)]);
            let got = calltracking(&key(key_text), &received);
            assert_eq!(got == Check::Right, right, "{got:?}");
        };
        check("ringhook-test-key", CALLTRACKING_BODY, signature, true);
        check("ringhook-test-key", "{}", signature, false);
        check("another", CALLTRACKING_BODY, signature, false);
        check(
            "ringhook-test-key",
            CALLTRACKING_BODY,
            "WbpFFzQ67aVbHIgToqf6BlyDcAs=",
            true,
        );
    }

    #[test]
    fn what_would_make_it_match() {
        let signature = "59ba4517343aeda55b1c8813a2a7fa065c83700b";
        let body = format!("{CALLTRACKING_BODY}\n");
        let received = received(&body, &[("x-calltracking-signature", signature)]);
        let Check::Wrong(why) = calltracking(&key("ringhook-test-key"), &received) else {
            panic!("it has a newline too many");
        };
        assert!(
            why.ends_with("It does match the body without its final newline."),
            "{why}"
        );
    }

    #[test]
    fn the_second_signature_and_its_time() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let headers = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            (
                "webhook-signature",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ];
        let request = received(r#"{"test": 2432232314}"#, &headers);
        let at = |seconds: u64| standard(&key, &request, Timestamp(seconds * 1_000));
        assert_eq!(at(1_614_265_330), Check::Right);
        assert_eq!(
            at(1_614_265_731),
            Check::Wrong("webhook-timestamp is 401 s away from this machine's clock.".to_owned())
        );
        let other = received("{}", &headers);
        let got = standard(&key, &other, Timestamp(1_614_265_330_000));
        assert!(matches!(got, Check::Wrong(_)));
    }

    #[test]
    fn what_is_missing() {
        let bare = received("{}", &[]);
        let plain = verdict(&key("ringhook-test-key"), &bare, Timestamp(0));
        assert_eq!(plain.standard, Check::Absent);
        assert_eq!(plain.wrongs().len(), 1);
        let whole = verdict(&key("whsec_AAAA"), &bare, Timestamp(0));
        assert_eq!(whole.wrongs().len(), 2);
        assert_eq!(whole.right(), "");
    }
}
