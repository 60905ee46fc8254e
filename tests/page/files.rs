//! The files, and what is written in them between quotes.

use std::path::{Path, PathBuf};

/// One file of the page.
pub struct File {
    /// From the folder of the page, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Every file of the page but its build script.
pub fn all() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let of = |path: &PathBuf| File {
        path: path.strip_prefix(&root).unwrap().display().to_string(),
        text: std::fs::read_to_string(path).unwrap(),
    };
    paths.iter().map(of).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if !path.ends_with("build.rs") {
            paths.push(path);
        }
    }
}

/// Those with this ending.
pub fn with_ending(ending: &str) -> Vec<File> {
    let mut files = all();
    files.retain(|file| file.path.ends_with(ending));
    files
}

/// What stands after each `start`, up to the next `end`.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(start).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(end)?.0))
        .collect()
}

/// The texts in single or double quotes, and those between backticks; comments that hold a
/// quote may yield one that is none, which does no harm here.
pub fn literals(text: &str) -> Vec<&str> {
    let quoted = ["'", "\"", "`"].into_iter().flat_map(|quote| {
        text.lines()
            .flat_map(move |line| line.split(quote).skip(1).collect::<Vec<_>>())
    });
    quoted.collect()
}

#[test]
fn what_stands_between_quotes() {
    let found = literals("t('a.b', x ? 'c' : \"d\") + `e${f}`");
    for expected in ["a.b", "c", "d", "e${f}"] {
        assert!(found.contains(&expected), "{expected}: {found:?}");
    }
    assert_eq!(between("a<b>c<d>", "<", ">"), ["b", "d"]);
}
