//! The law of the house as a test: floors, sizes, calls that have one place, files that are used.
//!
//! It reads the sources as text and knows nothing of types. Every violation is printed at once,
//! with its file, its line, its rule and what to do instead. The rules are in `style.md` and
//! `house.md` of the design; what is let off is in the one table below, each with its reason.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

mod calls;
mod floors;
mod lexer;
mod modules;
mod page;
mod source;
mod text;

use std::fmt;
use std::path::Path;

use source::Source;

/// `rule`, `path` (a folder ends with `/`) and why the rule does not hold there.
const EXEMPTIONS: &[(&str, &str, &str)] = &[
    (
        "SystemTime::now",
        "src/clock.rs",
        "it is the clock of all others",
    ),
    (
        "Instant::now",
        "src/clock.rs",
        "it is the clock of all others",
    ),
    (
        "Instant::now",
        "src/send/",
        "the timings of an attempt are measured where they arise",
    ),
    (
        "Instant::now",
        "src/cli/bench/",
        "durations are what a bench measures",
    ),
    (
        "Instant::now",
        "tests/",
        "a test bounds how long it waits, and measures what it promises",
    ),
    (
        "SystemTime::now",
        "tests/",
        "a test outside of the process has no other clock",
    ),
    (
        "thread::sleep",
        "tests/support/mod.rs",
        "the one loop that asks again until a condition holds, with a deadline",
    ),
    (
        "thread::sleep",
        "tests/crash/main.rs",
        "a kill comes at a random moment: the sleep is what is tested",
    ),
    (
        "thread_local",
        "src/send/phases.rs",
        "what the client's parts note of an attempt reaches no other thread, and ureq's traits \
         have no other way from one part to the next",
    ),
    ("static", "src/send/phases.rs", "the same thread_local"),
    (
        "process::exit",
        "src/main.rs",
        "it turns the command's answer into an exit code",
    ),
    (
        "process::exit",
        "src/app.rs",
        "a panic of the engine or the store, and a second signal, end the process at once",
    ),
];

/// One place that breaks one rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Violation {
    /// From the root of the project, with `/`.
    pub path: String,
    /// 1 for the first line.
    pub line: usize,
    /// The name that an exemption uses.
    pub rule: String,
    /// What is wrong, and what to do instead.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            rule,
            message,
        } = self;
        write!(f, "{path}:{line}: {rule}: {message}")
    }
}

#[test]
fn the_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = source::read(root, &["src", "tests", "benches"]);
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let mut found = check(&sources, &floors::dependencies(&manifest));
    found.retain(|violation| !is_exempt(violation));
    found.extend(idle_exemptions(&sources));
    found.sort();
    let listed: Vec<_> = found.iter().map(Violation::to_string).collect();
    assert!(
        found.is_empty(),
        "{} places break a rule of the house:\n{}\n",
        found.len(),
        listed.join("\n")
    );
}

/// Everything that is wrong with these files, exempt or not.
fn check(sources: &[Source], dependencies: &[String]) -> Vec<Violation> {
    let modules = modules::walk(sources);
    let mut found = modules.orphans;
    for source in sources {
        found.extend(text::check(source));
        let is_test = modules.tests.contains(&source.path);
        found.extend(calls::check(source, is_test));
        found.extend(floors::check(source, is_test, dependencies));
    }
    found
}

fn is_exempt(violation: &Violation) -> bool {
    EXEMPTIONS
        .iter()
        .any(|(rule, place, _)| violation.rule == *rule && lies_in(&violation.path, place))
}

fn lies_in(path: &str, place: &str) -> bool {
    path == place || (place.ends_with('/') && path.starts_with(place))
}

/// An exemption for a file that is gone would let the next one of that name off.
fn idle_exemptions(sources: &[Source]) -> Vec<Violation> {
    EXEMPTIONS
        .iter()
        .filter(|(_, place, _)| !sources.iter().any(|source| lies_in(&source.path, place)))
        .map(|(rule, place, _)| Violation {
            path: "tests/tidy/main.rs".to_owned(),
            line: 1,
            rule: "exemption".to_owned(),
            message: format!("{rule} is let off in {place}, which is not there: remove the line"),
        })
        .collect()
}

#[test]
fn an_exemption_is_for_its_rule_and_place_only() {
    let check = |rule: &str, path: &str, expected: bool| {
        let violation = Violation {
            path: path.to_owned(),
            line: 1,
            rule: rule.to_owned(),
            message: String::new(),
        };
        assert_eq!(is_exempt(&violation), expected, "{violation}");
    };
    check("Instant::now", "src/clock.rs", true);
    check("Instant::now", "src/send/pool.rs", true);
    check("Instant::now", "src/sender.rs", false);
    check("Instant::now", "src/engine/mod.rs", false);
    check("process::exit", "src/clock.rs", false);
}
