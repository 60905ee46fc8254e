//! Reads the JSON of administrators' requests, keeping for every value its path and its place
//! in the body, so that what is wrong can be named.
//!
//! Objects are taken apart one level at a time: what is left over is unknown, and a name that
//! stands twice is refused. Nothing descends deeper than the forms that are asked for.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::problem::Problem;

/// One value of a body.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    text: &'a str,
    path: String,
    offset: usize,
}

/// An object of which members are taken one after the other.
#[derive(Debug)]
pub struct Object<'a> {
    members: Vec<(String, Value<'a>)>,
    path: String,
    offset: usize,
}

/// The object that a body consists of. An empty body is one without members.
pub fn object(body: &[u8]) -> Result<Object<'_>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let message = "the body is not UTF-8";
        Problem::malformed("", "not_utf8", message, Some(error.valid_up_to()))
    })?;
    if text.is_empty() {
        return Ok(Object {
            members: Vec::new(),
            path: String::new(),
            offset: 0,
        });
    }
    let whole = Value {
        text,
        path: String::new(),
        offset: 0,
    };
    whole.object()
}

impl<'a> Value<'a> {
    /// Its path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its bytes.
    pub fn raw(&self) -> &'a str {
        self.text
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// None for `null`.
    pub fn non_null(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }

    /// An object, opened.
    pub fn object(self) -> Result<Object<'a>, Problem> {
        let Members(found) = self.parse("an object", b'{')?;
        let mut members: Vec<(String, Value<'a>)> = Vec::with_capacity(found.len());
        for (name, raw) in found {
            let path = match self.path.as_str() {
                "" => name.clone(),
                parent => format!("{parent}.{name}"),
            };
            let value = self.child(raw, path);
            if members.iter().any(|(known, _)| *known == name) {
                return Err(value.refuse("duplicate_field", "stands twice"));
            }
            members.push((name, value));
        }
        Ok(Object {
            members,
            path: self.path,
            offset: self.offset,
        })
    }

    /// The items of a list.
    pub fn list(self) -> Result<Vec<Value<'a>>, Problem> {
        let Items(found) = self.parse("a list", b'[')?;
        let numbered = found.into_iter().enumerate();
        Ok(numbered
            .map(|(place, raw)| self.child(raw, format!("{}[{place}]", self.path)))
            .collect())
    }

    /// A text.
    pub fn string(&self) -> Result<String, Problem> {
        self.parse("a string", b'"')
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Result<bool, Problem> {
        match self.text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    /// A number.
    pub fn number(&self) -> Result<f64, Problem> {
        let number: Result<f64, _> = serde_json::from_str(self.text);
        number.map_err(|_| self.wrong_type("a number"))
    }

    /// Whether it is a text, for fields that have two forms.
    pub fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    /// 400 at this place.
    pub fn refuse(&self, code: &'static str, message: &str) -> Problem {
        Problem::malformed(self.path.clone(), code, message, Some(self.offset))
    }

    fn wrong_type(&self, expected: &str) -> Problem {
        self.refuse("wrong_type", &format!("must be {expected}"))
    }

    fn child(&self, raw: &'a RawValue, path: String) -> Self {
        // The raw text is a part of ours; where, its address says.
        let inside = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Self {
            text: raw.get(),
            path,
            offset: self.offset + inside,
        }
    }

    fn parse<T: Deserialize<'a>>(&self, expected: &str, first: u8) -> Result<T, Problem> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let begins = self.text.bytes().find(|byte| !blank(byte));
        let parsed = serde_json::from_str(self.text);
        // Not JSON at all is said before: of the wrong kind. `[}` is no list of the wrong kind.
        match parsed {
            Ok(value) => Ok(value),
            Err(error) if begins == Some(first) || self.path.is_empty() => {
                if error.is_data() {
                    return Err(self.wrong_type(expected));
                }
                let offset = self.offset + offset_of(self.text, &error);
                let message = format!("not JSON: {}", without_place(&error));
                Err(Problem::malformed(
                    self.path.clone(),
                    "not_json",
                    message,
                    Some(offset),
                ))
            }
            Err(_) => Err(self.wrong_type(expected)),
        }
    }
}

