//! How fast events reach their receivers: one to one, one to ten, to 200 hosts, and in quiet.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::Setting;
use super::daemon::{Daemon, memory_mib};
use super::driver::{self, Load, Outcome};
use super::figure::{Figure, Goal};
use super::limits::Limits;
use super::receivers::Receivers;
use super::sample::{Stamps, Template};
use crate::cli::failure::Failure;

/// How long the last delivery may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the memory is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// Events that make an endpoint proven, so that it may have more than one request at a time.
const WARM_UP: u64 = 8;
const TYPE: &str = "call:completed";
/// Events per second of a quiet hour.
const QUIET_PER_S: f64 = 20.0;

/// A daemon with endpoints that have succeeded before, and their receivers.
struct Stage<'a> {
    setting: &'a Setting<'a>,
    daemon: Daemon,
    receivers: Receivers,
    stamps: Option<Arc<Stamps>>,
}

impl<'a> Stage<'a> {
    fn new(
        setting: &'a Setting<'a>,
        receivers: Receivers,
        policy: &Value,
        stamps: Option<Arc<Stamps>>,
    ) -> Result<Self, Failure> {
        let daemon = Daemon::start(setting, &[])?;
        for address in &receivers.addresses {
            daemon.endpoint(&format!("http://{address}/"), TYPE, policy)?;
        }
        let stage = Self {
            setting,
            daemon,
            receivers,
            stamps,
        };
        stage.deliver(0..WARM_UP, 1, None)?;
        stage.receivers.arrivals.reset();
        Ok(stage)
    }

    /// Posts events and waits until all have arrived; how posting went, and deliveries per second
    /// from the first POST to the last receipt.
    fn deliver(
        &self,
        numbers: Range<u64>,
        connections: usize,
        rate: Option<f64>,
    ) -> Result<(Outcome, f64), Failure> {
        let expected = (numbers.end - numbers.start) * self.receivers.addresses.len() as u64;
        let posted = driver::run(Load {
            address: self.daemon.address,
            templates: vec![Template::event(TYPE, &self.daemon.token)],
            connections,
            numbers,
            rate,
            stamps: self.stamps.clone(),
            stop: self.setting.stop.clone(),
        })?;
        let arrivals = &self.receivers.arrivals;
        let last = arrivals.wait(expected, PATIENCE, &self.setting.stop)?;
        let elapsed = last.saturating_duration_since(posted.begun);
        Ok((posted, expected as f64 / elapsed.as_secs_f64()))
    }
}

/// 20,000 events at 64 connections to one receiver: with 64 requests at a time, and with the
/// default of 4.
pub fn end_to_end(setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    let composite = limits.composite(setting)?;
    let mut figures = Vec::new();
    for (in_flight_max, goal) in [(64, Goal::ShareAtLeast(0.4)), (4, Goal::None)] {
        let receivers = Receivers::start(&super::hosts(1), None, false)?;
        let policy = json!({"in_flight_max": in_flight_max});
        let stage = Stage::new(setting, receivers, &policy, None)?;
        let process = stage.daemon.process();
        let numbers = WARM_UP..WARM_UP + setting.scale.deliveries();
        let (delivered, memory) = watched(process, || stage.deliver(numbers, 64, None));
        let (_, per_s) = delivered?;
        let name = format!("end to end, in_flight_max {in_flight_max}");
        let figure = Figure::new(name, per_s, "/s");
        figures.push(
            figure
                .beside(composite, "1 / (1/server + 1/client)")
                .goal(goal),
        );
        if in_flight_max == 64 {
            let figure = Figure::new("memory, saturated", memory, "MiB");
            figures.push(figure.goal(Goal::AtMost(64.0)));
        }
    }
    Ok(figures)
}

/// One event to ten endpoints.
pub fn fan_out(setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    let limit = limits.client(setting, 10)?;
    let receivers = Receivers::start(&super::hosts(10), None, false)?;
    let stage = Stage::new(setting, receivers, &json!({"in_flight_max": 64}), None)?;
    let numbers = WARM_UP..WARM_UP + setting.scale.deliveries() / 10;
    let (_, per_s) = stage.deliver(numbers, 64, None)?;
    let figure = Figure::new("fan-out of one to 10", per_s, "/s");
    let figure = figure.beside(limit, "bare ureq loop, 10 hosts");
    Ok(vec![figure.goal(Goal::ShareAtLeast(0.5))])
}

/// Each event to 200 endpoints on 200 hosts.
pub fn many_hosts(setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    let limit = limits.client(setting, 200)?;
    let receivers = Receivers::start(&super::hosts(200), None, false)?;
    let stage = Stage::new(setting, receivers, &json!({}), None)?;
    let numbers = WARM_UP..WARM_UP + setting.scale.hosts_events();
    let (_, per_s) = stage.deliver(numbers, 64, None)?;
    let figure = Figure::new("200 endpoints on 200 hosts", per_s, "/s");
    let figure = figure.beside(limit, "bare ureq loop, 200 hosts");
    Ok(vec![figure.goal(Goal::ShareAtLeast(0.5))])
}

/// A few events per second: how long one is on its way.
pub fn latency(setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    let [server, client] = limits.quiet(setting, QUIET_PER_S)?;
    let synced = limits.quiet_append(setting, QUIET_PER_S)?;
    let count = setting.scale.quiet_events();
    let stamps = Arc::new(Stamps::new(WARM_UP + count));
    let receivers = Receivers::start(&super::hosts(1), Some(Arc::clone(&stamps)), false)?;
    let stage = Stage::new(setting, receivers, &json!({}), Some(stamps))?;
    let (posted, _) = stage.deliver(WARM_UP..WARM_UP + count, 4, Some(QUIET_PER_S))?;
    let way = stage.receivers.arrivals.latency();
    let p50 = Figure::new("20 events/s, POST to receipt, p50", way.ms(0.5), "ms");
    let p99 = Figure::new("20 events/s, POST to receipt, p99", way.ms(0.99), "ms");
    let ack = Figure::new("20 events/s, ack p50", posted.latency.ms(0.5), "ms");
    let limit = server + client;
    Ok(vec![
        p50.beside(limit, "p50 of bare server + of bare delivery")
            .goal(Goal::BeyondAtMost(2.0)),
        p99,
        ack.beside(server, "p50 of bare server"),
        Figure::new("20 appends + fdatasync/s, p50", synced, "ms"),
    ])
}

/// Does something, and watches the memory of a process meanwhile: the most that was seen.
fn watched<T>(process: u32, work: impl FnOnce() -> T) -> (T, f64) {
    std::thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        let watcher = scope.spawn(move || {
            let mut most = memory_mib(process);
            while end.recv_timeout(GLANCE) == Err(RecvTimeoutError::Timeout) {
                most = most.max(memory_mib(process));
            }
            most
        });
        let result = work();
        drop(ended);
        (
            result,
            watcher.join().expect("reading a file does not panic"),
        )
    })
}
