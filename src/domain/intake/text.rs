//! JSON strings: borrowed where they stand, unescaped only where they are read.

use std::borrow::Cow;

use super::scan::{Fault, Problem};

/// A JSON string, not yet unescaped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    /// What stands between the quotes.
    pub(super) raw: &'a str,
    /// Whether it has escapes.
    pub(super) escaped: bool,
    /// Where its opening quote is, in bytes.
    pub(super) offset: usize,
}

impl<'a> Text<'a> {
    /// The string itself, borrowed where it has no escapes; a fault when an escape names half of
    /// a character.
    pub(super) fn read(&self) -> Result<Cow<'a, str>, Fault> {
        if !self.escaped {
            return Ok(Cow::Borrowed(self.raw));
        }
        unescape(self.raw).map(Cow::Owned).ok_or(Fault {
            offset: self.offset,
            problem: Problem::HalfCharacter,
        })
    }

    /// The string as the name of a field. One that is no text is the name of none of ours.
    pub(super) fn name(&self) -> Cow<'a, str> {
        self.read().unwrap_or(Cow::Borrowed("\u{fffd}"))
    }
}

/// `raw` has passed `Scan::string`, so every escape in it is complete.
fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = &rest[at + 2..];
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (character, behind) = unescape_unit(rest)?;
                rest = behind;
                character
            }
            itself => char::from(itself),
        });
    }
    text.push_str(rest);
    Some(text)
}

/// The character of `XXXX` or of `XXXX\uXXXX`, and what follows it.
fn unescape_unit(text: &str) -> Option<(char, &str)> {
    let unit = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let first = unit(text.get(..4)?)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, &text[4..]));
    }
    let second = unit(text.get(4..)?.strip_prefix("\\u")?.get(..4)?)?;
    let character = char::decode_utf16([first as u16, second as u16])
        .next()?
        .ok()?;
    Some((character, &text[10..]))
}
