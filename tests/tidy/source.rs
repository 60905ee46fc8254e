//! The files that are looked at, and small questions about their tokens.

use std::path::Path;

use crate::Violation;
use crate::lexer::{Token, lex};

/// One file.
#[derive(Debug)]
pub struct Source {
    /// From the root of the project, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A file that is not on the disk.
    #[cfg(test)]
    pub fn sample(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// A violation in this file.
    pub fn violation(&self, line: usize, rule: &str, message: impl Into<String>) -> Violation {
        Violation {
            path: self.path.clone(),
            line,
            rule: rule.to_owned(),
            message: message.into(),
        }
    }

    /// Whether it is one of the library and not one of its black-box tests.
    pub fn is_in_src(&self) -> bool {
        self.path.starts_with("src/")
    }
}

/// Every `.rs` file of these folders, in the order of their paths.
pub fn read(root: &Path, folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let relative = |path: &Path| {
        let parts = path.strip_prefix(root).unwrap().components();
        let parts: Vec<_> = parts
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        parts.join("/")
    };
    paths
        .iter()
        .map(|path| Source {
            path: relative(path),
            text: std::fs::read_to_string(path).unwrap(),
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

/// Whether the tokens from `at` on read like this.
pub fn reads(tokens: &[Token], at: usize, expected: &[&str]) -> bool {
    tokens.get(at..at + expected.len()).is_some_and(|found| {
        found
            .iter()
            .map(|token| token.text)
            .eq(expected.iter().copied())
    })
}

/// The place of the bracket that closes the one at `open`; the last token where none does.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

/// The place of the `{` that opens the body of the item at `at`, or of the `;` that ends it.
pub fn body_or_end(tokens: &[Token], at: usize) -> Option<usize> {
    let mut place = at;
    while place < tokens.len() {
        match tokens[place].text {
            "{" | ";" => return Some(place),
            "(" | "[" => place = closing(tokens, place) + 1,
            _ => place += 1,
        }
    }
    None
}

/// The places, from first to last token, of what is compiled for tests only.
pub fn test_regions(tokens: &[Token]) -> Vec<(usize, usize)> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let marks = (0..tokens.len()).filter(|at| reads(tokens, *at, &MARK));
    marks
        .filter_map(|start| {
            let mut item = start + MARK.len();
            while reads(tokens, item, &["#", "["]) {
                item = closing(tokens, item + 1) + 1;
            }
            let end = body_or_end(tokens, item)?;
            Some(match tokens[end].text {
                "{" => (start, closing(tokens, end)),
                _ => (start, end),
            })
        })
        .collect()
}

#[test]
fn regions_of_tests() {
    let check = |text: &str, expected: &[&str]| {
        let lexed = lex(text);
        let outside: Vec<_> = {
            let regions = test_regions(&lexed.tokens);
            let tokens = lexed.tokens.iter().enumerate();
            tokens
                .filter(|(at, _)| !regions.iter().any(|(a, b)| (a..=b).contains(&at)))
                .map(|(_, token)| token.text)
                .collect()
        };
        assert_eq!(outside, expected, "{text}");
    };
    check("a; #[cfg(test)] mod tests { b { c } } d", &["a", ";", "d"]);
    check("#[cfg(test)]\nmod tests;\nd", &["d"]);
    check("#[cfg(test)] #[allow(x)] fn f([u8; 4]: T) { b } d", &["d"]);
    check(
        "#[cfg(unix)] d",
        &["#", "[", "cfg", "(", "unix", ")", "]", "d"],
    );
}
