//! The law of the page: nothing inline, nothing from elsewhere, no markup from text, and two
//! catalogues that say the same.
//!
//! The pages are read as text; what a browser makes of them, the browser tests see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::Violation;

const FOLDER: &str = "src/page";
/// Modules are kept as short as other files.
const FILE_LINES_MAX: usize = 400;

/// What makes markup or code from text, or escapes the policy.
const FORBIDDEN: [(&str, &str); 9] = [
    ("innerHTML", "build elements, or fill a <template>"),
    ("outerHTML", "build elements, or fill a <template>"),
    ("insertAdjacentHTML", "build elements, or fill a <template>"),
    ("document.write", "build elements, or fill a <template>"),
    ("eval(", "there is no text to be run"),
    ("new Function", "there is no text to be run"),
    (
        "'style'",
        "style by class; single values through element.style",
    ),
    ("console.", "tell the user, or nobody"),
    ("debugger", "it stops the page of its reader"),
];

/// The one address that may be written: it names SVG, and is never asked.
const SVG: &str = "http://www.w3.org/2000/svg";

#[test]
fn the_page_keeps_its_rules() {
    let files = files();
    let mut found = Vec::new();
    for (path, text) in &files {
        found.extend(check_text(path, text));
        found.extend(check_places(path, text, &files));
    }
    found.extend(check_words(&files));
    let listed: Vec<_> = found.iter().map(Violation::to_string).collect();
    assert!(found.is_empty(), "{}", listed.join("\n"));
}

#[test]
fn every_code_of_the_api_is_explained_in_both_languages() {
    let files = files();
    let codes = std::fs::read_to_string(root().join("src/http/code.rs")).unwrap();
    let codes: BTreeSet<_> = codes
        .match_indices("\"RH-")
        .map(|(at, _)| &codes[at + 1..at + 8])
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    let words = catalogue(&files, "en");
    for code in codes {
        for part in ["problem", "remedy"] {
            let key = format!("{part}.{code}");
            assert!(words.contains_key(&key), "the catalogues lack {key}");
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text of the page, by its path from the folder.
fn files() -> BTreeMap<String, String> {
    let folder = root().join(FOLDER);
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    let relative = |path: &PathBuf| path.strip_prefix(&folder).unwrap().display().to_string();
    paths
        .iter()
        .map(|path| (relative(path), std::fs::read_to_string(path).unwrap()))
        .filter(|(path, _)| !path.ends_with(".rs"))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, paths),
            false => paths.push(path),
        }
    }
}

fn violation(path: &str, line: usize, rule: &str, message: impl Into<String>) -> Violation {
    Violation {
        path: format!("{FOLDER}/{path}"),
        line,
        rule: rule.to_owned(),
        message: message.into(),
    }
}

fn check_text(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let is_module = path.ends_with(".js");
    if is_module && text.lines().count() > FILE_LINES_MAX {
        let message = format!("more than {FILE_LINES_MAX} lines: split it by concept");
        found.push(violation(path, FILE_LINES_MAX, "file length", message));
    }
    if is_module && !text.starts_with("// ") {
        let message = "the file must open with its purpose";
        found.push(violation(path, 1, "purpose", message));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let inline = [" style=\"", " onclick=", " onload=", " onerror=", "<style"];
        for part in inline.iter().filter(|_| path.ends_with(".html")) {
            if line.contains(part) {
                found.push(violation(
                    path,
                    number,
                    "inline",
                    format!("{part} is inline"),
                ));
            }
        }
        let is_markup = path.ends_with(".html");
        if is_markup && line.contains("<script") && !line.contains("\"></script>") {
            let message = "a script stands in a file of its own";
            found.push(violation(path, number, "inline", message));
        }
        for (part, instead) in FORBIDDEN.iter().filter(|_| is_module) {
            if line.contains(part) {
                let message = format!("{part} is not used: {instead}");
                found.push(violation(path, number, "forbidden", message));
            }
        }
        // Examples for people to read, and checks of what somebody typed, are no addresses.
        let is_told = path.ends_with(".json") || line.contains("placeholder");
        let rest = line.replace(SVG, "");
        let asks = [
            "src=\"http",
            "href=\"http",
            "url(http",
            "from 'http",
            "fetch('http",
        ];
        if !is_told && asks.iter().any(|part| rest.contains(part)) {
            let message = "everything comes from this server";
            found.push(violation(path, number, "elsewhere", message));
        }
    }
    found
}

/// Every import, `href` and `src` of the page leads to a file of the page.
fn check_places(path: &str, text: &str, files: &BTreeMap<String, String>) -> Vec<Violation> {
    let marks: &[(&str, char)] = match path.rsplit('.').next() {
        Some("js") => &[(" from '", '\''), ("import '", '\''), ("import('", '\'')],
        Some("html") => &[(" href=\"", '"'), (" src=\"", '"')],
        _ => &[],
    };
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for (mark, end) in marks {
            for (at, _) in line.match_indices(mark) {
                let rest = &line[at + mark.len()..];
                let to = &rest[..rest.find(*end).unwrap_or(rest.len())];
                if !to.starts_with(['#', '/']) && !files.contains_key(&joined(path, to)) {
                    let message = format!("{to} is not there");
                    found.push(violation(path, number, "place", message));
                }
            }
        }
    }
    found
}

