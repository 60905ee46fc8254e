//! The limits, probed in the same run: what this disk, a bare HTTP server and a bare HTTP client
//! can do here without ringhook. Each is probed once a run, when a figure asks for it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::Setting;
use super::client_limit::{self, Posts};
use super::driver::{self, Load, Outcome};
use super::receivers::Receivers;
use super::sample::{Summary, Template};
use crate::cli::failure::Failure;

/// Bytes appended for each event.
const EVENT_BYTES: usize = 1_024;
/// Threads of the client that sends as fast as it can.
const CLIENT_THREADS: usize = 32;

/// What has been probed in this run.
#[derive(Default)]
pub struct Limits {
    servers: BTreeMap<usize, (f64, [f64; 2])>,
    appends: BTreeMap<usize, Append>,
    clients: BTreeMap<usize, f64>,
    quiet: Option<[f64; 2]>,
}

/// What appending and syncing costs.
#[derive(Clone, Copy)]
pub struct Append {
    /// Events in a second, with that many in each append.
    pub per_s: f64,
    /// The middle of the times of one append, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 take less.
    pub p99_ms: f64,
}

impl Limits {
    /// A bare hyper server: answers per second, p50 and p99 in milliseconds.
    pub fn server(
        &mut self,
        setting: &Setting,
        connections: usize,
    ) -> Result<(f64, [f64; 2]), Failure> {
        if let Some(known) = self.servers.get(&connections) {
            return Ok(*known);
        }
        let outcome = serve(
            setting,
            connections,
            setting.scale.ingest(connections),
            None,
        )?;
        let latency = [outcome.latency.ms(0.5), outcome.latency.ms(0.99)];
        let probed = (outcome.per_s(), latency);
        self.servers.insert(connections, probed);
        Ok(probed)
    }

    /// Append and fdatasync of groups of that many events.
    pub fn append(&mut self, setting: &Setting, group: usize) -> Result<Append, Failure> {
        if let Some(known) = self.appends.get(&group) {
            return Ok(*known);
        }
        let path = setting.directory.path().join("append");
        let times = setting.scale.appends();
        let probed = append(&path, (group, times), Duration::ZERO).map_err(Failure::system)?;
        self.appends.insert(group, probed);
        Ok(probed)
    }

    /// A bare ureq loop with an agent for each of that many hosts: deliveries per second.
    pub fn client(&mut self, setting: &Setting, hosts: usize) -> Result<f64, Failure> {
        if let Some(known) = self.clients.get(&hosts) {
            return Ok(*known);
        }
        let receivers = Receivers::start(&super::hosts(hosts), None, false)?;
        let posts = Posts {
            addresses: &receivers.addresses,
            threads: CLIENT_THREADS,
            count: setting.scale.deliveries(),
            rate: None,
        };
        let begun = Instant::now();
        let count = client_limit::run(&posts, setting)?.len();
        let per_s = count as f64 / begun.elapsed().as_secs_f64();
        self.clients.insert(hosts, per_s);
        Ok(per_s)
    }

    /// At a few requests per second: p50 of the bare server and of the bare client, in
    /// milliseconds. Slower than under load, for everybody has gone to sleep in between.
    pub fn quiet(&mut self, setting: &Setting, rate: f64) -> Result<[f64; 2], Failure> {
        if let Some(known) = self.quiet {
            return Ok(known);
        }
        let count = setting.scale.quiet_events();
        let served = serve(setting, 4, count, Some(rate))?;
        let receivers = Receivers::start(&super::hosts(1), None, false)?;
        let posts = Posts {
            addresses: &receivers.addresses,
            threads: 1,
            count,
            rate: Some(rate),
        };
        let sent = Summary::of_durations(&client_limit::run(&posts, setting)?);
        let probed = [served.latency.ms(0.5), sent.ms(0.5)];
        self.quiet = Some(probed);
        Ok(probed)
    }

    /// p50 of an append and fdatasync of one event at that many per second, in milliseconds: a
    /// disk that has rested may be slower than one that is kept busy.
    pub fn quiet_append(&self, setting: &Setting, rate: f64) -> Result<f64, Failure> {
        let path = setting.directory.path().join("append");
        let times = setting.scale.quiet_events() as usize;
        let rest = Duration::from_secs_f64(1.0 / rate);
        let probed = append(&path, (1, times), rest).map_err(Failure::system)?;
        Ok(probed.p50_ms)
    }

    /// The most that taking an event and sending it on could reach when both share the
    /// processors: 1 / (1/server + 1/client).
    pub fn composite(&mut self, setting: &Setting) -> Result<f64, Failure> {
        let (server, _) = self.server(setting, 64)?;
        let client = self.client(setting, 1)?;
        Ok(1.0 / (1.0 / server + 1.0 / client))
    }
}

/// Appends so many events so many times, with a pause in between.
fn append(path: &Path, (group, times): (usize, usize), rest: Duration) -> std::io::Result<Append> {
    let mut file = File::create(path)?;
    let bytes = vec![b'x'; EVENT_BYTES * group];
    let mut took = Vec::with_capacity(times);
    let begun = Instant::now();
    for _ in 0..times {
        super::pause(rest);
        let one = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        took.push(one.elapsed());
    }
    let elapsed = begun.elapsed();
    std::fs::remove_file(path)?;
    let summary = Summary::of_durations(&took);
    Ok(Append {
        per_s: (group * times) as f64 / elapsed.as_secs_f64(),
        p50_ms: summary.ms(0.5),
        p99_ms: summary.ms(0.99),
    })
}

/// Posts events to a bare server that reads them, and answers with what ringhook would say.
fn serve(
    setting: &Setting,
    connections: usize,
    count: u64,
    rate: Option<f64>,
) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::system)?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = runtime.block_on(listener).map_err(Failure::system)?;
    let address: SocketAddr = listener.local_addr().map_err(Failure::system)?;
    let (stop, stopped) = oneshot::channel::<()>();
    runtime.spawn(async move {
        tokio::select! {
            () = accept(listener) => {}
            _ = stopped => {}
        }
    });
    let outcome = driver::run(Load {
        address,
        templates: vec![Template::event("call:completed", "none")],
        connections,
        numbers: 0..count,
        rate,
        stamps: None,
        stop: setting.stop.clone(),
    });
    drop(stop);
    runtime.shutdown_background();
    outcome
}

async fn accept(listener: tokio::net::TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // Without it answers are only later.
        let _ = stream.set_nodelay(true);
        let service = hyper::service::service_fn(answer);
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(served);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_whole = request.into_body().collect().await.is_ok();
    let body = r#"{"id":"evt_0000000000000000000000000","matched":0,"duplicate":false}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = match is_whole {
        true => StatusCode::ACCEPTED,
        false => StatusCode::BAD_REQUEST,
    };
    Ok(response)
}
