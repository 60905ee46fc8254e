//! `listen`: a receiver on this machine that verifies what it gets and prints it. One thread
//! answers, this one prints and keeps the temporary endpoint alive.

mod printer;
mod registration;
mod verdict;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::Args;

use super::client::Client;
use super::document::text;
use super::failure::{Exit, Failure, code};
use super::receiver::{self, Manner, Received, Receiver, Script};
use super::{Context, input, reference, signals, signing, sources};
use crate::domain::key::SignatureKey;
use crate::domain::time::Tick;
use printer::{Output, Seen};
use registration::{RENEW_MS, Registration, keys_of};
use verdict::Verdict;

/// RING is 7464 on a phone pad; its receiver is next door.
const PORT: u16 = 7465;
/// Deliveries that wait to be printed; beyond it answers wait.
const INBOX_MAX: usize = 1_024;
/// How often keys are read again at most.
const KEYS_AGAIN_MS: u64 = 10_000;

/// `listen`
#[derive(Args)]
pub struct Arguments {
    /// The port [default: 7465, or the next that is free]
    #[arg(long)]
    port: Option<u16>,
    /// Verify with the key of this endpoint, and add none
    #[arg(long, value_name = "REF", conflicts_with_all = ["no_register", "key_file"])]
    endpoint: Option<String>,
    /// Add no temporary endpoint
    #[arg(long)]
    no_register: bool,
    /// Verify with the key in this file, and add no endpoint
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// What is answered: a status, or a script as '500*3,timeout,200', whose last step stays. Its
    /// words are timeout, close, reset, shut, deaf, drip, garbage, endless and redirect
    #[arg(long, value_name = "SCRIPT", value_parser = Script::parse, default_value = "200")]
    respond: Script,
    /// How long each answer waits
    #[arg(long, value_name = "2s", value_parser = input::milliseconds, default_value = "0ms")]
    delay: u64,
    /// How much is printed
    #[arg(long, value_enum, default_value = "short")]
    output: Output,
    /// End after so many deliveries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
}

/// What this thread waits for.
enum Happened {
    Delivery(Box<Received>),
    Signal,
}

/// Listens until Ctrl-C, or until enough has come.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (sender, inbox) = sync_channel(INBOX_MAX);
    signals::watch(sender.clone(), || Happened::Signal).map_err(Failure::system)?;
    let listener = receiver::bind(arguments.port, PORT).map_err(|error| port_taken(&error))?;
    let manner = Manner {
        script: arguments.respond.clone(),
        delay: Duration::from_millis(arguments.delay),
        max: arguments.max.unwrap_or(u64::MAX),
        clock: context.clock.clone(),
        tls: None,
    };
    let wrap = |received| Happened::Delivery(Box::new(received));
    let receiver = Receiver::start(listener, manner, sender, wrap).map_err(Failure::system)?;
    let url = format!("http://{}/", receiver.address());
    say(
        context,
        arguments,
        &format!(
            "Receiver on {url} (any path, answers {})",
            arguments.respond
        ),
    )?;
    let mut session = match Session::open(arguments, context, &url) {
        Ok(session) => session,
        Err(failure) => {
            receiver.stop();
            return Err(failure);
        }
    };
    let result =
        say(context, arguments, WAITING).and_then(|()| session.listen(arguments, context, &inbox));
    // The last answer is on its way before the endpoint goes.
    drop(inbox);
    receiver.stop();
    let closed = session.close();
    result.and_then(|exit| closed.map(|()| exit))
}

const WAITING: &str = "Waiting. Send one:  ringhook send call:completed --sample";

/// Prose goes to stdout beside the deliveries, but to stderr where a program reads those.
fn say(context: &Context, arguments: &Arguments, line: &str) -> Result<(), Failure> {
    if context.console.is_machine() || arguments.output == Output::Json {
        context.console.note(line);
        Ok(())
    } else {
        context.console.line(line)
    }
}

fn port_taken(error: &std::io::Error) -> Failure {
    let what = format!("no port to listen on: {error}");
    Failure::new(Exit::Conflict, code::LISTEN, what).try_this("another one with --port N")
}

/// What the deliveries are verified with, and the endpoint that has to be kept alive.
struct Session {
    keys: Vec<SignatureKey>,
    registered: Option<(Client, Registration)>,
    /// An endpoint that is only verified for.
    watched: Option<(Client, String)>,
    renew_at: Tick,
    /// When the keys may be read again for a signature that none of them made: they may have
    /// been rotated. Each time is a line in the daemon's log.
    keys_again_at: Tick,
}

