//! Tokens: made, shown once, used, revoked.

use crate::browser::Browser;
use crate::support::client::Connection;
use crate::support::daemon::Daemon;
use crate::words::Language;

#[test]
fn a_token_is_made_shown_once_and_revoked() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let browser = Browser::signed_in(&daemon, language);
        browser.click(&browser.t("nav.tokens"));
        browser.await_text(&browser.t("tokens.empty"));
        browser.click(&browser.t("tokens.new"));
        browser.fill(&browser.t("tokens.name"), "pbx <b>Paris</b>");
        browser.click(&browser.t("role.read"));
        browser.click(&browser.t("tokens.create"));
        browser.await_text(&browser.t("tokens.once"));
        let text = browser.text();
        let start = text.find("rh_").expect("the token");
        let token: String = text[start..].chars().take(67).collect();
        let status = |token: &str| {
            let bearer = format!("Bearer {token}");
            let headers = [("Authorization", bearer.as_str())];
            let answer = Connection::tcp(daemon.address).call("GET", "/v1/status", &headers, None);
            answer.unwrap().status
        };
        assert_eq!(status(&token), 200, "{token}");
        browser.click(&browser.t("tokens.kept"));
        browser.await_text("pbx <b>Paris</b>");
        assert!(!browser.text().contains(&token), "it is shown once");
        browser.click_in("pbx <b>Paris</b>", &browser.t("tokens.revoke"));
        browser.click(&browser.t("tokens.revoke"));
        browser.await_text(&browser.t("tokens.empty"));
        assert_eq!(status(&token), 401);
        browser.leave();
    }
}
