//! Replays: one event once more, and a window of them, counted, at a rate, stopped; and that
//! nothing is sent twice by it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Received, Receiver};
use crate::support::until;

/// A second try that nobody waits for.
const LATE: (&str, &str) = ("RINGHOOK_DELIVERY_RETRY_PLAN", "1h");

fn post_many(daemon: &Daemon, kind: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for begin in (0..count).step_by(1_000) {
        let lines: String = (begin..count.min(begin + 1_000))
            .map(|n| {
                let data = json!({"id": format!("{kind}-{n}")});
                format!("{}\n", json!({"event": kind, "data": data}))
            })
            .collect();
        let answer = daemon.post_batch(&lines).expect(202).json();
        let items = answer["items"].as_array().unwrap();
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
    }
    ids
}

fn window(daemon: &Daemon, endpoint: &str, body: &Value, status: u16) -> Value {
    let path = format!("/v1/endpoints/{endpoint}/replay");
    daemon.api("POST", &path, Some(body)).expect(status).json()
}

fn count(daemon: &Daemon, endpoint: &str, body: &Value) -> Value {
    let mut body = body.clone();
    body["dry_run"] = json!(true);
    window(daemon, endpoint, &body, 200)
}

fn look(daemon: &Daemon, replay: &Value) -> Value {
    let path = format!("/v1/replays/{}", replay["id"].as_str().unwrap());
    daemon.api("GET", &path, None).expect(200).json()
}

fn in_state(daemon: &Daemon, replay: &Value, state: &str) -> Value {
    until(&format!("the replay to be {state}"), || {
        let now = look(daemon, replay);
        (now["state"] == state).then_some(now)
    })
}

fn of_endpoint(daemon: &Daemon, endpoint: &str, verb: &str) {
    let path = format!("/v1/endpoints/{endpoint}/{verb}");
    daemon.api("POST", &path, None).expect(200);
}

fn event(daemon: &Daemon, id: &str) -> Value {
    let shown = daemon.api("GET", &format!("/v1/events/{id}"), None);
    shown.expect(200).json()
}

fn replay_event(daemon: &Daemon, id: &str, body: &Value) -> (u16, Value) {
    let answer = daemon.api("POST", &format!("/v1/events/{id}/replay"), Some(body));
    (answer.status, answer.json())
}

/// How often each event arrived.
fn arrivals(got: &[Received]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in got {
        *counts
            .entry(one.header("webhook-id").to_owned())
            .or_default() += 1;
    }
    counts
}

/// Waits until no delivery is open any more.
fn idle(daemon: &Daemon) {
    until("all deliveries to end", || {
        let status = daemon.api("GET", "/v1/status", None).expect(200).json();
        (status["waiting"] == 0 && status["in_flight"] == 0).then_some(())
    });
}

#[test]
fn an_event_goes_again_to_all_that_match_now_or_to_those_that_are_named() {
    let daemon = Daemon::start_with(&[LATE]);
    let (first, second) = (Receiver::start(), Receiver::start());
    let one = daemon.add_endpoint(&first.url(), &json!({}));
    let posted = daemon.post("call:completed", &json!({"id": "call-1", "duration": 4}));
    let id = posted["id"].as_str().unwrap();
    daemon.delivery_in_state(id, "delivered");
    // Added later, and it matches now; another does not.
    let two = daemon.add_endpoint(&second.url(), &json!({}));
    let leads = daemon.add_endpoint(&second.url(), &json!({"events": ["lead:created"]}));
    let (status, sent) = replay_event(&daemon, id, &json!({}));
    assert_eq!(status, 201, "{sent}");
    let to = sent["items"].as_array().unwrap().iter();
    let to: BTreeSet<_> = to.map(|item| item["endpoint"].as_str().unwrap()).collect();
    assert_eq!(to, BTreeSet::from([one.as_str(), two.as_str()]));
    assert_eq!(sent["skipped"], json!([]));
    let (again, new) = (first.wait_for(2), second.wait_for(1));
    assert_eq!(arrivals(&again), BTreeMap::from([(id.to_owned(), 2)]));
    assert_eq!(again[0].body, new[0].body);
    assert_eq!(again[1].header("ringhook-attempt"), "1");
    // Named, it also goes where its filter would not let it.
    let (status, sent) = replay_event(&daemon, id, &json!({"endpoints": [leads, leads]}));
    assert_eq!((status, sent["items"].as_array().unwrap().len()), (201, 1));
    second.wait_for(2);
    of_endpoint(&daemon, &one, "disable");
    let (status, sent) = replay_event(&daemon, id, &json!({"endpoints": [one]}));
    assert_eq!((status, &sent["items"]), (200, &json!([])));
    assert_eq!(sent["skipped"][0]["code"], "disabled", "{sent}");
    for bad in [json!({"endpoints": []}), json!({"endpoints": ["ep_1"]})] {
        assert_eq!(replay_event(&daemon, id, &bad).0, 422, "{bad}");
    }
    assert_eq!(replay_event(&daemon, id, &json!({"odd": 1})).0, 400);
    assert_eq!(replay_event(&daemon, "evt_nobody", &json!({})).0, 404);
}

