//! What the daemon costs by what it holds: nothing, hanging requests, many endpoints, a million
//! waiting deliveries.

use std::time::{Duration, Instant};

use serde_json::json;

use super::daemon::Daemon;
use super::driver::{self, Load};
use super::figure::{Figure, Goal};
use super::intake;
use super::receivers::Receivers;
use super::sample::Template;
use super::{Setting, hosts, pause};
use crate::cli::failure::{Exit, Failure, code};

/// Starts of which the median counts.
const STARTS: usize = 5;
/// How long a daemon rests before its memory is looked at.
const REST: Duration = Duration::from_secs(1);
/// How long hanging requests take to be sent.
const PATIENCE: Duration = Duration::from_secs(30);
/// Endpoints that share the million.
const PAUSED: usize = 8;
const WAITING: &str = "call:completed";
const UNWANTED: &str = "call:missed";

/// Ready after a start with an empty database; memory with nothing to do.
pub fn start(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let mut took = Vec::new();
    let mut memory = 0.0;
    for nth in 1..=STARTS {
        let daemon = Daemon::start(setting, &[])?;
        took.push(ms(daemon.ready_in));
        if nth == STARTS {
            rest();
            memory = daemon.memory_mib();
        }
    }
    took.sort_by(f64::total_cmp);
    Ok(vec![
        Figure::new("start, empty database", took[STARTS / 2], "ms").goal(Goal::AtMost(100.0)),
        Figure::new("memory, idle", memory, "MiB").goal(Goal::AtMost(16.0)),
    ])
}

/// Requests that are never answered: what they take of memory.
pub fn hanging(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let count = setting.scale.hanging();
    // New endpoints together may hold half of the threads.
    let threads = (2 * count).to_string();
    let settings = [("RINGHOOK_DELIVERY_THREADS_MAX", threads.as_str())];
    let settings: &[(&str, &str)] = if setting.scale.quick { &[] } else { &settings };
    let daemon = Daemon::start(setting, settings)?;
    let receivers = Receivers::start(&hosts(1), None, true)?;
    let url = format!("http://{}/", receivers.addresses[0]);
    let wish = json!({
        "title": "bench ##########",
        "url": url,
        "events": [WAITING],
        "policy": {"timeout_ms": 60_000},
    });
    add_endpoints(setting, &daemon, &wish.to_string(), count)?;
    rest();
    let before = daemon.memory_mib();
    post_from(setting, &daemon, WAITING, 0..1)?;
    in_flight(&daemon, count)?;
    let more = daemon.memory_mib() - before;
    let name = format!("memory, {count} hanging requests more");
    Ok(vec![
        Figure::new(name, more, "MiB").goal(Goal::AtMost(40.0)),
    ])
}

/// Endpoints that want other numbers: what they add to the cost of an event.
pub fn endpoints(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let daemon = Daemon::start(setting, &[])?;
    let wish = |number: &str| {
        let subscription = json!({"type": WAITING, "numbers": [number]});
        let url = "http://127.0.0.1:9/";
        json!({"title": "bench", "url": url, "events": [subscription]}).to_string()
    };
    add_endpoints(setting, &daemon, &wish("+33465700000"), 1)?;
    let one = cost_us(setting, &daemon, WAITING)?;
    let count = setting.scale.endpoints();
    // Each wants another number, so that the index grows as it would.
    add_endpoints(setting, &daemon, &wish("+33##########"), count)?;
    let many = cost_us(setting, &daemon, WAITING)?;
    let name = format!("cost per event, {count} endpoints");
    let figure = Figure::new(name, many, "µs").beside(one, "with one endpoint");
    Ok(vec![figure.goal(Goal::TimesAtMost(2.0))])
}

/// A million deliveries that wait for paused endpoints: memory, cost per event, and the start
/// after a clean stop.
pub fn million(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let daemon = Daemon::start(setting, &[])?;
    let none = cost_us(setting, &daemon, UNWANTED)?;
    for nth in 0..PAUSED {
        let url = format!("http://127.0.0.1:9/{nth}");
        let endpoint = daemon.endpoint(&url, WAITING, &json!({}))?;
        daemon.pause(&endpoint)?;
    }
    let events = setting.scale.waiting_events();
    post_from(setting, &daemon, WAITING, 0..events)?;
    let waiting = daemon.count("/waiting")?;
    let memory = daemon.memory_mib();
    let with = cost_us(setting, &daemon, UNWANTED)?;
    let daemon = daemon.restart(setting)?;
    let ready_ms = ms(daemon.ready_in);
    let kept = daemon.count("/waiting")?;
    let after = cost_us(setting, &daemon, UNWANTED)?;
    let name = |what: &str| format!("{what}, {waiting} waiting");
    Ok(vec![
        Figure::new(name("memory"), memory, "MiB").goal(Goal::AtMost(160.0)),
        Figure::new(name("cost per event"), with, "µs")
            .beside(none, "with none")
            .goal(Goal::TimesAtMost(2.0)),
        Figure::new("start after a clean stop", ready_ms, "ms").goal(Goal::AtMost(1_000.0)),
        Figure::new("waiting after that start", kept as f64, "").beside(waiting as f64, "before"),
        Figure::new("memory after that start", daemon.memory_mib(), "MiB")
            .goal(Goal::AtMost(160.0)),
        Figure::new("cost per event after that start", after, "µs")
            .beside(none, "with none")
            .goal(Goal::TimesAtMost(2.0)),
    ])
}

/// The time between two accepted events at 64 connections, in microseconds.
fn cost_us(setting: &Setting, daemon: &Daemon, kind: &str) -> Result<f64, Failure> {
    let posted = intake::post(setting, daemon, kind, 64)?;
    Ok(1_000_000.0 / posted.per_s())
}

fn post_from(
    setting: &Setting,
    daemon: &Daemon,
    kind: &str,
    numbers: std::ops::Range<u64>,
) -> Result<(), Failure> {
    let template = Template::event(kind, &daemon.token);
    post(setting, daemon, template, numbers)
}

fn add_endpoints(
    setting: &Setting,
    daemon: &Daemon,
    wish: &str,
    count: u64,
) -> Result<(), Failure> {
    let template = Template::post("/v1/endpoints", &daemon.token, wish);
    post(setting, daemon, template, 0..count)
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

/// Waits until that many requests are out, each on a thread of its own.
fn in_flight(daemon: &Daemon, count: u64) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    let out = || -> Result<u64, Failure> {
        Ok(daemon.count("/in_flight")?.min(daemon.count("/threads")?))
    };
    while out()? < count && Instant::now() < until {
        pause(Duration::from_millis(50));
    }
    // The last of them has just begun.
    rest();
    let out = out()?;
    if out < count {
        let what = format!("{out} of {count} requests are out");
        return Err(Failure::new(Exit::Temporary, code::ANSWER, what));
    }
    Ok(())
}

fn rest() {
    pause(REST);
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
