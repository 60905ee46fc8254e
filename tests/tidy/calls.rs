//! Calls that have one place, and state that nobody owns.

use crate::Violation;
use crate::lexer::{Token, lex};
use crate::source::{Source, reads, test_regions};

/// The last two parts of a path, and what to do instead.
const BANNED: [(&str, &str, &str); 6] = [
    (
        "SystemTime",
        "now",
        "take `now` as an argument, or ask the Clock of clock.rs",
    ),
    (
        "Instant",
        "now",
        "take `now` as an argument, or ask the Clock of clock.rs",
    ),
    (
        "Timestamp",
        "now",
        "take `now` as an argument, or ask the Clock of clock.rs",
    ),
    (
        "Zoned",
        "now",
        "take `now` as an argument, or ask the Clock of clock.rs",
    ),
    (
        "thread",
        "sleep",
        "wait on a channel or a condition, with a timeout",
    ),
    (
        "process",
        "exit",
        "return the exit code; main.rs ends the process",
    ),
];

/// Macros of work that is not finished, or that was meant for a look.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Types that can be changed through a shared reference, or are made at first use.
const SHARED: [&str; 9] = [
    "Mutex",
    "RwLock",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "OnceLock",
    "LazyCell",
    "LazyLock",
];

/// What is wrong with the calls of a file. `is_test`: the whole of it is compiled for tests only.
pub fn check(source: &Source, is_test: bool) -> Vec<Violation> {
    let lexed = lex(&source.text);
    let tokens = &lexed.tokens;
    let mut found = check_banned(source, tokens);
    if source.is_in_src() {
        found.extend(check_macros(source, tokens));
        found.extend(check_statics(source, tokens));
        if !is_test {
            found.extend(check_unwrap(source, tokens));
        }
    }
    found
}

fn check_banned(source: &Source, tokens: &[Token]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (owner, call, instead) in BANNED {
        let rule = format!("{owner}::{call}");
        let places = (0..tokens.len()).filter(|at| reads(tokens, *at, &[owner, "::", call]));
        found.extend(places.map(|at| source.violation(tokens[at].line, &rule, instead)));
    }
    found
}

fn check_macros(source: &Source, tokens: &[Token]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !reads(tokens, at + 1, &["!"]) {
            continue;
        }
        if UNFINISHED.contains(&token.text) {
            let message = format!("{}! must not stay: finish it, or leave it out", token.text);
            found.push(source.violation(token.line, "unfinished", message));
        }
        if token.text == "thread_local" {
            let message = "give the thread what it needs when it starts";
            found.push(source.violation(token.line, "thread_local", message));
        }
    }
    found
}

fn check_statics(source: &Source, tokens: &[Token]) -> Vec<Violation> {
    let statics = (0..tokens.len()).filter(|at| tokens[*at].text == "static");
    let is_shared = |token: &&Token| {
        SHARED.contains(&token.text) || token.text.starts_with("Atomic") || token.text == "mut"
    };
    statics
        .filter_map(|at| {
            let of = tokens[at..].iter();
            let of = of.take_while(|token| token.text != "=" && token.text != ";");
            let shared = of.skip(1).find(is_shared)?;
            let message = format!(
                "a static with {} belongs to nobody: make it a field of its owner",
                shared.text
            );
            Some(source.violation(tokens[at].line, "static", message))
        })
        .collect()
}

fn check_unwrap(source: &Source, tokens: &[Token]) -> Vec<Violation> {
    let regions = test_regions(tokens);
    let is_test = |at: &usize| {
        regions
            .iter()
            .any(|(first, last)| (first..=last).contains(&at))
    };
    (0..tokens.len())
        .filter(|at| reads(tokens, *at, &[".", "unwrap", "("]) && !is_test(at))
        .map(|at| {
            let message = "say why it holds with expect(\"…\"), or handle it";
            source.violation(tokens[at + 1].line, "unwrap", message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_as(path: &str, is_test: bool, text: &str, expected: &[&str]) {
        let got: Vec<_> = super::check(&Source::sample(path, text), is_test)
            .iter()
            .map(|violation| format!("{} {}", violation.line, violation.rule))
            .collect();
        assert_eq!(got, expected, "{path}: {text}");
    }

    fn check(text: &str, expected: &[&str]) {
        check_as("src/a.rs", false, text, expected);
    }

    #[test]
    fn banned_calls() {
        for (owner, call, _) in BANNED {
            let rule = format!("2 {owner}::{call}");
            check(
                &format!("fn a() {{\n    std::x::{owner}::{call}();\n}}"),
                &[&rule],
            );
            check(&format!("\nlet f = {owner}\n    ::{call};"), &[&rule]);
            check(&format!("// {owner}::{call}\n\"{owner}::{call}\""), &[]);
            check(&format!("{owner}::{call}_later()"), &[]);
        }
        check_as(
            "tests/a.rs",
            false,
            "thread::sleep(x)",
            &["1 thread::sleep"],
        );
    }

    #[test]
    fn unfinished_work() {
        check("fn a() { todo!() }", &["1 unfinished"]);
        check("fn a() { unimplemented!(\"b\") }", &["1 unfinished"]);
        check("fn a() { dbg!(b); }", &["1 unfinished"]);
        check("fn todo() { todo() }", &[]);
        check("thread_local! { static A: u8 = 1; }", &["1 thread_local"]);
    }

    #[test]
    fn statics() {
        check("static A: Mutex<u8> = Mutex::new(1);", &["1 static"]);
        check("pub static A: std::sync::OnceLock<u8> = x;", &["1 static"]);
        check("static A: [AtomicU64; 3] = x;", &["1 static"]);
        check("static A: LazyLock<Regex> = x;", &["1 static"]);
        check("static mut A: u8 = 1;", &["1 static"]);
        check("static A: &[(&'static str, u8)] = &[Mutex];", &[]);
        check("fn a() -> &'static Mutex<u8> {}", &[]);
    }

    #[test]
    fn unwrap_outside_of_tests() {
        check("fn a() {\n    b.unwrap();\n}", &["2 unwrap"]);
        check("fn a() { b\n    .unwrap() }", &["2 unwrap"]);
        check("b.unwrap_or(c); b.expect(\"d\")", &[]);
        check("#[cfg(test)]\nmod tests { fn a() { b.unwrap() } }", &[]);
        check(
            "#[cfg(test)]\nmod tests { }\nfn a() { b.unwrap() }",
            &["3 unwrap"],
        );
        check_as("src/a/tests.rs", true, "b.unwrap()", &[]);
        check_as("tests/a.rs", false, "b.unwrap()", &[]);
    }
}