/// `js/pages/a.js` and `../b.js` → `js/b.js`
fn joined(from: &str, to: &str) -> String {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn catalogue(files: &BTreeMap<String, String>, language: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&files[&format!("i18n/{language}.json")]).unwrap()
}

/// The catalogues have the same keys and parameters, French is set as French is, and the page
/// asks for no key that is not there.
fn check_words(files: &BTreeMap<String, String>) -> Vec<Violation> {
    let (english, french) = (catalogue(files, "en"), catalogue(files, "fr"));
    let mut found = Vec::new();
    let keys: BTreeSet<_> = english.keys().chain(french.keys()).collect();
    for key in keys {
        match (english.get(key), french.get(key)) {
            (Some(ours), Some(theirs)) if parameters(ours) == parameters(theirs) => {}
            (Some(_), Some(_)) => {
                let message = format!("{key} has other parameters than in English");
                found.push(violation("i18n/fr.json", 1, "words", message));
            }
            _ => {
                let message = format!("{key} is in one language only");
                found.push(violation("i18n/fr.json", 1, "words", message));
            }
        }
    }
    for (key, words) in french.iter().filter(|(_, words)| !is_set_in_french(words)) {
        let message = format!("{key} needs a narrow no-break space before its sign: {words}");
        found.push(violation("i18n/fr.json", 1, "words", message));
    }
    for (path, text) in files {
        for key in asked_for(path, text) {
            let forms = [key.clone(), format!("{key}.other")];
            if !forms.iter().any(|form| english.contains_key(form)) {
                found.push(violation(
                    path,
                    1,
                    "words",
                    format!("{key} is in no catalogue"),
                ));
            }
        }
    }
    found
}

/// `{name}` of a text.
fn parameters(words: &str) -> BTreeSet<&str> {
    words
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

/// Before `;`, `!`, `?` and a `:` that ends a part stands U+202F. Code and times have none.
fn is_set_in_french(words: &str) -> bool {
    let letters: Vec<char> = words.chars().collect();
    letters.iter().enumerate().all(|(at, letter)| {
        let next = letters.get(at + 1).copied().unwrap_or(' ');
        let before = at.checked_sub(1).map_or(' ', |place| letters[place]);
        let is_sign = matches!(letter, ':' | ';' | '!' | '?') && next.is_whitespace();
        !is_sign || before == '\u{202f}'
    })
}

/// The keys that a module or a template names in full.
fn asked_for(path: &str, text: &str) -> Vec<String> {
    let marks: &[(&str, &[char])] = match path.rsplit('.').next() {
        Some("js") => &[(" t('", &['\'']), ("(t('", &['\'']), ("[t('", &['\''])],
        Some("html") => &[(" data-t=\"", &['"']), (" data-t-attr=\"", &['"'])],
        _ => &[],
    };
    let mut keys = Vec::new();
    for (mark, end) in marks {
        for (at, _) in text.match_indices(mark) {
            let rest = &text[at + mark.len()..];
            let value = &rest[..rest.find(*end).unwrap_or(0)];
            let pairs = value.split(';').map(|pair| pair.rsplit(':').next());
            keys.extend(pairs.flatten().map(|key| key.trim().to_owned()));
        }
    }
    keys
}

#[test]
fn the_rules_find_what_breaks_them() {
    let check = |path: &str, text: &str, expected: &[&str]| {
        let found = check_text(path, text);
        let rules: Vec<_> = found.iter().map(|one| one.rule.as_str()).collect();
        assert_eq!(rules, expected, "{text}");
    };
    check("js/a.js", "// A.\nnode.innerHTML = x;", &["forbidden"]);
    check(
        "js/a.js",
        "import x from 'https://cdn';",
        &["purpose", "elsewhere"],
    );
    check("a.html", "<p style=\"color: red\">", &["inline"]);
    check("a.html", "<script>x()</script>", &["inline"]);
    check("a.html", "<script src=\"js/main.js\"></script>", &[]);
    check("a.css", "p { background: url(https://x) }", &["elsewhere"]);

    assert_eq!(joined("js/pages/a.js", "../b.js"), "js/b.js");
    assert!(is_set_in_french("Supprimer\u{202f}? À 14:02, oui."));
    assert!(!is_set_in_french("Supprimer ?"));
    assert!(!is_set_in_french("Attention: rien"));
    assert_eq!(parameters("{a} of {b}"), BTreeSet::from(["a", "b"]));
    let asked = asked_for("a.html", "<b data-t-attr=\"title:x.y;aria-label:z\">");
    assert_eq!(asked, ["x.y", "z"]);
}
