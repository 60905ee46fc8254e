//! Builds the parts, runs them, drains them; the only file that sees every room.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use sd_notify::NotifyState;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::{HttpSettings, Mistake, Resolved, Settings};
use crate::domain::address::EgressRule;
use crate::domain::endpoint::{Endpoint, check_ca};
use crate::engine;
use crate::http::{self, Codes, Listeners, Page};
use crate::send::Transport;
use crate::send::http::{HttpOptions, HttpTransport};
use crate::send::own_receiver::OwnReceiver;
use crate::store;
use crate::telemetry::Counters;

/// What a process ends with when one of the threads that decide or write has panicked.
const EXIT_BUG: i32 = 70;

/// The daemon, running.
pub struct App {
    engine: engine::Running,
    transport: Arc<HttpTransport>,
    edge: Edge,
    configuration: watch::Sender<Arc<Resolved>>,
    is_new: bool,
    address: SocketAddr,
    at: HttpSettings,
    codes: Arc<Codes>,
    clock: Clock,
}

/// The runtime of the edge. It outlives the engine, so that during a stop it can still say
/// that ringhook is stopping.
struct Edge {
    runtime: tokio::runtime::Runtime,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

/// Why the daemon can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] engine::StartError),
    /// An address or a socket path.
    #[error(transparent)]
    Bind(#[from] http::BindError),
    /// A thread, or the system's random numbers.
    #[error("cannot start: {0}")]
    System(std::io::Error),
    /// The certificates to trust besides.
    #[error("cannot use {path} (egress.ca_file): {why}")]
    CaFile {
        /// The file.
        path: String,
        /// A part of a sentence.
        why: String,
    },
}

impl Edge {
    fn serve(runtime: tokio::runtime::Runtime, listeners: Listeners, parts: http::Parts) -> Self {
        let (stop, stopping) = watch::channel(false);
        let served = runtime.spawn(http::serve(listeners, parts, stopping));
        Self {
            runtime,
            stop,
            served,
        }
    }
}

impl App {
    /// Opens the database, binds the listeners, starts the threads: ready when it returns.
    pub fn start(resolved: Resolved, page: Page) -> Result<Self, StartError> {
        let settings = resolved.settings.clone();
        let ca_pem = ca_pem(&settings)?;
        raise_open_files();
        let random: [u8; 16] = random_bytes()?;
        let (salt, seed) = (random[..8].try_into(), random[8..].try_into());
        let (store, loaded) = store::open(&store::Options {
            path: settings.store.path.clone(),
            cache_bytes: settings.store.cache_bytes,
            salt: salt.expect("8 bytes"),
        })?;
        let is_new = loaded.is_new;
        warn_of_unchecked(&loaded.endpoints);
        let clock = Clock::system(loaded.numbers.newest);
        let counters = Arc::new(Counters::default());
        let reader = store.reader();

        let runtime = edge_runtime().map_err(StartError::System)?;
        let listeners = {
            let _inside = runtime.enter();
            Listeners::bind(&settings.http)?
        };
        let address = listeners.address();

        let own_receiver = OwnReceiver::default();
        let transport = transport(&settings, address, ca_pem, own_receiver.clone())?;
        let transport = Arc::new(transport);
        let checker = transport.checker();
        let engine = engine::start(engine::Parts {
            store,
            loaded,
            delivery: settings.delivery.clone(),
            retention: settings.retention,
            free_bytes_min: settings.store.free_bytes_min,
            transport: Arc::clone(&transport) as Arc<dyn Transport>,
            clock: clock.clone(),
            seed: u64::from_le_bytes(seed.expect("8 bytes")),
            counters: Arc::clone(&counters),
            on_panic: Arc::new(|| std::process::exit(EXIT_BUG)),
        })?;

        let codes = Arc::new(Codes::default());
        let at = settings.http.clone();
        let (configuration, known) = watch::channel(Arc::new(resolved));
        let parts = http::Parts {
            handle: engine.handle(),
            reader,
            settings: settings.http,
            free_bytes_min: settings.store.free_bytes_min,
            configuration: known,
            counters,
            clock: clock.clone(),
            checker,
            own_receiver,
            page,
            codes: Arc::clone(&codes),
        };
        Ok(Self {
            engine,
            transport,
            edge: Edge::serve(runtime, listeners, parts),
            configuration,
            is_new,
            address,
            at,
            codes,
            clock,
        })
    }

    /// The address that is listened on, with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The Unix socket.
    pub fn socket(&self) -> &Path {
        &self.at.socket
    }

    /// Where the page is.
    pub fn page_url(&self) -> String {
        http::page_url(&self.at.public_url, self.address)
    }

    /// A link that signs a browser in, once.
    pub fn sign_in_link(&self) -> Result<String, StartError> {
        let uid = rustix::process::geteuid().as_raw();
        let now = self.clock.now().tick;
        let code = self.codes.make(random_bytes()?, uid, now);
        Ok(http::sign_in_link(&self.at.public_url, self.address, &code))
    }

