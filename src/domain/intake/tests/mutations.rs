//! Random bytes: whatever arrives, the answer agrees with an independent JSON reader, and what
//! is accepted goes out unchanged.

use super::*;
use crate::domain::dice::Dice;

const SEEDS: [&str; 4] = [
    r#"{"event":"call:completed","data":{"id":"call-1","account":{"id":"acc-1","name":"É 1"},
"tracked_number":"+33465712345","duration":42.5,"x":[1,-2e3,true,null,{"y":"\u00e9\n"}]}}"#,
    r#"{"data":{},"event":"a:b","occurred_at":"2026-03-04T09:08:22Z","idempotency_key":"k-1"}"#,
    r#"{"event":"email:received","data":{"id":"\ud83d\ude00","x":"😀","y":[[],{},[{}]]}}"#,
    "{\"event\":\"pbx:x\",\"data\":{ \"a\" : \"0123456789abcdef\\\\\" , \"b\":0.0 } }",
];

const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "0",
    "-",
    "e",
    ".",
    "null",
    "true",
    " ",
    "\n",
    "\0",
    "é",
    "\"id\":",
    "\"data\":{",
    "\u{feff}",
    "1e999",
];

fn mutate(dice: &mut Dice) -> Vec<u8> {
    let pick = |dice: &mut Dice, count: usize| dice.below(count as u64) as usize;
    let mut body = SEEDS[pick(dice, SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        if body.is_empty() {
            break;
        }
        let at = pick(dice, body.len());
        let end = (at + pick(dice, 9)).min(body.len());
        match dice.below(6) {
            0 => body[at] = dice.roll() as u8,
            1 => body[at] ^= 1 << dice.below(8),
            2 => drop(body.drain(at..end)),
            3 => body.truncate(at),
            4 => {
                let copy = body[at..end].to_vec();
                body.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[pick(dice, PIECES.len())].as_bytes();
                body.splice(at..at, piece.iter().copied());
            }
        }
    }
    body
}

/// The order of mistakes may differ between the two readers, that there is one may not.
fn agrees(body: &[u8]) {
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    let shown = String::from_utf8_lossy(body);
    match read(body, None, ORIGIN) {
        Ok(incoming) => {
            assert!(is_json, "{shown}");
            let text = std::str::from_utf8(body).unwrap();
            let data = data_out(incoming);
            assert!(text.contains(&data), "{shown}");
            assert!(
                serde_json::from_str::<serde::de::IgnoredAny>(&data).is_ok(),
                "{data}"
            );
        }
        Err(Unreadable::Malformed { offset, code, .. }) => {
            assert!(offset <= body.len(), "{shown}");
            // A shape may be refused before the rest of the body is read.
            assert!(code != "not_json" || !is_json, "{shown}");
            assert!(code != "not_utf8" || offset < body.len(), "{shown}");
        }
        Err(Unreadable::Unacceptable(errors)) => {
            assert!(is_json, "{shown}");
            assert!(!errors.is_empty(), "{shown}");
        }
        Err(Unreadable::KeysDiffer) => panic!("no header was given: {shown}"),
    }
}

#[test]
fn mutations_of_good_bodies() {
    for seed in SEEDS {
        read_text(seed).unwrap();
    }
    let mut dice = Dice::seeded(20_260_304);
    for _ in 0..30_000 {
        agrees(&mutate(&mut dice));
    }
}

#[test]
fn random_tokens() {
    let mut dice = Dice::seeded(7_464);
    for _ in 0..20_000 {
        let count = dice.below(12);
        let pieces = (0..count).map(|_| PIECES[dice.below(PIECES.len() as u64) as usize]);
        let data: String = pieces.collect();
        agrees(data.as_bytes());
        agrees(format!(r#"{{"event":"a:b","data":{{"x":{data}}}}}"#).as_bytes());
    }
}
