//! ringhook sends the webhooks of a phone system: it takes each event on a small HTTP port,
//! answers 202 once it is on disk, and delivers it, signed, to every endpoint that wants it.
//!
//! One sentence holds the house together: **decide purely, commit once, then act.** An event or
//! a result enters a bounded queue. One engine thread decides with pure rules what it means; a
//! store thread writes the decisions of a batch to its journal in one piece and syncs it; only
//! then are replies given and requests handed out that the batch made.
//!
//! # The rooms, in reading order
//!
//! A room imports only from floors below it, and rooms on one floor do not know each other.
//!
//! | floor | room | what lives there |
//! |---|---|---|
//! | 0 | [`domain`] | the pure rules: event, filter, route, payload, sign, retry, lanes … |
//! | 0 | [`config`], [`clock`], [`telemetry`] | settings, the only clock, counters |
//! | 1 | [`store`] | the journal, the redb tables, their records, the store thread, snapshots |
//! | 1 | [`send`] | delivery threads, the HTTP client, names, the egress rule at connect |
//! | 2 | [`engine`] | [`engine::handle::Handle`], the one door for writes; `step`; the loop |
//! | 3 | [`http`] | listeners, limits, the route table, auth, handlers, wire forms, the page |
//! | – | `page/` | the page: HTML, CSS, ES modules, catalogues; its build script packs it |
//! | 4 | [`app`] | builds the parts, runs and drains them |
//! | 5 | [`cli`] | one file per verb; the commands are clients of the HTTP API |
//!
//! Start with [`domain::change`] (all that can be written), [`domain::lanes`] (who may send
//! next) and `engine::step` (what every message means); the rest is how it gets in and out.
//!
//! # What happens to an event
//!
//! `http` reads and checks the body ([`domain::intake`]) and renders it but for its id. The
//! engine numbers it, finds its endpoints ([`domain::route`]) and puts event and deliveries
//! into the open batch. That goes to the store thread when it is free; where many events wait,
//! they go behind the batch that it has. A batch is appended to the journal, and its
//! `Committed` comes back: the 202 goes out, the lanes learn of the deliveries, and those that
//! may go are given to delivery threads, which sign the frozen bytes and send. What came of it
//! returns to the engine, which decides what it means ([`domain::outcome`],
//! [`domain::retry`]); the next batch writes it down. The tables get what the journal has a
//! moment later, many batches in one transaction; who reads them waits for what is missing.
//!
//! **Why a journal before the tables.** A commit of redb writes some thirty pages in as many
//! places, and the client waits for all of them; one append takes a third of that, and the
//! tables are written in larger pieces, which takes half of the processor and of the bytes.
//!
//! **In flight is memory only.** A delivery's row stays due on disk until its result is
//! committed: a crash means "sent again", never "lost", and the engine needs no recovery code.
//!
//! # Invariants
//!
//! 1. `domain` reads no clock, no dice, no disk, no net. The engine's steps neither: they are
//!    given `now`.
//! 2. Only the store writes, and only what the engine decided; what is read has all that was
//!    committed before.
//! 3. No reply, and no request of a delivery, before the commit that made it.
//! 4. In flight is memory only.
//! 5. Every queue, body, history, retry and cache has a bound, and a stated answer at it.
//! 6. The bytes of a body are frozen when the event is accepted; every attempt sends the same
//!    bytes, freshly signed with the key, URL and headers of that moment.
//! 7. Domain types are not serializable: the disk form is in `store`, the wire form in `http`.
//! 8. Keys and tokens never appear in `Debug`, in a log line or in the history.
//! 9. A panic in a delivery thread is an outcome; one in the engine or the store thread ends
//!    the process with exit code 70.
//! 10. Lanes count engine time ([`domain::time::Tick`]): monotonic, starting at the later of the
//!     wall clock and the newest time in the database.
//!
//! # Words
//!
//! **Event**: something that happened. **Endpoint**: where it is to go. **Delivery**: one event
//! for one endpoint in one round. **Attempt**: one HTTP request made for a delivery or a test.
//! **Outcome**: what an attempt meant. **Lane**: the queue of one endpoint. **Change**: one fact
//! to write. **Batch**: the changes of one commit. **Effect**: one thing to do. **Job** and
//! **Finished**: what goes to a delivery thread and what comes back. **Test**: a signed sample
//! sent to one endpoint, its answer shown at once.
//!
//! `tests/tidy` keeps the floors and the style.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test ends where something fails")
)]

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod http;
pub mod send;
pub mod store;
pub mod telemetry;