    /// Whether the database was made just now.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Runs until SIGTERM or SIGINT, then stops; a second one stops at once. `ready` is called
    /// when signals are heard. SIGHUP reads the configuration again, by `reread`. `true` when
    /// everything was committed.
    pub fn run(
        self,
        ready: impl FnOnce(&Self),
        reread: impl Fn() -> Result<Resolved, Vec<Mistake>>,
    ) -> Result<bool, StartError> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(StartError::System)?;
        ready(&self);
        tell_systemd(&[NotifyState::Ready]);
        for signal in signals.forever() {
            if signal != SIGHUP {
                break;
            }
            tell_systemd(&[NotifyState::Reloading]);
            match reread() {
                Ok(newer) => self.reload(newer),
                Err(mistakes) => keep_as_it_was(&mistakes),
            }
            tell_systemd(&[NotifyState::Ready]);
        }
        tell_systemd(&[NotifyState::Stopping]);
        log::info!("stopping: waiting for what is in flight; a second signal stops at once");
        let handle = self.engine.handle();
        let hurry = move |signal| {
            if signal != SIGHUP {
                handle.hurry();
            }
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || signals.forever().for_each(hurry))
            .map_err(StartError::System)?;
        Ok(self.stop())
    }

    /// Takes over what a newer reading of the configuration changes and a running daemon can
    /// take over; the log names the rest.
    fn reload(&self, newer: Resolved) {
        let old = Arc::clone(&self.configuration.borrow());
        let (resolved, changed) = old.reloaded(newer);
        for warning in &resolved.warnings {
            log::warn!("{warning}");
        }
        log::set_max_level(resolved.settings.log.level);
        self.transport
            .set_egress(egress_rule(&resolved.settings, self.address));
        self.engine
            .handle()
            .reconfigure(resolved.settings.delivery.clone());
        // The edge holds the other end as long as it runs, and does without it after that.
        let _ = self.configuration.send(Arc::new(resolved));
        for name in &changed.need_restart {
            log::warn!("{name} has changed and needs a restart");
        }
        match changed.applied.as_slice() {
            [] => log::info!("configuration read again: nothing to take over"),
            applied => log::info!("configuration read again: {}", applied.join(", ")),
        }
    }

    /// Stops now, as after a signal.
    pub fn stop(self) -> bool {
        let committed = self.engine.stop();
        let Edge {
            runtime,
            stop,
            served,
        } = self.edge;
        // The edge may have ended by itself; then nobody listens to this any more.
        let _ = stop.send(true);
        if let Err(error) = runtime.block_on(served) {
            log::error!("the HTTP edge ended badly: {error}");
        }
        committed
    }
}

/// What was set long ago is easily forgotten.
fn warn_of_unchecked(endpoints: &[Endpoint]) {
    for endpoint in endpoints {
        let spec = &endpoint.spec;
        if let Some(warning) = spec.policy.tls.warning() {
            log::warn!("endpoint {:?}: {warning}", spec.title);
        }
    }
}

/// A configuration with mistakes changes nothing, however much of it is right.
fn keep_as_it_was(mistakes: &[Mistake]) {
    for mistake in mistakes {
        let code = mistake.code;
        log::error!(code; "{mistake}. {}", mistake.advice);
    }
    log::error!("the configuration stays as it was");
}

/// Tells the service manager, where one started us; without one this does nothing.
fn tell_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::warn!("the service manager can't be told: {error}");
    }
}

fn transport(
    settings: &Settings,
    own: SocketAddr,
    ca_pem: Option<String>,
    own_receiver: OwnReceiver,
) -> Result<HttpTransport, StartError> {
    HttpTransport::new(HttpOptions {
        connect_timeout_ms: settings.delivery.connect_timeout_ms,
        egress: egress_rule(settings, own),
        own_receiver,
        ca_pem,
        proxy: settings.egress.proxy.clone(),
        user_agent: concat!("ringhook/", env!("CARGO_PKG_VERSION")).to_owned(),
    })
    .map_err(|why| {
        // Nothing else can be wrong with it.
        bad_ca_file(
            settings.egress.ca_file.as_deref().unwrap_or(Path::new("")),
            why,
        )
    })
}

/// Where requests may go; never to our own listener.
fn egress_rule(settings: &Settings, own: SocketAddr) -> EgressRule {
    EgressRule {
        private: settings.egress.private,
        allow: settings.egress.allow.clone(),
        deny: settings.egress.deny.clone(),
        own: vec![own],
    }
}

fn bad_ca_file(path: &Path, why: String) -> StartError {
    let path = path.display().to_string();
    StartError::CaFile { path, why }
}

/// `egress.ca_file`, read once.
fn ca_pem(settings: &Settings) -> Result<Option<String>, StartError> {
    let Some(path) = &settings.egress.ca_file else {
        return Ok(None);
    };
    let wrong = |why| bad_ca_file(path, why);
    let pem = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    check_ca(&pem).map_err(wrong)?;
    Ok(Some(pem))
}

/// Half of the processors, as store, engine and delivery want some as well; and each thread less
/// is a thread less that has to be woken when a batch is answered.
fn edge_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("edge")
        .worker_threads((processors / 2).clamp(1, 4))
        .max_blocking_threads(8)
        .enable_all()
        .build()
}

/// Connections of the edge and to many hosts need more open files than the usual soft limit.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised) {
        log::warn!("the limit of open files stays as it is: {error}");
    }
}

fn random_bytes<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StartError::System(std::io::Error::other(error)))?;
    Ok(bytes)
}
