//! Walks over JSON text in place: it checks the grammar of RFC 8259 and says where each value
//! lies, in one pass.
//!
//! It builds no tree, copies nothing, and must not recurse: the nesting of a body is counted
//! here, so that no body can exhaust the stack of whoever reads it later.

use super::DEPTH_MAX;
use super::text::Text;

/// A place in a JSON text.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

/// A JSON value, as far as ringhook looks at one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Value<'a> {
    /// `null`, and a field that is not there.
    #[default]
    Null,
    /// `true` or `false`
    Bool,
    /// A number as it was written; it may be too large for any machine.
    Number(&'a str),
    /// A string.
    Text(Text<'a>),
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

/// Where a text stops being acceptable JSON, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: Problem,
}

/// What is wrong at that place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem {
    /// Something else had to stand there than what was found, if the text did not end.
    Expected(&'static str, Option<char>),
    /// One level of nesting more than `DEPTH_MAX`.
    TooDeep,
    /// A string that has to be read holds half of a surrogate pair: no character.
    HalfCharacter,
}

impl Fault {
    /// The code of the answer, as `Unreadable::Malformed` lists them.
    pub(super) const fn code(&self) -> &'static str {
        match self.problem {
            Problem::Expected(..) => "not_json",
            Problem::TooDeep => "too_deep",
            Problem::HalfCharacter => "not_utf8",
        }
    }

    /// A sentence for people.
    pub(super) fn message(&self) -> String {
        match self.problem {
            Problem::TooDeep => format!("is nested more than {DEPTH_MAX} levels deep"),
            Problem::HalfCharacter => {
                "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"
                    .to_owned()
            }
            Problem::Expected(wanted, None) => {
                format!("expected {wanted}, but the text ends here")
            }
            Problem::Expected(wanted, Some(found)) => {
                format!("expected {wanted}, found {found:?}")
            }
        }
    }
}

impl<'a> Scan<'a> {
    /// Stands at the first value of the text.
    pub(super) fn new(text: &'a str) -> Self {
        let mut scan = Self { text, at: 0 };
        scan.skip_white();
        scan
    }

    /// The place in bytes.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    /// What was scanned since `start`.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Whether an object begins here.
    pub(super) fn is_object(&self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Goes into the object that begins here; `next_key` walks it.
    pub(super) fn enter_object(&mut self) -> Result<(), Fault> {
        self.take(b'{', "{")
    }

    /// The next key of the object that was entered, with the scan at its value; None after the
    /// last, with the scan behind the object. `first` is true for its first call.
    pub(super) fn next_key(&mut self, first: bool) -> Result<Option<Text<'a>>, Fault> {
        self.skip_white();
        match (self.peek(), first) {
            (Some(b'}'), _) => {
                self.at += 1;
                Ok(None)
            }
            (_, true) => self.key().map(Some),
            (Some(b','), false) => {
                self.at += 1;
                self.skip_white();
                self.key().map(Some)
            }
            _ => Err(self.expected("a comma or }")),
        }
    }

    /// Walks over the value that begins here; `outside` is how many levels are open around it.
    pub(super) fn value(&mut self, outside: usize) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'{') => self.nested(outside).map(|()| Value::Object),
            Some(b'[') => self.nested(outside).map(|()| Value::Array),
            _ => self.scalar(),
        }
    }

    /// Whether nothing but white space follows.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.skip_white();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// An array or object with all that is in it. Whether a level is an object is one bit.
    fn nested(&mut self, outside: usize) -> Result<(), Fault> {
        let (mut depth, mut objects) = (outside, 0u128);
        loop {
            // A value begins here.
            if let Some(open @ (b'{' | b'[')) = self.peek() {
                if depth == DEPTH_MAX {
                    return Err(self.fault(Problem::TooDeep));
                }
                depth += 1;
                objects = objects << 1 | u128::from(open == b'{');
                self.at += 1;
                self.skip_white();
                let empty = self.peek() == Some(if open == b'{' { b'}' } else { b']' });
                if !empty {
                    if open == b'{' {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar()?;
            }
            // A value, or the opening of an empty one, ends here.
            loop {
                if depth == outside {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                self.skip_white();
                match (self.peek(), is_object) {
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        depth -= 1;
                        objects >>= 1;
                    }
                    (Some(b','), _) => {
                        self.at += 1;
                        self.skip_white();
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    (_, true) => return Err(self.expected("a comma or }")),
                    (_, false) => return Err(self.expected("a comma or ]")),
                }
            }
        }
    }

    fn key(&mut self) -> Result<Text<'a>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a field name in double quotes"));
        }
        let key = self.string()?;
        self.skip_white();
        self.take(b':', "a colon")?;
        self.skip_white();
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool),
            Some(b'f') => self.word("false", Value::Bool),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a JSON value")),
        }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // A zero stands alone: what follows it is no digit of the same number.
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.expected("a digit"));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let offset = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += plain_bytes(&self.text.as_bytes()[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    let raw = self.since(offset + 1);
                    self.at += 1;
                    return Ok(Text {
                        raw,
                        escaped,
                        offset,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.expected("control characters to be escaped")),
                None => return Err(self.expected("the closing quote of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.expected("four hex digits after \\u"));
                    }
                }
                self.at += 1;
            }
            _ => return Err(self.expected("one of \" \\ / b f n r t u after a backslash")),
        }
        Ok(())
    }

    fn take(&mut self, byte: u8, name: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.expected(name));
        }
        self.at += 1;
        Ok(())
    }

    fn skip_white(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, wanted: &'static str) -> Fault {
        let found = self.text[self.at..].chars().next();
        self.fault(Problem::Expected(wanted, found))
    }

    fn fault(&self, problem: Problem) -> Fault {
        let offset = self.at;
        Fault { offset, problem }
    }
}

/// How many bytes there are before the first quote, backslash or control character.
///
/// Eight at a time: in a difference `byte - limit` the top bit tells a byte below the limit. A
/// borrow can mark bytes wrongly, but only behind a byte that is marked rightly, and the first
/// mark is the one that counts.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let mut count = 0;
    while let Some(chunk) = bytes[count..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let marks = (quote | backslash | below(word, b' ')) & TOPS;
        if marks != 0 {
            return count + marks.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let rest = &bytes[count..];
    count + rest.iter().position(special).unwrap_or(rest.len())
}
