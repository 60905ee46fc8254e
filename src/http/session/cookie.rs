//! The cookie of a session: no script reads it, and no other site's page sends it.

use http::HeaderMap;
use http::header::{self, HeaderValue};

use super::LIFE_MS;

/// How the cookie is called and sent.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    is_secure: bool,
}

impl Cookie {
    /// People reach ringhook over TLS where `public_url` says so.
    pub fn new(public_url: &str) -> Self {
        let scheme = public_url.get(..8).unwrap_or_default();
        Self {
            is_secure: scheme.eq_ignore_ascii_case("https://"),
        }
    }

    /// A browser takes the first one only over TLS, for this host alone.
    const fn name(self) -> &'static str {
        match self.is_secure {
            true => "__Host-rh",
            false => "rh",
        }
    }

    /// The secret that the request brings.
    pub fn find(self, headers: &HeaderMap) -> Option<&str> {
        let all = headers.get_all(header::COOKIE).iter();
        let mut pairs = all
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .find(|(name, _)| *name == self.name())
            .map(|(_, value)| value)
    }

    /// Gives the browser this secret.
    pub fn set(self, secret: &str) -> HeaderValue {
        self.header(secret, LIFE_MS / 1000)
    }

    /// Takes it away.
    pub fn unset(self) -> HeaderValue {
        self.header("", 0)
    }

    fn header(self, value: &str, age_s: u64) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}",
            self.name()
        );
        HeaderValue::try_from(text).expect("hex digits are plain text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_secret_is_found() {
        let check = |public: &str, cookies: &[&str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append("cookie", cookie.parse().unwrap());
            }
            let got = Cookie::new(public).find(&headers);
            assert_eq!(got, expected, "{public} {cookies:?}");
        };
        check("", &["rh=ab"], Some("ab"));
        check("", &["a=b; rh=ab; c=d"], Some("ab"));
        check("", &["a=b", "rh=ab"], Some("ab"));
        check("", &["xrh=ab", "rhx=ab", "rh"], None);
        check("", &["__Host-rh=ab"], None);
        check("http://pbx.example", &["rh=ab"], Some("ab"));
        check("https://pbx.example", &["rh=ab"], None);
        check("HTTPS://pbx.example", &["rh=x; __Host-rh=ab"], Some("ab"));
        check("", &[], None);
    }

    #[test]
    fn how_it_is_given_and_taken_away() {
        let plain = Cookie::new("").set("ab");
        assert_eq!(
            plain,
            "rh=ab; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"
        );
        let secure = Cookie::new("https://pbx.example").unset();
        assert_eq!(
            secure,
            "__Host-rh=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
        );
    }
}
