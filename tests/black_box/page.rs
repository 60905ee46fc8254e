//! The page over HTTP: where its files are, and the headers that every one of them comes with.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::client::{Answer, Connection};
use crate::support::daemon::{Daemon, command};

/// What every file of the page must come with.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];
/// What a browser loads of the page, compressed: everything, with the words of one language.
const PAGE_BYTES_MAX: usize = 80_000;

fn get(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Answer {
    Connection::tcp(daemon.address)
        .call("GET", path, headers, None)
        .unwrap_or_else(|| panic!("no answer to {path}"))
}

fn check_headers(path: &str, answer: &Answer) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), Some(value), "{path}: {name}");
    }
}

/// The folder of this page's files: `/assets/0123456789abcdef/`.
fn folder(index: &Answer) -> String {
    let text = index.text();
    let start = text.find("/assets/").expect("the page names its files");
    let hash = &text[start + "/assets/".len()..];
    let hash = &hash[..hash.find('/').unwrap()];
    assert_eq!(hash.len(), 16, "{hash}");
    format!("/assets/{hash}/")
}

/// What the page is made of.
fn sources() -> Vec<String> {
    fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => collect(&path, files),
                false => files.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let of = |path: &std::path::PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
    files.iter().map(of).collect()
}

/// What the build packs them into, but for the index: one script, one style sheet, and
/// everything else as it is.
fn files() -> BTreeSet<String> {
    let packed = |source: String| {
        let extension = Path::new(&source).extension()?.to_str()?;
        match (extension, source.as_str()) {
            ("rs", _) | (_, "index.html") => None,
            ("js", _) => Some("js/main.js".to_owned()),
            ("css", _) => Some("app.css".to_owned()),
            _ => Some(source),
        }
    };
    sources().into_iter().filter_map(packed).collect()
}

fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    std::fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn the_packed_page_has_what_it_is_made_of_and_no_comments() {
    let daemon = Daemon::start();
    let index = get(&daemon, "/", &[]).expect(200).text();
    let folder = folder(&get(&daemon, "/", &[]));
    let packed = |path: &str| {
        get(&daemon, &format!("{folder}{path}"), &[])
            .expect(200)
            .text()
    };
    let (script, style) = (packed("js/main.js"), packed("app.css"));
    for path in sources().iter().filter(|path| path.ends_with(".js")) {
        let purpose = source(path).lines().next().unwrap().to_owned();
        assert!(purpose.starts_with("// "), "{path} says not what it is for");
        assert!(!script.contains(&purpose), "{path}: comments are packed");
    }
    assert!(!style.contains("/*"), "comments in the style sheet");
    assert!(!index.contains("<!--"), "comments in the index");
    assert_eq!(index.matches("rel=\"stylesheet\"").count(), 1);
}

#[test]
fn every_file_is_served_with_its_headers_and_the_whole_is_small() {
    let daemon = Daemon::start();
    let index = get(&daemon, "/", &[]).expect(200);
    check_headers("/", &index);
    assert_eq!(
        index.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    let folder = folder(&index);
    let gzip = [("Accept-Encoding", "gzip, br")];
    let mut sum = get(&daemon, "/", &gzip).expect(200).body.len();
    for file in files() {
        let path = format!("{folder}{file}");
        let answer = get(&daemon, &path, &[]).expect(200);
        check_headers(&path, &answer);
        let caching = answer.header("cache-control");
        assert_eq!(
            caching,
            Some("public, max-age=31536000, immutable"),
            "{path}"
        );
        let media_type = answer.header("content-type").unwrap();
        assert!(
            !media_type.contains("octet-stream"),
            "{path}: of no known type"
        );
        let packed = get(&daemon, &path, &gzip).expect(200);
        check_headers(&path, &packed);
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        sum += packed.body.len();
    }
    let words = ["en", "fr"].map(|language| {
        let path = format!("{folder}i18n/{language}.json");
        get(&daemon, &path, &gzip).expect(200).body.len()
    });
    let sum = sum - words.into_iter().min().unwrap();
    println!("the page has {sum} bytes, compressed");
    assert!(sum <= PAGE_BYTES_MAX, "{sum} bytes, compressed");
}

#[test]
fn what_a_browser_has_already_is_not_sent_again() {
    let daemon = Daemon::start();
    let first = get(&daemon, "/", &[("Accept-Encoding", "gzip")]).expect(200);
    let etag = first.header("etag").unwrap();
    let known = [("Accept-Encoding", "gzip"), ("If-None-Match", etag)];
    let again = get(&daemon, "/", &known).expect(304);
    check_headers("/", &again);
    assert_eq!(again.header("etag"), Some(etag));
    assert!(again.body.is_empty());
    // The other form is another one.
    let plain = get(&daemon, "/", &[("If-None-Match", etag)]).expect(200);
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    let folder = folder(&plain);
    let known = [("If-None-Match", plain.header("etag").unwrap())];
    get(&daemon, &format!("{folder}app.css"), &known).expect(304);
}

#[test]
fn what_is_not_there_is_said_and_never_cached() {
    let daemon = Daemon::start();
    for path in [
        "/index.html",
        "/assets/",
        "/assets/app.css",
        "/assets/0000000000000000/app.css",
        "/assets/../Cargo.toml",
        "/favicon.ico",
    ] {
        let answer = get(&daemon, path, &[]).expect(404);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.json()["code"], "RH-0320", "{path}");
    }
    let foreign = [("Host", "evil.example")];
    get(&daemon, "/", &foreign).expect(421);
    let posted = Connection::tcp(daemon.address).call("POST", "/", &[], Some("{}"));
    posted.unwrap().expect(405);
}

#[cfg(debug_assertions)]
#[test]
fn a_debug_build_serves_the_page_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let written = "<script src=\"js/main.js\"></script><a href=\"#x\"></a>";
    std::fs::create_dir(folder.path().join("js")).unwrap();
    std::fs::write(folder.path().join("index.html"), written).unwrap();
    std::fs::write(folder.path().join("js/main.js"), "// one").unwrap();
    let flags = ["--page-dir", folder.path().to_str().unwrap()];
    let daemon = Daemon::start_with_flags(&flags);
    let index = get(&daemon, "/", &[("Accept-Encoding", "gzip")]).expect(200);
    check_headers("/", &index);
    let moved = "<script src=\"/assets/js/main.js\"></script><a href=\"#x\"></a>";
    assert_eq!(index.text(), moved);
    let script = get(&daemon, "/assets/js/main.js", &[]).expect(200);
    check_headers("/assets/js/main.js", &script);
    assert_eq!(script.header("cache-control"), Some("no-cache"));
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    std::fs::write(folder.path().join("js/main.js"), "// two").unwrap();
    let newer = get(&daemon, "/assets/js/main.js", &[]).expect(200);
    assert_eq!(newer.text(), "// two");
    get(&daemon, "/assets/../Cargo.toml", &[]).expect(404);
    get(&daemon, "/assets/js", &[]).expect(404);
    let help = command().args(["serve", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("--page-dir"));
}
