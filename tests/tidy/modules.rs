//! Follows the `mod` lines from the roots: a file that none of them names is compiled by nobody.

use std::collections::BTreeSet;

use crate::Violation;
use crate::lexer::lex;
use crate::source::{Source, reads, test_regions};

const ROOTS: [&str; 3] = ["src/lib.rs", "src/main.rs", "src/page/build.rs"];

/// What the walk found.
#[derive(Debug, Default)]
pub struct Modules {
    /// Files of `src/` that nothing leads to.
    pub orphans: Vec<Violation>,
    /// Files that are compiled for tests only.
    pub tests: BTreeSet<String>,
}

/// Walks from the roots.
pub fn walk(sources: &[Source]) -> Modules {
    let mut seen = BTreeSet::new();
    let mut modules = Modules::default();
    let mut ahead: Vec<_> = ROOTS.map(|root| (root.to_owned(), false)).to_vec();
    while let Some((path, is_test)) = ahead.pop() {
        let Some(source) = sources.iter().find(|source| source.path == path) else {
            continue;
        };
        if is_test {
            modules.tests.insert(path.clone());
        }
        ahead.extend(
            children(source)
                .into_iter()
                .map(|(child, marked)| (child, is_test || marked)),
        );
        seen.insert(path);
    }
    modules.orphans = sources
        .iter()
        .filter(|source| source.is_in_src() && !seen.contains(&source.path))
        .map(|source| {
            let message = "no `mod` line leads to this file: add one, or remove the file";
            source.violation(1, "orphan", message)
        })
        .collect();
    modules
}

/// Where the `mod` lines of a file lead, and whether each is for tests only. Both places that a
/// module may have are named; at most one is there.
fn children(source: &Source) -> Vec<(String, bool)> {
    let lexed = lex(&source.text);
    let tokens = &lexed.tokens;
    let regions = test_regions(tokens);
    let folder = folder_of_children(&source.path);
    let lines = (0..tokens.len())
        .filter(|at| reads(tokens, *at, &["mod"]) && reads(tokens, at + 2, &[";"]));
    lines
        .flat_map(|at| {
            let name = tokens[at + 1].text;
            let is_test = regions
                .iter()
                .any(|(first, last)| (first..=last).contains(&&at));
            [
                (format!("{folder}/{name}.rs"), is_test),
                (format!("{folder}/{name}/mod.rs"), is_test),
            ]
        })
        .collect()
}

fn folder_of_children(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod" | "build")) => folder,
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_nothing_leads_to() {
        let files = [
            (
                "src/lib.rs",
                "pub mod a;\npub(crate) mod b;\nmod inside { }",
            ),
            ("src/main.rs", "fn main() {}"),
            ("src/a.rs", "mod c;\n#[cfg(test)]\nmod tests;"),
            ("src/a/c.rs", ""),
            ("src/a/tests.rs", "mod deep;"),
            ("src/a/tests/deep.rs", ""),
            ("src/b/mod.rs", "// mod d;\nmod e;"),
            ("src/b/d.rs", ""),
            ("src/b/e.rs", ""),
            ("src/c.rs", ""),
            ("src/mod.rs", ""),
            ("tests/a.rs", ""),
        ];
        let sources = files.map(|(path, text)| Source::sample(path, text));
        let modules = walk(&sources);
        let orphans: Vec<_> = modules.orphans.iter().map(|found| &*found.path).collect();
        assert_eq!(orphans, ["src/b/d.rs", "src/c.rs", "src/mod.rs"]);
        let tests: Vec<_> = modules.tests.iter().map(String::as_str).collect();
        assert_eq!(tests, ["src/a/tests.rs", "src/a/tests/deep.rs"]);
    }
}
