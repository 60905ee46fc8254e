//! `verify`: whether the signatures of a request are right, and what went wrong where they are
//! not. Local: with a key file it needs no daemon.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::{BAD, GOOD, paint};
use super::failure::{Exit, Failure, code};
use super::signing::{KeySource, Keys};
use super::words::bytes;
use super::{Context, input};
use crate::domain::diagnosis::{self, Evidence, Hint, StandardHeaders};
use crate::domain::endpoint::Encoding;
use crate::domain::time::Timestamp;

/// `verify`
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    key: KeySource,
    /// The request's body, its raw bytes; - is stdin
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// A header of the request, several times: 'webhook-id: evt_…'
    #[arg(long = "header", short = 'H', value_name = "'N: V'", required = true,
          value_parser = input::header)]
    headers: Vec<(String, String)>,
    /// Judge webhook-timestamp as of then: seconds since 1970, or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
}

const EXAMPLES: &str = "\
Examples:
  ringhook verify --endpoint CRM --body got.json --header 'X-CALLTRACKING-SIGNATURE: bacc74…'
  ringhook verify --key-file key --body got.json --now 1614265330 -H 'webhook-id: evt_…' \\
      -H 'webhook-timestamp: 1614265330' -H 'webhook-signature: v1,…'

Exit code 1: a signature does not match.";

/// For clap: a time to judge by.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let seconds = text.parse::<u64>().ok();
    let seconds = seconds.and_then(|seconds| Some(Timestamp(seconds.checked_mul(1_000)?)));
    seconds
        .or_else(|| Timestamp::parse_rfc3339(text))
        .ok_or_else(|| "write it like 1614265330 or 2026-03-04T09:00:00Z".to_owned())
}

/// What is said of one header: which key made it, or what went wrong.
struct Finding {
    header: &'static str,
    scheme: &'static str,
    result: Result<String, Option<Hint>>,
}

const CALLTRACKING: &str = "X-CALLTRACKING-SIGNATURE";
const STANDARD: &str = "webhook-signature";

/// Verifies every signature that was given.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let keys = arguments.key.load(context)?;
    let body = input::bytes(&arguments.body)?;
    let now = arguments.now.unwrap_or_else(|| context.clock.now().wall);
    let findings = findings(&keys, &body, &arguments.headers, now)?;
    if context.console.is_json() {
        context.console.line(document(&findings))?;
    } else if !context.console.is_machine() {
        for finding in &findings {
            context.console.lines(&lines(finding, &keys, &body))?;
        }
    }
    match findings.iter().all(|finding| finding.result.is_ok()) {
        true => Ok(Exit::Done),
        false => Ok(Exit::No),
    }
}

