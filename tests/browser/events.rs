//! Events: found again, understood endpoint by endpoint, sent again.

use serde_json::json;

use crate::browser::Browser;
use crate::scene::call;
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;
use crate::words::Language;

#[test]
fn an_event_is_found_by_its_number_and_tells_who_got_it_and_who_did_not() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        let picky = json!({"title": "Only leads", "events": ["lead:created"]});
        daemon.add_endpoint(&receiver.url(), &picky);
        for number in 0..5 {
            daemon.post("call:completed", &call(number));
        }
        let sought = daemon.post("call:missed", &call(42));
        receiver.wait_for(6);
        let browser = Browser::signed_in(&daemon, language);
        browser.click(&browser.t("nav.events"));
        browser.await_heading(&browser.t("events.title"));
        browser.fill(&browser.t("events.search"), "+33612345642");
        browser.press(&browser.t("events.search"), "\u{e007}");
        browser.await_script(
            "one event to be left",
            "return document.querySelectorAll('main tbody tr').length === 1",
            &[],
        );
        browser.await_text(&browser.t("event.type.call:missed"));
        let id = sought["id"].as_str().unwrap();
        browser.visit(&format!("#/events/{id}"));
        browser.await_text(&browser.t("event.deliveries"));
        browser.await_text(&browser.t("state.delivered"));
        browser.await_text("Only leads");
        browser.await_text(&browser.t("event.miss.type"));
        browser.click(&browser.t("event.again"));
        browser.click(&browser.t("event.again.action"));
        let again = receiver.wait_for(7).pop().unwrap();
        assert_eq!(again.header("webhook-id"), id);
        browser.leave();
    }
}

#[test]
fn what_was_sent_is_counted_first_then_replayed_and_stopped() {
    const EVENTS: usize = 40;
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        let id = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        for number in 0..EVENTS {
            daemon.post("call:completed", &call(number));
        }
        receiver.wait_for(EVENTS);
        let browser = Browser::signed_in(&daemon, language);
        browser.visit(&format!("#/endpoints/{id}?replay=1"));
        browser.await_text(&browser.t("replay.text"));
        // Down to "all": nothing has failed.
        browser.press(&browser.t("replay.only"), "\u{e015}");
        let start = browser.t("replay.start.count");
        browser.click(&start.replace("{count}", &EVENTS.to_string()));
        browser.await_heading(&browser.t("replay.of").replace("{title}", "CRM"));
        // Two a second, so that it lasts until somebody stops it.
        let again = receiver.wait_for(EVENTS + 2);
        assert_eq!(
            again[EVENTS].header("webhook-id"),
            again[0].header("webhook-id")
        );
        browser.click(&browser.t("replay.stop"));
        browser.await_text(&browser.t("replay.stopped"));
        browser.leave();
    }
}
