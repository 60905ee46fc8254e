//! Bodies that a receiver may have in place of the bytes that were signed. It knows no key:
//! whether one matches is asked of its caller.

use super::json::{Escapes, Style, rewritten};

/// What was done to the body at hand to get the one that was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyChange {
    /// Its last line ending was taken away.
    WithoutNewline,
    /// A line ending was added.
    WithNewline,
    /// CRLF became LF.
    ToLf,
    /// LF became CRLF.
    ToCrlf,
    /// The byte order mark was taken away.
    WithoutMark,
    /// A byte order mark was added.
    WithMark,
    /// The same JSON, written in that way.
    Json(Style),
    /// Decoded as a form is.
    FormDecoded,
    /// Spaces before numbers became plus signs again.
    PlusSigns,
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The first body that is right, in the order of the list above.
pub fn find(body: &[u8], right: impl Fn(&[u8]) -> bool) -> Option<BodyChange> {
    let bytes = plain(body).into_iter();
    let is_right = |(_, tried): &(BodyChange, Vec<u8>)| tried != body && right(tried);
    if let Some((change, _)) = bytes.into_iter().find(is_right) {
        return Some(change);
    }
    let text = std::str::from_utf8(body).ok()?;
    let json = STYLES.into_iter().find(|style| {
        rewritten(text, *style).is_some_and(|tried| tried != text && right(tried.as_bytes()))
    });
    json.map(BodyChange::Json).or_else(|| {
        let mut forms = [
            (BodyChange::FormDecoded, form_decoded(text)),
            (BodyChange::PlusSigns, with_plus_signs(text)),
        ]
        .into_iter();
        let found = forms.find(|(_, tried)| tried != body && right(tried));
        found.map(|(change, _)| change)
    })
}

fn plain(body: &[u8]) -> Vec<(BodyChange, Vec<u8>)> {
    let text = body.strip_suffix(b"\n").unwrap_or(body);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    vec![
        (BodyChange::WithoutNewline, text.to_vec()),
        (BodyChange::WithNewline, [body, b"\n"].concat()),
        (BodyChange::ToLf, to_lf(body)),
        (BodyChange::ToCrlf, to_crlf(&to_lf(body))),
        (
            BodyChange::WithoutMark,
            body.strip_prefix(MARK).unwrap_or(body).to_vec(),
        ),
        (BodyChange::WithMark, [MARK, body].concat()),
    ]
}

fn to_lf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for (place, byte) in body.iter().enumerate() {
        if *byte != b'\r' || body.get(place + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

fn to_crlf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for byte in body {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// `application/x-www-form-urlencoded` undone: `+` is a space, `%7B` a byte. What stands before
/// a first `=` may be the name of a field.
fn form_decoded(text: &str) -> Vec<u8> {
    let text = match text.split_once('=') {
        Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => value,
        _ => text,
    };
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let code = bytes.get(place + 1..place + 3);
        match (byte, code.and_then(|code| hex::decode(code).ok())) {
            (b'%', Some(code)) => {
                out.extend(code);
                place += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
        place += 1;
    }
    out
}

/// A form decoder made `"+336…"` to `" 336…"`.
fn with_plus_signs(text: &str) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    for place in 1..out.len().saturating_sub(1) {
        if out[place] == b' ' && out[place - 1] == b'"' && out[place + 1].is_ascii_digit() {
            out[place] = b'+';
        }
    }
    out
}

/// Ways to write the same JSON, the usual ones first.
const STYLES: [Style; 24] = {
    const ESCAPES: [Escapes; 6] = [
        Escapes::Same,
        Escapes::Unslashed,
        Escapes::Unescaped,
        Escapes::Slashed,
        Escapes::Ascii,
        Escapes::SlashedAscii,
    ];
    let mut styles = [Style::COMPACT; 24];
    let mut place = 0;
    while place < styles.len() {
        styles[place] = Style {
            escapes: ESCAPES[place / 4],
            sorted: place % 4 >= 2,
            spaced: place % 2 == 1,
        };
        place += 1;
    }
    styles
};
