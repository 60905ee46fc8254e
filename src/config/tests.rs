//! Settings from all four sources, and every mistake with its place.

use std::ffi::OsString;
use std::path::Path;

use super::paths::Identity;
use super::resolve::{Flags, Resolved, Sources, resolve};
use super::*;

fn sources(environment: &[(&str, &str)], file: &str) -> Sources {
    let pair = |(name, value): &(&str, &str)| (name.to_string(), OsString::from(value));
    Sources {
        identity: Identity {
            is_root: false,
            environment: environment
                .iter()
                .chain(&[("HOME", "/home/ana")])
                .map(pair)
                .collect(),
        },
        file: Some(("/etc/ringhook.toml".into(), file.to_owned())),
        flags: Flags::default(),
    }
}

fn mistakes(environment: &[(&str, &str)], file: &str) -> Vec<String> {
    match resolve(&sources(environment, file)) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .iter()
            .map(|m| format!("{} {m} | {}", m.code, m.advice))
            .collect(),
    }
}

#[test]
fn defaults_are_those_of_the_manual() {
    let Resolved {
        settings, warnings, ..
    } = resolve(&sources(&[], "")).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(settings.http.listen, "127.0.0.1:7464".parse().unwrap());
    let data = Path::new("/home/ana/.local/share/ringhook");
    assert_eq!(settings.http.socket, data.join("ringhook.sock"));
    assert_eq!(settings.store.path, data.join("ringhook.redb"));
    assert_eq!(settings.http.body_bytes_max, 1 << 20);
    assert_eq!(settings.store.cache_bytes, 24 << 20);
    assert_eq!(settings.store.free_bytes_min, 256 << 20);
    assert_eq!(settings.retention.age_ms, 30 * 86_400_000);
    assert_eq!(settings.retention.bytes_max, 2 << 30);
    assert_eq!(settings.delivery.retry_plan_ms.len(), 10);
    assert_eq!(settings.delivery.retry_plan_ms[9], 12 * 3_600_000);
    assert_eq!(settings.delivery.life_ms["call:ringing"], 60_000);
    assert_eq!(settings.delivery.waiting_max, 200_000);
    assert!(settings.egress.private);
    assert_eq!(settings.log.level, log::LevelFilter::Info);
    assert_eq!(settings.log.format, LogFormat::Auto);
}

#[test]
fn flag_over_environment_over_file_over_default() {
    let file = "[http]\nlisten = \"127.0.0.1:1\"\nconnections_max = 9\n[delivery]\n\
                timeout = \"9s\"\n";
    let environment = [
        ("RINGHOOK_HTTP_LISTEN", "127.0.0.1:2"),
        ("RINGHOOK_DELIVERY_TIMEOUT", "20s"),
        ("RINGHOOK_DELIVERY_RETRY_PLAN", "1s, 2s"),
        ("RINGHOOK_DELIVERY_LIFE", "call:ringing=30s,pbx:left=1m"),
        ("RINGHOOK_EGRESS_PRIVATE", "false"),
    ];
    let mut sources = sources(&environment, file);
    sources.flags = Flags {
        listen: Some("localhost:3".to_owned()),
        socket: None,
        data: Some("/srv/rh/".to_owned()),
    };
    let Resolved { settings, .. } = resolve(&sources).unwrap();
    assert_eq!(settings.http.listen, "127.0.0.1:3".parse().unwrap());
    assert_eq!(settings.http.connections_max, 9);
    assert_eq!(settings.delivery.timeout_ms, 20_000);
    assert_eq!(settings.delivery.retry_plan_ms, [1_000, 2_000]);
    assert_eq!(settings.delivery.life_ms["pbx:left"], 60_000);
    assert!(!settings.egress.private);
    assert_eq!(settings.store.path, Path::new("/srv/rh/ringhook.redb"));
    assert_eq!(settings.http.socket, Path::new("/srv/rh/ringhook.sock"));
}

fn check_mistake(file: &str, expected: &str) {
    assert_eq!(mistakes(&[], file), [expected], "{file}");
}

#[test]
fn keys_that_do_not_exist() {
    let check = check_mistake;
    check(
        "[delivery]\n\ntimout = \"20s\"",
        "RH-0021 unknown key `timout` in [delivery] (/etc/ringhook.toml line 3) | \
         Did you mean `timeout`?",
    );
    check(
        "[delivry]\ntimeout = \"20s\"",
        "RH-0021 unknown section [delivry] (/etc/ringhook.toml line 1) | \
         Did you mean [delivery]?",
    );
    check(
        "listen = \"127.0.0.1:1\"",
        "RH-0021 `listen` stands outside a section (/etc/ringhook.toml line 1) | \
         Put it below [http].",
    );
    check(
        "[http]\nthreads = 4",
        "RH-0021 unknown key `threads` in [http] (/etc/ringhook.toml line 2) | \
         It belongs below [delivery].",
    );
    check(
        "http = 1",
        "RH-0021 `http` is a section, and stands here as a key (/etc/ringhook.toml line 1) | \
         Write [http] on a line of its own, and its keys below.",
    );
}

