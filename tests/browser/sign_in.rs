//! Signing in by the link of `ringhook open`, by a typed code and by a token, and out again.

use serde_json::json;

use crate::browser::Browser;
use crate::support::daemon::Daemon;
use crate::words::Language;

fn both(visit: impl Fn(&Daemon, Language)) {
    for language in Language::ALL {
        visit(&Daemon::start(), language);
    }
}

#[test]
fn the_link_signs_in_once_and_leaves_no_code_behind() {
    both(|daemon, language| {
        let output = daemon.cli(&["open"]);
        let link = String::from_utf8(output.stdout).unwrap();
        let browser = Browser::start(daemon, language);
        browser.load(link.trim());
        browser.await_heading(&browser.t("nav.overview"));
        assert_eq!(browser.hash(), "#/");
        assert_eq!(
            browser.text_of("return document.cookie"),
            "",
            "no script reads the cookie"
        );
        browser.leave();

        let mut other = Browser::start(daemon, language);
        other.expect_status(401);
        other.load(link.trim());
        other.await_heading(&other.t("signin.title"));
        other.await_text(&other.t("problem.RH-0306"));
        other.leave();
    });
}

#[test]
fn a_code_or_a_token_is_typed_and_a_wrong_one_is_explained() {
    both(|daemon, language| {
        let mut browser = Browser::start(daemon, language);
        browser.expect_status(401);
        browser.open("#/tokens");
        browser.await_heading(&browser.t("signin.title"));
        let (label, action) = (browser.t("signin.label"), browser.t("signin.action"));
        browser.fill(&label, "aaaa-aaaa-aaaa");
        browser.click(&action);
        browser.await_text(&browser.t("problem.RH-0306"));
        let code = daemon
            .api("POST", "/v1/session/code", None)
            .expect(201)
            .json();
        browser.fill(&label, code["code"].as_str().unwrap());
        browser.click(&action);
        // Where one wanted to go is where one gets.
        browser.await_heading(&browser.t("nav.tokens"));
        browser.visit("#/settings");
        browser.await_heading(&browser.t("nav.settings"));
        browser.await_text(&browser.t("settings.by.code"));
        browser.click(&browser.t("settings.signOut"));
        browser.await_heading(&browser.t("signin.title"));

        let token = daemon.token("read");
        browser.fill(&label, &token);
        browser.press(&label, "\u{e007}");
        browser.await_heading(&browser.t("nav.settings"));
        browser.await_text(&browser.t("settings.by.token"));
        browser.leave();
    });
}

#[test]
fn a_session_that_ended_asks_again_and_keeps_what_was_typed() {
    let daemon = Daemon::start();
    let mut browser = Browser::signed_in(&daemon, Language::English);
    browser.expect_status(401);
    browser.visit("#/tokens");
    browser.await_heading(&browser.t("nav.tokens"));
    browser.click(&browser.t("tokens.new"));
    browser.fill(&browser.t("tokens.name"), "kept while away");
    // Somewhere else somebody signs out everywhere.
    let other = Browser::signed_in(&daemon, Language::English);
    other.visit("#/settings");
    other.click(&other.t("settings.everywhere"));
    other.click(&other.t("settings.everywhere"));
    other.await_heading(&other.t("signin.title"));
    browser.click(&browser.t("tokens.create"));
    browser.await_text(&browser.t("signin.ended"));
    let code = daemon
        .api("POST", "/v1/session/code", None)
        .expect(201)
        .json();
    browser.fill(&browser.t("signin.label"), code["code"].as_str().unwrap());
    browser.click(&browser.t("signin.action"));
    browser.await_text(&browser.t("tokens.once"));
    browser.click(&browser.t("tokens.kept"));
    let tokens = daemon.api("GET", "/v1/tokens", None).json();
    assert_eq!(tokens["items"][0]["name"], json!("kept while away"));
    browser.leave();
}