fn findings(
    keys: &Keys,
    body: &[u8],
    headers: &[(String, String)],
    now: Timestamp,
) -> Result<Vec<Finding>, Failure> {
    let header = |name: &str| {
        let mut all = headers.iter();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let mut findings = Vec::new();
    if let Some(signature) = header(CALLTRACKING) {
        let result = by_any(keys, body, |evidence| {
            diagnosis::calltracking(evidence, signature)
        });
        findings.push(Finding {
            header: CALLTRACKING,
            scheme: match result {
                Ok((_, Encoding::Base64)) => "HMAC-SHA1, base64",
                _ => "HMAC-SHA1",
            },
            result: result.map(|(name, _)| name),
        });
    }
    if let Some(signatures) = header(STANDARD) {
        let headers = StandardHeaders {
            id: header("webhook-id").ok_or_else(|| missing("webhook-id"))?,
            seconds: header("webhook-timestamp").ok_or_else(|| missing("webhook-timestamp"))?,
            signatures,
        };
        let now = now.unix_seconds();
        let result = by_any(keys, body, |evidence| {
            diagnosis::standard(evidence, headers, now)
        });
        findings.push(Finding {
            header: STANDARD,
            scheme: "HMAC-SHA256",
            result: result.map(|(name, ())| name),
        });
    }
    match findings.is_empty() {
        true => Err(missing(&format!("{CALLTRACKING} or {STANDARD}"))),
        false => Ok(findings),
    }
}

/// Tries every key of the endpoint: during a rotation either of two may sign. Where none does,
/// what went wrong is looked for with the current one.
fn by_any<T>(
    keys: &Keys,
    body: &[u8],
    verify: impl Fn(&Evidence<'_>) -> Result<T, Option<Hint>>,
) -> Result<(String, T), Option<Hint>> {
    let evidence = |key| Evidence {
        key,
        others: &keys.others,
        encoding: keys.encoding,
        body,
    };
    for (name, key) in keys.all() {
        if let Ok(found) = verify(&evidence(key)) {
            return Ok((name, found));
        }
    }
    verify(&evidence(&keys.current)).map(|found| (keys.name.clone(), found))
}

fn missing(name: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        code::VALUE,
        format!("there is no header {name}"),
    )
    .try_this("it with --header 'NAME: VALUE', as it was received")
}

fn lines(finding: &Finding, keys: &Keys, body: &[u8]) -> Vec<String> {
    let Finding { header, scheme, .. } = finding;
    let size = bytes(body.len() as u64);
    let (hint, name) = match &finding.result {
        Ok(name) => {
            let valid = paint(GOOD, "valid");
            return vec![format!("{valid}: {header} ({scheme}, {size}, {name})")];
        }
        Err(hint) => (hint, &keys.name),
    };
    let mut lines = vec![format!("{} for {header}.", paint(BAD, "no match"))];
    match hint {
        Some(hint) => lines.extend(hint.lines().map(|line| format!("  {line}"))),
        None => lines.extend([
            format!("  It is not made from these {size} with {name}, nor in any usual wrong way."),
            "  Is it the right endpoint's key, and the body as it came, byte for byte?".to_owned(),
        ]),
    }
    lines
}

fn document(findings: &[Finding]) -> serde_json::Value {
    let item = |finding: &Finding| {
        let hint = finding.result.as_ref().err().and_then(Option::as_ref);
        json!({
            "header": finding.header,
            "valid": finding.result.is_ok(),
            "key": finding.result.as_ref().ok(),
            "hint": hint.map(|hint| hint.lines().join(" ")),
        })
    };
    let items: Vec<_> = findings.iter().map(item).collect();
    json!({"items": items, "next": null})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::SignatureKey;
    use crate::domain::sign;

    #[test]
    fn every_given_signature_counts_and_one_is_needed() {
        let keys = Keys {
            name: "the current key of CRM".to_owned(),
            title: Some("CRM".to_owned()),
            current: SignatureKey::import("ringhook-test-key").unwrap(),
            others: vec![("next", SignatureKey::import("next-key").unwrap())],
            encoding: None,
        };
        let body = concat!(
            r#"{"data":{"id":"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5","account":"#,
            r#"{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"}}}"#
        );
        let check = |headers: &[(&str, &str)], expected: Result<Vec<bool>, Exit>| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let headers: Vec<_> = headers.iter().map(owned).collect();
            let got = findings(&keys, body.as_bytes(), &headers, Timestamp(0));
            let got = got.map(|all| all.iter().map(|one| one.result.is_ok()).collect());
            assert_eq!(got.map_err(|failure| failure.exit()), expected);
        };
        let right = "59ba4517343aeda55b1c8813a2a7fa065c83700b";
        check(&[("x-calltracking-signature", right)], Ok(vec![true]));
        let base64 = "WbpFFzQ67aVbHIgToqf6BlyDcAs=";
        check(&[("X-CALLTRACKING-SIGNATURE", base64)], Ok(vec![true]));
        let standard = [
            ("webhook-signature", "v1,AAAA"),
            ("webhook-id", "m"),
            ("webhook-timestamp", "0"),
        ];
        let both = [&[("x-calltracking-signature", right)], &standard[..]].concat();
        check(&both, Ok(vec![true, false]));
        check(&standard[..2], Err(Exit::Usage));
        check(&[("x-other", "v")], Err(Exit::Usage));
    }

    #[test]
    fn either_key_of_a_rotation_will_do_and_is_named() {
        let import = |text: &str| SignatureKey::import(text).unwrap();
        let keys = Keys {
            name: "the current key of CRM".to_owned(),
            title: Some("CRM".to_owned()),
            current: import("ringhook-test-key"),
            others: vec![("previous", import("old")), ("next", import("new"))],
            encoding: Some(Encoding::Hex),
        };
        let check = |key: &str, expected: Option<&str>| {
            let signature = sign::calltracking(&import(key), Encoding::Hex, b"{}");
            let headers = [(CALLTRACKING.to_owned(), signature)];
            let got = findings(&keys, b"{}", &headers, Timestamp(0)).unwrap();
            assert_eq!(got[0].result.as_deref().ok(), expected, "{key}");
        };
        check("ringhook-test-key", Some("the current key of CRM"));
        check("old", Some("the previous key of CRM"));
        check("new", Some("the next key of CRM"));
        check("nobody's", None);
    }
}
