//! Pictures of every page, for people to look at: `tests/screenshots DIR`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::browser::Browser;
use crate::scene::Scene;
use crate::support::daemon::Daemon;
use crate::words::Language;

/// Width and height of a desk and of a phone.
const SIZES: [(&str, u32, u32); 2] = [("wide", 1280, 800), ("narrow", 390, 844)];

/// Where nothing was set up yet.
const EMPTY: [(&str, &str); 5] = [
    ("empty-overview", "#/"),
    ("empty-endpoints", "#/endpoints"),
    ("empty-endpoint-add", "#/endpoints/new"),
    ("empty-events", "#/events"),
    ("empty-tokens", "#/tokens"),
];

#[test]
#[ignore = "takes pictures, and proves nothing: run it by tests/screenshots"]
fn of_every_page() {
    let folder = std::env::var_os("RINGHOOK_SCREENSHOTS").map(PathBuf::from);
    let folder = folder.expect("RINGHOOK_SCREENSHOTS names the folder");
    std::fs::create_dir_all(&folder).unwrap();
    let (scene, empty) = (Scene::new(), Daemon::start());
    let pages = scene.pages();
    let pages: Vec<_> = pages
        .iter()
        .map(|(name, hash)| (*name, hash.as_str()))
        .collect();
    for language in Language::ALL {
        take(&scene.daemon, language, &pages, &folder);
        take(&empty, language, &EMPTY, &folder);
    }
}

fn take(daemon: &Daemon, language: Language, pages: &[(&str, &str)], folder: &Path) {
    let browser = Browser::signed_in(daemon, language);
    for (size, width, height) in SIZES {
        browser.resize(width, height);
        for theme in ["light", "dark"] {
            browser.prefer(theme);
            for (name, hash) in pages {
                browser.open(hash);
                browser.await_script(
                    name,
                    "return location.hash.split('?')[0] === arguments[0] \
                     && document.querySelector('main h1') !== null \
                     && !document.querySelector('[aria-busy=true], .skeleton')",
                    &[json!(hash)],
                );
                let name = format!("{name}-{size}-{theme}-{}.png", language.code());
                let picture = BASE64_STANDARD.decode(browser.screenshot()).unwrap();
                std::fs::write(folder.join(name), picture).unwrap();
            }
        }
    }
}
