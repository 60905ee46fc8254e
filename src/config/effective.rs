//! What holds, in words: each setting with its value as the file would spell it and the place
//! where it was written; and what of it a running daemon takes over from a newer reading.

use super::mistake::Place;
use super::raw::Raw;
use super::resolve::Resolved;
use super::table::{Kind, Setting};
use super::units::{spell_bytes, spell_milliseconds};
use super::value::Value;
use super::{DeliverySettings, EgressSettings, LogSettings, Settings};

/// One setting as it holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Effective {
    /// Which.
    pub setting: &'static Setting,
    /// As the file would spell it, a string without its quotes: `15s`, `["5s", "30s"]`.
    pub value: String,
    /// Where it was written; None for a default.
    pub place: Option<Place>,
}

impl Effective {
    /// `default`, `file /etc/ringhook/ringhook.toml:7`, `environment RINGHOOK_LOG_LEVEL` or
    /// `flag --listen`.
    pub fn origin(&self) -> String {
        match &self.place {
            None => "default".to_owned(),
            Some(Place::File(path, line)) => format!("file {}:{line}", path.display()),
            Some(place) => place.to_string(),
        }
    }
}

/// What a newer reading changes, by the names of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Taken over at once, as `delivery.timeout = 20s`.
    pub applied: Vec<String>,
    /// Written otherwise now, and to be taken over by the next start only.
    pub need_restart: Vec<String>,
}

impl Resolved {
    /// What holds in a running daemon after a newer reading of the same sources: of the
    /// settings that can't change while it runs, the old ones.
    pub fn reloaded(&self, newer: Resolved) -> (Self, Changed) {
        let mut changed = Changed::default();
        let pairs = self.effective.iter().zip(newer.effective);
        let effective = pairs.map(|(old, new)| {
            let same = old.value == new.value;
            let name = new.setting.name();
            match (same, new.setting.is_reloadable()) {
                (true, _) => new,
                (false, true) => {
                    changed.applied.push(format!("{name} = {}", new.value));
                    new
                }
                (false, false) => {
                    changed.need_restart.push(name);
                    old.clone()
                }
            }
        });
        let resolved = Self {
            effective: effective.collect(),
            settings: taken_over(&self.settings, newer.settings),
            warnings: newer.warnings,
        };
        (resolved, changed)
    }
}

/// The sections in which `Setting::is_reloadable` says yes, from the newer settings.
fn taken_over(old: &Settings, newer: Settings) -> Settings {
    Settings {
        delivery: DeliverySettings {
            threads: old.delivery.threads,
            threads_max: old.delivery.threads_max,
            connect_timeout_ms: old.delivery.connect_timeout_ms,
            ..newer.delivery
        },
        egress: EgressSettings {
            ca_file: old.egress.ca_file.clone(),
            proxy: old.egress.proxy.clone(),
            ..newer.egress
        },
        log: LogSettings {
            level: newer.log.level,
            format: old.log.format,
        },
        ..old.clone()
    }
}

/// A value as the file would spell it. What is an amount is spelled in its largest unit,
/// everything else as it was written.
pub(super) fn spelled(kind: Kind, value: &Value, raw: &Raw) -> String {
    match (kind, value) {
        (Kind::Bytes(..), Value::Number(bytes)) => spell_bytes(*bytes),
        (Kind::Milliseconds(..), Value::Number(ms)) => spell_milliseconds(*ms),
        (_, Value::Address(address)) => address.to_string(),
        (_, Value::Text(text)) => text.clone(),
        // Without its password.
        (_, Value::Proxy(proxy)) => proxy.to_string(),
        _ => match raw {
            Raw::Text(text) => text.clone(),
            other => toml(other),
        },
    }
}

/// A value in TOML. A name in a table stands in quotes: event types have a colon.
fn toml(raw: &Raw) -> String {
    match raw {
        Raw::Text(text) => toml::Value::from(text.as_str()).to_string(),
        Raw::Integer(number) => number.to_string(),
        Raw::Switch(switch) => switch.to_string(),
        Raw::List(list) => {
            let items: Vec<_> = list.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Raw::Map(pairs) if pairs.is_empty() => "{}".to_owned(),
        Raw::Map(pairs) => {
            let pair = |(name, value): &(String, Raw)| {
                let name = toml::Value::from(name.as_str());
                format!("{name} = {}", toml(value))
            };
            let pairs: Vec<_> = pairs.iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        // No setting holds one of these; `value::read` has refused it.
        Raw::Other(name) => (*name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Sources, resolve};
    use super::*;

    fn resolved(environment: &[(&str, &str)], file: &str) -> Resolved {
        let all = environment.iter().chain(&[("HOME", "/home/ana")]);
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), value.into());
        resolve(&Sources {
            identity: Identity {
                is_root: false,
                environment: all.map(pair).collect(),
            },
            file: Some(("/etc/r.toml".into(), file.to_owned())),
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn every_setting_is_spelled_and_tells_its_origin() {
        let file = "[delivery]\n\ntimeout = \"9000ms\"\nthreads_max = 40\n\
                    [egress]\nallow = [\"10.0.0.0/8\"]\n";
        let resolved = resolved(&[("RINGHOOK_LOG_LEVEL", "debug")], file);
        let check = |name: &str, value: &str, origin: &str| {
            let mut all = resolved.effective.iter();
            let found = all.find(|known| known.setting.name() == name).unwrap();
            assert_eq!((&*found.value, &*found.origin()), (value, origin), "{name}");
        };
        check("delivery.timeout", "9s", "file /etc/r.toml:3");
        check("log.level", "debug", "environment RINGHOOK_LOG_LEVEL");
        check("http.listen", "127.0.0.1:7464", "default");
        check("http.body_bytes_max", "1MiB", "default");
        check("http.plain", "false", "default");
        check("egress.allow", "[\"10.0.0.0/8\"]", "file /etc/r.toml:6");
        check("delivery.life", "{ \"call:ringing\" = \"60s\" }", "default");
        // What an empty path stands for, and a default that gives way.
        let place = "/home/ana/.local/share/ringhook/ringhook.redb";
        check("store.path", place, "default");
        check("delivery.threads", "40", "default");
    }

    #[test]
    fn a_running_daemon_takes_over_what_it_can() {
        let old = resolved(&[], "");
        let file = "[http]\nconnections_max = 9\n[delivery]\nthreads = 9\ntimeout = \"9s\"\n\
                    [egress]\nprivate = false\nproxy = \"http://a:secret@proxy.lan\"\n\
                    [log]\nlevel = \"debug\"\nformat = \"json\"\n";
        let (now, changed) = old.reloaded(resolved(&[], file));
        assert_eq!(
            changed.applied,
            [
                "delivery.timeout = 9s",
                "egress.private = false",
                "log.level = debug"
            ]
        );
        let restart = [
            "http.connections_max",
            "delivery.threads",
            "egress.proxy",
            "log.format",
        ];
        assert_eq!(changed.need_restart, restart);
        assert_eq!(now.settings.delivery.timeout_ms, 9_000);
        assert_eq!(now.settings.delivery.threads, 64);
        assert_eq!(now.settings.http.connections_max, 512);
        assert!(!now.settings.egress.private && now.settings.egress.proxy.is_none());
        assert_eq!(now.settings.log.level, log::LevelFilter::Debug);
        let (_, again) = now.reloaded(resolved(&[], file));
        assert_eq!(again.applied, Vec::<String>::new());
        assert_eq!(again.need_restart, restart);
    }
}
