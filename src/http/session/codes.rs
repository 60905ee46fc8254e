//! One-use sign-in codes: given out over the socket or at an interactive start, taken once.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq as _;

use super::MINUTE_MS;
use crate::domain::time::Tick;
use crate::domain::token::token_hash;

/// How long a code is valid.
pub const CODE_LIFE_MS: u64 = 30 * MINUTE_MS;
/// Codes at a time. Beyond it the oldest is valid no more.
const CODES_MAX: usize = 16;
/// 32 characters that are not mistaken for each other: 12 of them have 60 random bits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// `9f3k-7q2m-x4wd`
const GROUPS: [usize; 3] = [4, 4, 4];

/// The codes that were given out and not yet taken.
#[derive(Debug, Default)]
pub struct Codes(Mutex<VecDeque<Code>>);

#[derive(Debug)]
struct Code {
    hash: [u8; 32],
    until: Tick,
    uid: u32,
}

impl Codes {
    /// A new code from random bytes of the system, for a process of this user id.
    pub fn make(&self, random: [u8; 32], uid: u32, now: Tick) -> String {
        let mut letters = random
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let groups = GROUPS.map(|length| letters.by_ref().take(length).collect::<String>());
        let text = groups.join("-");
        let mut codes = self.lock();
        codes.retain(|code| now < code.until);
        if codes.len() >= CODES_MAX {
            codes.pop_front();
        }
        codes.push_back(Code {
            hash: token_hash(&text),
            until: now.plus_ms(CODE_LIFE_MS),
            uid,
        });
        text
    }

    /// Whom the code was given to; from now on it is nobody's. Every code is compared, each in
    /// constant time.
    pub fn take(&self, text: &str, now: Tick) -> Option<u32> {
        let hash = token_hash(&as_made(text));
        let mut codes = self.lock();
        let mut found = None;
        for (place, code) in codes.iter().enumerate() {
            if bool::from(code.hash.ct_eq(&hash)) {
                found = Some(place);
            }
        }
        let code = codes.remove(found?)?;
        (now < code.until).then_some(code.uid)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Code>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A code as it was made, from one that was typed: upper case, other or no hyphens, and letters
/// that look like a digit.
fn as_made(typed: &str) -> String {
    let mut made = String::new();
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    // One more than a code has, so that a longer one is not cut to a right one.
    for (place, letter) in letters.take(GROUPS.iter().sum::<usize>() + 1).enumerate() {
        if place > 0 && place % GROUPS[0] == 0 {
            made.push('-');
        }
        made.push(match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
    }
    made
}

/// Where a browser signs in with this code. It stands behind `#`, so that it reaches no proxy
/// and no log.
pub fn link(public_url: &str, address: SocketAddr, code: &str) -> String {
    format!("{}#/in/{code}", page_url(public_url, address))
}

/// Where the page is. An address that means every address of this machine leads to loopback.
pub fn page_url(public_url: &str, address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match public_url.trim_end_matches('/') {
        "" => format!("http://{}/", SocketAddr::new(ip, address.port())),
        public => format!("{public}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Tick = Tick(5_000);

    fn random(first: u8) -> [u8; 32] {
        std::array::from_fn(|place| first.wrapping_add(u8::try_from(place).unwrap()))
    }

    #[test]
    fn a_code_is_good_once_and_for_thirty_minutes() {
        let codes = Codes::default();
        let code = codes.make(random(9), 1000, BEGUN);
        assert_eq!(code, "9abc-defg-hjkm");
        assert_eq!(codes.take("9abc-defg-hjkn", BEGUN), None);
        assert_eq!(
            codes.take(&code, BEGUN.plus_ms(CODE_LIFE_MS - 1)),
            Some(1000)
        );
        assert_eq!(codes.take(&code, BEGUN), None, "it was taken");
        codes.make(random(9), 1000, BEGUN);
        assert_eq!(codes.take(&code, BEGUN.plus_ms(CODE_LIFE_MS)), None);
    }

    #[test]
    fn beyond_the_bound_the_oldest_is_valid_no_more() {
        let codes = Codes::default();
        let made: Vec<_> = (0..=16).map(|n| codes.make(random(n), 0, BEGUN)).collect();
        assert_eq!(codes.take(&made[0], BEGUN), None);
        assert!(
            made[1..]
                .iter()
                .all(|code| codes.take(code, BEGUN).is_some())
        );
    }

    #[test]
    fn a_code_may_be_typed_in_other_ways() {
        let check = |typed: &str, expected: &str| assert_eq!(as_made(typed), expected, "{typed}");
        check("9f3k-7q2m-x4wd", "9f3k-7q2m-x4wd");
        check(" 9F3K 7Q2M\u{2013}X4WD\n", "9f3k-7q2m-x4wd");
        check("oOiIlL", "0011-11");
        check("9f3k-7q2m-x4wd-abcd", "9f3k-7q2m-x4wd-a");
        check("", "");
    }

    #[test]
    fn the_link_names_the_real_host() {
        let check = |public: &str, address: &str, expected: &str| {
            let got = link(public, address.parse().unwrap(), "1-2");
            assert_eq!(got, format!("{expected}/#/in/1-2"));
        };
        check("", "127.0.0.1:7464", "http://127.0.0.1:7464");
        check("", "192.168.1.5:80", "http://192.168.1.5:80");
        check("", "0.0.0.0:7464", "http://127.0.0.1:7464");
        check("", "[::]:7464", "http://[::1]:7464");
        let public = "https://hooks.example.fr";
        check(public, "127.0.0.1:7464", public);
        check("https://hooks.example.fr/", "127.0.0.1:7464", public);
    }
}
