//! From what was written everywhere to `Settings`, or every mistake at once. Pure: the file is
//! text, the environment a map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::contradiction::contradictions;
use super::effective::{Effective, spelled};
use super::mistake::{Mistake, NO_PLACE, Place};
use super::paths::Identity;
use super::raw::{self, Found, Raw};
use super::table::{self, SETTINGS};
use super::value::{self, Value};
use super::{
    DeliverySettings, EgressSettings, HttpSettings, LogFormat, LogSettings, RetentionSettings,
    Settings, StoreSettings,
};
use crate::domain::address::EgressEntry;

/// Flags of `serve` that are settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`
    pub listen: Option<String>,
    /// `--socket`, absolute.
    pub socket: Option<String>,
    /// `--data`, absolute: the directory of `ringhook.redb`.
    pub data: Option<String>,
}

/// Everything that settings are made from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Who runs it, with the environment.
    pub identity: Identity,
    /// The configuration file and its text.
    pub file: Option<(PathBuf, String)>,
    /// The command line.
    pub flags: Flags,
}

/// Settings, and what is worth a warning once there is a log.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Complete.
    pub settings: Settings,
    /// The same in words, in the order of the table.
    pub effective: Vec<Effective>,
    /// Sentences.
    pub warnings: Vec<String>,
}

/// Puts flags over environment over file over defaults, and checks everything.
pub fn resolve(sources: &Sources) -> Result<Resolved, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    let mut values = Values::default();
    values.take(raw::from_defaults(), &mut mistakes);
    if let Some((path, text)) = &sources.file {
        let found = raw::from_file(path, text, &mut mistakes);
        values.take(found, &mut mistakes);
    }
    let environment = &sources.identity.environment;
    let found = raw::from_environment(environment, &mut mistakes, &mut warnings);
    values.take(found, &mut mistakes);
    values.take(from_flags(&sources.flags), &mut mistakes);

    let paths = places(&values, &sources.identity);
    if paths.is_none() {
        mistakes.push(no_place());
    }
    let (store, socket) = paths.unwrap_or_default();
    let settings = settings(&values, store, socket);
    mistakes.extend(contradictions(&settings, &values));
    mistakes.sort_by_key(|mistake| match &mistake.place {
        Some(Place::File(_, line)) => (0, *line),
        Some(Place::Environment(_)) => (1, 0),
        Some(Place::Flag(_)) => (2, 0),
        None => (3, 0),
    });
    if mistakes.is_empty() {
        Ok(Resolved {
            effective: values.effective(&settings),
            settings,
            warnings,
        })
    } else {
        Err(mistakes)
    }
}

/// The value of every setting, with its place. A value that does not hold leaves the one below
/// it in place, so that the rest can still be checked.
#[derive(Debug, Default)]
pub struct Values {
    held: BTreeMap<String, Held>,
    wrong: Vec<String>,
}

#[derive(Debug)]
struct Held {
    value: Value,
    place: Option<Place>,
    spelled: String,
}

impl Values {
    fn take(&mut self, found: Vec<Found>, mistakes: &mut Vec<Mistake>) {
        for Found {
            setting,
            raw,
            place,
        } in found
        {
            let name = setting.name();
            match value::read(setting.kind, &raw) {
                Ok(value) => {
                    let spelled = spelled(setting.kind, &value, &raw);
                    let held = Held {
                        value,
                        place,
                        spelled,
                    };
                    self.held.insert(name, held);
                }
                Err(wrongs) => {
                    mistakes.extend(wrongs.into_iter().map(|wrong| Mistake {
                        code: wrong.code,
                        what: format!("{name}: {} {}", wrong.value, wrong.why),
                        place: place.clone(),
                        advice: wrong.advice,
                    }));
                    self.wrong.push(name);
                }
            }
        }
    }

    /// Whether none of these was written wrongly, so that comparing them makes sense.
    pub fn hold(&self, names: &[&str]) -> bool {
        names
            .iter()
            .all(|name| !self.wrong.iter().any(|w| w == name))
    }

    /// Where the value of a setting was written; None for a default.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.held.get(name)?.place.clone()
    }

    /// Every setting in words. Where an empty path or another setting decides, what came of it.
    fn effective(&self, settings: &Settings) -> Vec<Effective> {
        let each = SETTINGS.iter().map(|setting| {
            let name = setting.name();
            let held = &self.held[&name];
            let value = match name.as_str() {
                "store.path" => settings.store.path.display().to_string(),
                "http.socket" => settings.http.socket.display().to_string(),
                "delivery.threads" => settings.delivery.threads.to_string(),
                "delivery.threads_max" => settings.delivery.threads_max.to_string(),
                _ => held.spelled.clone(),
            };
            Effective {
                setting,
                value,
                place: held.place.clone(),
            }
        });
        each.collect()
    }

    fn value(&self, name: &str) -> &Value {
        let held = self.held.get(name);
        &held.expect("every setting has a default").value
    }

    fn number<T: TryFrom<u64>>(&self, name: &str) -> T {
        match self.value(name) {
            Value::Number(n) => T::try_from(*n).ok(),
            _ => None,
        }
        .expect("the table keeps numbers in the range of their field")
    }

    fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Value::Texts(texts) => texts.clone(),
            _ => Vec::new(),
        }
    }

    fn switch(&self, name: &str) -> bool {
        matches!(self.value(name), Value::Switch(true))
    }

    fn egress(&self, name: &str) -> Vec<EgressEntry> {
        match self.value(name) {
            Value::Egress(entries) => entries.clone(),
            _ => Vec::new(),
        }
    }
}