impl<'a> Object<'a> {
    /// Takes a member out.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let place = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.swap_remove(place).1)
    }

    /// Takes a member that must be there: 400 without.
    pub fn require(&mut self, name: &str) -> Result<Value<'a>, Problem> {
        let found = self.take(name);
        found.ok_or_else(|| {
            let path = match self.path.as_str() {
                "" => name.to_owned(),
                parent => format!("{parent}.{name}"),
            };
            Problem::malformed(path, "missing_field", "is missing", Some(self.offset))
        })
    }

    /// The members that are left, for objects whose names are the user's.
    pub fn members(self) -> Vec<(String, Value<'a>)> {
        self.members
    }

    /// Ends: what is left is unknown, 400.
    pub fn finish(self) -> Result<(), Problem> {
        let first = self.members.iter().min_by_key(|(_, value)| value.offset);
        match first {
            None => Ok(()),
            Some((_, value)) => Err(value.refuse("unknown_field", "is not a known field")),
        }
    }
}

/// Where serde_json stopped, as an offset: it counts lines from 1 and bytes within them.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let lines = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}

/// What is wrong, without the line and column: the offset says that.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The members of an object as they stand there, duplicates included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

/// The items of a list as they stand there.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl<'de> Visitor<'de> for Taker {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Taker).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl<'de> Visitor<'de> for Taker {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(Taker).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field, code and offset of the first error.
    fn error_of(problem: &Problem) -> (String, String, u64) {
        let document: serde_json::Value = serde_json::from_slice(&problem.document()).unwrap();
        let error = &document["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (
            text("field"),
            text("code"),
            error["offset"].as_u64().unwrap(),
        )
    }

    #[test]
    fn what_is_malformed_is_named_with_its_place() {
        // `read` walks as a handler would: a is a text, b an object with a list c of numbers.
        fn read(body: &[u8]) -> Result<(), Problem> {
            let mut body = object(body)?;
            body.require("a")?.string()?;
            if let Some(b) = body.take("b") {
                let mut b = b.object()?;
                for item in b.require("c")?.list()? {
                    item.number()?;
                }
                b.finish()?;
            }
            body.finish()
        }
        let check = |body: &[u8], expected: Option<(&str, &str, u64)>| {
            let got = read(body).err().map(|problem| error_of(&problem));
            let expected = expected.map(|(f, c, at)| (f.to_owned(), c.to_owned(), at));
            assert_eq!(got, expected, "{}", String::from_utf8_lossy(body));
        };
        check(br#"{"a":"x","b":{"c":[1,2.5]}}"#, None);
        check(b" \n{\"a\": \"x\" } ", None);
        check(b"", Some(("a", "missing_field", 0)));
        check(b"  ", Some(("", "not_json", 1)));
        check(b"[]", Some(("", "wrong_type", 0)));
        check(b"nonsense", Some(("", "not_json", 1)));
        check(b"{\n\"a\": x}", Some(("", "not_json", 7)));
        check(br#"{"a":"x"} x"#, Some(("", "not_json", 10)));
        check(b"{\"a\":\"\xff\"}", Some(("", "not_utf8", 6)));
        check(br#"{"a":7}"#, Some(("a", "wrong_type", 5)));
        check(br#"{"a":"\ud800"}"#, Some(("a", "not_json", 12)));
        check(br#"{"a":"x","odd":1}"#, Some(("odd", "unknown_field", 15)));
        check(br#"{"a":"x","a":"y"}"#, Some(("a", "duplicate_field", 13)));
        check(br#"{"a":"x","b":{}}"#, Some(("b.c", "missing_field", 13)));
        check(
            br#"{"a":"x","b":{"c":[1,"2"]}}"#,
            Some(("b.c[1]", "wrong_type", 21)),
        );
        check(
            br#"{"a":"x","b":{"c":[],"d":0}}"#,
            Some(("b.d", "unknown_field", 25)),
        );
    }

    #[test]
    fn nesting_costs_nothing() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        let mut body = object(deep.as_bytes()).unwrap();
        let problem = body.take("a").unwrap().string().unwrap_err();
        assert_eq!(error_of(&problem).1, "wrong_type");
    }
}
