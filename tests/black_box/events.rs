//! Which events match, why the others do not, and how they are found again.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;

const NOWHERE: &str = "http://127.0.0.1:9/";

fn listed(daemon: &Daemon, query: &str) -> Vec<String> {
    let answer = daemon
        .api("GET", &format!("/v1/events{query}"), None)
        .expect(200)
        .json();
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["summary"]["id"].as_str().unwrap_or("-").to_owned())
        .collect()
}

#[test]
fn filters_choose_and_every_miss_has_its_reason() {
    let daemon = Daemon::start();
    let add = |title: &str, events: Value| {
        daemon.add_endpoint(NOWHERE, &json!({"title": title, "events": events}));
    };
    add(
        "Long calls",
        json!([{"type": "call:completed", "duration": {"min": 10}}]),
    );
    add("Paris", json!([{"type": "*", "accounts": ["acc-paris"]}]));
    add(
        "Lyon numbers",
        json!([{"type": "call:completed", "numbers": ["+33 4 72*"]}]),
    );
    add("Missed", json!(["call:missed"]));
    let event = daemon.post(
        "call:completed",
        &json!({"id": "1", "account": {"id": "acc-lyon", "name": "Lyon"}, "duration": 4,
            "tracked_number": "0033.472-00 11 22"}),
    );
    assert_eq!(event["matched"], 1);
    let shown = daemon.api(
        "GET",
        &format!("/v1/events/{}", event["id"].as_str().unwrap()),
        None,
    );
    let missed = shown.json()["not_matched"].as_array().unwrap().clone();
    let codes: Vec<_> = missed
        .iter()
        .map(|miss| miss["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["duration", "account", "type"]);
    let words = missed[0]["reason"].as_str().unwrap();
    assert!(words.contains('4') && words.contains("10"), "{words}");
}

#[test]
fn of_many_endpoints_an_event_tells_of_some_and_of_any_that_is_asked_for() {
    let daemon = Daemon::start();
    let wish = json!({"events": ["call:missed"]});
    let added: Vec<_> = (0..33)
        .map(|_| daemon.add_endpoint(NOWHERE, &wish))
        .collect();
    let wish = json!({"events": ["lead:created"]});
    let sent = daemon.add_endpoint(NOWHERE, &wish);
    let event = daemon.post("lead:created", &json!({"id": "1"}));
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let shown = daemon.api("GET", &path, None).expect(200).json();
    assert_eq!(shown["not_matched"].as_array().unwrap().len(), 30);
    assert_eq!(shown["not_matched_more"], 3);
    let of = |endpoint: &str| {
        let path = format!("{path}?endpoint={endpoint}");
        daemon.api("GET", &path, None).expect(200).json()["not_matched"].clone()
    };
    let last = of(&added[32]);
    assert_eq!(
        (&last[0]["endpoint"], &last[0]["code"]),
        (&json!(added[32]), &json!("type"))
    );
    assert_eq!(of(&sent), json!([]));
    daemon
        .api("GET", &format!("{path}?endpoint=odd"), None)
        .expect(422);
}

#[test]
fn events_are_listed_newest_first_filtered_and_paged() {
    let daemon = Daemon::start();
    daemon.add_endpoint(NOWHERE, &json!({"events": ["call:missed"]}));
    for (kind, call, account, number) in [
        ("call:missed", "1", "a", "+331"),
        ("call:completed", "2", "a", "+332"),
        ("lead:created", "3", "b", "+331"),
        ("call:missed", "4", "b", "+332"),
    ] {
        let data = json!({"id": call, "account": {"id": account}, "tracked_number": number});
        daemon.post(kind, &data);
    }
    assert_eq!(listed(&daemon, ""), ["4", "3", "2", "1"]);
    assert_eq!(listed(&daemon, "?type=call:missed"), ["4", "1"]);
    assert_eq!(listed(&daemon, "?account=a"), ["2", "1"]);
    assert_eq!(listed(&daemon, "?number=%2B331"), ["3", "1"]);
    assert_eq!(listed(&daemon, "?number=00331&account=b"), ["3"]);
    assert_eq!(listed(&daemon, "?q=2"), ["2"]);
    assert_eq!(listed(&daemon, "?state=unmatched"), ["3", "2"]);
    assert_eq!(
        listed(&daemon, "?since=2100-01-01T00:00:00Z"),
        [] as [&str; 0]
    );

    let mut cursor = String::new();
    let mut calls = Vec::new();
    loop {
        let path = format!("/v1/events?limit=3{cursor}");
        let page = daemon.api("GET", &path, None).expect(200).json();
        calls.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["summary"]["id"].clone()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(calls, ["4", "3", "2", "1"]);
    for bad in [
        "?limit=0",
        "?limit=501",
        "?state=odd",
        "?since=noon",
        "?cursor=x",
        "?odd=1",
    ] {
        let status = daemon.api("GET", &format!("/v1/events{bad}"), None).status;
        assert!([400, 422].contains(&status), "{bad}: {status}");
    }
}

#[test]
fn event_types_come_with_labels_and_samples_that_are_accepted() {
    let daemon = Daemon::start();
    let types = daemon
        .api("GET", "/v1/event-types", None)
        .expect(200)
        .json();
    let types = types["items"].as_array().unwrap();
    assert_eq!(types.len(), 5);
    for kind in types {
        assert!(
            kind["label"]["en"].is_string() && kind["label"]["fr"].is_string(),
            "{kind}"
        );
        let body = json!({"event": kind["code"], "data": kind["sample"]});
        daemon.api("POST", "/v1/events", Some(&body)).expect(202);
    }
}

#[test]
fn deliveries_are_listed_by_endpoint_event_and_state() {
    let daemon = Daemon::start();
    let paused = daemon.add_endpoint(NOWHERE, &json!({"title": "Paused"}));
    daemon
        .api("POST", &format!("/v1/endpoints/{paused}/pause"), None)
        .expect(200);
    let events: Vec<_> = (0..3)
        .map(|number| daemon.post("call:missed", &json!({"id": number.to_string()}))["id"].clone())
        .collect();
    let list = |query: &str| {
        let page = daemon
            .api("GET", &format!("/v1/deliveries{query}"), None)
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    };
    assert_eq!(list(&format!("?endpoint={paused}&state=waiting")).len(), 3);
    assert!(list("?state=delivered").is_empty());
    let of_event = list(&format!("?event={}", events[1].as_str().unwrap()));
    assert_eq!(of_event.len(), 1);
    assert_eq!(of_event[0]["event_type"], "call:missed");
    let path = format!("/v1/deliveries/{}", of_event[0]["id"].as_str().unwrap());
    assert_eq!(
        daemon.api("GET", &path, None).expect(200).json()["endpoint"],
        paused
    );

    daemon
        .api("DELETE", &format!("/v1/endpoints/{paused}"), None)
        .expect(204);
    assert_eq!(
        daemon.api("GET", &path, None).expect(200).json()["state"],
        "cancelled"
    );
}