#[test]
fn one_that_waits_is_sent_now_and_not_doubled() {
    let daemon = Daemon::start_with(&[LATE]);
    let receiver = Receiver::scripted(|number, _| match number {
        0 => Reaction::Status(500),
        _ => Reaction::Status(200),
    });
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let posted = daemon.post("call:missed", &json!({"id": "call-1"}));
    let id = posted["id"].as_str().unwrap();
    until("the first try", || {
        (event(&daemon, id)["deliveries"][0]["attempts"] == 1).then_some(())
    });
    of_endpoint(&daemon, &endpoint, "pause");
    let waiting = event(&daemon, id)["deliveries"][0]["id"].clone();
    let (status, sent) = replay_event(&daemon, id, &json!({"endpoints": [endpoint]}));
    assert_eq!((status, &sent["items"][0]["id"]), (200, &waiting), "{sent}");
    let delivered = daemon.delivery_in_state(id, "delivered");
    assert_eq!(delivered["attempts"], 2);
    assert_eq!(
        event(&daemon, id)["deliveries"].as_array().unwrap().len(),
        1
    );
    assert_eq!(receiver.received().len(), 2);
}

/// An endpoint for which 40 calls failed and 5 leads arrived.
fn after_an_outage(daemon: &Daemon) -> (Receiver, String, Vec<String>) {
    let receiver = Receiver::scripted(|number, got| {
        let is_lead = got.header("ringhook-event") == "lead:created";
        match number < 45 && !is_lead {
            true => Reaction::Status(500),
            false => Reaction::Status(200),
        }
    });
    let fields = json!({"title": "CRM", "policy": {"attempts": 1}});
    let endpoint = daemon.add_endpoint(&receiver.url(), &fields);
    post_many(daemon, "lead:created", 5);
    let calls = post_many(daemon, "call:missed", 40);
    idle(daemon);
    (receiver, endpoint, calls)
}

#[test]
fn a_window_sends_what_its_dry_run_counted() {
    let daemon = Daemon::start_with(&[LATE]);
    let (receiver, endpoint, calls) = after_an_outage(&daemon);
    let counted = count(&daemon, &endpoint, &json!({"rate_per_s": 20}));
    assert_eq!(
        (&counted["count"], &counted["seconds"]),
        (&json!(40), &json!(2.0))
    );
    assert_eq!(counted["oldest"]["id"], calls[0]);
    assert_eq!(counted["oldest"]["event"], "call:missed");
    assert_eq!(counted["newest"]["id"], calls[39]);
    let all = count(&daemon, &endpoint, &json!({"only": "all"}));
    let leads = count(
        &daemon,
        &endpoint,
        &json!({"only": "all", "event": "lead:created"}),
    );
    let failed_leads = count(&daemon, &endpoint, &json!({"event": "lead:created"}));
    assert_eq!(
        (&all["count"], &leads["count"], &failed_leads["count"]),
        (&json!(45), &json!(5), &json!(0))
    );
    assert!(failed_leads["oldest"].is_null());
    // The later half of them.
    let since = event(&daemon, &calls[20])["received_at"].clone();
    let half = count(&daemon, &endpoint, &json!({"since": since}))["count"].clone();
    let before = count(&daemon, &endpoint, &json!({"until": since}))["count"].clone();
    let both = half.as_u64().unwrap() + before.as_u64().unwrap();
    assert!(both >= 40 && half.as_u64() >= Some(20), "{half} {before}");

    let started = window(&daemon, &endpoint, &json!({}), 201);
    assert!(
        started["id"].as_str().unwrap().starts_with("rpl_"),
        "{started}"
    );
    let done = in_state(&daemon, &started, "done");
    let figures = [
        "count",
        "queued",
        "delivered",
        "failed",
        "skipped",
        "waiting",
    ];
    let figures = figures.map(|name| done[name].as_u64().unwrap());
    assert_eq!(figures, [40, 40, 40, 0, 0, 0], "{done}");
    assert!(
        done["ended_at"].is_string() && done["reason"].is_null(),
        "{done}"
    );
    let got = arrivals(&receiver.received());
    assert!(calls.iter().all(|id| got[id] == 2), "{got:?}");
    assert_eq!(
        receiver.received().len(),
        45 + 40,
        "the leads did not go again"
    );
    // Now nothing has failed any more, and a replay of nothing is done at once.
    assert_eq!(count(&daemon, &endpoint, &json!({}))["count"], 0);
    let nothing = window(&daemon, &endpoint, &json!({}), 201);
    assert_eq!(in_state(&daemon, &nothing, "done")["queued"], 0);
    let listed = daemon.api("GET", "/v1/replays", None).expect(200).json();
    let ids = listed["items"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [nothing["id"].clone(), started["id"].clone()]);
}

