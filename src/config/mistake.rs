//! What is wrong with a setting, where it stands, and what to do about it.

use std::fmt;
use std::path::PathBuf;

/// One mistake. Its `Display` is one line with the value and the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// `RH-0021`, for the manual.
    pub code: &'static str,
    /// What is wrong, with the value.
    pub what: String,
    /// Where it stands; None where nothing was written at all.
    pub place: Option<Place>,
    /// What to do.
    pub advice: String,
}

/// Where a value was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the file, at a line counted from 1.
    File(PathBuf, usize),
    /// In a variable of the environment.
    Environment(String),
    /// In a flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{} line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} ({place})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// The file can't be read.
pub const UNREADABLE: &str = "RH-0020";
/// A key, section or variable that does not exist.
pub const UNKNOWN: &str = "RH-0021";
/// A value of the wrong type or form.
pub const FORM: &str = "RH-0022";
/// A value out of its range.
pub const RANGE: &str = "RH-0023";
/// Two values that don't go together.
pub const CONTRADICTION: &str = "RH-0024";
/// The file is not TOML.
pub const NOT_TOML: &str = "RH-0025";
/// There is no place for the data.
pub const NO_PLACE: &str = "RH-0026";
