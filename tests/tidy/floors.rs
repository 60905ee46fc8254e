//! Who may know whom: rooms only those on floors below, and each only the crates of its work.

use crate::Violation;
use crate::lexer::{Token, lex};
use crate::source::{Source, closing, reads, test_regions};

/// From the ground up. Rooms on one line do not know each other. The Rust of `page` is its build
/// script alone. `house.md` counts the next two lines as floor 0 and the last two as floor 5;
/// settings and clock speak in words of the domain.
const FLOORS: [&[&str]; 9] = [
    &["page"],
    &["domain"],
    &["config", "clock", "telemetry"],
    &["store", "send"],
    &["engine"],
    &["http", "source"],
    &["app"],
    &["cli"],
    &["main"],
];

/// Crates that every room may use.
const EVERYWHERE: [&str; 2] = ["log", "thiserror"];

/// The other crates of each room. `serde` in the domain only scans JSON: its types have no forms.
const CRATES: [(&str, &[&str]); 13] = [
    ("page", &["sha2", "zopfli"]),
    (
        "domain",
        &[
            "hmac",
            "sha1",
            "sha2",
            "hex",
            "base64",
            "serde",
            "serde_json",
            "jiff",
            "ipnet",
            "http",
        ],
    ),
    ("config", &["serde", "toml", "http"]),
    ("clock", &[]),
    ("telemetry", &["prometheus_client"]),
    (
        "store",
        &["redb", "postcard", "serde", "crc32c", "rustix", "getrandom"],
    ),
    (
        "send",
        &["ureq", "rustls", "rustls_native_certs", "http", "rustix"],
    ),
    ("engine", &["getrandom"]),
    (
        "http",
        &[
            "tokio",
            "hyper",
            "hyper_util",
            "http_body_util",
            "bytes",
            "matchit",
            "serde",
            "serde_json",
            "subtle",
            "http",
            "getrandom",
            "base64",
            "utoipa",
            "rustix",
        ],
    ),
    ("source", &["tokio"]),
    (
        "app",
        &[
            "tokio",
            "signal_hook",
            "sd_notify",
            "listenfd",
            "getrandom",
            "http",
            "rustix",
        ],
    ),
    (
        "cli",
        &[
            "clap",
            "anyhow",
            "serde",
            "serde_json",
            "indicatif",
            "hyper",
            "hyper_util",
            "http_body_util",
            "bytes",
            "http",
            "tokio",
            "ureq",
            "rustls",
            "anstream",
            "anstyle",
            "signal_hook",
            "env_logger",
            "getrandom",
            "hex",
            "jiff",
            "rustix",
            "toml",
        ],
    ),
    ("main", &["anyhow", "clap"]),
];

/// What is wrong with the imports of a file. `is_test`: the whole of it is compiled for tests
/// only; a test keeps to the floors and may take any crate.
pub fn check(source: &Source, is_test: bool, dependencies: &[String]) -> Vec<Violation> {
    // lib.rs is the map: it names every room and has no code.
    if !source.is_in_src() || source.path == "src/lib.rs" {
        return Vec::new();
    }
    let room = room_of(&source.path);
    let Some(floor) = floor_of(room) else {
        let message = format!("the room {room} has no floor: give it one in tests/tidy/floors.rs");
        return vec![source.violation(1, "floor", message)];
    };
    let lexed = lex(&source.text);
    let mut found = Vec::new();
    for (line, other) in rooms_named(&lexed.tokens, depth_of(&source.path)) {
        let is_below = floor_of(other).is_some_and(|of_other| of_other < floor);
        if other != room && floor_of(other).is_some() && !is_below {
            let message = format!("{room} must not know {other}: it is not on a floor below");
            found.push(source.violation(line, "floor", message));
        }
    }
    if !is_test {
        found.extend(check_crates(source, room, &lexed.tokens, dependencies));
    }
    found
}

/// `src/store/record/mod.rs` is in `store`, `src/app.rs` is `app`.
fn room_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// How many times `super` leads from the module of a file to the root.
fn depth_of(path: &str) -> usize {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    inside.split('/').filter(|part| *part != "mod").count()
}

/// What paths from the root begin with, with their lines: `crate::a`, `crate::{a, b}`,
/// `ringhook::a` and `super::super::a` where that leads to the root.
fn rooms_named<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let is_path = at > 0 && reads(tokens, at - 1, &["::"]);
        let from_root = ["crate", "ringhook"].contains(&tokens[at].text) && !is_path;
        let supers = (0..)
            .take_while(|nth| reads(tokens, at + 2 * nth, &["super", "::"]))
            .count();
        if from_root && reads(tokens, at + 1, &["::"]) {
            found.extend(heads(tokens, at + 2));
        } else if !is_path && supers >= depth {
            found.extend(heads(tokens, at + 2 * supers));
        }
    }
    found
}