fn from_flags(flags: &Flags) -> Vec<Found> {
    let file = |dir: &String| format!("{}/ringhook.redb", dir.trim_end_matches('/'));
    let given = [
        ("http", "listen", "--listen", flags.listen.clone()),
        ("http", "socket", "--socket", flags.socket.clone()),
        ("store", "path", "--data", flags.data.as_ref().map(file)),
    ];
    let found = |(section, key, flag, text): (&str, &str, &'static str, Option<String>)| {
        Some(Found {
            setting: table::find(section, key)?,
            raw: Raw::Text(text?),
            place: Some(Place::Flag(flag)),
        })
    };
    given.into_iter().filter_map(found).collect()
}

/// The database and the socket; None where there is neither a setting nor a home for the data.
fn places(values: &Values, identity: &Identity) -> Option<(PathBuf, PathBuf)> {
    let store = match values.text("store.path") {
        "" => identity.data_dir()?.join("ringhook.redb"),
        path => PathBuf::from(path),
    };
    let data_dir = store.parent().unwrap_or(Path::new("/"));
    let socket = match values.text("http.socket") {
        "" => identity.socket(data_dir),
        path => PathBuf::from(path),
    };
    Some((store, socket))
}

fn no_place() -> Mistake {
    Mistake {
        code: NO_PLACE,
        what: "there is no place for the data: neither HOME nor XDG_DATA_HOME is set".to_owned(),
        place: None,
        advice: "Start with --data DIR, or set store.path.".to_owned(),
    }
}

fn settings(values: &Values, store: PathBuf, socket: PathBuf) -> Settings {
    let listen = match values.value("http.listen") {
        Value::Address(address) => *address,
        _ => ([127, 0, 0, 1], 7464).into(),
    };
    Settings {
        http: HttpSettings {
            listen,
            socket,
            public_url: values.text("http.public_url").to_owned(),
            allowed_hosts: values.texts("http.allowed_hosts"),
            plain: values.switch("http.plain"),
            body_bytes_max: values.number("http.body_bytes_max"),
            batch_bytes_max: values.number("http.batch_bytes_max"),
            header_timeout_ms: values.number("http.header_timeout"),
            body_timeout_ms: values.number("http.body_timeout"),
            connections_max: values.number("http.connections_max"),
            streams_max: values.number("http.streams_max"),
        },
        store: StoreSettings {
            path: store,
            cache_bytes: values.number("store.cache_bytes"),
            free_bytes_min: values.number("store.free_bytes_min"),
        },
        retention: RetentionSettings {
            age_ms: values.number("retention.age"),
            bytes_max: values.number("retention.bytes"),
        },
        delivery: delivery(values),
        egress: EgressSettings {
            private: values.switch("egress.private"),
            allow: values.egress("egress.allow"),
            deny: values.egress("egress.deny"),
            ca_file: Some(values.text("egress.ca_file"))
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            proxy: match values.value("egress.proxy") {
                Value::Proxy(proxy) => Some(proxy.clone()),
                _ => None,
            },
        },
        log: LogSettings {
            level: match values.value("log.level") {
                Value::Level(level) => *level,
                _ => log::LevelFilter::Info,
            },
            format: match values.value("log.format") {
                Value::Format(format) => *format,
                _ => LogFormat::Auto,
            },
        },
    }
}

fn delivery(values: &Values) -> DeliverySettings {
    let (threads, threads_max) = threads(values);
    DeliverySettings {
        threads,
        threads_max,
        in_flight_max: values.number("delivery.in_flight_max"),
        connect_timeout_ms: values.number("delivery.connect_timeout"),
        timeout_ms: values.number("delivery.timeout"),
        retry_plan_ms: match values.value("delivery.retry_plan") {
            Value::Numbers(delays) => delays.clone(),
            _ => Vec::new(),
        },
        life_ms: match values.value("delivery.life") {
            Value::Lives(lives) => lives.clone(),
            _ => BTreeMap::new(),
        },
        pause_after_ms: values.number("delivery.pause_after"),
        waiting_max: values.number("delivery.waiting_max"),
        stop_timeout_ms: values.number("delivery.stop_timeout"),
    }
}

/// Threads that are kept, and at most. Where only one of them was written, the default of the
/// other gives way.
fn threads(values: &Values) -> (u32, u32) {
    let (kept, most) = ("delivery.threads", "delivery.threads_max");
    let (threads, threads_max): (u32, u32) = (values.number(kept), values.number(most));
    match (values.place(kept), values.place(most)) {
        (None, Some(_)) => (threads_max.min(threads), threads_max),
        (Some(_), None) => (threads, threads.max(threads_max)),
        _ => (threads, threads_max),
    }
}
