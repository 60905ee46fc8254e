//! Cuts Rust source into words and signs, with comments and the insides of literals apart, so
//! that a rule never stumbles over a text that only talks about it.

/// A word, a sign, or `""` for a literal text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token<'a> {
    /// 1 for the first line.
    pub line: usize,
    /// `fn`, `::`, `{` … ; a lifetime with its tick; `""` for any text or character.
    pub text: &'a str,
}

/// What a file consists of.
#[derive(Debug, Default)]
pub struct Lexed<'a> {
    /// Without comments.
    pub tokens: Vec<Token<'a>>,
    /// The line on which each comment starts, and its text.
    pub comments: Vec<(usize, &'a str)>,
}

/// Cuts a file. Source that does not compile is cut somehow.
pub fn lex(text: &str) -> Lexed<'_> {
    let mut lexed = Lexed::default();
    let (mut at, mut line) = (0, 1);
    while at < text.len() {
        let rest = &text[at..];
        let (kind, length) = next(rest);
        let part = &rest[..length];
        match kind {
            Kind::Space => {}
            Kind::Comment => lexed.comments.push((line, part)),
            Kind::Literal => lexed.tokens.push(Token { line, text: "\"\"" }),
            Kind::Word => lexed.tokens.push(Token { line, text: part }),
        }
        line += part.matches('\n').count();
        at += length;
    }
    lexed
}

enum Kind {
    Space,
    Comment,
    Literal,
    Word,
}

/// The kind and the length in bytes of what `rest`, which is not empty, begins with.
fn next(rest: &str) -> (Kind, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    let word = length_of_word(rest);
    if first.is_whitespace() {
        (Kind::Space, first.len_utf8())
    } else if rest.starts_with("//") {
        (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Kind::Comment, length_of_block(rest))
    } else if let Some(length) = length_of_text(rest) {
        (Kind::Literal, length)
    } else if first == '\'' {
        let lifetime = 1 + length_of_word(&rest[1..]);
        match length_of_character(rest) {
            Some(length) => (Kind::Literal, length),
            None => (Kind::Word, lifetime),
        }
    } else if word > 0 {
        (Kind::Word, word)
    } else if rest.starts_with("::") {
        (Kind::Word, 2)
    } else {
        (Kind::Word, first.len_utf8())
    }
}

fn length_of_word(rest: &str) -> usize {
    let ends = |c: char| !c.is_alphanumeric() && c != '_';
    rest.find(ends).unwrap_or(rest.len())
}

/// Block comments nest.
fn length_of_block(rest: &str) -> usize {
    let mut depth = 0;
    for (at, _) in rest.char_indices() {
        if rest[at..].starts_with("/*") {
            depth += 1;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    rest.len()
}

/// `"…"`, `b"…"`, `c"…"`, `r"…"`, `br#"…"#` and so on.
fn length_of_text(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix)
            .is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if hashes > 0 && !prefix.ends_with('r') {
        return None;
    }
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = rest[start..].find(&end).unwrap_or(rest.len() - start);
        return Some((start + inside + end.len()).min(rest.len()));
    }
    Some(start + length_to_quote(&rest[start..], '"'))
}

/// `'a'`, `'\''`, `'\u{1f}'`; a lifetime is none.
fn length_of_character(rest: &str) -> Option<usize> {
    let inside = &rest[1..];
    let first = inside.chars().next()?;
    let is_escaped = first == '\\';
    let closes = inside[first.len_utf8()..].starts_with('\'');
    (is_escaped || closes).then(|| 1 + length_to_quote(inside, '\''))
}

/// Bytes up to and with the quote that is not escaped.
fn length_to_quote(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    inside.len()
}

#[test]
fn words_signs_and_literals() {
    let check = |input: &str, expected: &[&str]| {
        let got: Vec<_> = lex(input).tokens.iter().map(|token| token.text).collect();
        assert_eq!(got, expected, "{input}");
    };
    check("a::b(c)", &["a", "::", "b", "(", "c", ")"]);
    check("x // y\nz", &["x", "z"]);
    check("x /* a /* b */ c */ z", &["x", "z"]);
    check(r#"f("a // b { \" }")"#, &["f", "(", "\"\"", ")"]);
    check(r###"r#"a " b"# c"###, &["\"\"", "c"]);
    check(r#"br"a\" c"#, &["\"\"", "c"]);
    check("b'x' '\\'' '{' 'é'", &["b", "\"\"", "\"\"", "\"\"", "\"\""]);
    check("&'static str", &["&", "'static", "str"]);
    check("'a: loop { }", &["'a", ":", "loop", "{", "}"]);
    check("r#type", &["r", "#", "type"]);
    check("\"never closed", &["\"\""]);
    check("/* never closed", &[]);
    check("", &[]);
}

#[test]
fn lines_are_counted_through_comments_and_literals() {
    let lexed = lex("a\n\"x\ny\" b\n/* c\n*/ d // e");
    let lines: Vec<_> = lexed.tokens.iter().map(|t| (t.text, t.line)).collect();
    assert_eq!(lines, [("a", 1), ("\"\"", 2), ("b", 3), ("d", 5)]);
    assert_eq!(lexed.comments, [(4, "/* c\n*/"), (5, "// e")]);
}
