//! What the requests of the page cost with much in the database, beside what they cost with
//! little: the page must not get slower with the years.

use std::time::{Duration, Instant};

use serde_json::json;

use super::daemon::Daemon;
use super::driver::{self, Load};
use super::figure::{Figure, Goal};
use super::receivers::Receivers;
use super::sample::Template;
use super::{Setting, hosts, pause};
use crate::cli::document::text;
use crate::cli::failure::{Exit, Failure, code};

/// How often each is asked; the median counts.
const ASKED: usize = 101;
/// Before that, so that what is read first is read already.
const WARM_UP: usize = 5;
/// Events that are posted in one go.
const GO: u64 = 100_000;
/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(120);
const KIND: &str = "call:completed";

/// What one request costs.
struct Cost {
    us: f64,
    /// Of the file, when it is asked for the first time after a start.
    read_bytes: f64,
}

/// Each request of the page, with little and with much.
pub fn measure(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let little = costs(setting, setting.scale.page_little())?;
    let much = costs(setting, setting.scale.page_much())?;
    let (endpoints, events) = setting.scale.page_much();
    let mut figures = Vec::new();
    for ((name, much), (_, little)) in much.iter().zip(&little) {
        let figure = Figure::new(format!("page: {name}"), much.us, "µs");
        figures.push(
            figure
                .beside(little.us, "with 10 endpoints and few events")
                .goal(Goal::TimesAtMost(1.5)),
        );
    }
    let read = |costs: &[(String, Cost)]| costs.iter().map(|(_, cost)| cost.read_bytes).sum();
    let name = format!("page: all read anew, {endpoints} endpoints, {events} events");
    let figure = Figure::new(name, kib(read(&much)), "KiB");
    figures.push(
        figure
            .beside(kib(read(&little)), "with 10 endpoints and few events")
            .goal(Goal::TimesAtMost(1.5)),
    );
    Ok(figures)
}

fn kib(bytes: f64) -> f64 {
    bytes / 1_024.0
}

/// The cost of every request, with that many endpoints and events.
fn costs(setting: &Setting, counts: (u64, u64)) -> Result<Vec<(String, Cost)>, Failure> {
    let daemon = Daemon::start(setting, &[])?;
    let receivers = Receivers::start(&hosts(1), None, false)?;
    let url = format!("http://{}/", receivers.addresses[0]);
    fill(setting, &daemon, &url, counts)?;
    // What is read at first is read from the file, not from its own memory.
    let daemon = daemon.restart(setting)?;
    let mut costs = Vec::new();
    for (name, path) in requests(&daemon)? {
        costs.push((name.to_owned(), cost(&daemon, &path)?));
    }
    Ok(costs)
}

/// One endpoint gets everything; the others want other numbers.
fn fill(
    setting: &Setting,
    daemon: &Daemon,
    url: &str,
    (endpoints, events): (u64, u64),
) -> Result<(), Failure> {
    daemon.endpoint(url, KIND, &json!({"in_flight_max": 64}))?;
    let other = json!({
        "title": "bench ##########",
        "url": url,
        "events": [{"type": KIND, "numbers": ["+4912345"]}],
    });
    let template = Template::post("/v1/endpoints", &daemon.token, &other.to_string());
    post(setting, daemon, template, 1..endpoints)?;
    let template = Template::event(KIND, &daemon.token);
    let mut from = 0;
    while from < events {
        let to = events.min(from + GO);
        post(setting, daemon, template.clone(), from..to)?;
        from = to;
        all_sent(daemon)?;
    }
    Ok(())
}

fn post(
    setting: &Setting,
    daemon: &Daemon,
    template: Template,
    numbers: std::ops::Range<u64>,
) -> Result<(), Failure> {
    driver::run(Load {
        address: daemon.address,
        templates: vec![template],
        connections: 64,
        numbers,
        rate: None,
        stamps: None,
        stop: setting.stop.clone(),
    })
    .map(drop)
}

fn all_sent(daemon: &Daemon) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    while daemon.count("/waiting")? + daemon.count("/in_flight")? > 0 {
        if Instant::now() > until {
            let what = "the deliveries do not come to an end".to_owned();
            return Err(Failure::new(Exit::Temporary, code::ANSWER, what));
        }
        pause(Duration::from_millis(50));
    }
    Ok(())
}

/// What the page asks for, screen by screen.
fn requests(daemon: &Daemon) -> Result<Vec<(&'static str, String)>, Failure> {
    let first = |path: &str| -> Result<String, Failure> {
        Ok(text(daemon.get(path)?.value(), "/items/0/id"))
    };
    let endpoint = first("/v1/endpoints?limit=1")?;
    let event = first("/v1/events?limit=1")?;
    let of = |path: &str| path.replace("EP", &endpoint).replace("EVT", &event);
    let named = [
        ("status", "/v1/status"),
        ("an hour of figures", "/v1/stats?window=1h"),
        ("a day of figures", "/v1/stats?window=24h"),
        ("a week of figures", "/v1/stats?window=7d"),
        ("endpoints", "/v1/endpoints?sort=state"),
        ("endpoints by title", "/v1/endpoints?sort=title"),
        (
            "failing endpoints",
            "/v1/endpoints?sort=state&state=failing",
        ),
        ("one endpoint", "/v1/endpoints/EP"),
        ("its attempts", "/v1/endpoints/EP/attempts"),
        ("events", "/v1/events"),
        ("failed events", "/v1/events?state=failed"),
        ("a number's events", "/v1/events?number=%2B33999999999"),
        ("one event", "/v1/events/EVT"),
        ("its deliveries", "/v1/deliveries?event=EVT"),
        ("an endpoint's deliveries", "/v1/deliveries?endpoint=EP"),
        ("failed deliveries", "/v1/deliveries?state=failed"),
    ];
    // Ten endpoints are less than a page: as many are shown in both cases.
    let page = |path: &str| match path.starts_with("/v1/endpoints?") {
        true => format!("{path}&limit=10"),
        false => of(path),
    };
    Ok(named.map(|(name, path)| (name, page(path))).into())
}

fn cost(daemon: &Daemon, path: &str) -> Result<Cost, Failure> {
    let before = read_bytes(daemon);
    daemon.get(path)?;
    let read_bytes = read_bytes(daemon) - before;
    for _ in 0..WARM_UP {
        daemon.get(path)?;
    }
    let mut took = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let begun = Instant::now();
        daemon.get(path)?;
        took.push(begun.elapsed().as_secs_f64() * 1_000_000.0);
    }
    took.sort_by(f64::total_cmp);
    Ok(Cost {
        us: took[ASKED / 2],
        read_bytes,
    })
}

/// What the daemon has read of files so far, from the disk or its cache.
fn read_bytes(daemon: &Daemon) -> f64 {
    let io = std::fs::read_to_string(format!("/proc/{}/io", daemon.process()));
    let io = io.unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("rchar:"));
    line.and_then(|rest| rest.trim().parse().ok())
        .unwrap_or(0.0)
}
