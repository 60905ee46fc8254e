//! A receiver whose answer, an endpoint whose title and an event whose data are full of markup
//! and scripts: all of it stays text, on every page.

use serde_json::json;

use crate::browser::Browser;
use crate::scene::{MARKUP, Scene};
use crate::words::Language;

#[test]
fn markup_from_outside_stays_text_everywhere() {
    let scene = Scene::new();
    let browser = Browser::signed_in(&scene.daemon, Language::English);
    let mut seen = 0;
    for (name, hash) in scene.pages() {
        browser.visit(&hash);
        browser.await_script(
            name,
            "return location.hash.split('?')[0] === arguments[0] \
             && !document.querySelector('[aria-busy=true], .skeleton')",
            &[json!(hash)],
        );
        // Everything that can be opened, opened: the answers of receivers are inside.
        browser.script(
            "for (const part of document.querySelectorAll('main details')) part.open = true; \
             for (const button of document.querySelectorAll('main [aria-expanded=false]')) \
               if (!button.disabled && !button.hasAttribute('popovertarget')) button.click()",
            &[],
        );
        browser.await_script(
            name,
            "return !document.querySelector('[aria-busy=true], .skeleton')",
            &[],
        );
        let made = browser.script(
            "return window.hacked !== undefined \
             || document.querySelector('main img, main script, main [onerror], main [onload], \
                main a[href^=\"javascript:\"], dialog img') !== null",
            &[],
        );
        assert_eq!(made, json!(false), "{name}: markup was made from text");
        if browser.text().contains("<script>window.hacked=1</script>") {
            seen += 1;
        }
    }
    assert!(
        seen >= 3,
        "the markup is shown as text on {seen} pages only: {MARKUP}"
    );
    browser.leave();
}
