//! Settings as they were written: the file with its line numbers, the environment, the flags.
//! Nothing is judged here but whether the key exists.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{FORM, Mistake, NOT_TOML, Place, UNKNOWN};
use super::nearest::nearest;
use super::table::{self, Kind, SETTINGS, Setting};

/// A value as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Raw {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Switch(bool),
    /// An array.
    List(Vec<Raw>),
    /// A table.
    Map(Vec<(String, Raw)>),
    /// Something that no setting takes, by the name that TOML has for it.
    Other(&'static str),
}

/// A value and where it was written.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// The setting, `http.listen`.
    pub setting: &'static Setting,
    /// Its value.
    pub raw: Raw,
    /// None for a default.
    pub place: Option<Place>,
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        (self.section, self.key) == (other.section, other.key)
    }
}

/// The variables that belong to the command line as a client of a daemon.
pub const CLIENT_VARIABLES: [&str; 4] = [
    "RINGHOOK_SOCKET",
    "RINGHOOK_URL",
    "RINGHOOK_TOKEN",
    "RINGHOOK_TOKEN_FILE",
];

/// The default of every setting.
pub fn from_defaults() -> Vec<Found> {
    let read = |setting: &'static Setting| Found {
        setting,
        raw: DeValue::parse(setting.default)
            .map(|value| raw(value.get_ref()))
            .expect("a test reads every default"),
        place: None,
    };
    SETTINGS.iter().map(read).collect()
}

/// What the file says. A file that is not TOML yields its mistakes and whatever could be read.
pub fn from_file(path: &Path, text: &str, mistakes: &mut Vec<Mistake>) -> Vec<Found> {
    let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
    let place = |at: usize| Some(Place::File(path.to_owned(), line(at)));
    let (document, errors) = DeTable::parse_recoverable(text);
    mistakes.extend(errors.iter().map(|error| Mistake {
        code: NOT_TOML,
        what: format!("the file is not TOML: {}", error.message()),
        place: place(error.span().map_or(0, |span| span.start)),
        advice: "Strings stand in quotes, as in listen = \"127.0.0.1:7464\".".to_owned(),
    }));
    let mut found = Vec::new();
    for (section, value) in document.get_ref() {
        let at = place(section.span().start);
        let section = section.get_ref().as_ref();
        let known = table::sections().contains(&section);
        let keys = match value.get_ref() {
            DeValue::Table(keys) if known => keys,
            _ => {
                mistakes.push(not_a_section(section, value.get_ref(), at));
                continue;
            }
        };
        for (key, value) in keys {
            let at = place(key.span().start);
            match table::find(section, key.get_ref()) {
                Some(setting) => found.push(Found {
                    setting,
                    raw: raw(value.get_ref()),
                    place: at,
                }),
                None => mistakes.push(unknown_key(section, key.get_ref(), at)),
            }
        }
    }
    found
}

/// What `RINGHOOK_…` variables say; unknown ones are only warned about, for they may be meant
/// for another version or another program.
pub fn from_environment(
    environment: &BTreeMap<String, OsString>,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<String>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let ours = environment
        .iter()
        .filter(|(name, _)| name.starts_with("RINGHOOK_"))
        .filter(|(name, _)| !CLIENT_VARIABLES.contains(&name.as_str()));
    for (name, value) in ours {
        let setting = SETTINGS.iter().find(|s| s.environment_name() == *name);
        let place = Some(Place::Environment(name.clone()));
        match (setting, value.to_str()) {
            (None, _) => warnings.push(unknown_variable(name)),
            (Some(setting), Some(text)) => found.push(Found {
                setting,
                raw: from_text(setting.kind, text),
                place,
            }),
            (Some(_), None) => mistakes.push(Mistake {
                code: FORM,
                what: format!("the value of {name} is not UTF-8"),
                place,
                advice: "Write it in UTF-8, or in the configuration file.".to_owned(),
            }),
        }
    }
    found
}

/// A value of the environment or of a flag: lists are separated by commas, maps are lists of
/// `key=value`.
pub fn from_text(kind: Kind, text: &str) -> Raw {
    let parts = || {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
    };
    let word = |text: &str| Raw::Text(text.to_owned());
    match kind {
        Kind::Hosts | Kind::Egress | Kind::Plan => Raw::List(parts().map(word).collect()),
        Kind::Lives => {
            let pair = |part: &str| match part.split_once('=') {
                Some((key, value)) => (key.trim().to_owned(), word(value.trim())),
                None => (part.to_owned(), word("")),
            };
            Raw::Map(parts().map(pair).collect())
        }
        Kind::Switch => text.parse().map_or_else(|_| word(text), Raw::Switch),
        Kind::Count(..) => text.parse().map_or_else(|_| word(text), Raw::Integer),
        _ => word(text),
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    let inner = |value: &Spanned<DeValue<'_>>| raw(value.get_ref());
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Boolean(switch) => Raw::Switch(*switch),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("integer of more than 64 bits"), Raw::Integer),
        DeValue::Array(list) => Raw::List(list.iter().map(inner).collect()),
        DeValue::Table(map) => Raw::Map(
            map.iter()
                .map(|(key, value)| (key.get_ref().to_string(), inner(value)))
                .collect(),
        ),
        DeValue::Float(_) => Raw::Other("number with a point"),
        DeValue::Datetime(_) => Raw::Other("date"),
    }
}

fn not_a_section(name: &str, value: &DeValue<'_>, place: Option<Place>) -> Mistake {
    let sections = table::sections();
    let all = || format!("Sections: {}.", sections.join(", "));
    let home = SETTINGS.iter().find(|setting| setting.key == name);
    let (what, advice) = match (value, home) {
        (DeValue::Table(_), _) => (
            format!("unknown section [{name}]"),
            nearest(name, sections.iter().copied())
                .map_or_else(all, |near| format!("Did you mean [{near}]?")),
        ),
        (_, _) if sections.contains(&name) => (
            format!("`{name}` is a section, and stands here as a key"),
            format!("Write [{name}] on a line of its own, and its keys below."),
        ),
        (_, Some(home)) => (
            format!("`{name}` stands outside a section"),
            format!("Put it below [{}].", home.section),
        ),
        (_, None) => (format!("unknown key `{name}` outside a section"), all()),
    };
    Mistake {
        code: UNKNOWN,
        what,
        place,
        advice,
    }
}

fn unknown_key(section: &str, key: &str, place: Option<Place>) -> Mistake {
    let keys = || SETTINGS.iter().filter(|s| s.section == section);
    let elsewhere = SETTINGS.iter().find(|setting| setting.key == key);
    let advice = match (nearest(key, keys().map(|s| s.key)), elsewhere) {
        (_, Some(home)) => format!("It belongs below [{}].", home.section),
        (Some(near), None) => format!("Did you mean `{near}`?"),
        (None, None) => {
            let all: Vec<_> = keys().map(|setting| setting.key).collect();
            format!("Keys of [{section}]: {}.", all.join(", "))
        }
    };
    Mistake {
        code: UNKNOWN,
        what: format!("unknown key `{key}` in [{section}]"),
        place,
        advice,
    }
}

fn unknown_variable(name: &str) -> String {
    let mut known: Vec<_> = SETTINGS.iter().map(Setting::environment_name).collect();
    known.extend(CLIENT_VARIABLES.map(str::to_owned));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("unknown variable {name} is ignored; did you mean {near}?"),
        None => format!("unknown variable {name} is ignored"),
    }
}
