//! What goes wrong, in one shape: a code, what failed with its values, why, and what to try;
//! and the exit codes, which scripts and systemd read.

use serde_json::Value;

use super::document::clean;
use super::words::plural;

/// With which code the process ends. The unit must not restart on 6, 7 and 65.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It is done.
    Done,
    /// The answer is "no": not delivered, something needs attention, not confirmed.
    No,
    /// The command line can't be understood, or lacks `--yes`.
    Usage,
    /// There is no such thing.
    NotFound,
    /// The daemon can't be reached.
    Unreachable,
    /// Not allowed.
    Denied,
    /// In use, or in conflict with what is there.
    Conflict,
    /// Invalid input or configuration.
    Invalid,
    /// Refused for a reason that passes: disk full, shutting down.
    Temporary,
    /// The database is damaged or not ours.
    Damaged,
    /// A fault of ringhook's own.
    Bug,
    /// Ended by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Unreachable => 4,
            Self::Denied => 5,
            Self::Conflict => 6,
            Self::Invalid => 7,
            Self::Temporary => 8,
            Self::Damaged => 65,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// What an answer of the API means for a script.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Done,
            401 | 403 => Self::Denied,
            404 => Self::NotFound,
            409 => Self::Conflict,
            408 | 429 | 503 | 507 => Self::Temporary,
            400 | 413..=415 | 421 | 422 => Self::Invalid,
            _ => Self::Bug,
        }
    }
}

/// Codes of what the command line itself finds. Those of the configuration are RH-002x, those
/// of the API come with its answers.
pub mod code {
    /// A destructive command without consent.
    pub const CONSENT: &str = "RH-0101";
    /// A file can't be read or written.
    pub const FILE: &str = "RH-0102";
    /// Nothing has that id or name.
    pub const NOT_FOUND: &str = "RH-0103";
    /// The daemon can't be reached.
    pub const UNREACHABLE: &str = "RH-0104";
    /// Several things have that name.
    pub const AMBIGUOUS: &str = "RH-0105";
    /// A value that can't be meant.
    pub const VALUE: &str = "RH-0106";
    /// An answer that is not ringhook's.
    pub const ANSWER: &str = "RH-0107";
    /// A port or a socket can't be had.
    pub const LISTEN: &str = "RH-0108";
    /// The daemon can't start.
    pub const START: &str = "RH-0109";
    /// The database can't be used.
    pub const DATABASE: &str = "RH-0110";
    /// No browser can be opened.
    pub const BROWSER: &str = "RH-0111";
}

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell.
    Told(Box<Story>),
    /// Nobody reads our output any more, as with `| head`: no failure to talk about.
    OutputClosed,
}

/// A failure in words.
#[derive(Debug, Default)]
pub struct Story {
    /// `RH-0104`
    pub code: String,
    /// What failed, with its values.
    pub what: String,
    /// Why, line by line.
    pub why: Vec<String>,
    /// What to do.
    pub tries: Vec<String>,
    exit: Option<Exit>,
}

impl Failure {
    /// A failure; more can be told with `why` and `try_this`.
    pub fn new(exit: Exit, code: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Told(Box::new(Story {
            code: code.into(),
            what: what.into(),
            exit: Some(exit),
            ..Story::default()
        }))
    }

    /// Adds a line that says why.
    #[must_use]
    pub fn why(mut self, line: impl Into<String>) -> Self {
        if let Self::Told(story) = &mut self {
            story.why.push(line.into());
        }
        self
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn try_this(mut self, line: impl Into<String>) -> Self {
        if let Self::Told(story) = &mut self {
            story.tries.push(line.into());
        }
        self
    }

    /// A problem document of the API, with its errors field by field.
    pub fn problem(status: u16, retry_after: Option<&str>, body: &str) -> Self {
        let exit = Exit::of_status(status);
        let problem: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |key: &str| problem[key].as_str().map(clean);
        let Some(what) = text("detail").or_else(|| text("title")) else {
            return Self::new(
                exit,
                code::ANSWER,
                format!("the answer has status {status} and is not ringhook's"),
            )
            .try_this("check the address: is this a ringhook?");
        };
        let mut failure = Self::new(exit, text("code").unwrap_or_default(), what);
        for error in problem["errors"].as_array().into_iter().flatten() {
            let field = error["field"].as_str().map(clean).unwrap_or_default();
            let message = error["message"].as_str().map(clean).unwrap_or_default();
            failure = failure.why(match field.as_str() {
                "" => message,
                _ => format!("{field}: {message}"),
            });
        }
        match retry_after.and_then(|text| text.parse::<u64>().ok()) {
            Some(seconds) => failure.try_this(format!("again in {}", plural(seconds, "second"))),
            None => failure,
        }
    }

    /// The system refused something that it usually grants: a thread, a signal handler.
    #[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
    pub fn system(error: std::io::Error) -> Self {
        let what = format!("the system refused: {error}");
        Self::new(Exit::Temporary, code::START, what)
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Told(story) => story.exit.unwrap_or(Exit::Bug),
            Self::OutputClosed => Exit::Done,
        }
    }

    /// As it is printed, without colours.
    pub fn lines(&self) -> Vec<String> {
        let Self::Told(story) = self else {
            return Vec::new();
        };
        let head = format!("error {}: {}", story.code, story.what).replace("error :", "error:");
        let why = story.why.iter().map(|line| format!("  {line}"));
        let tries = story.tries.iter().map(|line| format!("  Try: {line}"));
        [head].into_iter().chain(why).chain(tries).collect()
    }

    /// Prints it to stderr; returns the exit code.
    pub fn print(&self) -> Exit {
        super::console::complain(&self.lines());
        self.exit()
    }
}

impl From<std::io::Error> for Failure {
    /// Only writing to our own output turns into a failure by `?`.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::new(
            Exit::Bug,
            code::FILE,
            format!("cannot write the output: {error}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_field_by_field() {
        let body = r#"{"title":"Unacceptable","status":422,"code":"RH-0312","detail":"2 fields
            can't be accepted","errors":[{"field":"url","code":"invalid","message":"must be http"},
            {"field":"","code":"x","message":"\u001b[31mred"}]}"#
            .replace("\n            ", " ");
        let failure = Failure::problem(422, None, &body);
        assert_eq!(failure.exit(), Exit::Invalid);
        assert_eq!(
            failure.lines(),
            [
                "error RH-0312: 2 fields can't be accepted",
                "  url: must be http",
                "  \u{fffd}[31mred",
            ]
        );
    }

    #[test]
    fn refusals_say_when_to_come_again() {
        let failure = Failure::problem(503, Some("1"), r#"{"title":"Busy","code":"RH-0401"}"#);
        assert_eq!(failure.exit(), Exit::Temporary);
        assert_eq!(
            failure.lines(),
            ["error RH-0401: Busy", "  Try: again in 1 second"]
        );
        let foreign = Failure::problem(502, None, "<html>");
        assert!(foreign.lines()[0].contains("status 502"));
    }
}
