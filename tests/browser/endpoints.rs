//! Endpoints: added with a live preview, tested, understood, rotated, stopped and deleted.

use serde_json::json;

use crate::browser::Browser;
use crate::scene::{call, refusing};
use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::words::Language;

/// The key of an endpoint's signatures.
fn key(daemon: &Daemon, id: &str) -> String {
    let path = format!("/v1/endpoints/{id}/key");
    let keys = daemon.api("GET", &path, None).expect(200).json();
    keys["key"].as_str().unwrap().to_owned()
}

fn only_endpoint(daemon: &Daemon) -> serde_json::Value {
    let page = daemon.api("GET", "/v1/endpoints", None).expect(200).json();
    let items = page["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 1, "{items:?}");
    items[0].clone()
}

#[test]
fn one_is_added_with_a_preview_and_tested() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        for number in 0..4 {
            daemon.post("call:completed", &call(number * 10));
        }
        let browser = Browser::signed_in(&daemon, language);
        browser.click(&browser.t("nav.endpoints"));
        browser.await_text(&browser.t("endpoints.empty.title"));
        browser.click(&browser.t("endpoints.add"));
        browser.await_heading(&browser.t("form.add"));
        browser.fill(&browser.t("form.title"), "CRM <i>Lyon</i>");
        browser.fill(&browser.t("form.url"), &receiver.url());
        // The usual two are chosen already.
        browser.click("call:missed");
        browser.click(&browser.t("form.custom"));
        // Calls of 40, 50, 60 and 70 seconds: two are long enough, and the others are told why not.
        browser.fill(&browser.t("form.duration.min"), "55");
        let matched = browser.t("form.preview.matched.other");
        let matched = matched.replace("{matched}", "2").replace("{count}", "4");
        browser.await_text(&matched);
        browser.await_text(&browser.t("form.preview.left"));
        browser.click(&browser.t("form.save.add"));
        browser.await_heading("CRM <i>Lyon</i>");
        let made = only_endpoint(&daemon);
        assert_eq!(made["events"][0]["type"], "call:completed");
        assert_eq!(made["events"][0]["duration"]["min"], 55.0);

        browser.click_in(&browser.t("test.note"), &browser.t("test.send"));
        browser.await_text(&browser.t("test.would.delivered"));
        let id = made["id"].as_str().unwrap();
        let tested = receiver
            .wait_for(1)
            .remove(0)
            .verified_with(&key(&daemon, id));
        assert_eq!(tested.header("ringhook-test"), "1");
        browser.leave();
    }
}

#[test]
fn every_error_stands_at_its_field() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let browser = Browser::signed_in(&daemon, language);
        browser.visit("#/endpoints/new");
        browser.await_heading(&browser.t("form.add"));
        browser.click("call:completed");
        browser.click("call:missed");
        browser.click(&browser.t("form.save.add"));
        for key in ["form.err.title", "form.err.url", "form.err.events"] {
            browser.await_text(&browser.t(key));
        }
        let bad = browser.script(
            "return [...document.querySelectorAll('[aria-invalid=true]')].every((field) => \
             field.getAttribute('aria-describedby')?.split(' ').some((id) => \
             document.getElementById(id)?.textContent.trim())) \
             && document.querySelectorAll('[aria-invalid=true]').length >= 2",
            &[],
        );
        assert_eq!(bad, json!(true), "each field names its error");
        browser.leave();
    }
}

