//! What healthy endpoints notice of others that hang: the time from the POST to the receipt, with
//! and without them.
//!
//! Every endpoint wants the events of one account, and all of them have succeeded before. Then a
//! tenth of them answers nothing more. A healthy one shares no receiver with them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::daemon::Daemon;
use super::driver::{self, Load};
use super::figure::{Figure, Goal};
use super::receivers::Receivers;
use super::sample::{Stamps, Summary, Template};
use super::{Setting, hosts};
use crate::cli::failure::Failure;

const TYPE: &str = "call:completed";
/// Events per second, each for one endpoint.
const RATE_PER_S: f64 = 200.0;
/// One of so many hangs.
const HANGING_ONE_OF: usize = 10;
const CONNECTIONS: usize = 16;
/// How long the last delivery of a healthy one may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// With few threads it counts from when every hanging one has had a time-out, which is short then.
const THREADS_FEW: u32 = 64;
const TIMEOUT_SHORT_MS: u32 = 2_000;

/// As it is configured, from the first moment on; and with few threads, once it is known who
/// hangs.
pub fn measure(setting: &Setting) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for few in [false, true] {
        let alone = healthy(setting, few, false)?;
        let beside = healthy(setting, few, true)?;
        let count = setting.scale.neighbours();
        let what = match few {
            false => "from the first moment".to_owned(),
            true => format!("{THREADS_FEW} threads, after a time-out"),
        };
        let hanging = count / HANGING_ONE_OF;
        let name = format!("p99 beside {hanging} of {count} hanging, {what}");
        let figure = Figure::new(name, beside.ms(0.99), "ms");
        let figure = figure.beside(alone.ms(0.99), "the same with none hanging");
        figures.push(figure.goal(Goal::TimesOrBeyondAtMost(1.5, 2.0)));
    }
    Ok(figures)
}

/// From the POST to the receipt, of the endpoints that do not hang.
fn healthy(setting: &Setting, few: bool, hang: bool) -> Result<Summary, Failure> {
    let count = setting.scale.neighbours();
    let hanging = count / HANGING_ONE_OF;
    let threads = THREADS_FEW.to_string();
    let settings = [("RINGHOOK_DELIVERY_THREADS_MAX", threads.as_str())];
    let daemon = Daemon::start(setting, if few { &settings } else { &[] })?;
    let events = (setting.scale.watched_s() as f64 * RATE_PER_S) as u64;
    // Every endpoint gets an event, and each hanging one its time-out.
    let lead = match few {
        true => count as u64 + (f64::from(TIMEOUT_SHORT_MS) / 1_000.0 * RATE_PER_S) as u64,
        false => 0,
    };
    let begin = count as u64;
    let stamps = Arc::new(Stamps::new(begin + lead + events));
    let sick = Receivers::start(&hosts(hanging), None, false)?;
    let well = Receivers::start(&hosts(count - hanging), Some(Arc::clone(&stamps)), false)?;
    let addresses: Vec<_> = sick.addresses.iter().chain(&well.addresses).collect();
    let policy = match few {
        true => json!({"timeout_ms": TIMEOUT_SHORT_MS}),
        false => json!({}),
    };
    for (nth, address) in addresses.iter().enumerate() {
        let wanted = json!({"type": TYPE, "accounts": [account(nth)]});
        daemon.add_endpoint(&json!({
            "title": format!("bench {nth}"),
            "url": format!("http://{address}/"),
            "events": [wanted],
            "policy": policy,
        }))?;
    }
    let accounts = 0..count;
    let templates = accounts.map(|nth| Template::event_of(TYPE, &account(nth), &daemon.token));
    let templates: Vec<_> = templates.collect();
    let post = |numbers: std::ops::Range<u64>, rate| {
        driver::run(Load {
            address: daemon.address,
            templates: templates.clone(),
            connections: CONNECTIONS,
            numbers,
            rate,
            stamps: Some(Arc::clone(&stamps)),
            stop: setting.stop.clone(),
        })
    };
    post(0..begin, None)?;
    sick.arrivals
        .wait(hanging as u64, PATIENCE, &setting.stop)?;
    let healthy = (count - hanging) as u64;
    well.arrivals.wait(healthy, PATIENCE, &setting.stop)?;
    if hang {
        sick.arrivals.hang();
    }
    post(begin..begin + lead, Some(RATE_PER_S))?;
    well.arrivals.wait(
        healthy + of_healthy(begin..begin + lead, count),
        PATIENCE,
        &setting.stop,
    )?;
    well.arrivals.reset();
    let numbers = begin + lead..begin + lead + events;
    post(numbers.clone(), Some(RATE_PER_S))?;
    let expected = of_healthy(numbers, count);
    well.arrivals.wait(expected, PATIENCE, &setting.stop)?;
    Ok(well.arrivals.latency())
}

/// How many of these events go to endpoints that do not hang: the first ones of them do.
fn of_healthy(numbers: std::ops::Range<u64>, count: usize) -> u64 {
    let hanging = count / HANGING_ONE_OF;
    let healthy = numbers.filter(|number| *number as usize % count >= hanging);
    healthy.count() as u64
}

fn account(nth: usize) -> String {
    format!("acc-{nth}")
}
