//! Settings: those of the server with their origin, and those of this browser.

use crate::browser::Browser;
use crate::support::daemon::Daemon;
use crate::words::{Language, Words};

#[test]
fn the_configuration_shows_where_each_value_comes_from() {
    for language in Language::ALL {
        let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_TIMEOUT", "7s")]);
        let browser = Browser::signed_in(&daemon, language);
        browser.click(&browser.t("nav.settings"));
        browser.await_text("delivery.timeout");
        browser.await_text("RINGHOOK_DELIVERY_TIMEOUT");
        browser.fill(&browser.t("ui.search"), "delivery.timeout");
        browser.await_no_text("delivery.waiting_max");
        assert!(
            browser.hash().contains("q=delivery.timeout"),
            "{}",
            browser.hash()
        );
        browser.leave();
    }
}

#[test]
fn language_and_theme_are_chosen_and_kept() {
    let daemon = Daemon::start();
    let browser = Browser::signed_in(&daemon, Language::French);
    let (french, english) = (Words::of(Language::French), Words::of(Language::English));
    browser.click(&french.t("language.switch.en"));
    browser.await_heading(&english.t("nav.overview"));
    assert_eq!(
        browser.text_of("return document.documentElement.lang"),
        "en"
    );
    browser.click(&english.t("nav.settings"));
    browser.await_heading(&english.t("nav.settings"));
    let background = "return getComputedStyle(document.body).backgroundColor";
    browser.prefer("light");
    browser.click(&english.t("theme.light"));
    let light = browser.text_of(background);
    browser.click(&english.t("theme.dark"));
    browser.await_script(
        "a dark page",
        "return getComputedStyle(document.body).backgroundColor !== arguments[0]",
        &[light.into()],
    );
    let dark = browser.text_of(background);
    browser.open("#/settings");
    browser.await_heading(&english.t("nav.settings"));
    assert_eq!(browser.text_of(background), dark, "kept over a reload");
    browser.leave();
}
