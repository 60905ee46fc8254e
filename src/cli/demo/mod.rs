//! `demo`: the real daemon on throw-away data, with three receivers and sample traffic, all in
//! this process. It knows nothing of its own: it posts events and asks how they fare over the
//! API, like any client.

mod crew;
mod folder;
mod news;
mod traffic;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::failure::{Exit, Failure};
use super::words::plural;
use super::{Context, Global, send, serve, signals, sources};
use crate::app::App;
use crate::config::{self, Flags, Identity, Resolved, Sources};
use crate::domain::time::Tick;
use crate::http::Page;
use crew::Crew;
use folder::Folder;
use news::News;
use traffic::Traffic;

/// `demo`
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// End after so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    secs: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  ringhook demo
  ringhook demo --secs 10 --json";

/// What the demo differs in: three tries within some two seconds, so that a failure is seen
/// while one looks on, and a quick end.
const SETTINGS: [(&str, &str); 2] = [
    ("RINGHOOK_DELIVERY_RETRY_PLAN", "400ms,800ms"),
    ("RINGHOOK_DELIVERY_STOP_TIMEOUT", "200ms"),
];
/// How often deliveries are looked at.
const LOOK_MS: u64 = 200;
/// Keys and signals that wait for this thread; there are never many.
const INBOX_MAX: usize = 16;

/// What this thread waits for.
enum Happened {
    Key(Key),
    Signal,
}

/// What can be typed, followed by Enter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Stop,
    Burst,
    Break,
}

/// Runs until Ctrl-C, or for so many seconds. Nothing is left of it.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (sender, inbox) = sync_channel(INBOX_MAX);
    signals::watch(sender.clone(), || Happened::Signal).map_err(Failure::system)?;
    let folder = Folder::new(&send::random_letters()?)?;
    let resolved = match settings(folder.path()) {
        Ok(resolved) => resolved,
        Err(mistakes) => return Ok(sources::complain(&mistakes)),
    };
    let app = App::start(resolved, Page::Embedded).map_err(|error| serve::not_started(&error))?;
    let played = perform(arguments, context, &app, (sender, inbox));
    app.stop();
    played
}

/// A free port and the folder; nothing of the user's own settings.
fn settings(folder: &Path) -> Result<Resolved, Vec<config::Mistake>> {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.into());
    let text = |path: &Path| path.to_string_lossy().into_owned();
    config::resolve(&Sources {
        identity: Identity {
            is_root: false,
            environment: SETTINGS.into_iter().map(pair).collect(),
        },
        file: None,
        flags: Flags {
            listen: Some("127.0.0.1:0".to_owned()),
            socket: Some(text(&folder.join("ringhook.sock"))),
            data: Some(text(folder)),
        },
    })
}

fn perform(
    arguments: &Arguments,
    context: &Context,
    app: &App,
    (sender, inbox): (SyncSender<Happened>, Inbox<Happened>),
) -> Result<Exit, Failure> {
    let client = client(app)?;
    let crew = Crew::start(&client, &context.clock)?;
    let has_keys = std::io::stdin().is_terminal() && !context.console.is_machine();
    if has_keys {
        watch_keys(sender).map_err(Failure::system)?;
    }
    greet(context, app, has_keys)?;
    let now = context.clock.now().tick;
    let mut stage = Stage {
        context,
        client,
        traffic: Traffic::new(now, send::random_letters()?),
        news: News::new(crew.titles()),
        end_at: arguments.secs.map(|secs| now.plus_ms(secs * 1_000)),
        look_at: now,
    };
    let result = stage.play(&inbox, &crew);
    crew.stop();
    result
}

/// A client of this daemon and no other, whatever the environment says.
fn client(app: &App) -> Result<Client, Failure> {
    let global = Global {
        socket: Some(app.socket().to_owned()),
        server: None,
        token_file: None,
        json: false,
        quiet: false,
        no_color: false,
    };
    Client::new(&global, &Identity::default())
}