#[test]
fn five_thousand_at_a_rate_are_stopped_and_finished_by_another() {
    let daemon = Daemon::start_with(&[LATE]);
    let ids = post_many(&daemon, "call:missed", 5_000);
    let receiver = Receiver::start();
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({"policy": {"order": "none"}}));
    let all = json!({"only": "all", "rate_per_s": 200});
    assert_eq!(count(&daemon, &endpoint, &all)["count"], 5_000);
    let started = window(&daemon, &endpoint, &all, 201);
    // One at a time; it is named by the problem only as what it is.
    let problem = window(&daemon, &endpoint, &all, 409);
    assert_eq!(problem["code"], "RH-0360");
    until("some of them", || {
        let now = look(&daemon, &started);
        (now["delivered"].as_u64().unwrap() > 100).then_some(())
    });
    let path = format!("/v1/replays/{}", started["id"].as_str().unwrap());
    let stopped = daemon.api("DELETE", &path, None).expect(200).json();
    assert_eq!(stopped["state"], "stopped");
    let reason = stopped["reason"].as_str().unwrap();
    assert!(reason.starts_with("stopped by hand"), "{reason}");
    // What it had asked for at the stop is still queued, and may come after this.
    let queued = |now: &Value| now["queued"].as_u64().unwrap();
    let (arrived, got) = until("all that it queued to arrive", || {
        let now = look(&daemon, &started);
        let received = receiver.received();
        let all = now["waiting"] == 0 && received.len() as u64 == queued(&now);
        all.then(|| (queued(&now), arrivals(&received)))
    });
    assert!(arrived < 5_000, "it was stopped: {arrived}");
    // Oldest first, each once.
    let expected: BTreeSet<_> = ids[..arrived as usize].iter().cloned().collect();
    assert_eq!(got.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let again = daemon.api("DELETE", &path, None).expect(200).json();
    assert_eq!(
        again["ended_at"], stopped["ended_at"],
        "stopping twice changes nothing"
    );
    // What came after it, without a rate, once what ended is on disk.
    let open = format!("/v1/deliveries?endpoint={endpoint}&state=waiting");
    until("the ends to be on disk", || {
        let page = daemon.api("GET", &open, None).expect(200).json();
        (page["items"] == json!([])).then_some(())
    });
    let next = queued(&look(&daemon, &started)) as usize;
    let since = event(&daemon, &ids[next])["received_at"].clone();
    let rest = json!({"only": "all", "since": since});
    let counted = count(&daemon, &endpoint, &rest)["count"].clone();
    let finishing = window(&daemon, &endpoint, &rest, 201);
    let done = in_state(&daemon, &finishing, "done");
    assert_eq!(
        (&done["delivered"], &done["count"]),
        (&counted, &counted),
        "{done}"
    );
    assert_eq!(arrivals(&receiver.received()).len(), 5_000);
}