#[test]
fn values_that_do_not_hold() {
    let check = check_mistake;
    check(
        "[delivery]\ntimeout = 15",
        "RH-0022 delivery.timeout: 15 is not a duration (/etc/ringhook.toml line 2) | \
         Write \"15s\".",
    );
    check(
        "[delivery]\ntimeout = \"2m\"",
        "RH-0023 delivery.timeout: \"2m\" is too large (/etc/ringhook.toml line 2) | \
         Choose from 1s to 1m.",
    );
    check(
        "[store]\ncache_bytes = \"24MB\"",
        "RH-0022 store.cache_bytes: \"24MB\" is not a size (/etc/ringhook.toml line 2) | \
         Write it like 64KiB, 1MiB or 1GiB.",
    );
    check(
        "[http]\nlisten = \"127.0.0.1\"",
        "RH-0022 http.listen: \"127.0.0.1\" is not an address with a port \
         (/etc/ringhook.toml line 2) | Add a port: \"127.0.0.1:7464\".",
    );
    check(
        "[http]\nlisten = \"0.0.0.0:7464\"",
        "RH-0024 http.listen: 0.0.0.0:7464 is not a loopback address, and tokens and call data \
         would cross the network unencrypted (/etc/ringhook.toml line 2) | Listen on 127.0.0.1 \
         behind a reverse proxy with TLS, or set http.plain = true where the network itself is \
         trusted.",
    );
}

#[test]
fn one_mistake_in_a_word_a_list_or_a_path() {
    let check = |file: &str, expected: &str| {
        assert_eq!(mistakes(&[], file), [expected], "{file}");
    };
    check(
        "[log]\nlevel = \"inf\"",
        "RH-0022 log.level: \"inf\" is not known (/etc/ringhook.toml line 2) | \
         Did you mean \"info\"?",
    );
    check(
        "[delivery]\nlife = { ringing = \"60s\" }",
        "RH-0022 delivery.life: \"ringing\" is not an event type (/etc/ringhook.toml line 2) | \
         Write it like \"call:ringing\", in quotes.",
    );
    check(
        "[delivery]\nretry_plan = [\"24h\"]",
        "RH-0023 delivery.retry_plan: \"24h\" is too large (/etc/ringhook.toml line 2) | \
         Choose from 10ms to 20h.",
    );
    check(
        "[store]\npath = \"data.redb\"",
        "RH-0022 store.path: \"data.redb\" is not an absolute path (/etc/ringhook.toml line 2) \
         | Write the whole path, from / on: a service has no working directory.",
    );
}

#[test]
fn settings_that_do_not_go_together() {
    let check = |file: &str, expected: &str| {
        let found = mistakes(&[], file);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    };
    check(
        "[delivery]\nthreads = 600\nthreads_max = 100",
        "more than delivery.threads_max",
    );
    let long = format!("[http]\nsocket = \"/{}\"", "s".repeat(107));
    check(&long, "has 108 bytes");
    let same = "[http]\nsocket = \"/a\"\n[store]\npath = \"/a\"";
    check(same, "is also store.path");
}

#[test]
fn of_two_thread_counts_a_default_gives_way() {
    let check = |file: &str, expected: (u32, u32)| {
        let delivery = resolve(&sources(&[], file)).unwrap().settings.delivery;
        assert_eq!((delivery.threads, delivery.threads_max), expected, "{file}");
    };
    check("", (64, 512));
    check("[delivery]\nthreads = 600", (600, 600));
    check("[delivery]\nthreads_max = 8", (8, 8));
    check("[delivery]\nthreads = 8", (8, 512));
}

#[test]
fn every_mistake_at_once_with_its_place() {
    let file = "[http]\nlisten = 7464\nplain = \"yes\"\n[delivery]\nthreads = 0\nnonsense = 1\n";
    let environment = [("RINGHOOK_DELIVERY_LIFE", "call:ringing=soon")];
    let found = mistakes(&environment, file);
    assert_eq!(found.len(), 5, "{found:#?}");
    for place in [
        "line 2",
        "line 3",
        "line 5",
        "line 6",
        "RINGHOOK_DELIVERY_LIFE",
    ] {
        assert!(
            found.iter().any(|m| m.contains(place)),
            "{place}: {found:#?}"
        );
    }
}

#[test]
fn a_file_that_is_not_toml_names_its_line() {
    let found = mistakes(&[], "[http]\nlisten = 127.0.0.1:7464\n");
    assert!(!found.is_empty());
    assert!(found[0].starts_with("RH-0025"), "{found:?}");
    assert!(found[0].contains("line 2"), "{found:?}");
}

#[test]
fn unknown_variables_are_warned_about() {
    let environment = [
        ("RINGHOOK_HTTP_LISTN", "x"),
        ("RINGHOOK_TOKEN", "rh_x"),
        ("RINGHOOK_SOCKET", "/x"),
    ];
    let warnings = resolve(&sources(&environment, "")).unwrap().warnings;
    assert_eq!(
        warnings,
        ["unknown variable RINGHOOK_HTTP_LISTN is ignored; did you mean RINGHOOK_HTTP_LISTEN?"]
    );
}

#[test]
fn without_a_home_the_data_needs_a_place() {
    let mut homeless = sources(&[], "");
    homeless.identity.environment.clear();
    let mistakes = resolve(&homeless).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].code, "RH-0026");
    homeless.flags.data = Some("/srv/rh".to_owned());
    let settings = resolve(&homeless).unwrap().settings;
    assert_eq!(settings.http.socket, Path::new("/srv/rh/ringhook.sock"));
}

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let readme = include_str!("../../README.md");
    for setting in &table::SETTINGS {
        let default = match setting.default.trim_matches('"') {
            "" => "–".to_owned(),
            text => format!("`{text}`"),
        };
        let row = format!("| `{}` | {default} | {} |", setting.name(), setting.doc);
        assert!(readme.contains(&row), "{row}");
    }
}
