//! What a receiver does with the requests that come, one after the other: an answer, or one of
//! the many ways in which receivers misbehave.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most often that a step of a script in words is taken before the next.
const TIMES_MAX: u64 = 1_000_000;

/// Steps that are taken in turn; the last one stays. Clones are the same script.
#[derive(Clone, Debug)]
pub struct Script(Arc<Mutex<Vec<Turn>>>);

#[derive(Clone, Debug)]
struct Turn {
    step: Step,
    left: u64,
}

/// What is done with one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// In one word, for who reads along: `200`, `timeout`.
    pub name: Cow<'static, str>,
    /// Whether the request is read first.
    pub reads: bool,
    /// Then, one after the other. What does not end the connection leaves it open for more.
    pub acts: Vec<Act>,
}

/// One thing on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// These bytes.
    Say(Cow<'static, [u8]>),
    /// These bytes, again and again, until the other side has had enough.
    Flood(Cow<'static, [u8]>),
    /// One byte after the other with a pause between, until the other side has had enough.
    Drip(Cow<'static, [u8]>, Duration),
    /// Nothing for a while.
    Rest(Duration),
    /// Nothing until the other side ends the connection.
    Hang,
    /// Nothing, and not even reading, until the receiver ends.
    Deaf,
    /// Ends the connection.
    Close,
    /// Cuts the connection, so that the other side sees an error.
    Reset,
}

/// A word of a script, and the step that it stands for.
type Word = (&'static str, fn() -> Step);

/// The words of a script besides statuses, with what they do.
const WORDS: [Word; 9] = [
    ("timeout", || Step::after_request("timeout").then(Act::Hang)),
    ("close", || Step::after_request("close").then(Act::Close)),
    ("reset", || Step::after_request("reset").then(Act::Reset)),
    ("shut", || Step::at_once("shut").then(Act::Close)),
    ("deaf", || Step::at_once("deaf").then(Act::Deaf)),
    ("drip", || {
        let head = b"HTTP/1.1 200 OK\r\nx-drip: ";
        let drip = Act::Drip(b"x".into(), Duration::from_millis(100));
        Step::after_request("drip").say(head).then(drip)
    }),
    ("garbage", || {
        let step = Step::after_request("garbage").say(b"220 mail.example ESMTP\r\n");
        step.then(Act::Close)
    }),
    ("endless", || {
        let step = Step::after_request("endless").say(b"HTTP/1.1 200 OK\r\n\r\n");
        step.then(Act::Flood(b"more ".into()))
    }),
    ("redirect", || {
        Step::after_request("302")
            .say(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
    }),
];

impl Script {
    /// Always the same.
    pub fn always(step: Step) -> Self {
        Self::of(vec![(step, 1)])
    }

    /// Each step so many times, the last one for ever.
    pub fn of(steps: Vec<(Step, u64)>) -> Self {
        let turn = |(step, left)| Turn { step, left };
        Self(Arc::new(Mutex::new(steps.into_iter().map(turn).collect())))
    }

    /// Reads `200`, `500*3,timeout,200`; each part is a status or a word.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(|part| {
            let (what, times) = part.trim().split_once('*').unwrap_or((part.trim(), "1"));
            let times = times.trim().parse::<u64>().ok();
            let times = times.filter(|times| (1..=TIMES_MAX).contains(times));
            let times = times.ok_or_else(|| format!("{part}: write it like 500*3"))?;
            Ok((Step::parse(what.trim())?, times))
        });
        let steps: Vec<(Step, u64)> = parts.collect::<Result<_, String>>()?;
        Ok(Self::of(steps))
    }

    /// Does that with all requests from now on.
    pub fn set(&self, step: Step) {
        *self.lock() = vec![Turn { step, left: 1 }];
    }

    /// What comes next, without its being taken.
    pub fn next(&self) -> Step {
        let turns = self.lock();
        let first = turns.first().map(|turn| turn.step.clone());
        first.unwrap_or_else(|| Step::status(200))
    }

    /// Takes the next step.
    pub fn take(&self) -> Step {
        let mut turns = self.lock();
        let is_last = turns.len() == 1;
        let Some(first) = turns.first_mut() else {
            return Step::status(200);
        };
        let step = first.step.clone();
        first.left = first.left.saturating_sub(1);
        if first.left == 0 && !is_last {
            turns.remove(0);
        }
        step
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As it is written: `500*3,timeout,200`.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, turn) in self.lock().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}", turn.step.name)?;
            if turn.left > 1 {
                write!(f, "*{}", turn.left)?;
            }
        }
        Ok(())
    }
}

impl Step {
    /// Answers with that status and no body.
    pub fn status(status: u16) -> Self {
        let known = http::StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason());
        let reason = reason.unwrap_or("Said");
        let length = match status {
            204 | 304 => "",
            _ => "content-length: 0\r\n",
        };
        let text = format!("HTTP/1.1 {status} {reason}\r\n{length}\r\n");
        Self {
            name: status.to_string().into(),
            reads: true,
            acts: vec![Act::Say(text.into_bytes().into())],
        }
    }

    /// Reads the request, and does what is added.
    pub fn after_request(name: &'static str) -> Self {
        Self {
            name: name.into(),
            reads: true,
            acts: Vec::new(),
        }
    }

    /// Does what is added before anything is read.
    pub fn at_once(name: &'static str) -> Self {
        Self {
            reads: false,
            ..Self::after_request(name)
        }
    }

    /// And then that.
    #[must_use]
    pub fn then(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// And then these bytes.
    #[must_use]
    pub fn say(self, bytes: &'static [u8]) -> Self {
        self.then(Act::Say(bytes.into()))
    }

    fn parse(what: &str) -> Result<Self, String> {
        if let Some((_, make)) = WORDS.iter().find(|(word, _)| *word == what) {
            return Ok(make());
        }
        match what.parse() {
            Ok(status @ 200..=599) => Ok(Self::status(status)),
            _ => {
                let words: Vec<_> = WORDS.iter().map(|(word, _)| *word).collect();
                let words = words.join(", ");
                Err(format!(
                    "\"{what}\" is neither a status from 200 to 599 nor one of {words}"
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(script: &Script, count: usize) -> String {
        let names = (0..count).map(|_| script.take().name);
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_are_taken_in_turn_and_the_last_one_stays() {
        let check = |text: &str, expected: &str| {
            let script = Script::parse(text).unwrap();
            assert_eq!(script.next().name, expected.split(' ').next().unwrap());
            assert_eq!(names(&script.clone(), 6), expected, "{text}");
        };
        check("200", "200 200 200 200 200 200");
        check("500*3,timeout,200", "500 500 500 timeout 200 200");
        check(" 429 , close*2 ", "429 close close close close close");
        let written = "500*3,timeout,200";
        assert_eq!(Script::parse(written).unwrap().to_string(), written);
        let script = Script::always(Step::status(200));
        script.set(Step::status(503));
        assert_eq!(names(&script, 2), "503 503");
    }

    #[test]
    fn what_is_no_script_says_so() {
        for text in [
            "",
            "x",
            "200,",
            "199",
            "600",
            "200*0",
            "200*x",
            "200*9999999",
        ] {
            assert!(Script::parse(text).is_err(), "{text}");
        }
        let why = Script::parse("hang").unwrap_err();
        assert!(why.contains("timeout, close, reset"), "{why}");
    }
}
