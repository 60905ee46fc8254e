//! `egress.proxy`: the one way out where a network has one. It is spoken to in plain HTTP/1.1.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;

use super::entry::is_host_name;

/// The port of a proxy that names none.
const PORT: u16 = 3128;

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// A host name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The value of `Proxy-Authorization`.
    authorization: Option<String>,
    user: Option<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`. The error says what is wrong without repeating
    /// the text, in which there may be a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.trim().parse().map_err(|_| "is no URL")?;
        if uri.scheme_str() != Some("http") {
            return Err("must begin with http://, which is how proxies are spoken to");
        }
        if uri.path().len() > 1 || uri.query().is_some() {
            return Err("has a path, which a proxy has not");
        }
        let authority = uri.authority().ok_or("has no host")?;
        let credentials = authority.as_str().rsplit_once('@');
        let credentials = credentials.map(|(credentials, _)| decoded(credentials));
        let credentials = credentials.transpose()?;
        let host = authority.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if bare.is_none() && !is_host_name(host) {
            return Err("has no host name or address");
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(PORT),
            authorization: credentials
                .as_ref()
                .map(|text| format!("Basic {}", STANDARD.encode(text))),
            user: credentials.map(|text| text.split(':').next().unwrap_or_default().to_owned()),
        })
    }

    /// The value of `Proxy-Authorization`, for the proxy's eyes.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}

/// `user:password` with its percent signs resolved.
fn decoded(text: &str) -> Result<String, &'static str> {
    const BAD: &str = "has a user name or password that is not percent-encoded as in URLs";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or(BAD)?;
        bytes.extend(hex::decode(digits).map_err(|_| BAD)?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| BAD)
}

/// As it is shown: without its password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        f.write_str("http://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}:***@")?;
        }
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_and_shown_without_their_passwords() {
        let check = |text: &str, expected: Result<(&str, Option<&str>), &str>| {
            let got = Proxy::parse(text);
            let shown = got.as_ref().map(|proxy| {
                assert_eq!(format!("{proxy:?}"), proxy.to_string());
                (proxy.to_string(), proxy.authorization())
            });
            match (shown, expected) {
                (Ok((shown, authorization)), Ok(expected)) => {
                    assert_eq!((&*shown, authorization), expected, "{text}");
                }
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{text}: {why}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        };
        check("http://proxy.lan", Ok(("http://proxy.lan:3128", None)));
        check(
            "http://Proxy.lan:8080/",
            Ok(("http://proxy.lan:8080", None)),
        );
        check("http://10.0.0.5:8080", Ok(("http://10.0.0.5:8080", None)));
        check("http://[fd00::5]:8080", Ok(("http://[fd00::5]:8080", None)));
        check(
            "http://ana:a%40b@proxy.lan",
            Ok(("http://ana:***@proxy.lan:3128", Some("Basic YW5hOmFAYg=="))),
        );
        check("proxy.lan:8080", Err("http://"));
        check("https://proxy.lan", Err("http://"));
        check("socks5://proxy.lan", Err("http://"));
        check("http://proxy.lan/x", Err("a path"));
        check("http://proxy.lan?x", Err("a path"));
        check("http://a:%zz@proxy.lan", Err("percent-encoded"));
        check("http://a:%4@proxy.lan", Err("percent-encoded"));
        check("http://a b", Err("no URL"));
        check("", Err("no URL"));
    }
}
