//! What a certificate says of itself (RFC 5280), for the eyes of people and for pins.
//!
//! Nothing is trusted because it can be read here: whether a certificate holds is decided
//! elsewhere. It comes from strangers, so every text is cut and cleaned, and nothing is
//! followed deeper than its place in the form.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest as _, Sha256};

use super::time::Timestamp;

/// Of one name at most so many characters are kept.
const NAME_CHARACTERS_MAX: usize = 100;
/// So many names are kept.
const NAMES_MAX: usize = 100;
/// So many names are told.
const NAMES_TOLD: usize = 4;

/// What is told of a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// The names and addresses that it is for; its common name where it has none.
    pub names: Vec<String>,
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Nobody but itself.
    pub is_self_signed: bool,
    /// Not before.
    pub valid_from: Timestamp,
    /// Not after.
    pub valid_until: Timestamp,
    /// SHA-256 of its key (the DER of its SubjectPublicKeyInfo), which a pin names.
    pub key_sha256: [u8; 32],
}

mod tag {
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OBJECT: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const VERSION: u8 = 0xa0;
    pub const EXTENSIONS: u8 = 0xa3;
    pub const DNS_NAME: u8 = 0x82;
    pub const IP_ADDRESS: u8 = 0x87;
}

/// 2.5.4.3 and 2.5.4.10
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

impl Certificate {
    /// Reads a certificate; None when it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut whole = Der(der);
        let mut outer = whole.within(tag::SEQUENCE)?;
        let mut inner = outer.within(tag::SEQUENCE)?;
        outer.within(tag::SEQUENCE)?;
        outer.within(tag::BIT_STRING)?;
        if !whole.0.is_empty() {
            return None;
        }
        if inner.next_is(tag::VERSION) {
            inner.element()?;
        }
        inner.within(tag::INTEGER)?;
        inner.within(tag::SEQUENCE)?;
        let issuer = inner.within(tag::SEQUENCE)?;
        let mut validity = inner.within(tag::SEQUENCE)?;
        let subject = inner.within(tag::SEQUENCE)?;
        let key = inner.element()?;
        let mut names = Vec::new();
        while let Some(element) = inner.element() {
            if element.tag == tag::EXTENSIONS {
                names = alternative_names(element.content)?;
            }
        }
        let common_name = || attribute(subject, COMMON_NAME).into_iter().collect();
        Some(Self {
            names: if names.is_empty() {
                common_name()
            } else {
                names
            },
            subject: party(subject),
            issuer: party(issuer),
            is_self_signed: issuer.0 == subject.0,
            valid_from: time(&validity.element()?)?,
            valid_until: time(&validity.element()?)?,
            key_sha256: Sha256::digest(key.whole).into(),
        })
    }

    /// `it is for pbx.lan, 192.168.1.5, issued by "Office CA", valid until 2027-03-04`
    pub fn in_words(&self) -> String {
        let issuer = match self.is_self_signed {
            true => "signed by itself".to_owned(),
            false => format!("issued by \"{}\"", self.issuer),
        };
        format!(
            "it is for {}, {issuer}, valid until {}",
            self.names_in_words(),
            day(self.valid_until)
        )
    }

    /// `pbx.lan, 192.168.1.5`
    pub fn names_in_words(&self) -> String {
        let told = self.names.len().min(NAMES_TOLD);
        let list = self.names[..told].join(", ");
        match self.names.len() - told {
            0 if told == 0 => "no name".to_owned(),
            0 => list,
            more => format!("{list} and {more} more"),
        }
    }
}

/// `2027-03-04`
pub fn day(at: Timestamp) -> String {
    let mut text = at.to_string();
    text.truncate("2027-03-04".len());
    text
}

/// The rest of a form in DER (X.690).
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// With tag and length.
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn next_is(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element; tags and lengths of more than one and five bytes do not occur.
    fn element(&mut self) -> Option<Element<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |all, byte| all << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        let tag = *tag;
        Some(Element {
            tag,
            content,
            whole,
        })
    }

    /// What is in the next element, which must be of that kind.
    fn within(&mut self, tag: u8) -> Option<Self> {
        self.element()
            .filter(|element| element.tag == tag)
            .map(|element| Self(element.content))
    }
}

