//! Makes the page small: all modules become one, and comments and indentation go.
//!
//! It knows no JavaScript beyond the page's own habits, and says so when one is broken: an import
//! or export is one line, nothing is imported in a circle, and a comment stands on lines of its
//! own or is a type in `/** … */`. What a browser gets from it is what stands in the modules,
//! line by line; served from the folder (`--page-dir`), the modules are used as they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the page begins; the bundle takes its place.
pub const MAIN: &str = "js/main.js";

/// What the style sheets become, in the order of their names.
pub const STYLE: &str = "app.css";

/// All modules that `main.js` needs as one script. `modules` holds them by their path.
pub fn bundle(modules: &BTreeMap<String, String>) -> String {
    let mut made = Bundle {
        modules,
        order: Vec::new(),
        text: String::new(),
    };
    made.add(MAIN, &mut Vec::new());
    made.text
}

struct Bundle<'a> {
    modules: &'a BTreeMap<String, String>,
    /// What is in it already.
    order: Vec<String>,
    text: String,
}

impl Bundle<'_> {
    /// Adds a module after those that it imports. Its names stay its own: it becomes a function
    /// that returns what it exports.
    fn add(&mut self, path: &str, above: &mut Vec<String>) {
        if self.order.iter().any(|known| known == path) {
            return;
        }
        let circle = above.iter().any(|known| known == path);
        assert!(!circle, "{path} imports itself by {above:?}");
        let source = self.modules.get(path);
        let source = source.unwrap_or_else(|| panic!("{path} is imported and missing"));
        above.push(path.to_owned());
        let (mut body, mut exports) = (String::new(), Vec::new());
        for (line, in_text) in lines(source, path) {
            if in_text {
                body.push_str(&line);
                body.push('\n');
                continue;
            }
            if let Some(import) = line.strip_prefix("import ") {
                let (names, from) = import_of(import, path);
                self.add(&from, above);
                let names = names.replace(" as ", ":");
                let name = self.name_of(&from);
                match names.strip_prefix("* as ").or(names.strip_prefix("*:")) {
                    Some(all) => writeln!(body, "const {all}={name};"),
                    None => writeln!(body, "const {names}={name};"),
                }
                .expect("a string takes everything");
                continue;
            }
            let line = match line.strip_prefix("export ") {
                Some(rest) => {
                    exports.push(exported(rest, path));
                    rest
                }
                None => &line,
            };
            if is_joined(&body, line) {
                body.truncate(body.trim_end_matches([',', '\n']).len() + commas(&body, line));
            }
            body.push_str(line);
            body.push('\n');
        }
        above.pop();
        self.order.push(path.to_owned());
        let (name, exports) = (self.name_of(path), exports.join(","));
        writeln!(
            self.text,
            "const {name}=(()=>{{\n{body}return{{{exports}}}}})();"
        )
        .expect("a string takes everything");
    }

    /// A module is named by its place, `$0` first.
    fn name_of(&self, path: &str) -> String {
        let place = self.order.iter().position(|known| known == path);
        format!(
            "${}",
            place.expect("a module comes after those that it imports")
        )
    }
}

/// `{ a, b } from './x.js';` → the names, and the path from the root of the page.
fn import_of(import: &str, path: &str) -> (String, String) {
    let parts = import.trim_end_matches(';').split_once(" from ");
    let (names, from) = parts.unwrap_or_else(|| panic!("{path}: an import in one line: {import}"));
    let mut folders: Vec<_> = path.split('/').collect();
    folders.pop();
    for part in from.trim_matches(['\'', '"']).split('/') {
        match part {
            "." => {}
            ".." => drop(folders.pop()),
            part => folders.push(part),
        }
    }
    (names.to_owned(), folders.join("/"))
}

/// The name that `function f(`, `const c =`, `class C` … declares.
fn exported(declaration: &str, path: &str) -> String {
    let rest = declaration.strip_prefix("async ").unwrap_or(declaration);
    let known = ["function ", "const ", "class "];
    let rest = known.iter().find_map(|word| rest.strip_prefix(word));
    let rest = rest.unwrap_or_else(|| panic!("{path}: an export of another kind: {declaration}"));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    rest[..end.unwrap_or(rest.len())].to_owned()
}

/// Whether a line break may go: it never ends a statement there.
fn is_joined(before: &str, line: &str) -> bool {
    const ENDS: [char; 12] = [',', ';', '{', '(', '[', '=', '>', '&', '|', '?', ':', '+'];
    const BEGINS: [char; 7] = ['}', ')', ']', '.', '?', ':', '&'];
    before.trim_end_matches('\n').ends_with(ENDS) || line.starts_with(BEGINS)
}

