//! English and French say the same: equal keys, equal parameters, and nothing that is missing
//! or that nobody reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{between, literals, with_ending};

type Catalogue = BTreeMap<String, String>;

fn catalogue(language: &str) -> Catalogue {
    let file = with_ending(&format!("i18n/{language}.json")).pop().unwrap();
    serde_json::from_str(&file.text).unwrap()
}

/// `{name}` of a text, sorted.
fn parameters(words: &str) -> BTreeSet<&str> {
    between(words, "{", "}").into_iter().collect()
}

#[test]
fn both_have_the_same_keys_and_parameters() {
    let (english, french) = (catalogue("en"), catalogue("fr"));
    let keys = |catalogue: &Catalogue| catalogue.keys().cloned().collect::<BTreeSet<_>>();
    let differ: Vec<_> = keys(&english)
        .symmetric_difference(&keys(&french))
        .cloned()
        .collect();
    assert!(differ.is_empty(), "in one language only: {differ:?}");
    for (key, words) in &english {
        let other = &french[key];
        assert_eq!(
            parameters(words),
            parameters(other),
            "{key}: {words:?} {other:?}"
        );
        assert!(
            !words.trim().is_empty() && !other.trim().is_empty(),
            "{key} is empty"
        );
        if let Some(base) = key.strip_suffix(".one") {
            assert!(
                english.contains_key(&format!("{base}.other")),
                "{base} has one form"
            );
        }
    }
    for language in ["en", "fr"] {
        let file = with_ending(&format!("i18n/{language}.json")).pop().unwrap();
        let written = file
            .text
            .lines()
            .filter(|line| line.trim_start().starts_with('"'));
        assert_eq!(
            written.count(),
            catalogue(language).len(),
            "{language}: a key stands twice"
        );
    }
}

/// French puts a narrow no-break space before these signs, and inside of its quotes.
#[test]
fn french_has_its_narrow_spaces() {
    for (key, words) in catalogue("fr") {
        for sign in [';', ':', '!', '?', '»'] {
            for (at, _) in words.match_indices(sign) {
                let before = words[..at].chars().next_back();
                let after = words[at + sign.len_utf8()..].chars().next();
                // Within a word it is no punctuation: `call:completed`, `http://`, `12:04`.
                let is_punctuation =
                    after.is_none_or(|after| !after.is_alphanumeric() && after != '/');
                let is_narrow = before.is_none_or(|before| before == '\u{202f}');
                assert!(!is_punctuation || is_narrow, "{key}: {sign} in {words:?}");
            }
        }
        assert!(
            !words.contains("« ") && !words.contains(" »"),
            "{key}: {words:?}"
        );
        assert!(
            !words.contains('\''),
            "{key}: {words:?} has a typewriter's apostrophe"
        );
    }
}

/// What the page asks the catalogue for.
struct Asked {
    /// Whole keys.
    keys: BTreeSet<String>,
    /// The constant parts of keys that are put together.
    patterns: Vec<Vec<String>>,
}

fn asked() -> Asked {
    let (mut keys, mut patterns) = (BTreeSet::new(), Vec::new());
    for file in with_ending(".js") {
        keys.extend(literals(&file.text).iter().map(|key| (*key).to_owned()));
        for template in between(&file.text, "`", "`") {
            if template.contains("${") && !template.contains(' ') {
                let parts = template.split("${").map(|part| match part.split_once('}') {
                    Some((_, constant)) => constant.to_owned(),
                    None => part.to_owned(),
                });
                patterns.push(parts.collect());
            }
        }
    }
    for file in with_ending(".html") {
        let own = between(&file.text, "data-t=\"", "\"");
        keys.extend(own.into_iter().map(str::to_owned));
        for list in between(&file.text, "data-t-attr=\"", "\"") {
            let pairs = list.split(';').filter_map(|pair| pair.split_once(':'));
            keys.extend(pairs.map(|(_, key)| key.trim().to_owned()));
        }
    }
    Asked { keys, patterns }
}

/// Whether a key is made of these constant parts with something in between.
fn fits(pattern: &[String], key: &str) -> bool {
    let [first, middle @ .., last] = pattern else {
        return false;
    };
    if first.is_empty() {
        return false;
    }
    let Some(mut rest) = key.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.len() > last.len() && rest.ends_with(last.as_str())
}

/// The key without its plural form.
fn base(key: &str) -> &str {
    let form = key
        .strip_suffix(".one")
        .or_else(|| key.strip_suffix(".other"));
    form.unwrap_or(key)
}

#[test]
fn every_key_that_is_asked_for_is_there() {
    let english = catalogue("en");
    let known: BTreeSet<_> = english
        .keys()
        .flat_map(|key| [key.as_str(), base(key)])
        .collect();
    for file in with_ending(".js") {
        for call in [" t('", "(t('", "[t('", "!t('", "{t('"] {
            for key in between(&file.text, call, "'") {
                assert!(
                    known.contains(key),
                    "{}: there are no words for {key}",
                    file.path
                );
            }
        }
        for start in between(&file.text, "t(`", "${") {
            let starts = known.iter().any(|key| key.starts_with(start));
            assert!(starts, "{}: there are no words for {start}…", file.path);
        }
    }
    for file in with_ending(".html") {
        for key in between(&file.text, "data-t=\"", "\"") {
            assert!(
                known.contains(key),
                "index.html: there are no words for {key}"
            );
        }
    }
}

#[test]
fn every_key_that_is_there_is_asked_for() {
    let asked = asked();
    let is_asked = |key: &str| {
        asked.keys.contains(key) || asked.patterns.iter().any(|pattern| fits(pattern, key))
    };
    let idle: Vec<_> = catalogue("en")
        .into_keys()
        .filter(|key| !is_asked(key) && !is_asked(base(key)))
        .collect();
    assert!(idle.is_empty(), "nobody asks for {idle:#?}");
}

#[test]
fn keys_that_are_put_together() {
    let check = |pattern: &[&str], key: &str, expected: bool| {
        let pattern: Vec<_> = pattern.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(fits(&pattern, key), expected, "{pattern:?} {key}");
    };
    check(&["state.", ""], "state.active", true);
    check(&["state.", ""], "state.", false);
    check(&["live.", ".hint"], "live.paused.hint", true);
    check(&["live.", ".hint"], "live.paused", false);
    check(&["", ".x"], "live.x", false);
    check(&["state.active"], "state.active", false);
}
