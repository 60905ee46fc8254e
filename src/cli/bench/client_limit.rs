//! A bare ureq loop: signed POSTs, an agent for each host, connections kept, no look-up of names.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::Setting;
use super::sample;
use crate::cli::failure::{Exit, Failure, code};
use crate::domain::endpoint::Encoding;
use crate::domain::key::SignatureKey;
use crate::domain::request::CALLTRACKING_SIGNATURE;
use crate::domain::sign;
use crate::domain::time::Timestamp;

const ID: &str = "evt_0000000000000vvtz34y5r8k2d";
const SECONDS: u64 = 1_772_615_302;

/// What is to be sent.
pub struct Posts<'a> {
    /// The receivers, in turn.
    pub addresses: &'a [SocketAddr],
    /// Threads that send.
    pub threads: usize,
    /// Requests in all.
    pub count: u64,
    /// Requests per second, for one thread only.
    pub rate: Option<f64>,
}

/// Sends everything; how long each request took.
pub fn run(posts: &Posts<'_>, setting: &Setting) -> Result<Vec<Duration>, Failure> {
    let clients: Vec<(String, Agent)> = posts
        .addresses
        .iter()
        .map(|address| (format!("http://{address}/"), agent()))
        .collect();
    let next = AtomicU64::new(0);
    let key = SignatureKey::from_random([7; SignatureKey::RANDOM_BYTES]);
    let work = || {
        let mut times = Vec::new();
        let body = sample::event("call:completed", sample::ACCOUNT);
        let begun = Instant::now();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= posts.count || setting.stop.load(Ordering::Relaxed) {
                return Ok(times);
            }
            if let Some(rate) = posts.rate {
                let at = begun + Duration::from_secs_f64(number as f64 / rate);
                super::pause(at.saturating_duration_since(Instant::now()));
            }
            let (url, agent) = &clients[number as usize % clients.len()];
            let sent = Instant::now();
            post(agent, url, &key, &body)?;
            times.push(sent.elapsed());
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..posts.threads).map(|_| scope.spawn(work)).collect();
        let mut times = Vec::new();
        for thread in threads {
            let ended: Result<Vec<Duration>, ureq::Error> =
                thread.join().expect("no thread of the loop panics");
            times.extend(ended.map_err(|error| broken(&error))?);
        }
        Ok(times)
    })
}

fn broken(error: &ureq::Error) -> Failure {
    let what = format!("the bare client was broken off: {error}");
    Failure::new(Exit::Temporary, code::ANSWER, what)
}

fn post(agent: &Agent, url: &str, key: &SignatureKey, body: &str) -> Result<(), ureq::Error> {
    let bytes = body.as_bytes();
    let first = sign::calltracking(key, Encoding::Hex, bytes);
    let second = sign::standard(&[key], ID, Timestamp(SECONDS * 1_000), bytes);
    let mut response = agent
        .post(url)
        .header("content-type", "application/json")
        .header(CALLTRACKING_SIGNATURE, first)
        .header("webhook-id", ID)
        .header("webhook-timestamp", SECONDS.to_string())
        .header("webhook-signature", second.unwrap_or_default())
        .send(bytes)?;
    response.body_mut().read_to_vec()?;
    Ok(())
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .accept("")
        .accept_encoding("")
        .input_buffer_size(16 * 1_024)
        .output_buffer_size(16 * 1_024)
        .max_idle_connections(64)
        .max_idle_connections_per_host(64)
        .timeout_global(Some(Duration::from_secs(15)))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Literal)
}

/// Addresses only: the usual resolver starts a thread for every request that has a timeout.
#[derive(Debug)]
struct Literal;

impl Resolver for Literal {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let address = uri.authority().and_then(|all| all.as_str().parse().ok());
        let address: SocketAddr = address.ok_or(ureq::Error::HostNotFound)?;
        let mut found = self.empty();
        found.push(address);
        Ok(found)
    }
}
