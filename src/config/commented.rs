//! The default configuration file, every key commented out: the manual of the settings, made
//! from the one table.

use super::table::{Kind, SETTINGS, Setting, sections};
use super::units::{spell_bytes, spell_milliseconds};

/// The text of the file.
pub fn commented() -> String {
    let mut text = HEAD.to_owned();
    for section in sections() {
        text.push_str(&format!("\n[{section}]\n"));
        for setting in SETTINGS.iter().filter(|s| s.section == section) {
            text.push_str(&entry(setting));
        }
    }
    text
}

const HEAD: &str = "\
# Configuration of ringhook: how the process runs. Endpoints, keys and tokens are not here but
# in the database.
#
# Every key is shown with its default. Take away the # of those that you change.
# A flag of `ringhook serve` comes before a variable of the environment (RINGHOOK_DELIVERY_TIMEOUT),
# a variable before this file.
#
# Check it with:  ringhook config check FILE
# After a change: systemctl reload ringhook, or kill -HUP; keys marked * need a restart.
";

fn entry(setting: &Setting) -> String {
    let restart = if setting.is_reloadable() { "" } else { " *" };
    let range = range(setting.kind);
    format!(
        "# {}{range}{restart}\n# {} = {}\n",
        setting.doc, setting.key, setting.default
    )
}

fn range(kind: Kind) -> String {
    let (min, max) = match kind {
        Kind::Bytes(min, max) => (spell_bytes(min), spell_bytes(max)),
        Kind::Milliseconds(min, max) => (spell_milliseconds(min), spell_milliseconds(max)),
        Kind::Count(min, max) => (min.to_string(), max.to_string()),
        _ => return String::new(),
    };
    format!(" ({min} to {max})")
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Sources, resolve};
    use super::*;

    fn values(file: String) -> Vec<String> {
        let resolved = resolve(&Sources {
            identity: Identity {
                is_root: true,
                ..Identity::default()
            },
            file: Some(("/etc/r.toml".into(), file)),
            ..Sources::default()
        });
        let effective = resolved.unwrap().effective;
        effective.into_iter().map(|known| known.value).collect()
    }

    #[test]
    fn as_it_is_and_with_every_key_it_says_the_defaults() {
        let text = commented();
        assert!(text.contains("# how long connecting may take (100ms to 1m) *\n"));
        let keys: Vec<_> = SETTINGS.iter().map(|s| format!("# {} = ", s.key)).collect();
        let with_keys: String = text
            .lines()
            .map(|line| match keys.iter().any(|key| line.starts_with(key)) {
                true => format!("{}\n", &line[2..]),
                false => format!("{line}\n"),
            })
            .collect();
        assert_eq!(
            with_keys.matches("\n# ").count() + SETTINGS.len(),
            text.matches("\n# ").count()
        );
        assert_eq!(values(text), values(String::new()));
        assert_eq!(values(with_keys), values(String::new()));
    }
}