#[test]
fn a_test_is_explained_whatever_the_receiver_says() {
    let daemon = Daemon::start();
    let browser = Browser::signed_in(&daemon, Language::English);
    for (status, key) in [
        (301, "test.out.redirect_nowhere"),
        (401, "test.out.refused"),
        (404, "test.out.no_post"),
        (410, "test.out.gone"),
        (500, "test.out.failed"),
        (503, "test.out.unavailable"),
    ] {
        let receiver = refusing(status);
        let title = format!("answers {status}");
        let id = daemon.add_endpoint(&receiver.url(), &json!({"title": title}));
        browser.visit(&format!("#/endpoints/{id}"));
        browser.await_heading(&title);
        browser.click_in(&browser.t("test.note"), &browser.t("test.send"));
        browser.await_text(&browser.t(key));
        browser.await_text(&status.to_string());
    }
    // Nobody listens on the port of discard.
    let id = daemon.add_endpoint("http://127.0.0.1:9/", &json!({"title": "nobody there"}));
    browser.visit(&format!("#/endpoints/{id}"));
    browser.await_heading("nobody there");
    browser.click_in(&browser.t("test.note"), &browser.t("test.send"));
    browser.await_text(&browser.t("test.out.connect_refused"));
    browser.leave();
}

#[test]
fn one_is_paused_resumed_disabled_and_deleted() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        let id = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        let state = || daemon.endpoint(&id)["state"].as_str().unwrap().to_owned();
        let browser = Browser::signed_in(&daemon, language);
        browser.visit(&format!("#/endpoints/{id}"));
        browser.await_heading("CRM");
        browser.click(&browser.t("endpoint.pause"));
        browser.click(&browser.t("endpoint.pause"));
        browser.await_text(&browser.t("state.paused"));
        assert_eq!(state(), "paused");
        browser.click(&browser.t("endpoint.resume"));
        browser.await_text(&browser.t("state.active"));
        browser.click(&browser.t("endpoint.more"));
        browser.click(&browser.t("endpoint.disable"));
        browser.click(&browser.t("endpoint.disable.action"));
        browser.await_text(&browser.t("state.disabled"));
        assert_eq!(state(), "disabled");
        browser.click(&browser.t("endpoint.more"));
        browser.click(&browser.t("endpoint.delete"));
        browser.click(&browser.t("endpoint.delete.action"));
        until("the endpoint to be gone", || {
            let gone = daemon.api("GET", &format!("/v1/endpoints/{id}"), None);
            (gone.status == 404).then_some(())
        });
        browser.await_heading(&browser.t("endpoints.title"));
        browser.leave();
    }
}

#[test]
fn the_key_is_shown_on_demand_and_rotated_in_two_steps() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let receiver = Receiver::start();
        let id = daemon.add_endpoint(&receiver.url(), &json!({"title": "CRM"}));
        let first = key(&daemon, &id);
        let browser = Browser::signed_in(&daemon, language);
        browser.visit(&format!("#/endpoints/{id}"));
        browser.await_heading("CRM");
        assert!(
            !browser.text().contains(&first),
            "hidden until it is asked for"
        );
        browser.click(&browser.t("key.reveal"));
        browser.await_text(&first);
        browser.click(&browser.t("key.rotate"));
        browser.click(&browser.t("key.step1.action"));
        let next = until("the next key", || {
            let path = format!("/v1/endpoints/{id}/key");
            let keys = daemon.api("GET", &path, None).expect(200).json();
            keys["next"].as_str().map(str::to_owned)
        });
        browser.await_text(&next);
        browser.click(&browser.t("key.step2.action"));
        let ok = browser.t("key.step2.ok").replace("{status}", "200");
        browser.await_text(&ok);
        receiver.wait_for(1).remove(0).verified_with(&next);
        browser.click(&browser.t("key.step3.action"));
        until("the switch", || (key(&daemon, &id) == next).then_some(()));
        browser.leave();
    }
}

#[test]
fn the_first_steps_need_no_receiver_of_ones_own() {
    for language in Language::ALL {
        let daemon = Daemon::start();
        let browser = Browser::signed_in(&daemon, language);
        browser.click(&browser.t("nav.endpoints"));
        browser.click(&browser.t("endpoints.empty.try"));
        browser.await_heading(&browser.t("endpoints.receiver.title"));
        browser.click_in(&browser.t("test.note"), &browser.t("test.send"));
        browser.await_text(&browser.t("test.would.delivered"));
        browser.leave();
    }
}
