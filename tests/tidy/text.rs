//! Sizes and comments: what a reader sees before reading.

use crate::Violation;
use crate::lexer::{Lexed, lex};
use crate::source::{Source, body_or_end, closing};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARACTERS_MAX: usize = 100;

/// Places of the machine that it was written on mean nothing to a reader.
const MACHINE_PATHS: [&str; 2] = ["/root/", "/home/"];

/// Words of work that is not finished. (In pieces, so that this file does not hold them.)
const UNFINISHED: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("HA", "CK"),
];

/// What is wrong with the sizes and comments of a file.
pub fn check(source: &Source) -> Vec<Violation> {
    let lexed = lex(&source.text);
    let mut found = check_lines(source);
    found.extend(check_functions(source, &lexed));
    found.extend(check_comments(source, &lexed));
    found
}

fn check_lines(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    if !source.text.starts_with("//! ") {
        let message = "the file must open with //! and its purpose, and what it must not do";
        found.push(source.violation(1, "purpose", message));
    }
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let message = format!("{lines} lines; {FILE_LINES_MAX} are allowed: split it by concept");
        found.push(source.violation(lines, "file length", message));
    }
    for (number, line) in (1..).zip(source.text.lines()) {
        let characters = line.chars().count();
        if characters > LINE_CHARACTERS_MAX {
            let message = format!("{characters} characters; {LINE_CHARACTERS_MAX} are allowed");
            found.push(source.violation(number, "line length", message));
        }
    }
    found
}

fn check_functions(source: &Source, lexed: &Lexed) -> Vec<Violation> {
    let tokens = &lexed.tokens;
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| token.text != "(");
    (0..tokens.len())
        .filter(|at| tokens[*at].text == "fn" && is_name(at + 1))
        .filter_map(|at| {
            let open = body_or_end(tokens, at).filter(|open| tokens[*open].text == "{")?;
            let lines = tokens[closing(tokens, open)].line - tokens[at].line + 1;
            (lines > FUNCTION_LINES_MAX).then(|| {
                let name = tokens[at + 1].text;
                let message = format!(
                    "{name} has {lines} lines; {FUNCTION_LINES_MAX} are allowed: give its parts \
                     names of their own"
                );
                source.violation(tokens[at].line, "function length", message)
            })
        })
        .collect()
}

fn check_comments(source: &Source, lexed: &Lexed) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, comment) in &lexed.comments {
        for path in MACHINE_PATHS.iter().filter(|path| comment.contains(**path)) {
            let message = format!("{path}… is a place of one machine: name it from the project");
            found.push(source.violation(*line, "machine path", message));
        }
        let is_word = |word: &&&str| {
            let mut words = comment.split(|c: char| !c.is_alphanumeric());
            words.any(|found| found == **word)
        };
        for word in UNFINISHED.iter().filter(is_word) {
            let message = format!("{word}: do it now, or write an issue");
            found.push(source.violation(*line, "unfinished", message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line rule` of everything that is found.
    fn check(text: &str, expected: &[&str]) {
        let got: Vec<_> = super::check(&Source::sample("src/a.rs", text))
            .iter()
            .map(|violation| format!("{} {}", violation.line, violation.rule))
            .collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn files_and_lines() {
        check("//! Purpose.\n", &[]);
        check("fn a() {}\n", &["1 purpose"]);
        check("/// Not of the file.\n", &["1 purpose"]);
        check("", &["1 purpose"]);
        check(&format!("//! P.\n{}", "\n".repeat(399)), &[]);
        check(
            &format!("//! P.\n{}", "\n".repeat(400)),
            &["401 file length"],
        );
        check(&format!("//! {}\n", "é".repeat(96)), &[]);
        check(
            &format!("//! P.\n// {}\n", "é".repeat(98)),
            &["2 line length"],
        );
    }

    #[test]
    fn functions() {
        let function = |head: &str, lines: usize| {
            let body = "    let x = '{';\n".repeat(lines - 2);
            format!("//! P.\n{head} {{\n{body}}}\n")
        };
        check(&function("fn a()", 70), &[]);
        check(&function("fn a()", 71), &["2 function length"]);
        check(
            &function("pub const fn a(b: [u8; 4])", 71),
            &["2 function length"],
        );
        check(&function("mod a", 300), &[]);
        check(&format!("{}type F = fn(u8);\n", function("mod a", 99)), &[]);
        check("//! P.\ntrait A {\n    fn a(b: [u8; 4]);\n}\n", &[]);
        let nested = format!("//! P.\nmod a {{\n{}}}\n", &function("fn b()", 71)[7..]);
        check(&nested, &["3 function length"]);
    }

    #[test]
    fn comments() {
        for word in UNFINISHED {
            check(&format!("//! P.\n// {word}: more\n"), &["2 unfinished"]);
            check(&format!("//! P.\nconst A: &str = \"{word}\";\n"), &[]);
            check(&format!("//! P.\n// {word}S\n"), &[]);
        }
        for path in MACHINE_PATHS {
            check(&format!("//! See {path}a\n"), &["1 machine path"]);
            check(&format!("//! P.\nconst A: &str = \"{path}a\";\n"), &[]);
        }
    }
}