/// The first words of what follows: one, or one for each part within braces.
fn heads<'a>(tokens: &[Token<'a>], at: usize) -> Vec<(usize, &'a str)> {
    if !reads(tokens, at, &["{"]) {
        let head = tokens.get(at);
        return head
            .map(|token| (token.line, token.text))
            .into_iter()
            .collect();
    }
    let mut found = Vec::new();
    let (mut place, end) = (at + 1, closing(tokens, at));
    let mut is_head = true;
    while place < end {
        match tokens[place].text {
            "{" => place = closing(tokens, place),
            "," => is_head = true,
            text if is_head => {
                found.push((tokens[place].line, text));
                is_head = false;
            }
            _ => {}
        }
        place += 1;
    }
    found
}

fn check_crates(
    source: &Source,
    room: &str,
    tokens: &[Token],
    dependencies: &[String],
) -> Vec<Violation> {
    let own = CRATES.iter().find(|(of, _)| *of == room);
    let allowed = own.map_or(&[][..], |(_, crates)| crates);
    let regions = test_regions(tokens);
    let is_test = |at: usize| {
        regions
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&at))
    };
    let is_path = |at: usize| at > 0 && ["::", "."].contains(&tokens[at - 1].text);
    let is_foreign = |at: &usize| {
        let name = tokens[*at].text;
        dependencies.iter().any(|known| known == name)
            && reads(tokens, at + 1, &["::"])
            && !is_path(*at)
            && !is_test(*at)
            && !allowed.contains(&name)
            && !EVERYWHERE.contains(&name)
    };
    (0..tokens.len())
        .filter(is_foreign)
        .map(|at| {
            let name = tokens[at].text;
            let message = format!(
                "{room} does without the crate {name}: leave it to the room whose work it is"
            );
            source.violation(tokens[at].line, "crate", message)
        })
        .collect()
}

/// The crates of `[dependencies]`, as they are called in code.
pub fn dependencies(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let known = ["tokio", "redb", "http", "hmac", "log"].map(str::to_owned);
        let got: Vec<_> = super::check(&Source::sample(path, text), false, &known)
            .iter()
            .map(|violation| format!("{} {}", violation.line, violation.rule))
            .collect();
        assert_eq!(got, expected, "{path}: {text}");
    }

    #[test]
    fn floors() {
        check("src/engine/mod.rs", "use crate::store::Store;", &[]);
        check("src/engine/step.rs", "use crate::engine::Handle;", &[]);
        check(
            "src/store/mod.rs",
            "use crate::engine::Handle;",
            &["1 floor"],
        );
        check("src/store/mod.rs", "\nuse crate::send::Pool;", &["2 floor"]);
        check(
            "src/send/pool.rs",
            "fn a(b: crate::store::Store) {}",
            &["1 floor"],
        );
        check("src/domain/id.rs", "use crate::clock::Clock;", &["1 floor"]);
        check("src/clock.rs", "use crate::domain::time::Now;", &[]);
        check("src/clock.rs", "use crate::config::Settings;", &["1 floor"]);
        check("src/app.rs", "use crate::cli::Cli;", &["1 floor"]);
        check("src/main.rs", "use ringhook::cli::run;", &[]);
        check("src/lib.rs", "pub use crate::cli::run;", &[]);
        check("src/attic/mod.rs", "", &["1 floor"]);
        check("tests/a.rs", "use ringhook::cli::run;", &[]);
        check("src/domain/id.rs", "// crate::store\n\"crate::store\"", &[]);
    }

    #[test]
    fn groups_and_supers() {
        let group = "use crate::{\n    domain::{id, store},\n    engine::Handle,\n};";
        check("src/store/mod.rs", group, &["3 floor"]);
        check("src/domain/id.rs", "use super::store::A;", &[]);
        check(
            "src/domain/id.rs",
            "use super::super::store::A;",
            &["1 floor"],
        );
        check(
            "src/domain/a/mod.rs",
            "use super::super::store::A;",
            &["1 floor"],
        );
        check("src/domain/a/b.rs", "use super::super::store::A;", &[]);
        check("src/clock.rs", "use super::store::A;", &["1 floor"]);
    }

    #[test]
    fn crates() {
        check("src/domain/sign.rs", "use hmac::Mac;", &[]);
        check("src/domain/sign.rs", "use tokio::net;", &["1 crate"]);
        check("src/domain/sign.rs", "fn a() { log::info!(\"b\") }", &[]);
        check("src/domain/url.rs", "use http::Uri;", &[]);
        let test = "#[cfg(test)]\nmod tests { use tokio::net; }\nuse redb::Key;";
        check("src/domain/sign.rs", test, &["3 crate"]);
        check(
            "src/engine/mod.rs",
            "fn a(b: redb::Database) {}",
            &["1 crate"],
        );
        check("src/engine/mod.rs", "crate::domain::http::A", &[]);
        check("src/store/mod.rs", "use redb::{Database, Table};", &[]);
    }

    #[test]
    fn every_room_has_its_crates_and_the_manifest_is_read() {
        for room in FLOORS.iter().copied().flatten() {
            assert!(CRATES.iter().any(|(of, _)| of == room), "{room}");
        }
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why\nhyper-util = \"1\"\n\
            log = { version = \"1\" }\n\n[dev-dependencies]\ntempfile = \"3\"\n";
        assert_eq!(dependencies(manifest), ["hyper_util", "log"]);
    }
}
