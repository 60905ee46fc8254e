//! Hints in words: what was found, and what to do about it.

use super::super::endpoint::Encoding;
use super::{BodyChange, Content, Escapes, Hint, KeyForm, Style};

const RAW: &str = "Verify the raw bytes, before anything parses or converts them: \
                   request.get_data() (Flask), express.raw() (Express), php://input (PHP).";

impl Hint {
    /// A sentence that says what was found, and one that says what to do.
    pub fn lines(&self) -> [String; 2] {
        let (found, advice) = match self {
            Self::OtherKey(name) => (
                format!("It does match the {name} key of the endpoint."),
                "Give the receiver the current key; ringhook endpoint key REF shows it.",
            ),
            Self::Body(change) => (format!("It does match {}.", body(*change)), RAW),
            Self::Encoding(Encoding::Hex) => (
                "It is the right signature in hex, and the endpoint's is base64.".to_owned(),
                "Compare bytes, or set the endpoint to --encoding hex.",
            ),
            Self::Encoding(Encoding::Base64) => (
                "It is the right signature in base64, and the endpoint's is hex.".to_owned(),
                "Compare bytes, or set the endpoint to --encoding base64.",
            ),
            Self::UpperCase => (
                "It is the right signature in capital letters.".to_owned(),
                "ringhook sends lower case; decode the hex and compare bytes.",
            ),
            Self::WhiteSpace => (
                "It is the right signature with white space around it.".to_owned(),
                "Trim the header's value.",
            ),
            Self::Prefix(prefix) => (
                format!("It is the right signature behind \"{prefix}\"."),
                "ringhook writes no such prefix; compare without it.",
            ),
            Self::Sha256 => (
                "It is the HMAC-SHA256 of the body, and this header holds HMAC-SHA1.".to_owned(),
                "Use SHA-1 for X-CALLTRACKING-SIGNATURE, or verify webhook-signature.",
            ),
            Self::Key(form) => key(*form),
            Self::KeyCanNotSign => (
                "This key is not whsec_ and base64: it signs the first header only.".to_owned(),
                "Verify X-CALLTRACKING-SIGNATURE, or give the endpoint a whsec_ key.",
            ),
            Self::NoVersion => (
                "It is the right signature without its \"v1,\".".to_owned(),
                "Hand the whole header to your library.",
            ),
            Self::Hex => (
                "It is the right signature in hex.".to_owned(),
                "Standard Webhooks writes base64 behind \"v1,\".",
            ),
            Self::Content(content) => self::content(*content),
            Self::Clock(seconds) => clock(*seconds),
            Self::NoTimestamp => (
                "The signature is right, and webhook-timestamp is no number of seconds.".to_owned(),
                "ringhook writes seconds since 1970, without a fraction.",
            ),
        };
        [found, advice.to_owned()]
    }
}

fn body(change: BodyChange) -> String {
    match change {
        BodyChange::WithoutNewline => "the body without its final newline".to_owned(),
        BodyChange::WithNewline => "the body with a newline at its end".to_owned(),
        BodyChange::ToLf => "the body with LF for CRLF: its line endings were changed".to_owned(),
        BodyChange::ToCrlf => "the body with CRLF for LF: its line endings were changed".to_owned(),
        BodyChange::WithoutMark => "the body without its byte order mark".to_owned(),
        BodyChange::WithMark => "the body with a byte order mark in front".to_owned(),
        BodyChange::Json(style) => format!(
            "the same JSON {}: it was parsed and written again before it was verified",
            json(style)
        ),
        BodyChange::FormDecoded => "the body decoded as a form".to_owned(),
        BodyChange::PlusSigns => {
            "the body with + for the spaces before numbers: a form decoder took them away"
                .to_owned()
        }
    }
}

/// `without white space, with its keys sorted`
fn json(style: Style) -> String {
    let mut parts = vec![match style.spaced {
        true => "with \", \" and \": \", as json.dumps() writes it",
        false => "without white space",
    }];
    if style.sorted {
        parts.push("with its keys sorted");
    }
    parts.extend(match style.escapes {
        Escapes::Same => None,
        Escapes::Unslashed => Some("with / for \\/"),
        Escapes::Unescaped => Some("with characters for \\/ and \\uXXXX"),
        Escapes::Slashed => Some("with \\/ for /"),
        Escapes::Ascii => Some("with \\uXXXX for letters beyond ASCII"),
        Escapes::SlashedAscii => Some("with \\/ and \\uXXXX, as json_encode() writes it"),
    });
    parts.join(", ")
}

fn key(form: KeyForm) -> (String, &'static str) {
    match form {
        KeyForm::Decoded => (
            "It does match the decoded bytes of the key.".to_owned(),
            "X-CALLTRACKING-SIGNATURE takes the key's text as it is shown, with whsec_.",
        ),
        KeyForm::Text => (
            "It does match the text of the key.".to_owned(),
            "webhook-signature takes what is behind whsec_, decoded from base64.",
        ),
        KeyForm::WithoutPrefix => (
            "It does match the key's text without whsec_.".to_owned(),
            "X-CALLTRACKING-SIGNATURE takes the whole text, with whsec_.",
        ),
        KeyForm::WithPrefix => (
            "It does match this key with whsec_ in front.".to_owned(),
            "Keep the key's whole text, as ringhook endpoint key REF shows it.",
        ),
    }
}

fn content(content: Content) -> (String, &'static str) {
    let found = match content {
        Content::BodyOnly => "the body alone",
        Content::NoId => "timestamp and body",
        Content::Swapped => "timestamp, id and body",
        Content::Seconds => "a timestamp in whole seconds",
    };
    (
        format!("It does match {found}."),
        "It is made over webhook-id, webhook-timestamp and body, with dots between.",
    )
}

fn clock(seconds: i64) -> (String, &'static str) {
    let side = if seconds < 0 { "before" } else { "after" };
    let found = format!(
        "The signature is right, and its webhook-timestamp is {} s {side} the clock.",
        seconds.unsigned_abs()
    );
    let advice = "Receivers allow 300 s: set the clock by NTP. For a request that was stored, \
                  verify as of its time with --now.";
    (found, advice)
}