/// Names and addresses of the extension that has them.
fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut all = Der(extensions).within(tag::SEQUENCE)?;
    let mut names = Vec::new();
    while let Some(mut extension) = all.within(tag::SEQUENCE) {
        if extension.within(tag::OBJECT)?.0 != ALTERNATIVE_NAMES {
            continue;
        }
        let mut value = None;
        while let Some(element) = extension.element() {
            value = (element.tag == tag::OCTET_STRING).then_some(element.content);
        }
        let mut listed = Der(value?).within(tag::SEQUENCE)?;
        while let Some(name) = listed.element().filter(|_| names.len() < NAMES_MAX) {
            match name.tag {
                tag::DNS_NAME => names.push(clean(&String::from_utf8_lossy(name.content))),
                tag::IP_ADDRESS => names.extend(address(name.content)),
                _ => {}
            }
        }
    }
    Some(names)
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|four| Ipv4Addr::from(four).to_string());
    let six = <[u8; 16]>::try_from(bytes).map(|six| Ipv6Addr::from(six).to_string());
    four.or(six).ok()
}

/// Who that is, in short: the common name, else the organization.
fn party(name: Der<'_>) -> String {
    attribute(name, COMMON_NAME)
        .or_else(|| attribute(name, ORGANIZATION))
        .unwrap_or_else(|| "nobody".to_owned())
}

/// The first value of that kind in a distinguished name.
fn attribute(name: Der<'_>, kind: &[u8]) -> Option<String> {
    let mut sets = name;
    while let Some(mut set) = sets.within(tag::SET) {
        while let Some(mut pair) = set.within(tag::SEQUENCE) {
            if pair.within(tag::OBJECT)?.0 == kind {
                let value = pair.element()?;
                return Some(match value.tag {
                    tag::BMP_STRING => clean(&wide(value.content)),
                    _ => clean(&String::from_utf8_lossy(value.content)),
                });
            }
        }
    }
    None
}

/// A text of two bytes for each character, as old tools write it.
fn wide(bytes: &[u8]) -> String {
    let pairs = bytes.chunks_exact(2);
    let units = pairs.map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '?' } else { c };
    text.chars().take(NAME_CHARACTERS_MAX).map(shown).collect()
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5). What is before 1970 counts as 1970.
fn time(element: &Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?;
    let full = match element.tag {
        // Of two digits, those from 50 on are of the last century.
        tag::UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        tag::UTC_TIME => format!("19{text}"),
        tag::GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    let at = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp(u64::try_from(at.as_millisecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pem;

    fn der(text: &str) -> Vec<u8> {
        pem::blocks(text).unwrap().remove(0).der
    }

    const SERVER: &str = include_str!("certificate/server.pem");
    const ROOT: &str = include_str!("certificate/root.pem");

    #[test]
    fn what_a_certificate_says_is_read() {
        let server = Certificate::read(&der(SERVER)).unwrap();
        assert_eq!(
            server.names,
            ["pbx.lan", "crm.example", "192.168.1.5", "fd00::5"]
        );
        assert_eq!((&*server.subject, &*server.issuer), ("PBX", "Office CA"));
        assert!(!server.is_self_signed);
        // As `openssl pkey -pubin -outform der | sha256sum` says.
        let pin = include_str!("certificate/server.pin").trim();
        assert_eq!(hex::encode(server.key_sha256), pin);
        let root = Certificate::read(&der(ROOT)).unwrap();
        assert!(root.is_self_signed);
        // It has no alternative names, and dates beyond 2049.
        assert_eq!(root.names, ["Office CA"]);
        assert_eq!(day(root.valid_until), "2126-11-05");
        assert_eq!(
            root.in_words(),
            "it is for Office CA, signed by itself, valid until 2126-11-05"
        );
        assert_eq!(
            server.in_words(),
            "it is for pbx.lan, crm.example, 192.168.1.5, fd00::5, issued by \"Office CA\", \
             valid until 2046-11-23"
        );
    }

    #[test]
    fn names_of_strangers_are_cut_and_cleaned() {
        let mut server = Certificate::read(&der(SERVER)).unwrap();
        server.names = (0..9).map(|n| format!("{n}.example")).collect();
        let told = "0.example, 1.example, 2.example, 3.example and 5 more";
        assert_eq!(server.names_in_words(), told);
        server.names.clear();
        assert_eq!(server.names_in_words(), "no name");
        assert_eq!(clean("a\u{1b}[2J\nb"), "a?[2J?b");
        assert_eq!(clean(&"x".repeat(500)).len(), NAME_CHARACTERS_MAX);
        assert_eq!(wide(&[0, b'P', 0, 0xe9]), "Pé");
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        let whole = der(SERVER);
        for length in 0..whole.len() {
            assert_eq!(Certificate::read(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(Certificate::read(&[whole.as_slice(), b"x"].concat()), None);
        // Whatever stands there, reading it ends.
        for place in 0..whole.len() {
            for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut other = whole.clone();
                other[place] = value;
                let _ = Certificate::read(&other);
            }
        }
    }
}
