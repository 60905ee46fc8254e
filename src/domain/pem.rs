//! Reads PEM (RFC 7468): the labelled blocks of base64 in which certificates and keys are kept.
//!
//! A text may hold a private key, so no message repeats any of it. What stands between the
//! blocks is passed over, as others do: many files have a description there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// `CERTIFICATE`, `PRIVATE KEY` …
    pub label: String,
    /// What it holds. Of an encrypted key of the old form, nothing.
    pub der: Vec<u8>,
    /// A key of the old form that is encrypted (RFC 1421 §4.6.1.1).
    pub is_encrypted: bool,
}

/// Every block of a text, in order. The error is a part of a sentence: what is wrong, and where.
pub fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim).enumerate();
    while let Some((place, line)) = lines.next() {
        let Some(label) = between(line, BEGIN) else {
            continue;
        };
        let mut block = Block {
            label: label.to_owned(),
            der: Vec::new(),
            is_encrypted: false,
        };
        let mut base64 = String::new();
        loop {
            let Some((_, line)) = lines.next() else {
                let line = place + 1;
                return Err(format!("has a block without an end, begun in line {line}"));
            };
            match between(line, END) {
                Some(end) if end == block.label => break,
                Some(_) => {
                    let line = place + 1;
                    return Err(format!(
                        "has a block that ends as another kind, begun in line {line}"
                    ));
                }
                None if line.contains(':') => {
                    block.is_encrypted |= line.starts_with("Proc-Type:");
                }
                None => base64.push_str(line),
            }
        }
        if !block.is_encrypted {
            let line = place + 1;
            block.der = STANDARD
                .decode(&base64)
                .map_err(|_| format!("has a block that is not base64, begun in line {line}"))?;
        }
        found.push(block);
    }
    Ok(found)
}

/// `CERTIFICATE` of `-----BEGIN CERTIFICATE-----`.
fn between<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix(DASHES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_and_what_is_around_them_is_not() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let got = blocks(text).map(|found| {
                let told = found.iter().map(|block| {
                    let lock = if block.is_encrypted { "!" } else { "" };
                    format!(
                        "{}{lock}:{}",
                        block.label,
                        String::from_utf8_lossy(&block.der)
                    )
                });
                told.collect::<Vec<_>>().join(" ")
            });
            let got = got.as_deref().map_err(String::as_str);
            assert_eq!(got, expected, "{text}");
        };
        check("", Ok(""));
        check("no block at all", Ok(""));
        check(
            "-----BEGIN X-----\naGFs\nbG8=\n-----END X-----",
            Ok("X:hallo"),
        );
        check(
            "subject=a\r\n  -----BEGIN X-----\r\n aGFsbG8=\r\n-----END X-----\r\nafter\r\n\
             -----BEGIN PRIVATE KEY-----\r\nMQ==\r\n-----END PRIVATE KEY-----\r\n",
            Ok("X:hallo PRIVATE KEY:1"),
        );
        check(
            "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nxx\n-----END K-----",
            Ok("K!:"),
        );
        check(
            "\n-----BEGIN X-----\naGFs",
            Err("has a block without an end, begun in line 2"),
        );
        check(
            "-----BEGIN X-----\naGFs\n-----END Y-----",
            Err("has a block that ends as another kind, begun in line 1"),
        );
        check(
            "-----BEGIN X-----\nno base64\n-----END X-----",
            Err("has a block that is not base64, begun in line 1"),
        );
        check("-----BEGIN X-----\n-----END X-----", Ok("X:"));
    }
}