fn greet(context: &Context, app: &App, has_keys: bool) -> Result<(), Failure> {
    let (version, api) = (env!("CARGO_PKG_VERSION"), app.address());
    let socket = app.socket().display();
    if context.console.is_json() {
        let started = json!({
            "what": "started",
            "page": app.page_url(),
            "api": format!("http://{api}/v1"),
            "socket": socket.to_string(),
        });
        return context.console.line(started);
    }
    let keys = if has_keys {
        "; stop with s, burst with b, break crm with x, each with Enter"
    } else {
        ""
    };
    context.console.lines(&[
        format!("ringhook {version} demo: throw-away data in a temporary folder, gone on Ctrl-C"),
        serve::web_page(app, &format!("ringhook open --socket {socket}")),
        format!("  API         http://{api}/v1"),
        format!("  CLI socket  {socket}"),
        "  receivers   crm (answers 200)  ·  slow (answers after 3 s)  ·  broken (answers 500)"
            .to_owned(),
        format!("  traffic     2 sample calls per second{keys}"),
        "  retries     after 0.4 s and 0.8 s here; by default over 28 hours".to_owned(),
    ])
}

/// Reads keys until the process ends: a read from a terminal can't be called off.
fn watch_keys(sender: SyncSender<Happened>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("keys".into())
        .spawn(move || {
            let lines = std::io::stdin().lines().map_while(Result::ok);
            let keys = lines.filter_map(|line| Key::parse(&line));
            for key in keys {
                if sender.send(Happened::Key(key)).is_err() {
                    break;
                }
            }
        })?;
    Ok(())
}

impl Key {
    fn parse(line: &str) -> Option<Self> {
        match line.trim() {
            "s" => Some(Self::Stop),
            "b" => Some(Self::Burst),
            "x" => Some(Self::Break),
            _ => None,
        }
    }
}

/// The demo while it plays.
struct Stage<'a> {
    context: &'a Context,
    client: Client,
    traffic: Traffic,
    news: News,
    end_at: Option<Tick>,
    look_at: Tick,
}

impl Stage<'_> {
    fn play(&mut self, inbox: &Inbox<Happened>, crew: &Crew) -> Result<Exit, Failure> {
        loop {
            let now = self.context.clock.now().tick;
            self.post(now)?;
            let is_over = self.end_at.is_some_and(|end| end <= now);
            if is_over || self.look_at <= now {
                self.look()?;
                self.look_at = now.plus_ms(LOOK_MS);
            }
            if is_over {
                return Ok(Exit::Done);
            }
            let wakes = [self.traffic.next_at(), self.end_at, Some(self.look_at)];
            let wake = wakes.into_iter().flatten().min().unwrap_or(now);
            let patience = Duration::from_millis(wake.ms_since(now).max(1));
            match inbox.recv_timeout(patience) {
                Ok(Happened::Key(key)) => self.pressed(key, crew)?,
                Ok(Happened::Signal) => return Ok(Exit::Interrupted),
                // The signals' thread holds the other end: it does not go.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    /// Posts what is due.
    fn post(&mut self, now: Tick) -> Result<(), Failure> {
        while let Some(body) = self.traffic.next(now) {
            self.client.post("/v1/events", &body)?;
        }
        Ok(())
    }

    /// Tells what has become of deliveries since the last look.
    fn look(&mut self) -> Result<(), Failure> {
        let page = self.client.get("/v1/deliveries?limit=500")?;
        let now = self.context.clock.now().wall;
        for news in self.news.of(page.items()) {
            self.context
                .console
                .line(match self.context.console.is_json() {
                    true => news.document().to_string(),
                    false => news.line(now.0),
                })?;
        }
        Ok(())
    }

    fn pressed(&mut self, key: Key, crew: &Crew) -> Result<(), Failure> {
        let now = self.context.clock.now().tick;
        let line = match key {
            Key::Stop if self.traffic.toggle(now) => "traffic goes on".to_owned(),
            Key::Stop => "traffic stopped; s and Enter to go on".to_owned(),
            Key::Burst => {
                let calls = self.traffic.burst();
                format!("a burst of {}", plural(calls, "call"))
            }
            Key::Break if crew.toggle_crm() => "crm answers 200 again".to_owned(),
            Key::Break => "crm answers 503 now; x and Enter to mend it".to_owned(),
        };
        self.context.console.line(format!("  {line}"))
    }
}
