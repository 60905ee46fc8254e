//! Follows a replay: a bar on a terminal, elsewhere a line every ten seconds. The replay runs in
//! the daemon, and goes on when this ends.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::document::{Document, number, text};
use super::words::span;
use super::{Context, Exit, Failure, path_of, signals};
use crate::cli::client::Client;
use crate::domain::time::Tick;

/// How often the daemon is asked.
const ASK: Duration = Duration::from_millis(500);
/// How often a line is printed off a terminal.
const LINE_MS: u64 = 10_000;
/// How long what is queued may stand still before nobody waits any longer: later tries are
/// minutes or hours apart.
const STILL_MS: u64 = 10_000;

/// Follows it to its end. Ctrl-C leaves it running, and is told how to stop it.
pub fn follow(client: &Client, first: Document, context: &Context) -> Result<Exit, Failure> {
    let id = text(first.value(), "/id");
    let (told, signal) = sync_channel(1);
    signals::watch(told, || ()).map_err(Failure::system)?;
    let mut view = View::new(&first, context.clock.now().tick);
    let mut replay = first;
    loop {
        let now = context.clock.now().tick;
        view.show(replay.value(), now, context);
        if let Some(exit) = view.ended(replay.value(), now) {
            view.bar.finish_and_clear();
            context.console.line(in_short(replay.value()))?;
            context.console.note(last_words(replay.value(), &id));
            return Ok(exit);
        }
        match signal.recv_timeout(ASK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                view.bar.abandon();
                let note =
                    format!("It goes on without you. To stop it:  ringhook replay stop {id}");
                context.console.note(note);
                return Ok(Exit::Interrupted);
            }
        }
        replay = client.get(&path_of(&id))?;
    }
}

/// `198 of 312  ok 197  failed 1  waiting 0`
pub fn in_short(replay: &Value) -> String {
    let count = |pointer: &str| number(replay, pointer).unwrap_or(0);
    let (ok, failed, waiting) = (count("/delivered"), count("/failed"), count("/waiting"));
    let of = format!("{} of {}", count("/queued"), count("/count"));
    let mut words = format!("{of}  ok {ok}  failed {failed}  waiting {waiting}");
    match count("/skipped") {
        0 => {}
        skipped => words.push_str(&format!("  left out {skipped}")),
    }
    words
}

fn last_words(replay: &Value, id: &str) -> String {
    match text(replay, "/state").as_str() {
        "done" => "Done.".to_owned(),
        "stopped" => format!("It was {}.", text(replay, "/reason")),
        _ => format!(
            "All are queued; those that wait are tried again by the endpoint's plan. \
             ringhook replay show {id} says how far they are."
        ),
    }
}

struct View {
    bar: ProgressBar,
    lines_at: Tick,
    begun_at: Tick,
    begun_with: u64,
    seen: u64,
    moved_at: Tick,
}

impl View {
    fn new(first: &Document, now: Tick) -> Self {
        let count = number(first.value(), "/count").unwrap_or(0);
        let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:24}  {pos}/{len}  {msg}") {
            bar.set_style(style.progress_chars("█▓░"));
        }
        Self {
            bar,
            lines_at: now.plus_ms(LINE_MS),
            begun_at: now,
            begun_with: ended_of(first.value()),
            seen: 0,
            moved_at: now,
        }
    }

    fn show(&mut self, replay: &Value, now: Tick, context: &Context) {
        let ended = ended_of(replay);
        if ended != self.seen {
            (self.seen, self.moved_at) = (ended, now);
        }
        self.bar.set_position(ended);
        let count = |pointer: &str| number(replay, pointer).unwrap_or(0);
        let took_ms = now.ms_since(self.begun_at).max(1);
        let rate = ended.saturating_sub(self.begun_with) as f64 * 1_000.0 / took_ms as f64;
        let left = count("/count").saturating_sub(ended);
        let eta = match rate > 0.0 {
            true => format!("ETA {}  ", span((left as f64 / rate * 1_000.0) as u64)),
            false => String::new(),
        };
        let (ok, failed) = (count("/delivered"), count("/failed"));
        self.bar
            .set_message(format!("{rate:.1}/s  {eta}ok {ok}  failed {failed}"));
        if self.bar.is_hidden() && now >= self.lines_at {
            self.lines_at = now.plus_ms(LINE_MS);
            context.console.note(in_short(replay));
        }
    }

    /// The exit code, once there is nothing more to follow: 1 where not all of it arrived.
    fn ended(&self, replay: &Value, now: Tick) -> Option<Exit> {
        let clean = number(replay, "/failed") == Some(0);
        let still = now.ms_since(self.moved_at) >= STILL_MS;
        match text(replay, "/state").as_str() {
            "done" if clean => Some(Exit::Done),
            "done" | "stopped" => Some(Exit::No),
            "sending" if still => Some(Exit::No),
            _ => None,
        }
    }
}

/// Of those to send, the ones that nothing more is to be done for.
fn ended_of(replay: &Value) -> u64 {
    let fields = ["/delivered", "/failed", "/skipped"];
    fields
        .iter()
        .filter_map(|pointer| number(replay, pointer))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn replay(state: &str, failed: u64) -> Value {
        json!({"state": state, "count": 312, "queued": 199, "delivered": 197, "failed": failed,
            "waiting": 2 - failed, "skipped": 0})
    }

    #[test]
    fn a_replay_in_one_line() {
        let mut one = replay("running", 1);
        assert_eq!(in_short(&one), "199 of 312  ok 197  failed 1  waiting 1");
        one["skipped"] = json!(3);
        assert!(in_short(&one).ends_with("waiting 1  left out 3"));
        assert_eq!(ended_of(&one), 201);
    }

    #[test]
    fn when_there_is_nothing_more_to_follow() {
        let first = Document::new(replay("running", 0).to_string()).unwrap();
        let view = View::new(&first, Tick(0));
        let check = |state: &str, failed: u64, now: u64, expected: Option<Exit>| {
            let got = view.ended(&replay(state, failed), Tick(now));
            assert_eq!(got, expected, "{state} {now}");
        };
        check("running", 0, STILL_MS * 9, None);
        check("sending", 0, STILL_MS - 1, None);
        check("sending", 0, STILL_MS, Some(Exit::No));
        check("done", 0, 0, Some(Exit::Done));
        check("done", 1, 0, Some(Exit::No));
        check("stopped", 0, 0, Some(Exit::No));
    }
}
