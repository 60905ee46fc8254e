//! What is on the screen in most tests: endpoints in every state, and events of every kind.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::{Reaction, Receiver};
use crate::support::until;

/// Markup and scripts, as the title, the answer or the data of somebody hostile.
pub const MARKUP: &str = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>\
    <svg onload=\"window.hacked=1\"></svg><a href=\"javascript:window.hacked=1\">\u{202e}x</a>";

/// A daemon with everything there is to see.
pub struct Scene {
    pub daemon: Daemon,
    /// Ids: active, failing, paused, disabled, hostile.
    pub endpoints: [String; 5],
    /// An event with a delivery for most of them.
    pub event: String,
    _receivers: Vec<Receiver>,
}

/// The data of a call.
pub fn call(number: usize) -> Value {
    json!({
        "id": format!("call-{number}"),
        "account": {"id": "acc-1", "name": "Paris"},
        "caller_number": format!("+336123456{:02}", number % 100),
        "tracked_number": "+33988776655",
        "direction": "inbound",
        "status": "answered",
        "started_at": "2026-03-04T09:07:22Z",
        "ended_at": "2026-03-04T09:08:22Z",
        "duration": 40 + number,
        "channel": {"id": "chn-1", "name": "Site web"},
    })
}

/// A receiver that answers this.
pub fn refusing(status: u16) -> Receiver {
    Receiver::scripted(move |_, _| Reaction::Status(status))
}

/// A receiver whose answer is full of markup and scripts.
pub fn hostile() -> Receiver {
    Receiver::scripted(|_, _| {
        let length = MARKUP.len();
        let answer = format!(
            "HTTP/1.1 500 {MARKUP}\r\nContent-Type: text/html\r\nX-Markup: {MARKUP}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{MARKUP}"
        );
        Reaction::Raw(answer.into_bytes())
    })
}

impl Scene {
    /// Endpoints in every state; most of the deliveries have ended.
    pub fn new() -> Self {
        let plan = ("RINGHOOK_DELIVERY_RETRY_PLAN", "10ms,10ms,10ms,1h");
        let daemon = Daemon::start_with(&[plan]);
        let receivers = vec![
            Receiver::start(),
            refusing(503),
            Receiver::start(),
            hostile(),
        ];
        let add = |receiver: &Receiver, title: &str| {
            daemon.add_endpoint(&receiver.url(), &json!({"title": title}))
        };
        let long = "Centre de relation client de la région Auvergne-Rhône-Alpes, équipe du soir";
        let endpoints = [
            add(&receivers[0], "CRM"),
            add(&receivers[1], "Dialer"),
            add(&receivers[2], long),
            add(&receivers[0], "Sheet (n8n)"),
            add(&receivers[3], MARKUP),
        ];
        let act = |id: &str, act: &str| {
            let path = format!("/v1/endpoints/{id}/{act}");
            daemon.api("POST", &path, None).expect(200);
        };
        act(&endpoints[2], "pause");
        act(&endpoints[3], "disable");
        let mut events = Vec::new();
        for number in 0..24 {
            let kind = ["call:completed", "call:missed", "call:ringing"][number % 3];
            let posted = daemon.post(kind, &call(number));
            events.push(posted["id"].as_str().unwrap().to_owned());
        }
        let odd = json!({"id": "lead-1", "origin": MARKUP, "contact": {"name": MARKUP}});
        daemon.post("lead:created", &odd);
        for failing in [&endpoints[1], &endpoints[4]] {
            until("an endpoint to be failing", || {
                (daemon.endpoint(failing)["state"] == "failing").then_some(())
            });
        }
        until("the deliveries to have arrived", || {
            let good = daemon.endpoint(&endpoints[0]);
            (good["stats"]["waiting"] == 0).then_some(())
        });
        daemon.token("ingest");
        Self {
            daemon,
            endpoints,
            event: events.swap_remove(3),
            _receivers: receivers,
        }
    }

    /// Every page of the scene, with a name for its picture.
    pub fn pages(&self) -> Vec<(&'static str, String)> {
        let [active, failing, _, _, hostile] = &self.endpoints;
        vec![
            ("overview", "#/".into()),
            ("endpoints", "#/endpoints".into()),
            ("endpoint", format!("#/endpoints/{active}")),
            ("endpoint-failing", format!("#/endpoints/{failing}")),
            ("endpoint-hostile", format!("#/endpoints/{hostile}")),
            ("endpoint-add", "#/endpoints/new".into()),
            ("endpoint-edit", format!("#/endpoints/{active}/edit")),
            ("events", "#/events".into()),
            ("event", format!("#/events/{}", self.event)),
            ("tokens", "#/tokens".into()),
            ("settings", "#/settings".into()),
            ("errors", "#/errors".into()),
            ("error", "#/errors/RH-0312".into()),
            ("missing", "#/nowhere".into()),
        ]
    }
}
