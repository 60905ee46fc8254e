//! The same JSON in another writing: white space, order of keys, escapes. Numbers and whatever
//! else stands in it are kept as they are, but where keys are sorted.

use serde::de::IgnoredAny;

/// How JSON is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// `", "` and `": "`, as Python writes it; else without white space.
    pub spaced: bool,
    /// Keys in alphabetical order.
    pub sorted: bool,
    /// What becomes of escapes in strings.
    pub escapes: Escapes,
}

/// What becomes of escapes in strings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escapes {
    /// They stay.
    Same,
    /// `\/` becomes `/`.
    Unslashed,
    /// `\/` and `\uXXXX` become the characters.
    Unescaped,
    /// `/` becomes `\/`.
    Slashed,
    /// What is not ASCII becomes `\uXXXX`.
    Ascii,
    /// Both, as PHP writes it.
    SlashedAscii,
}

impl Style {
    /// Without white space, all else as it is.
    pub const COMPACT: Self = Self {
        spaced: false,
        sorted: false,
        escapes: Escapes::Same,
    };
}

/// The text in that style; None where it is not JSON.
pub fn rewritten(text: &str, style: Style) -> Option<String> {
    let sorted;
    let text = if style.sorted {
        // A map of serde_json is sorted by its keys.
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        sorted = value.to_string();
        &sorted
    } else {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        text
    };
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = string_end(rest);
            write_string(&rest[..end], style.escapes, &mut out);
            rest = &rest[end..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            ',' | ':' if style.spaced => out.extend([c, ' ']),
            _ if c.is_ascii_whitespace() => {}
            _ => out.push(c),
        }
    }
    Some(out)
}

/// Where the string ends that begins here, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

fn write_string(string: &str, escapes: Escapes, out: &mut String) {
    let mut rest = string;
    while let Some(c) = rest.chars().next() {
        let (token, known) = match c {
            '\\' => escape(rest),
            _ => (&rest[..c.len_utf8()], None),
        };
        rest = &rest[token.len()..];
        let slash = token == "\\/";
        match (escapes, known) {
            (Escapes::Unslashed | Escapes::Unescaped, _) if slash => out.push('/'),
            (Escapes::Unescaped, Some(known)) => out.push(known),
            (Escapes::Slashed | Escapes::SlashedAscii, _) if token == "/" => out.push_str("\\/"),
            (Escapes::Ascii | Escapes::SlashedAscii, _) if !token.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push_str(token),
        }
    }
}

/// The escape at the beginning of the text, and the character of a `\uXXXX` that could as well
/// stand for itself.
fn escape(text: &str) -> (&str, Option<char>) {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let decoded = |units: &[u16]| {
        let c = char::decode_utf16(units.iter().copied()).next()?.ok()?;
        (c >= ' ' && c != '"' && c != '\\').then_some(c)
    };
    match (unit(0), unit(6)) {
        (Some(high @ 0xD800..0xDC00), Some(low)) => (&text[..12], decoded(&[high, low])),
        (Some(one), _) => (&text[..6], decoded(&[one])),
        (None, _) => {
            let length = text.chars().take(2).map(char::len_utf8).sum();
            (&text[..length], None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_in_other_writings() {
        let check = |text: &str, style: Style, expected: &str| {
            assert_eq!(rewritten(text, style).as_deref(), Some(expected), "{text}");
        };
        let compact = Style::COMPACT;
        let with = |escapes| Style { escapes, ..compact };
        let spaced = Style {
            spaced: true,
            ..compact
        };
        let sorted = Style {
            sorted: true,
            ..compact
        };
        check(
            "{ \"b\" : [1, 2.50] ,\n\"a\":\"x , y\"}",
            compact,
            r#"{"b":[1,2.50],"a":"x , y"}"#,
        );
        check(
            r#"{"b":[1,2],"a":":,"}"#,
            spaced,
            r#"{"b": [1, 2], "a": ":,"}"#,
        );
        check(
            r#"{"b":1,"a":{"d":1,"c":2}}"#,
            sorted,
            r#"{"a":{"c":2,"d":1},"b":1}"#,
        );
        check(
            r#"["a\/b\u00e9\n"]"#,
            with(Escapes::Unslashed),
            r#"["a/b\u00e9\n"]"#,
        );
        check(
            r#"["a\/\u00e9\u0022\ud83d\ude00\n"]"#,
            with(Escapes::Unescaped),
            "[\"a/é\\u0022😀\\n\"]",
        );
        check(r#"["a/b\/c"]"#, with(Escapes::Slashed), r#"["a\/b\/c"]"#);
        check(
            "[\"é😀/\"]",
            with(Escapes::Ascii),
            r#"["\u00e9\ud83d\ude00/"]"#,
        );
        check("[\"é/\"]", with(Escapes::SlashedAscii), r#"["\u00e9\/"]"#);
        assert_eq!(rewritten("a=1", compact), None);
    }
}
