//! axe-core finds nothing to blame on any page, in both themes and both languages; and nothing is
//! wider than a small phone.

use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::scene::Scene;
use crate::words::Language;

/// From the npm package, for these tests only.
fn axe() -> String {
    let path = "target/axe/node_modules/axe-core/axe.min.js";
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}; tests/run installs it"))
}

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
      ({ violations }) => done(violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary}`))),
      (error) => done([String(error)]));";

/// What is on the screen has come to rest: nothing is loading, nothing is on its way.
fn await_rest(browser: &Browser) {
    browser.await_script(
        "the page to be complete",
        "return document.querySelector('main h1') !== null \
         && !document.querySelector('[aria-busy=true], .skeleton') \
         && document.getAnimations().every((one) => one.playState !== 'running')",
        &[],
    );
}

/// Goes through all pages, each as `look` wants it.
fn tour(browser: &Browser, scene: &Scene, mut look: impl FnMut(&str)) {
    for (name, hash) in scene.pages() {
        browser.visit(&hash);
        browser.await_script(
            name,
            "return location.hash.split('?')[0] === arguments[0]",
            &[json!(hash)],
        );
        await_rest(browser);
        look(name);
    }
}

fn blameless(language: Language) {
    let scene = Scene::new();
    let axe = axe();
    let browser = Browser::signed_in(&scene.daemon, language);
    let mut found = Vec::new();
    browser.script(&axe, &[]);
    for theme in ["light", "dark"] {
        browser.prefer(theme);
        tour(&browser, &scene, |name| {
            let violations = browser.script_later(RUN, &[]);
            for violation in violations.as_array().unwrap() {
                found.push(format!("{name}, {theme}: {violation}"));
            }
        });
    }
    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
    browser.leave();
}

#[test]
fn axe_finds_nothing_in_english() {
    blameless(Language::English);
}

#[test]
fn axe_finds_nothing_in_french() {
    blameless(Language::French);
}

#[test]
fn nothing_is_wider_than_a_small_phone() {
    let scene = Scene::new();
    let browser = Browser::signed_in(&scene.daemon, Language::French);
    browser.resize(320, 640);
    let mut wide = Vec::new();
    tour(&browser, &scene, |name| {
        let width = browser.script("return document.documentElement.scrollWidth", &[]);
        if width.as_u64() > Some(320) {
            // The first element that reaches out, without those that scroll by themselves.
            let culprit = browser.text_of(
                "const out = [...document.querySelectorAll('main *')].filter((e) => \
                 e.getBoundingClientRect().right > 321 && !e.closest('pre, .table-box, .scroll')); \
                 return out.at(-1)?.outerHTML.slice(0, 200)",
            );
            wide.push(format!("{name}: {width} px: {culprit}"));
        }
    });
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    browser.leave();
}

#[test]
fn the_sign_in_is_blameless_too() {
    let daemon = crate::support::daemon::Daemon::start();
    for language in Language::ALL {
        let browser = Browser::start(&daemon, language);
        browser.open("#/");
        browser.await_heading(&browser.t("signin.title"));
        browser.script(&axe(), &[]);
        for theme in ["light", "dark"] {
            browser.prefer(theme);
            await_rest(&browser);
            let violations = browser.script_later(RUN, &[]);
            assert_eq!(violations, json!([]), "{theme}");
        }
        browser.leave();
    }
}
