//! JSON values as they stand in a text, read only where somebody asks: text stays borrowed as
//! long as it has no escapes.

use std::borrow::Cow;

use super::scan::{Fault, Key, Problem};

/// A value or a field name as it was written, which the scan has checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// With its quotes or brackets.
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) offset: usize,
}

/// What a value is.
pub(super) enum Value<'a> {
    /// `null`, and a field that is not there.
    Null,
    /// `true` or `false`
    Bool,
    /// A number as it was written; it may be too large for any machine.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

impl<'a> Raw<'a> {
    /// The value; a fault when it is a string of which an escape names half of a character.
    pub(super) fn read(&self) -> Result<Value<'a>, Box<Fault>> {
        Ok(match self.text.as_bytes().first() {
            Some(b'"') => Value::Text(self.unquote()?),
            Some(b'{') => Value::Object,
            Some(b'[') => Value::Array,
            Some(b't' | b'f') => Value::Bool,
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(self.text),
        })
    }

    fn unquote(&self) -> Result<Cow<'a, str>, Box<Fault>> {
        let inside = &self.text[1..self.text.len() - 1];
        if !inside.contains('\\') {
            return Ok(Cow::Borrowed(inside));
        }
        let fault = Fault {
            offset: self.offset,
            problem: Problem::HalfCharacter,
        };
        unescape(inside)
            .map(Cow::Owned)
            .ok_or_else(|| Box::new(fault))
    }
}

impl<'a> Key<'a> {
    /// The name. One that is no text is the name of none of ours.
    pub(super) fn name(&self) -> Cow<'a, str> {
        let text = self.raw.text;
        if self.escaped {
            self.raw.unquote().unwrap_or(Cow::Borrowed("\u{fffd}"))
        } else {
            Cow::Borrowed(&text[1..text.len() - 1])
        }
    }
}

/// What stands between the quotes of a string, which the scan has checked.
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
