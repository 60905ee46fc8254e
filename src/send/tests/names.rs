//! Looking names up, with a look-up of our own in place of the system's.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::names::{Names, TIMES, Times};
use super::super::phases;
use crate::domain::attempt::{ErrorKind, SendError};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 9));
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(30);

/// Closed until it is opened: whoever passes waits.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

/// Resolves as a call with `limit` left would.
fn resolve(names: &Names, name: &str, limit: Duration) -> Result<Vec<IpAddr>, SendError> {
    phases::begin(limit);
    let result = names.resolve(name);
    phases::end();
    result
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "it never came to be");
        thread::yield_now();
    }
}

#[test]
fn a_name_is_looked_up_once_for_all_that_wait() {
    let (gate, count) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (held, counter) = (gate.clone(), Arc::clone(&count));
    let names = Arc::new(Names::with(TIMES, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        held.pass();
        Ok(vec![HERE, HERE, THERE])
    }));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let names = Arc::clone(&names);
            thread::spawn(move || resolve(&names, "crm.example", LONG).unwrap())
        })
        .collect();
    until(|| count.load(Ordering::SeqCst) == 1);
    gate.open();
    for caller in callers {
        assert_eq!(caller.join().unwrap(), [HERE, THERE]);
    }
    assert_eq!(
        resolve(&names, "crm.example", SHORT).unwrap(),
        [HERE, THERE]
    );
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn failures_are_told_in_words_and_remembered() {
    const UNKNOWN: &str = "failed to lookup address information: Name or service not known";
    const LATER: &str =
        "failed to lookup address information: Temporary failure in name resolution";
    for (answer, expected) in [
        (Some(UNKNOWN), "the name crm.example does not exist"),
        (
            Some(LATER),
            "the name crm.example could not be looked up: Temporary failure in name resolution",
        ),
        (None, "the name crm.example has no address"),
    ] {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let names = Names::with(TIMES, move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            answer.map_or(Ok(Vec::new()), |text| Err(io::Error::other(text)))
        });
        for _ in 0..3 {
            let error = resolve(&names, "crm.example", LONG).unwrap_err();
            assert_eq!((error.kind, &*error.message), (ErrorKind::Dns, expected));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn nobody_waits_long_for_a_look_up_that_hangs() {
    let gate = Gate::default();
    let held = gate.clone();
    let times = Times {
        wait: SHORT,
        ..TIMES
    };
    let names = Names::with(times, move |_| {
        held.pass();
        Ok(vec![HERE])
    });
    // The time of the first caller is up before that of the look-up.
    let error = resolve(&names, "crm.example", SHORT / 10).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let error = resolve(&names, "crm.example", LONG).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Dns);
    assert!(
        error.message.ends_with("could not be looked up in 100 ms"),
        "{}",
        error.message
    );
    // What comes in the end is good for the next caller.
    gate.open();
    until(|| resolve(&names, "crm.example", LONG).is_ok());
}

#[test]
fn old_addresses_serve_while_a_new_look_up_runs() {
    let (gate, count) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (held, counter) = (gate.clone(), Arc::clone(&count));
    let times = Times {
        fresh: Duration::ZERO,
        ..TIMES
    };
    let names = Names::with(times, move |_| {
        match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(vec![HERE]),
            _ => {
                held.pass();
                Ok(vec![THERE])
            }
        }
    });
    // Fresh for no time at all, so even the first answer is read as an old one.
    assert_eq!(resolve(&names, "crm.example", LONG).unwrap(), [HERE]);
    until(|| count.load(Ordering::SeqCst) == 2);
    for _ in 0..10 {
        assert_eq!(resolve(&names, "crm.example", LONG).unwrap(), [HERE]);
    }
    assert_eq!(count.load(Ordering::SeqCst), 2, "one new look-up at a time");
    gate.open();
    until(|| resolve(&names, "crm.example", LONG).unwrap() == [THERE]);
}

#[test]
fn names_that_fail_leave_threads_to_the_others() {
    let gate = Gate::default();
    let held = gate.clone();
    let calls = Mutex::new(Vec::<String>::new());
    let times = Times {
        failed: Duration::ZERO,
        wait: SHORT,
        ..TIMES
    };
    // Bad names fail at once the first time, and hang the second.
    let names = Names::with(times, move |name| {
        if !name.starts_with("bad") {
            return Ok(vec![HERE]);
        }
        let mut seen = calls.lock().unwrap();
        let is_known = seen.iter().any(|known| known == name);
        seen.push(name.to_owned());
        drop(seen);
        if is_known {
            held.pass();
        }
        Err(io::Error::other("no"))
    });
    for round in 0..2 {
        for number in 0..8 {
            let limit = if round == 0 { LONG } else { SHORT / 20 };
            assert!(resolve(&names, &format!("bad{number}"), limit).is_err());
        }
    }
    for number in 0..20 {
        assert_eq!(
            resolve(&names, &format!("good{number}"), LONG).unwrap(),
            [HERE]
        );
    }
    gate.open();
}

#[test]
fn a_stop_ends_all_waiting() {
    let (gate, count) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (held, counter) = (gate.clone(), Arc::clone(&count));
    let names = Arc::new(Names::with(TIMES, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        held.pass();
        Ok(vec![HERE])
    }));
    let waiting = Arc::clone(&names);
    let caller = thread::spawn(move || resolve(&waiting, "crm.example", LONG));
    until(|| count.load(Ordering::SeqCst) == 1);
    let begun = Instant::now();
    names.stop();
    assert_eq!(
        caller.join().unwrap().unwrap_err().kind,
        ErrorKind::Internal
    );
    assert!(begun.elapsed() < Duration::from_secs(4));
    gate.open();
}
