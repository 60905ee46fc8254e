//! Nothing inline, nothing from elsewhere, nothing missing.

use crate::files::{File, all, between, with_ending};

/// What makes markup or code from text, or is not loaded from a file of its own.
const BANNED: [(&str, &[&str]); 3] = [
    (
        ".html",
        &["style=\"", "<style", "javascript:", "srcdoc", "<base"],
    ),
    (
        ".js",
        &[
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "createContextualFragment",
            "DOMParser",
            "setHTML",
            "eval(",
            "new Function",
            "javascript:",
            "'style'",
            "\"style\"",
            "cssText",
        ],
    ),
    (".svg", &["<script", "style=\"", "<foreignObject"]),
];

#[test]
fn nothing_is_inline() {
    for (ending, words) in BANNED {
        for File { path, text } in with_ending(ending) {
            for word in words {
                assert!(!text.contains(word), "{path} holds {word}");
            }
        }
    }
    for File { path, text } in with_ending(".html") {
        for script in between(&text, "<script", "</script>") {
            let (_, inside) = script.split_once('>').unwrap();
            assert!(inside.is_empty(), "{path}: a script with content");
        }
        for tag in between(&text, "<", ">") {
            let handler = tag
                .split_whitespace()
                .skip(1)
                .find(|part| part.starts_with("on") && part.contains('='));
            assert_eq!(handler, None, "{path}: <{tag}>");
        }
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for File { path, text } in all() {
        for scheme in [
            "http://",
            "https://",
            "ws://",
            "wss://",
            "src=\"//",
            "href=\"//",
        ] {
            for (at, _) in text.match_indices(scheme) {
                let rest = &text[at + scheme.len()..];
                assert!(
                    names_nothing(rest),
                    "{path}: {}",
                    &text[at..text.len().min(at + 80)]
                );
            }
        }
    }
}

/// A namespace, the bare scheme in a sentence, a host that is put in when it is shown, or one that
/// is reserved for examples (RFC 2606).
fn names_nothing(rest: &str) -> bool {
    let host = rest
        .split(['/', '"', '\'', '`', '<', ' ', ')'])
        .next()
        .unwrap_or_default();
    let is_host = host.starts_with(|first: char| first.is_ascii_alphanumeric());
    let reserved = ["www.w3.org", "localhost", "127.0.0.1"].contains(&host);
    let example = host.split('.').any(|part| part == "example");
    !is_host || reserved || example
}

/// `../a.js` seen from `js/pages/b.js`.
fn resolve(from: &str, to: &str) -> String {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The files that a file names.
fn named(file: &File) -> Vec<String> {
    let File { path, text } = file;
    let mut found = Vec::new();
    if path.ends_with(".html") {
        for attribute in [" href=\"", " src=\""] {
            let local = between(text, attribute, "\"").into_iter();
            found.extend(
                local
                    .filter(|to| !to.starts_with(['#', '/']))
                    .map(str::to_owned),
            );
        }
    } else if path.ends_with(".js") {
        for start in ["from '", "import '", "import('", "new URL('"] {
            let inside = between(text, start, "'").into_iter();
            found.extend(
                inside
                    .filter(|to| to.starts_with('.'))
                    .map(|to| resolve(path, to)),
            );
        }
    } else if path.ends_with(".css") {
        for inside in between(text, "url(", ")") {
            let to = inside.trim_matches(['"', '\'']);
            if !to.starts_with("data:") && !to.starts_with('#') {
                found.push(resolve(path, to));
            }
        }
    }
    found
}

#[test]
fn whatever_is_named_exists_and_whatever_exists_is_named() {
    let files = all();
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let mut seen = vec!["index.html".to_owned()];
    let mut ahead = seen.clone();
    while let Some(path) = ahead.pop() {
        for to in named(find(&path).unwrap()) {
            assert!(find(&to).is_some(), "{path} names {to}, which is not there");
            if !seen.contains(&to) {
                seen.push(to.clone());
                ahead.push(to);
            }
        }
    }
    let unused: Vec<_> = files
        .iter()
        .map(|file| &file.path)
        .filter(|path| !seen.contains(path))
        .collect();
    assert!(unused.is_empty(), "nothing leads to {unused:?}");
}

#[test]
fn every_template_and_every_symbol_that_is_used_is_there() {
    let index = with_ending("index.html").pop().unwrap().text;
    let templates = between(&index, "<template id=\"", "\"");
    let symbols = between(&index, "<symbol id=\"", "\"");
    for File { path, text } in with_ending(".js") {
        for used in between(&text, "tpl('", "'") {
            assert!(
                templates.contains(&used),
                "{path}: there is no template {used}"
            );
        }
        for used in between(&text, "icon('", "'") {
            let name = format!("i-{used}");
            assert!(
                symbols.contains(&name.as_str()),
                "{path}: there is no symbol {name}"
            );
        }
    }
    for used in between(&index, "<use href=\"#", "\"") {
        assert!(symbols.contains(&used), "there is no symbol {used}");
    }
    let scripts: String = with_ending(".js")
        .into_iter()
        .map(|file| file.text)
        .collect();
    for template in templates {
        let used = format!("'{template}'");
        assert!(
            scripts.contains(&used),
            "nothing uses the template {template}"
        );
    }
}

#[test]
fn addresses_of_files() {
    assert_eq!(resolve("js/pages/b.js", "../a.js"), "js/a.js");
    assert_eq!(resolve("js/b.js", "./a.js"), "js/a.js");
    assert_eq!(resolve("app.css", "a.svg"), "a.svg");
    assert!(names_nothing("www.w3.org/2000/svg") && names_nothing("crm.example.fr/hooks"));
    assert!(names_nothing("…") && names_nothing("${host}/") && names_nothing(" or"));
    assert!(!names_nothing("cdn.evil.com/x.js"));
}
