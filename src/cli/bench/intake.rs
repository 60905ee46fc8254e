//! How fast events are accepted, by the number of connections, beside a bare server and the disk.

use serde_json::json;

use super::Setting;
use super::daemon::Daemon;
use super::driver::{self, Load, Outcome};
use super::figure::{Figure, Goal};
use super::limits::Limits;
use super::receivers::Receivers;
use super::sample::Template;
use super::stolen::Stolen;
use crate::cli::failure::Failure;

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// Connections of the figures that have a goal.
const USUAL: usize = 64;

/// Without an endpoint at each number of connections, then with one.
pub fn measure(setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    let daemon = Daemon::start(setting, &[])?;
    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        let posted = post(setting, &daemon, "call:completed", connections)?;
        let (bare, bare_ms) = limits.server(setting, connections)?;
        let name = format!("ingest, {}", counted(connections));
        let goal = match connections {
            USUAL => Goal::ShareAtLeast(0.4),
            _ => Goal::None,
        };
        let rate = Figure::new(name, posted.per_s(), "/s");
        figures.push(rate.beside(bare, "bare hyper server").goal(goal));
        if connections == 1 {
            let sync = limits.append(setting, 1)?;
            let p50 = Figure::new("ack p50, 1 connection", posted.latency.ms(0.5), "ms");
            let limit = bare_ms[0] + 3.0 * sync.p50_ms;
            let p50 = p50.beside(limit, "p50 of bare server + 3 × of fdatasync");
            figures.push(p50.goal(Goal::TimesAtMost(1.0)));
        }
        let append = limits.append(setting, connections)?;
        let name = format!("raw append + fdatasync, groups of {connections}");
        figures.push(Figure::new(name, append.per_s, "/s"));
        let name = format!("one such append, p99, groups of {connections}");
        figures.push(Figure::new(name, append.p99_ms, "ms"));
    }
    figures.extend(with_endpoint(setting, limits, &daemon)?);
    Ok(figures)
}

fn with_endpoint(
    setting: &Setting,
    limits: &mut Limits,
    daemon: &Daemon,
) -> Result<Vec<Figure>, Failure> {
    let receivers = Receivers::start(&super::hosts(1), None, false)?;
    let url = format!("http://{}/", receivers.addresses[0]);
    daemon.endpoint(&url, "call:missed", &json!({}))?;
    let before = Stolen::read();
    let posted = post(setting, daemon, "call:missed", USUAL)?;
    let stolen = Stolen::read().zip(before);
    let (_, bare_ms) = limits.server(setting, USUAL)?;
    let sync = limits.append(setting, 1)?;
    let limit = 3.0 * bare_ms[1] + 3.0 * sync.p99_ms;
    let name = "ack p99, 64 connections, one endpoint";
    let p99 = Figure::new(name, posted.latency.ms(0.99), "ms")
        .beside(limit, "3 × p99 of bare server + 3 × of fdatasync")
        .goal(Goal::TimesAtMost(1.0));
    let stolen = stolen.map(|(after, before)| {
        let name = "meanwhile taken away by the host (steal)";
        Figure::new(name, after.percent_since(before), "%")
    });
    Ok([p99].into_iter().chain(stolen).collect())
}

/// Posts events of that type as fast as they are answered.
pub fn post(
    setting: &Setting,
    daemon: &Daemon,
    kind: &str,
    connections: usize,
) -> Result<Outcome, Failure> {
    driver::run(Load {
        address: daemon.address,
        templates: vec![Template::event(kind, &daemon.token)],
        connections,
        numbers: 0..setting.scale.ingest(connections),
        rate: None,
        stamps: None,
        stop: setting.stop.clone(),
    })
}

fn counted(connections: usize) -> String {
    match connections {
        1 => "1 connection".to_owned(),
        more => format!("{more} connections"),
    }
}
