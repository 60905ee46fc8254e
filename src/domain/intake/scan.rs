//! Walks over JSON text in place: it checks the grammar of RFC 8259 and says where each value
//! lies, in one pass.
//!
//! It builds no tree, copies nothing, and must not recurse: the nesting of a body is counted
//! here, so that no body can exhaust the stack of whoever reads it later.

use super::DEPTH_MAX;
use super::raw::Raw;

/// A place in a JSON text.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// How many escapes were met so far.
    escapes: usize,
}

/// The name of a field as it stands in the text.
pub(super) struct Key<'a> {
    pub(super) raw: Raw<'a>,
    /// Whether it has escapes.
    pub(super) escaped: bool,
}

/// Where a text stops being acceptable JSON, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: Problem,
}

/// Nothing, or the fault: one word, so that the hot path stays in registers.
pub(super) type Scanned = Result<(), Box<Fault>>;

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
        let mut scan = Self {
            text,
            at: 0,
            escapes: 0,
        };
        scan.skip_white();
        scan
    }

    /// The place in bytes.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    /// Whether an object begins here.
    pub(super) fn is_object(&self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Walks over the object that begins here. `member` is called at each value, which it must
    /// walk over.
    pub(super) fn object<E: From<Box<Fault>>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &Key<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(b'{', "{")?;
        self.skip_white();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let start = self.at;
            let escapes = self.escapes;
            self.string("a field name in double quotes")?;
            let key = Key {
                raw: self.since(start),
                escaped: self.escapes != escapes,
            };
            self.colon()?;
            member(self, &key)?;
            self.skip_white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.expected("a comma or }").into()),
            }
            self.skip_white();
        }
    }

    /// The value that begins here; `outside` is how many levels are open around it.
    pub(super) fn value(&mut self, outside: usize) -> Result<Raw<'a>, Box<Fault>> {
        let start = self.at;
        self.skip(outside)?;
        Ok(self.since(start))
    }

    /// Walks over the value that begins here.
    pub(super) fn skip(&mut self, outside: usize) -> Scanned {
        match self.peek() {
            Some(b'{' | b'[') => self.nested(outside),
            _ => self.scalar(),
        }
    }

    /// What was scanned since `start`.
    pub(super) fn since(&self, start: usize) -> Raw<'a> {
        Raw {
            text: &self.text[start..self.at],
            offset: start,
        }
    }

    /// Whether nothing but white space follows.
    pub(super) fn end(&mut self) -> Scanned {
        self.skip_white();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// An array or object with all that is in it. Whether a level is an object is one bit.
    fn nested(&mut self, outside: usize) -> Scanned {
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
            // A value ended here, or an empty level begins to end; then levels end that had it
            // as their last.
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

    fn key(&mut self) -> Scanned {
        self.string("a field name in double quotes")?;
        self.colon()
    }

    fn colon(&mut self) -> Scanned {
        self.skip_white();
        self.take(b':', "a colon")?;
        self.skip_white();
        Ok(())
    }

    fn scalar(&mut self) -> Scanned {
        match self.peek() {
            Some(b'"') => self.string("a string"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.expected("a JSON value")),
        }
    }

    fn word(&mut self, word: &str) -> Scanned {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Scanned {
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
        Ok(())
    }

    fn digits(&mut self) -> Scanned {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.expected("a digit"));
        }
        Ok(())
    }

    /// A string; `wanted` says what should stand here when none does.
    fn string(&mut self, wanted: &'static str) -> Scanned {
        self.take(b'"', wanted)?;
        loop {
            self.at += plain_bytes(&self.text.as_bytes()[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("control characters to be escaped")),
                None => return Err(self.expected("the closing quote of a string")),
            }
        }
    }

    #[cold]
    fn escape(&mut self) -> Scanned {
        self.escapes += 1;
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

    fn take(&mut self, byte: u8, name: &'static str) -> Scanned {
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

    #[cold]
    fn expected(&self, wanted: &'static str) -> Box<Fault> {
        let found = self.text[self.at..].chars().next();
        self.fault(Problem::Expected(wanted, found))
    }

    fn fault(&self, problem: Problem) -> Box<Fault> {
        let offset = self.at;
        Box::new(Fault { offset, problem })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every place, alone and behind and before another special one.
    #[test]
    fn plain_bytes_end_where_a_string_may() {
        let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
        for byte in 0..=255 {
            for place in 0..20 {
                let mut bytes = [b'x'; 20];
                for other in [b'x', b'"', b'!', 0x1f, 0x80, 0xff, byte] {
                    bytes[(place + 1) % 20] = other;
                    bytes[place] = byte;
                    let expected = bytes.iter().position(special).unwrap_or(20);
                    assert_eq!(plain_bytes(&bytes), expected, "{bytes:?}");
                }
            }
        }
    }
}
