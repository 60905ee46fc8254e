//! The overview: nothing needs attention, or what does, with a way to act.

use serde_json::json;

use crate::browser::Browser;
use crate::scene::{call, refusing};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::words::Language;

#[test]
fn what_needs_attention_is_said_and_can_be_acted_on() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        let good = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        let browser = Browser::signed_in(&daemon, language);
        browser.await_text(&browser.t("attention.none"));
        let path = format!("/v1/endpoints/{good}/pause");
        daemon.api("POST", &path, None).expect(200);
        daemon.post("call:completed", &call(1));
        // Told by the live stream, not by a reload.
        browser.await_no_text(&browser.t("attention.none"));
        browser.await_text("CRM");
        browser.click(&browser.t("attention.resume"));
        browser.await_text(&browser.t("attention.none"));
        receiver.wait_for(1);
        browser.leave();
    }
}

#[test]
fn what_happens_shows_without_a_reload() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        let browser = Browser::signed_in(&daemon, language);
        browser.await_text(&browser.t("overview.noEvents"));
        browser.await_text(&browser.t("live.live"));
        daemon.post("call:missed", &call(7));
        browser.await_text("call:missed");
        browser.await_text(&browser.t("state.delivered"));
        browser.leave();
    }
}

#[test]
fn a_failing_endpoint_is_named_with_its_last_answer() {
    let daemon = Daemon::start_with(&[("RINGHOOK_DELIVERY_RETRY_PLAN", "10ms,10ms,10ms,1h")]);
    let receiver = refusing(503);
    let id = daemon.add_endpoint(&receiver.url(), &json!({"title": "Dialer"}));
    daemon.post("call:completed", &call(1));
    until("the endpoint to be failing", || {
        (daemon.endpoint(&id)["state"] == "failing").then_some(())
    });
    let browser = Browser::signed_in(&daemon, Language::English);
    browser.await_text("Dialer");
    browser.await_text("503");
    browser.leave();
}
