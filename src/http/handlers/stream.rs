//! `GET /v1/stream`: what happens, while it happens, as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};

use crate::engine::handle::Handle;

use super::super::answer::{Answer, AnswerBody};
use super::super::auth::{Caller, Doorkeeper};
use super::super::edge::Edge;
use super::super::hub::{Hub, Listening, Missed, Position, Signal};
use super::super::problem::{Code, Problem};
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::event::Names;
use super::super::wire::news::NewsJson;

/// How often a line is written when there are no news: proxies and browsers end what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 3000;
/// When all places are taken, how often and for how long those that nobody reads any more are
/// looked for. A connection whose peer has gone is known by the second write to it.
const ASKS: usize = 3;
const ASK_FOR: Duration = Duration::from_millis(100);

/// Opens a stream, behind the `Last-Event-ID` where the client was here before.
pub async fn open(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    Query::parse(call.head.uri.query(), &[])?;
    let place = place(edge).await?;
    let listening = edge.hub.enter();
    let (start, first) = beginning(&edge.hub, &call.head.headers);
    // One piece at a time: the news that a reader has not taken yet stay in the ring of all.
    let (pieces, body) = mpsc::channel(1);
    let stream = Stream {
        hub: Arc::clone(&edge.hub),
        handle: edge.handle().clone(),
        doorkeeper: Doorkeeper::of(edge),
        caller: call.caller,
        pieces,
        place: start,
        asked: edge.hub.signals().borrow().asked,
        _held: (listening, place),
    };
    tokio::spawn(stream.run(first));
    let mut answer = Response::new(AnswerBody::Fed(body));
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
    (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    ),
];

/// One of the places for streams. Where all are taken, those are found out first whose reader
/// has gone.
async fn place(edge: &Edge) -> Result<OwnedSemaphorePermit, Problem> {
    let places = || Arc::clone(&edge.stream_places);
    if let Ok(place) = places().try_acquire_owned() {
        return Ok(place);
    }
    for _ in 0..ASKS {
        edge.hub.ask();
        if let Ok(Ok(place)) = tokio::time::timeout(ASK_FOR, places().acquire_owned()).await {
            return Ok(place);
        }
    }
    let detail = "all places for live streams are taken (http.streams_max)";
    Err(Problem::new(Code::Connections, detail))
}

/// Where a stream begins, and what it says first. A place that is not in the ring any more, or
/// was another run's, is answered with `reset`: what is on the screen is to be read again.
fn beginning(hub: &Hub, headers: &HeaderMap) -> (Position, String) {
    let known = headers.get("last-event-id");
    let known = known.filter(|value| !value.is_empty());
    let resumed = known.and_then(|value| {
        let place = Position::parse(value.to_str().ok()?)?;
        hub.after(place).is_ok().then_some(place)
    });
    let place = resumed.unwrap_or_else(|| hub.newest());
    let mut first = format!("retry: {RETRY_MS}\n");
    if known.is_some() && resumed.is_none() {
        first.push_str("event: reset\ndata: {}\n");
    }
    // An id without data is remembered, and is no event.
    first.push_str(&format!("id: {}\n\n", place.written()));
    (place, first)
}

/// A stream that is open.
struct Stream {
    hub: Arc<Hub>,
    handle: Handle,
    doorkeeper: Doorkeeper,
    caller: Caller,
    pieces: mpsc::Sender<Bytes>,
    place: Position,
    asked: u64,
    _held: (Listening, OwnedSemaphorePermit),
}

impl Stream {
    /// Writes until the reader has gone, is too slow, or may not read any more, and until
    /// ringhook stops. The reader sees no more than an end in each case, and comes again.
    async fn run(mut self, first: String) {
        let mut signals = self.hub.signals();
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is over at once.
        beat.tick().await;
        let mut piece = Some(first);
        while let Some(text) = piece {
            if !self.write(text, &mut signals).await {
                return;
            }
            piece = self.next(&mut signals, &mut beat).await;
        }
    }

    /// Waits until the reader has taken the piece before. `false`: there is nobody to write to.
    async fn write(&self, piece: String, signals: &mut watch::Receiver<Signal>) -> bool {
        tokio::select! {
            sent = self.pieces.send(Bytes::from(piece)) => sent.is_ok(),
            _ = signals.wait_for(|signal| signal.closed) => false,
        }
    }

    /// What there is to write next; None at the end.
    async fn next(
        &mut self,
        signals: &mut watch::Receiver<Signal>,
        beat: &mut Interval,
    ) -> Option<String> {
        loop {
            // Before the ring is looked at, so that what comes after that wakes.
            let Signal { asked, closed, .. } = *signals.borrow_and_update();
            if closed {
                return None;
            }
            let news = self.news().ok()?;
            if !news.is_empty() {
                return Some(news);
            }
            if self.asked != asked {
                self.asked = asked;
                return Some(HEARTBEAT_LINE.to_owned());
            }
            tokio::select! {
                changed = signals.changed() => changed.ok()?,
                _ = beat.tick() => {
                    let known = self.doorkeeper.still_knows(self.caller);
                    return known.then(|| HEARTBEAT_LINE.to_owned());
                }
                () = self.pieces.closed() => return None,
            }
        }
    }

    /// What has come since, as it is written; empty where nothing has.
    fn news(&mut self) -> Result<String, Missed> {
        let news = self.hub.after(self.place)?;
        let mut text = String::new();
        if news.is_empty() {
            return Ok(text);
        }
        let names = Names {
            epochs: self.handle.epochs(),
            tokens: self.handle.tokens(),
        };
        for one in &news {
            self.place = self.place.next();
            let shown = NewsJson::new(one, &names);
            let data = serde_json::to_string(&shown)
                .expect("wire forms have text keys and finite numbers");
            let (name, id) = (shown.name(), self.place.written());
            text.push_str(&format!("event: {name}\nid: {id}\ndata: {data}\n\n"));
        }
        Ok(text)
    }
}

/// A comment, which readers pass over.
const HEARTBEAT_LINE: &str = ":\n\n";