impl Session {
    fn open(arguments: &Arguments, context: &Context, url: &str) -> Result<Self, Failure> {
        let now = context.clock.now();
        let mut session = Self {
            keys: Vec::new(),
            registered: None,
            watched: None,
            renew_at: now.tick.plus_ms(RENEW_MS),
            keys_again_at: now.tick,
        };
        if let Some(file) = &arguments.key_file {
            let key = signing::from_file(file)?;
            session.keys.push(key);
        } else if let Some(endpoint) = &arguments.endpoint {
            let client = context.client()?;
            let endpoint = reference::endpoint(&client, endpoint)?;
            let id = text(endpoint.value(), "/id");
            session.keys = keys_of(&client, &id)?;
            session.watched = Some((client, id));
            let title = text(endpoint.value(), "/title");
            let line = format!("Verifying with the key of {title}; its URL is not changed.");
            say(context, arguments, &line)?;
        } else if !arguments.no_register {
            let client = context.client()?;
            if !client.is_local() {
                return Err(out_of_reach());
            }
            let registration = Registration::new(&client, &sources::host_name(), url, now.wall)?;
            let name = registration.name();
            session.keys = keys_of(&client, &registration.id)?;
            session.registered = Some((client, registration));
            let line = format!("Added endpoint {name} for this session only.");
            say(context, arguments, &line)?;
        }
        Ok(session)
    }

    fn listen(
        &mut self,
        arguments: &Arguments,
        context: &Context,
        inbox: &Inbox<Happened>,
    ) -> Result<Exit, Failure> {
        let mut seen = Seen::default();
        let mut left = arguments.max.unwrap_or(u64::MAX);
        let output = match context.console.is_json() {
            true => Output::Json,
            false => arguments.output,
        };
        while left > 0 {
            let now = context.clock.now();
            if now.tick >= self.renew_at {
                self.renew(context);
            }
            let patience = Duration::from_millis(self.renew_at.ms_since(now.tick).max(1));
            let received = match inbox.recv_timeout(patience) {
                Ok(Happened::Delivery(received)) => received,
                Ok(Happened::Signal) | Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Exit::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) => continue,
            };
            left -= 1;
            let again = seen.again(received.header("webhook-id").unwrap_or_default());
            let checked = self.check(context, &received);
            let lines = printer::lines(output, &received, checked.as_ref(), again);
            context.console.lines(&lines)?;
        }
        Ok(Exit::Done)
    }

    /// Whether the signatures are right; None without a key to tell.
    fn check(&mut self, context: &Context, received: &Received) -> Option<Verdict> {
        if self.keys.is_empty() {
            return None;
        }
        let now = context.clock.now();
        let checked = verdict::verdict(&self.keys, received, now.wall);
        if checked.wrongs().is_empty() || now.tick < self.keys_again_at {
            return Some(checked);
        }
        self.keys_again_at = now.tick.plus_ms(KEYS_AGAIN_MS);
        let watched = self.watched.as_ref().map(|(client, id)| (client, id));
        let registered = self.registered.as_ref();
        let source = watched.or(registered.map(|(client, own)| (client, &own.id)));
        match source.map(|(client, id)| keys_of(client, id)) {
            Some(Ok(keys)) if !keys.is_empty() && keys != self.keys => {
                self.keys = keys;
                Some(verdict::verdict(&self.keys, received, now.wall))
            }
            // No others, or nobody to ask: it stays as it was found.
            _ => Some(checked),
        }
    }

    /// Keeps the endpoint alive. A daemon that is away for a while is no reason to end: what it
    /// has accepted comes when it is back.
    fn renew(&mut self, context: &Context) {
        let now = context.clock.now();
        self.renew_at = now.tick.plus_ms(RENEW_MS);
        let Some((client, registration)) = &mut self.registered else {
            return;
        };
        let renewed = registration.renew(client, now.wall).and_then(|anew| {
            if anew {
                self.keys = keys_of(client, &registration.id)?;
                context
                    .console
                    .note(format!("Added endpoint {} anew.", registration.name()));
            }
            Ok(())
        });
        if let Err(failure) = renewed {
            failure.print();
        }
    }

    fn close(self) -> Result<(), Failure> {
        match self.registered {
            Some((client, registration)) => registration.remove(&client),
            None => Ok(()),
        }
    }
}

fn out_of_reach() -> Failure {
    let what = "the ringhook at that address can't reach a receiver on this machine's loopback";
    Failure::new(Exit::Usage, code::VALUE, what)
        .try_this("--no-register --key-file FILE, and a tunnel from there to this port")
}