#[test]
fn a_paused_endpoint_holds_a_replay_up_and_a_restart_ends_it() {
    let mut daemon = Daemon::start_with(&[LATE]);
    post_many(&daemon, "call:missed", 600);
    let receiver = Receiver::start();
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    of_endpoint(&daemon, &endpoint, "pause");
    let started = window(&daemon, &endpoint, &json!({"only": "all"}), 201);
    let held = until("as many to wait as may", || {
        let now = look(&daemon, &started);
        (now["waiting"] == 256).then_some(now)
    });
    assert_eq!(
        (&held["state"], &held["queued"]),
        (&json!("running"), &json!(256))
    );
    // A new event goes before all of it.
    let news = daemon.post("lead:created", &json!({"id": "new"}));
    daemon.kill();
    daemon.start_again();
    let path = format!("/v1/replays/{}", started["id"].as_str().unwrap());
    let gone = daemon.api("GET", &path, None).expect(404).json();
    assert!(
        gone["detail"].as_str().unwrap().contains("restarted"),
        "{gone}"
    );
    daemon.api("DELETE", &path, None).expect(404);
    assert_eq!(daemon.endpoint(&endpoint)["stats"]["waiting"], 257);
    assert_eq!(receiver.received().len(), 0);
    of_endpoint(&daemon, &endpoint, "resume");
    idle(&daemon);
    let got = receiver.received();
    assert_eq!(got.len(), 257, "what was queued is sent, and no more");
    assert!(got.iter().any(|one| one.header("webhook-id") == news["id"]));
}

#[test]
fn what_ends_a_replay_before_its_time() {
    let daemon = Daemon::start_with(&[LATE]);
    post_many(&daemon, "call:missed", 600);
    let receiver = Receiver::start();
    let ends = [("disable", "disabled"), ("delete", "deleted")];
    for (act, word) in ends {
        let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
        let slow = json!({"only": "all", "rate_per_s": 5});
        let started = window(&daemon, &endpoint, &slow, 201);
        match act {
            "delete" => {
                let path = format!("/v1/endpoints/{endpoint}");
                daemon.api("DELETE", &path, None).expect(204);
            }
            verb => of_endpoint(&daemon, &endpoint, verb),
        }
        let stopped = in_state(&daemon, &started, "stopped");
        let reason = stopped["reason"].as_str().unwrap();
        assert!(reason.contains(word), "{reason}");
        let status = if act == "delete" { 404 } else { 409 };
        window(&daemon, &endpoint, &slow, status);
    }
    for bad in [
        json!({"rate_per_s": 0}),
        json!({"only": "some"}),
        json!({"since": "2h"}),
    ] {
        let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
        let problem = window(&daemon, &endpoint, &bad, 422);
        let field = bad.as_object().unwrap().keys().next().unwrap();
        assert_eq!(problem["errors"][0]["field"], json!(field), "{problem}");
    }
}

#[test]
fn a_notice_is_not_replayed_to_the_endpoint_that_it_is_about() {
    let daemon = Daemon::start_with(&[LATE]);
    let (gone, other) = (
        Receiver::scripted(|_, _| Reaction::Status(410)),
        Receiver::start(),
    );
    let wanted = json!({"events": ["call:missed", "endpoint:paused"]});
    let about = daemon.add_endpoint(&gone.url(), &wanted);
    let watching = daemon.add_endpoint(&other.url(), &json!({"events": ["endpoint:paused"]}));
    daemon.post("call:missed", &json!({"id": "call-1"}));
    let notice = other.wait_for(1).remove(0);
    let id = notice.header("webhook-id").to_owned();
    daemon.delivery_in_state(&id, "delivered");
    let missed = event(&daemon, &id)["not_matched"][0].clone();
    assert_eq!(
        (&missed["endpoint"], &missed["code"]),
        (&json!(about), &json!("itself"))
    );
    let (status, sent) = replay_event(&daemon, &id, &json!({}));
    assert_eq!(
        (status, &sent["items"][0]["endpoint"]),
        (201, &json!(watching))
    );
    let (status, sent) = replay_event(&daemon, &id, &json!({"endpoints": [about]}));
    assert_eq!(
        (status, &sent["skipped"][0]["code"]),
        (200, &json!("itself"))
    );
    let notices = json!({"only": "all", "event": "endpoint:paused"});
    let counts = [&about, &watching].map(|to| count(&daemon, to, &notices)["count"].clone());
    assert_eq!(counts[0], 0, "{counts:?}");
}
