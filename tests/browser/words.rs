//! The words of the page, from its own catalogues: a test asks for a button by the key of its
//! words and so runs in every language.

use std::collections::BTreeMap;
use std::path::Path;

/// The languages of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    English,
    French,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// `en`, `fr`
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// What a browser of its reader accepts.
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::English => "en-GB,en",
            Self::French => "fr-FR,fr",
        }
    }
}

/// The catalogue of a language.
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Reads it.
    pub fn of(language: Language) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page/i18n");
        let path = folder.join(format!("{}.json", language.code()));
        Self(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    /// The words of a key that takes no parameters.
    pub fn t(&self, key: &str) -> String {
        let found = self.0.get(key);
        found
            .unwrap_or_else(|| panic!("no words for {key}"))
            .clone()
    }
}
