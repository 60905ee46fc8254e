//! The Host check: a page of a foreign name whose DNS was pointed at this machine is refused.
//!
//! Loopback is no defence against that (DNS rebinding), so every request over TCP is checked.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{Uri, Version, header};

use crate::config::HttpSettings;

use super::problem::{Code, Problem};

/// The names under which this daemon may be asked, besides loopback.
#[derive(Debug)]
pub struct HostRule {
    listen: IpAddr,
    names: Vec<String>,
}

impl HostRule {
    /// The listen address, `public_url` and `allowed_hosts`.
    pub fn new(settings: &HttpSettings) -> Self {
        let public: Option<Uri> = settings.public_url.parse().ok();
        let public = public.as_ref().and_then(|url| url.host());
        let allowed = settings.allowed_hosts.iter().map(String::as_str);
        let names = allowed
            .chain(public)
            .filter_map(|name| split(name))
            .map(str::to_ascii_lowercase)
            .collect();
        Self {
            listen: settings.listen.ip(),
            names,
        }
    }

    /// Whether a request that came to `local` may be answered. The port does not matter: a
    /// proxy in front may have any.
    pub fn check(&self, head: &Parts, local: SocketAddr) -> Result<(), Problem> {
        // A target in absolute form wins over the header (RFC 9112, 3.2.2).
        let host = match head.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => host_header(head)?,
        };
        match host {
            // Nothing that rebinds speaks HTTP/1.0, old boxes do.
            None if head.version < Version::HTTP_11 => Ok(()),
            None => Err(Problem::new(
                Code::HostMissing,
                "the header Host is missing",
            )),
            Some(host) if self.allows(host, local.ip()) => Ok(()),
            Some(host) => Err(Problem::new(
                Code::Misdirected,
                format!(
                    "{host:?} is not a name of this ringhook; if it should be, add it to \
                     http.allowed_hosts"
                ),
            )),
        }
    }

    fn allows(&self, host: &str, local: IpAddr) -> bool {
        let Some(name) = split(host) else {
            return false;
        };
        if let Ok(address) = name.parse::<IpAddr>() {
            // 0.0.0.0 in a browser's request means this machine, whoever's page it is.
            let is_ours = address == self.listen || address == local.to_canonical();
            let known = address.is_loopback() || (is_ours && !address.is_unspecified());
            return known || self.names.iter().any(|allowed| allowed == name);
        }
        name.eq_ignore_ascii_case("localhost")
            || self
                .names
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// 400 unless there is at most one `Host`, as HTTP/1.1 wants it.
pub fn require_host(head: &Parts) -> Result<(), Problem> {
    let found = head.uri.authority().is_some() || host_header(head)?.is_some();
    if found || head.version < Version::HTTP_11 {
        return Ok(());
    }
    Err(Problem::new(
        Code::HostMissing,
        "the header Host is missing",
    ))
}

fn host_header(head: &Parts) -> Result<Option<&str>, Problem> {
    let mut values = head.headers.get_all(header::HOST).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::new(
            Code::HostMissing,
            "there are several Host headers",
        ));
    }
    // What is not ASCII is no name of ours; it is answered as one that is foreign.
    Ok(first.map(|value| value.to_str().unwrap_or("?")))
}

/// The host without port and brackets; None where the port is none.
fn split(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        // More than one colon without brackets: an IPv6 address as it stands in the settings.
        None if host.matches(':').count() > 1 => (host, ""),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> HostRule {
        HostRule {
            listen: "192.168.1.5".parse().unwrap(),
            names: vec!["pbx.example.fr".into(), "fd00::5".into()],
        }
    }

    #[test]
    fn who_is_meant() {
        let check = |host: &str, expected: bool| {
            assert_eq!(
                rule().allows(host, "10.0.0.9".parse().unwrap()),
                expected,
                "{host}"
            );
        };
        for own in [
            "localhost",
            "LOCALHOST:9",
            "localhost.",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::1]:7464",
            "192.168.1.5:7464",
            "10.0.0.9",
            "pbx.example.fr",
            "PBX.example.fr:443",
            "[fd00::5]:7464",
        ] {
            check(own, true);
        }
        for foreign in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:80:80",
            "localhost:x",
            "192.168.1.6",
            "0.0.0.0",
            "[::1",
            "evil.example@localhost",
            "localhost@evil.example",
        ] {
            check(foreign, false);
        }
    }

    #[test]
    fn a_wildcard_is_no_name_and_a_mapped_address_is_itself() {
        let rule = HostRule {
            listen: "::".parse().unwrap(),
            names: Vec::new(),
        };
        let local = "::ffff:10.0.0.9".parse().unwrap();
        assert!(rule.allows("10.0.0.9:7464", local));
        assert!(!rule.allows("[::]:7464", local) && !rule.allows("0.0.0.0", local));
    }

    #[test]
    fn the_header_must_be_there_once() {
        let check = |version: Version, hosts: &[&str], uri: &str, expected: Option<Code>| {
            let mut request = http::Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header("host", *host);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            let got = rule().check(&head, "10.0.0.9:80".parse().unwrap());
            assert_eq!(
                got.err().map(|problem| problem.code()),
                expected,
                "{hosts:?}"
            );
        };
        check(Version::HTTP_11, &["localhost"], "/", None);
        check(Version::HTTP_11, &[], "/", Some(Code::HostMissing));
        check(Version::HTTP_10, &[], "/", None);
        let two = ["localhost", "localhost"];
        check(Version::HTTP_11, &two, "/", Some(Code::HostMissing));
        check(Version::HTTP_11, &["evil"], "/", Some(Code::Misdirected));
        let foreign = "http://evil.example/";
        check(
            Version::HTTP_11,
            &["localhost"],
            foreign,
            Some(Code::Misdirected),
        );
    }
}
