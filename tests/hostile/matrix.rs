//! The bad-receiver matrix: what each of them makes of an attempt, over http and https, on a
//! fresh connection and on one that was kept; in what time, and in how much memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ringhook::cli::receiver::{Script, Step};
use ringhook::domain::attempt::{BODY_KEPT_BYTES, ErrorKind};
use ringhook::send::http::HttpTransport;
use ringhook::send::{Sent, Transport as _};

use crate::certificates;
use crate::world::{LIMIT_MS, client, options, receiver, request};
use crate::{answers, faults};

/// What must come of it: a status and whether the body was left, or a kind and words.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    Answer(u16, bool),
    Fault(ErrorKind, &'static str),
}

/// One way to misbehave.
pub struct Case {
    name: &'static str,
    step: fn() -> Step,
    plain: Expected,
    fresh_tls: Expected,
    kept_tls: Expected,
    /// A kept connection ends before the first byte of an answer, and is replaced.
    replaced: bool,
}

/// A case that is the same everywhere.
pub fn case(name: &'static str, step: fn() -> Step, expected: Expected) -> Case {
    Case {
        name,
        step,
        plain: expected,
        fresh_tls: expected,
        kept_tls: expected,
        replaced: false,
    }
}

impl Case {
    pub fn over_fresh_tls(mut self, expected: Expected) -> Self {
        self.fresh_tls = expected;
        self
    }

    /// Also over TLS on the connection that replaces a kept one.
    pub fn over_tls(mut self, expected: Expected) -> Self {
        (self.fresh_tls, self.kept_tls) = (expected, expected);
        self
    }

    pub fn that_is_replaced(mut self) -> Self {
        self.replaced = true;
        self
    }

    fn expected(&self, tls: bool, kept: bool) -> Expected {
        match (tls, kept) {
            (false, _) => self.plain,
            (true, false) => self.fresh_tls,
            (true, true) => self.kept_tls,
        }
    }
}

/// What comes after the time of an attempt: two seconds of a body, and a machine that is busy.
const BODY_MS: u64 = 2_000;
const SLACK_MS: u64 = 4_000;

/// Attempts at a time: as delivery threads, each is held by one attempt.
const THREADS: usize = 24;

/// What a fault of the client would take without end; a run of all cases takes a part of it.
const GROWTH_BYTES_MAX: u64 = 48 << 20;

fn cases() -> Vec<Case> {
    let mut all = faults::ends();
    all.extend(answers::bodies());
    all.extend(faults::parts());
    all.extend(faults::heads());
    all.extend(faults::interim());
    all.extend(faults::nonsense());
    all.extend(answers::statuses());
    all
}

/// Runs one case once; what is wrong.
fn run(client: &HttpTransport, case: &Case, tls: bool, kept: bool) -> Result<(), String> {
    let config = tls.then(|| certificates::server(certificates::GOOD));
    let scheme = if tls { "https" } else { "http" };
    let script = match kept {
        true => Script::of(vec![(Step::status(200), 1), ((case.step)(), 1)]),
        false => Script::always((case.step)()),
    };
    let receiver = receiver(script, config);
    let url = format!(
        "{scheme}://127.0.0.1:{}/hook?token=hidden",
        receiver.address().port()
    );
    if kept {
        let first = client.send(&request(&url, None), 4);
        let status = first.result.map(|reply| reply.status);
        if status != Ok(200) {
            return Err(format!("the first request: {status:?}"));
        }
    }
    let begun = Instant::now();
    let sent = client.send(&request(&url, None), 4);
    let took = begun.elapsed();
    let connections = receiver.connections();
    receiver.stop();
    let expected = case.expected(tls, kept);
    check(&sent, expected)?;
    let body_ms = if sent.result.is_ok() { BODY_MS } else { 0 };
    let bound = Duration::from_millis(u64::from(LIMIT_MS) + body_ms + SLACK_MS);
    if took > bound {
        return Err(format!("held its thread for {took:?}"));
    }
    let wanted = if kept && case.replaced { 2 } else { 1 };
    if connections != wanted {
        return Err(format!("{connections} connections, and not {wanted}"));
    }
    check_timings(&sent, tls, kept && !case.replaced)
}

