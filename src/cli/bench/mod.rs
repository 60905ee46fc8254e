//! `bench`: how fast this machine runs ringhook, and how near that is to what it could do.
//!
//! It starts the real daemon as a child process on throw-away data, posts events to it over
//! loopback, receives what it delivers, and probes the limits of the machine in the same run. It
//! reaches nothing but loopback and its own children, and everything it does is bounded.

mod client_limit;
mod daemon;
mod delivering;
mod driver;
mod figure;
mod intake;
mod isolation;
mod limits;
mod page;
mod receivers;
mod sample;
mod standing;
mod stolen;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::{Args, ValueEnum};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Context;
use super::failure::{Exit, Failure};
use daemon::ThrowAway;
use figure::{Figure, medians, table};
use limits::Limits;

/// `bench`
#[derive(Args)]
pub struct Arguments {
    /// Smaller counts: some seconds, and figures that only show that it works
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_name = "NAME", num_args = 1.., value_enum)]
    only: Vec<Part>,
    /// Runs of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=9))]
    runs: u8,
    /// Where the throw-away databases are made, best on the disk that ringhook will use
    /// [default: the directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A part that can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Part {
    /// Start with an empty database, memory when idle
    Start,
    /// Accepting events at 1, 16, 64 and 256 connections
    Ingest,
    /// One event to one receiver, as fast as it goes; memory meanwhile
    EndToEnd,
    /// One event to ten receivers
    FanOut,
    /// Events to 200 endpoints on 200 hosts
    Hosts,
    /// 20 events per second, from the POST to the receipt
    Latency,
    /// 512 requests that are never answered
    Hanging,
    /// 10,000 endpoints that do not match
    Endpoints,
    /// A million waiting deliveries
    Million,
    /// 1,000 endpoints of which 100 hang: what the others notice of it
    Isolation,
    /// The requests of the page, with 1,000 endpoints and a million events
    Page,
}

/// What every part works with.
pub struct Setting<'a> {
    context: &'a Context,
    scale: Scale,
    directory: ThrowAway,
    binary: PathBuf,
    stop: Arc<AtomicBool>,
}

/// How much of everything.
#[derive(Clone, Copy)]
pub struct Scale {
    quick: bool,
}

impl Scale {
    /// Events posted over that many connections.
    fn ingest(self, connections: usize) -> u64 {
        match (self.quick, connections) {
            (true, 1) => 200,
            (true, _) => 1_000,
            (false, 1) => 5_000,
            (false, _) => 50_000,
        }
    }

    fn deliveries(self) -> u64 {
        if self.quick { 2_000 } else { 20_000 }
    }

    /// Events to the 200 hosts.
    fn hosts_events(self) -> u64 {
        if self.quick { 10 } else { 500 }
    }

    fn quiet_events(self) -> u64 {
        if self.quick { 20 } else { 200 }
    }

    fn appends(self) -> usize {
        if self.quick { 50 } else { 500 }
    }

    fn hanging(self) -> u64 {
        if self.quick { 16 } else { 512 }
    }

    fn endpoints(self) -> u64 {
        if self.quick { 200 } else { 10_000 }
    }

    /// Endpoints and events of a small database …
    fn page_little(self) -> (u64, u64) {
        if self.quick { (10, 200) } else { (10, 10_000) }
    }

    /// … and of a large one.
    fn page_much(self) -> (u64, u64) {
        if self.quick {
            (50, 1_000)
        } else {
            (1_000, 1_000_000)
        }
    }

    /// Endpoints of which a tenth hangs.
    fn neighbours(self) -> usize {
        if self.quick { 100 } else { 1_000 }
    }

    /// Seconds for which healthy endpoints are watched.
    fn watched_s(self) -> u64 {
        if self.quick { 1 } else { 10 }
    }

    /// Events of which each waits for eight endpoints.
    fn waiting_events(self) -> u64 {
        if self.quick { 1_000 } else { 125_000 }
    }
}

/// Measures, and prints what it found. Exit code 0 whether or not the goals are met: they are
/// those of the project on its machine, not of this one.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::system)?;
    }
    raise_open_files();
    let parent = arguments.data.clone().unwrap_or_else(std::env::temp_dir);
    let setting = Setting {
        context,
        scale: Scale {
            quick: arguments.quick,
        },
        directory: ThrowAway::new(&parent)?,
        binary: std::env::current_exe().map_err(Failure::system)?,
        stop,
    };
    let parts = match &arguments.only[..] {
        [] => Part::value_variants(),
        some => some,
    };
    let mut runs = Vec::new();
    for run in 1..=arguments.runs {
        let mut limits = Limits::default();
        let mut figures = Vec::new();
        for part in parts {
            context.console.note(format!("run {run}: {part:?}"));
            let measured = measure(*part, &setting, &mut limits);
            if setting.stop.load(Ordering::Relaxed) {
                return Ok(Exit::Interrupted);
            }
            figures.extend(measured?);
        }
        runs.push(figures);
    }
    print(&medians(&runs), context)
}

fn measure(part: Part, setting: &Setting, limits: &mut Limits) -> Result<Vec<Figure>, Failure> {
    match part {
        Part::Start => standing::start(setting),
        Part::Ingest => intake::measure(setting, limits),
        Part::EndToEnd => delivering::end_to_end(setting, limits),
        Part::FanOut => delivering::fan_out(setting, limits),
        Part::Hosts => delivering::many_hosts(setting, limits),
        Part::Latency => delivering::latency(setting, limits),
        Part::Hanging => standing::hanging(setting),
        Part::Endpoints => standing::endpoints(setting),
        Part::Million => standing::million(setting),
        Part::Isolation => isolation::measure(setting),
        Part::Page => page::measure(setting),
    }
}

fn print(figures: &[Figure], context: &Context) -> Result<Exit, Failure> {
    let lines: Vec<_> = if context.global.json {
        figures
            .iter()
            .map(|figure| figure.json().to_string())
            .collect()
    } else {
        table(figures)
    };
    context.console.lines(&lines)?;
    Ok(Exit::Done)
}

/// Lets time pass: nothing is ever sent on this channel.
fn pause(time: Duration) {
    let (_sender, never) = channel::<()>();
    let _ = never.recv_timeout(time);
}

/// 200 hosts with several connections each need more than the usual soft limit. Where the system
/// refuses, the part that needs more says what it could not open.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
}

/// That many addresses of this machine: 127.0.0.1 alone, or from 127.0.0.2 on.
fn hosts(count: usize) -> Vec<IpAddr> {
    let first = u32::from(Ipv4Addr::LOCALHOST) + u32::from(count > 1);
    let addresses = (first..).take(count);
    addresses
        .map(|bits| Ipv4Addr::from_bits(bits).into())
        .collect()
}