/// One, where a comma stands between two lines that are joined; one before a bracket's end is
/// for people, who add lines.
fn commas(before: &str, line: &str) -> usize {
    let is_last = line.starts_with(['}', ')', ']']);
    usize::from(before.trim_end_matches('\n').ends_with(',') && !is_last)
}

/// The lines of a module without comments and indentation, each with whether it begins within a
/// text between backquotes; those are as they were.
fn lines(source: &str, path: &str) -> Vec<(String, bool)> {
    let (mut found, mut in_comment, mut in_text) = (Vec::new(), false, false);
    for line in source.lines() {
        let begins_in_text = in_text;
        let bare = line.trim();
        if !begins_in_text {
            in_comment |= bare.starts_with("/*") && !bare.contains("*/");
            let is_comment = bare.starts_with("/*") && bare.ends_with("*/");
            if in_comment {
                in_comment = !bare.ends_with("*/");
                continue;
            }
            if is_comment || bare.is_empty() || bare.starts_with("//") {
                continue;
            }
        }
        let kept = match begins_in_text {
            true => line.to_owned(),
            false if bare.starts_with("import ") => bare.to_owned(),
            false => tight(&without_types(bare)),
        };
        let quotes = kept.replace("\\`", "").matches('`').count();
        in_text ^= quotes % 2 == 1;
        found.push((kept, begins_in_text));
    }
    assert!(
        !in_text && !in_comment,
        "{path}: a text or comment has no end"
    );
    found
}

/// `(/** @type {string} */ name)` → `(name)`
fn without_types(line: &str) -> String {
    let mut parts = line.split("/** @");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once("*/").expect("a type ends in its line");
        text.push_str(rest.strip_prefix(' ').unwrap_or(rest));
    }
    text
}

/// Takes out the spaces around signs. Texts in quotes stay as they are, and so does the rest of a
/// line in which a regular expression or a text between backquotes begins, but for one that also
/// ends there and holds no other.
fn tight(line: &str) -> String {
    const SIGNS: &str = "=<>?:,{}()[];&|!*";
    let is_sign = |c: Option<char>| c.is_some_and(|c| SIGNS.contains(c));
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(sign) = rest.next() {
        let is_quote = match sign {
            '\'' | '"' => true,
            '`' => rest.clone().filter(|c| *c == '`').count() == 1,
            '/' => false,
            ' ' if is_sign(text.chars().last()) || is_sign(rest.peek().copied()) => continue,
            other => {
                text.push(other);
                continue;
            }
        };
        text.push(sign);
        let mut ended = false;
        while let Some(inner) = rest.next() {
            text.push(inner);
            if inner == '\\' {
                text.extend(rest.next());
            } else if is_quote && inner == sign {
                ended = true;
                break;
            }
        }
        if !ended {
            break;
        }
    }
    text
}

/// A style sheet without comments and indentation.
pub fn style(source: &str) -> String {
    let mut text = String::new();
    for (place, part) in source.split("/*").enumerate() {
        let kept = match place {
            0 => part,
            _ => part.split_once("*/").expect("a comment has an end").1,
        };
        text.push_str(kept);
    }
    let text: String = text
        .lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect();
    let tight = [
        (" { ", "{"),
        (" {\n", "{\n"),
        ("; }", "}"),
        (" }", "}"),
        ("; ", ";"),
        (": ", ":"),
    ];
    let text = tight
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to));
    without_empty_lines(&text)
}

/// Markup without comments and indentation, with the one style sheet that is left, and without
/// the words that the page writes itself in the language of its user (`data-t`).
pub fn markup(source: &str) -> String {
    let mut text = String::new();
    for (place, part) in source.split("<!--").enumerate() {
        let kept = match place {
            0 => part,
            _ => part.split_once("-->").expect("a comment has an end").1,
        };
        text.push_str(kept);
    }
    let mut has_style = false;
    let mut lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.retain(|line| {
        let is_style = line.contains("rel=\"stylesheet\"");
        !is_style || !std::mem::replace(&mut has_style, true)
    });
    without_empty_lines(&without_words(&lines.join("\n")))
}

/// An element with `data-t` holds nothing but text.
fn without_words(markup: &str) -> String {
    let mut parts = markup.split(" data-t=\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (tag, rest) = part.split_once('>').expect("a tag has an end");
        let end = rest.find('<').expect("an element has an end");
        text.push_str(&format!(" data-t=\"{tag}>{}", &rest[end..]));
    }
    text
}

fn without_empty_lines(text: &str) -> String {
    let full = text.lines().filter(|line| !line.is_empty());
    full.map(|line| line.to_owned() + "\n").collect()
}