fn check(sent: &Sent, expected: Expected) -> Result<(), String> {
    match (expected, &sent.result) {
        (Expected::Answer(status, truncated), Ok(reply))
            if (reply.status, reply.truncated) == (status, truncated)
                && reply.body.len() <= BODY_KEPT_BYTES =>
        {
            Ok(())
        }
        (Expected::Fault(kind, words), Err(error))
            if error.kind == kind
                && error.message.contains(words)
                && !error.message.contains("hidden") =>
        {
            Ok(())
        }
        (_, result) => Err(format!("{expected:?}, and not {result:?}")),
    }
}

/// A kept connection has neither been looked up nor made, whatever came of it then.
fn check_timings(sent: &Sent, tls: bool, was_open: bool) -> Result<(), String> {
    let timings = sent.timings;
    let made = [timings.resolve_ms, timings.connect_ms].map(|ms| ms.is_some());
    let right = made == [!was_open; 2] && timings.tls_ms.is_some() == (tls && !was_open);
    match right {
        true => Ok(()),
        false => Err(format!("timings {timings:?}")),
    }
}

/// Bytes of memory that this process holds.
fn resident_bytes() -> u64 {
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * PAGE_BYTES
}

#[test]
fn every_bad_receiver_ends_as_it_should_in_time_and_in_little_memory() {
    let cases = cases();
    assert!(cases.len() >= 75, "{} cases", cases.len());
    let client = client(options());
    let variants: Vec<_> = cases
        .iter()
        .flat_map(|case| [false, true].map(|tls| (case, tls)))
        .flat_map(|(case, tls)| [false, true].map(|kept| (case, tls, kept)))
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let before = resident_bytes();
    let most = Mutex::new(before);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((case, tls, kept)) =
                    variants.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if run(&client, case, *tls, *kept).is_err() {
                        wrong.lock().unwrap().push((*case, *tls, *kept));
                    }
                    let now = resident_bytes();
                    let mut most = most.lock().unwrap();
                    *most = now.max(*most);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    // A machine that is busy with other things may be the cause: once more, one by one.
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter_map(|(case, tls, kept)| {
            let why = run(&client, case, tls, kept).err()?;
            Some(format!("{}, tls {tls}, kept {kept}: {why}", case.name))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let grown = most.into_inner().unwrap() - before;
    let cases = variants.len();
    println!("{cases} attempts, at most {} KiB more memory", grown >> 10);
    assert!(grown < GROWTH_BYTES_MAX, "{} MiB more", grown >> 20);
}

/// The one replacement within an attempt: once, and with a fresh connection.
#[test]
fn a_kept_connection_that_ended_is_replaced_once() {
    use ringhook::cli::receiver::Act;
    let end = || Step::after_request("end").then(Act::Close);
    for tls in [false, true] {
        let config = tls.then(|| certificates::server(certificates::GOOD));
        let steps = vec![
            (Step::status(200), 1),
            (end(), 1),
            (Step::status(202), 1),
            (end(), 1),
        ];
        let receiver = receiver(Script::of(steps), config);
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://127.0.0.1:{}/", receiver.address().port());
        let client = client(options());
        let send = || client.send(&request(&url, None), 4).result;
        assert_eq!(send().unwrap().status, 200);
        assert_eq!(send().unwrap().status, 202, "on a fresh connection");
        assert_eq!(receiver.connections(), 2);
        // The fresh one ends as well, and so does its replacement.
        assert_eq!(send().unwrap_err().kind, ErrorKind::Closed);
        assert_eq!(receiver.connections(), 3);
        receiver.stop();
    }
}
