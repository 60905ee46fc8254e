//! Reads the query of a URL: percent-decoding, limits and cursors.

use std::borrow::Cow;

use crate::domain::time::Timestamp;

use super::problem::Problem;

/// How many items a page holds when nobody says.
pub const LIMIT_DEFAULT: usize = 50;
/// How many items a page may hold.
pub const LIMIT_MAX: usize = 500;

/// The parameters of one request, each at most once; an empty one counts as absent.
#[derive(Debug)]
pub struct Query<'a>(Vec<(String, &'a str)>);

impl<'a> Query<'a> {
    /// Parameters must be among `allowed`; an unknown one is 400, so that a misspelt filter
    /// does not show everything.
    pub fn parse(query: Option<&'a str>, allowed: &[&str]) -> Result<Self, Problem> {
        let mut parameters: Vec<(String, &str)> = Vec::new();
        let pairs = query.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, false).ok_or_else(|| not_text(name))?;
            if !allowed.contains(&name.as_ref()) {
                let message = match allowed {
                    [] => "this path takes no parameters".to_owned(),
                    known => format!("is not known here; known are {}", known.join(", ")),
                };
                return Err(Problem::malformed(name, "unknown_field", message, None));
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                let message = "is given more than once";
                return Err(Problem::malformed(name, "duplicate_field", message, None));
            }
            if !value.is_empty() {
                parameters.push((name.into_owned(), value));
            }
        }
        Ok(Self(parameters))
    }

    /// A text in which `+` is a space, as forms write it.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
        self.decoded(name, true)
    }

    /// A text in which `+` is itself: phone numbers, times with an offset, ids.
    pub fn literal(&self, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
        self.decoded(name, false)
    }

    fn decoded(&self, name: &str, plus: bool) -> Result<Option<Cow<'a, str>>, Problem> {
        let found = self.0.iter().find(|(known, _)| known == name);
        match found {
            None => Ok(None),
            Some((_, value)) => decode(value, plus).map(Some).ok_or_else(|| not_text(name)),
        }
    }

    /// A text that `read` makes something of; 422 with `expected` when it makes nothing of it.
    pub fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        match self.literal(name)? {
            None => Ok(None),
            Some(text) => read(&text).map(Some).ok_or_else(|| {
                Problem::field(name, "invalid", format!("{text:?} is not {expected}"))
            }),
        }
    }

    /// A time of RFC 3339.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let expected = "a time such as 2026-03-04T10:08:22+01:00";
        self.read(name, expected, Timestamp::parse_rfc3339)
    }

    /// `limit`: 1 to 500, else 422.
    pub fn limit(&self) -> Result<usize, Problem> {
        let limit = self.read("limit", "a number from 1 to 500", |text| {
            let limit = text.parse().ok()?;
            (1..=LIMIT_MAX).contains(&limit).then_some(limit)
        })?;
        Ok(limit.unwrap_or(LIMIT_DEFAULT))
    }

    /// `cursor`: what a page before gave as `next`.
    pub fn cursor<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.read("cursor", "the `next` of a page before", read)
    }
}

fn not_text(name: &str) -> Problem {
    let message = "is not UTF-8 in percent-encoding";
    Problem::malformed(name.escape_debug().to_string(), "not_utf8", message, None)
}

/// Percent-decodes; None where a `%` has no two hex digits, or the result is not UTF-8.
fn decode(text: &str, plus: bool) -> Option<Cow<'_, str>> {
    if !text
        .bytes()
        .any(|byte| byte == b'%' || (plus && byte == b'+'))
    {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high << 4 | low).ok()?
            }
            b'+' if plus => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    #[test]
    fn percent_decoding() {
        let check = |text: &str, plus: bool, expected: Option<&str>| {
            assert_eq!(decode(text, plus).as_deref(), expected, "{text}");
        };
        check("plain", true, Some("plain"));
        check("%2B331", false, Some("+331"));
        check("+331", false, Some("+331"));
        check("two+words%20more", true, Some("two words more"));
        check("r%C3%A9pondu", false, Some("répondu"));
        check("%", false, None);
        check("%2", false, None);
        check("%zz", false, None);
        check("%+1", false, None);
        check("%ff", false, None);
    }

    #[test]
    fn unknown_repeated_and_empty_parameters() {
        let check = |query: &str, expected: Option<Code>| {
            let got = Query::parse(Some(query), &["limit", "q"]);
            assert_eq!(got.err().map(|problem| problem.code()), expected, "{query}");
        };
        check("", None);
        check("&&limit=1&", None);
        check("q", None);
        check("odd=1", Some(Code::Malformed));
        check("q=1&q=2", Some(Code::Malformed));
        check("%ff=1", Some(Code::Malformed));
        let query = Query::parse(Some("q=&limit=2"), &["limit", "q"]).unwrap();
        assert_eq!(query.text("q").unwrap(), None);
    }

    #[test]
    fn limits() {
        let check = |text: &str, expected: Option<usize>| {
            let query = format!("limit={text}");
            let query = Query::parse(Some(&query), &["limit"]).unwrap();
            assert_eq!(query.limit().ok(), expected, "{text}");
        };
        check("1", Some(1));
        check("500", Some(500));
        check("", Some(LIMIT_DEFAULT));
        for bad in ["0", "501", "-1", "ten", "1.5", "99999999999999999999"] {
            check(bad, None);
        }
    }
}
