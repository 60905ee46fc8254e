//! Data to stdout, everything else to stderr; colours only where a terminal shows them.

use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use super::document::Document;
use super::failure::{Exit, Failure, code};

/// Delivered, active.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Failed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Waiting, paused.
pub const WAITING: Style = AnsiColor::Yellow.on_default();
/// Ids and what is less important.
pub const DIM: Style = Style::new().dimmed();
/// Nothing special.
pub const PLAIN: Style = Style::new();

/// The colour of a state or an outcome; the word always stands beside it.
pub fn style_of(word: &str) -> Style {
    match word {
        "active" | "delivered" | "ready" => GOOD,
        "failing" | "failed" | "expired" => BAD,
        "waiting" | "in_flight" | "paused" | "retry" => WAITING,
        _ => DIM,
    }
}

/// Text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    /// `--json` and `--quiet`.
    pub const fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// One line of data.
    pub fn line(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()?;
        Ok(())
    }

    /// Lines of data.
    pub fn lines(&self, lines: &[String]) -> Result<(), Failure> {
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// A remark beside the data, left out with `--json` and `--quiet`.
    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.json && !self.quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Prints a document where `--json` asks for it, its ids where `--quiet` does. True when
    /// that was all that is to be printed.
    pub fn machine(&self, document: &Document) -> Result<bool, Failure> {
        if self.json && !document.as_text().is_empty() {
            self.line(document.as_text())?;
        } else if self.quiet {
            self.lines(&document.ids())?;
        }
        Ok(self.json || self.quiet)
    }

    /// Whether a program reads: no table, no prose.
    pub const fn is_machine(&self) -> bool {
        self.json || self.quiet
    }

    /// Whether `--json` was given.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Asks before something that can't be undone. Without a terminal it refuses rather than
    /// hang.
    pub fn confirm(&self, question: &str, yes: bool) -> Result<(), Failure> {
        if yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            let what = format!("not confirmed: {question}");
            return Err(Failure::new(Exit::Usage, code::CONSENT, what)
                .why("There is no terminal to ask on.")
                .try_this("the same command with --yes"));
        }
        let _ = write!(anstream::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(Failure::new(Exit::No, code::CONSENT, "nothing was done")),
        }
    }
}

/// Prints the lines of a failure to stderr, the first word in red. A closed stderr leaves
/// nobody to tell.
pub fn complain(lines: &[String]) {
    let mut stderr = anstream::stderr().lock();
    for line in lines {
        let _ = match line.strip_prefix("error") {
            Some(rest) => writeln!(stderr, "{}{rest}", paint(BAD.bold(), "error")),
            None => writeln!(stderr, "{line}"),
        };
    }
}
