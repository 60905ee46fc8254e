//! The three receivers of the demo, each with its endpoint.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::json;

use crate::cli::client::Client;
use crate::cli::document::text;
use crate::cli::failure::Failure;
use crate::cli::receiver::{self, Manner, Receiver, Script, Step};
use crate::clock::Clock;

/// What each of them does.
struct Part {
    title: &'static str,
    /// Its answer to everything.
    status: u16,
    delay: Duration,
    /// Requests at a time: the slow one needs many to keep up.
    in_flight_max: u16,
}

const PARTS: [Part; 3] = [
    Part {
        title: "crm",
        status: 200,
        delay: Duration::ZERO,
        in_flight_max: 4,
    },
    Part {
        title: "slow",
        status: 200,
        delay: Duration::from_secs(3),
        in_flight_max: 32,
    },
    Part {
        title: "broken",
        status: 500,
        delay: Duration::ZERO,
        in_flight_max: 4,
    },
];

/// All of them, running.
pub struct Crew {
    receivers: Vec<Receiver>,
    titles: HashMap<String, String>,
    crm: Script,
    crm_is_well: Cell<bool>,
}

impl Crew {
    /// Starts each on a free port and adds its endpoint.
    pub fn start(client: &Client, clock: &Clock) -> Result<Self, Failure> {
        let mut crew = Self {
            receivers: Vec::new(),
            titles: HashMap::new(),
            crm: Script::always(Step::status(PARTS[0].status)),
            crm_is_well: Cell::new(true),
        };
        for (place, part) in PARTS.iter().enumerate() {
            let script = match place {
                0 => crew.crm.clone(),
                _ => Script::always(Step::status(part.status)),
            };
            let receiver = start(part, script, clock).map_err(Failure::system)?;
            let body = json!({
                "title": part.title,
                "url": format!("http://{}/", receiver.address()),
                "events": ["*"],
                "policy": {"in_flight_max": part.in_flight_max},
            });
            crew.receivers.push(receiver);
            let added = client.post("/v1/endpoints", &body.to_string())?;
            let id = text(added.value(), "/id");
            crew.titles.insert(id, part.title.to_owned());
        }
        Ok(crew)
    }

    /// The titles of the endpoints by their ids.
    pub fn titles(&self) -> HashMap<String, String> {
        self.titles.clone()
    }

    /// Breaks crm, or mends it. True when it is well now.
    pub fn toggle_crm(&self) -> bool {
        let was_well = self.crm_is_well.replace(!self.crm_is_well.get());
        self.crm.set(Step::status(if was_well { 503 } else { 200 }));
        !was_well
    }

    /// Ends them.
    pub fn stop(self) {
        for receiver in self.receivers {
            receiver.stop();
        }
    }
}

/// What it receives is nobody's: the daemon's side is what is shown.
fn start(part: &Part, script: Script, clock: &Clock) -> std::io::Result<Receiver> {
    let manner = Manner {
        script,
        delay: part.delay,
        max: u64::MAX,
        clock: clock.clone(),
        tls: None,
    };
    let (sender, _) = sync_channel(1);
    Receiver::start(receiver::bind(Some(0), 0)?, manner, sender, |received| {
        received
    })
}
