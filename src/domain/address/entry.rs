//! Reads a line of `egress.allow` or `egress.deny`. It decides nothing about addresses.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::{EgressEntry, EgressName, is_disguised_address};

/// The longest host name, in bytes (RFC 1035 §2.3.4).
pub const HOST_BYTES_MAX: usize = 253;

/// The longest part of a host name between two dots, in bytes.
const LABEL_BYTES_MAX: usize = 63;

impl EgressEntry {
    /// Reads `192.168.10.0/24`, `10.0.0.5:443,8080`, `[fd00::/8]:443`, `crm.lan:8080`.
    /// The error says in words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, ports) = split(text.trim())?;
        Ok(Self {
            what: parse_name(name)?,
            ports: ports.map_or(Ok(Vec::new()), parse_ports)?,
        })
    }
}

/// Takes the ports off. An IPv6 address has colons of its own: with ports it needs brackets.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((inside, after)) = rest.split_once(']') else {
            return Err(format!("{text} lacks its closing bracket: write [{rest}]"));
        };
        if inside
            .split('/')
            .next()
            .map(str::parse::<Ipv6Addr>)
            .is_none_or(|ip| ip.is_err())
        {
            return Err(format!(
                "{inside} is no IPv6 address or network; brackets are for those only"
            ));
        }
        return match after.strip_prefix(':') {
            Some(ports) => Ok((inside, Some(ports))),
            None if after.is_empty() => Ok((inside, None)),
            None => Err(format!("{after} after the bracket is not :port")),
        };
    }
    match text.matches(':').count() {
        0 => Ok((text, None)),
        1 => Ok(text
            .split_once(':')
            .map_or((text, None), |(name, ports)| (name, Some(ports)))),
        _ => Ok((text, None)),
    }
}

fn parse_name(name: &str) -> Result<EgressName, String> {
    if name.is_empty() {
        return Err("a network, an address or a host name is missing".to_owned());
    }
    let net = match name.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => name.parse::<IpNet>().ok(),
    };
    match net {
        Some(net) => checked(net).map(EgressName::Net),
        None => parse_host(name).map(EgressName::Host),
    }
}

/// A network as it is meant: `192.168.10.5/24` may mean one address or 256, so it is asked back.
fn checked(net: IpNet) -> Result<IpNet, String> {
    if net.trunc() != net {
        return Err(format!(
            "{net} has bits beyond its prefix: write {} for the network or {} for the address",
            net.trunc(),
            net.addr()
        ));
    }
    match net {
        IpNet::V6(six) if six.addr().to_ipv4_mapped().is_some() => Err(format!(
            "{net} stands for IPv4 addresses: write those, as 192.168.10.0/24"
        )),
        _ => Ok(net),
    }
}

fn parse_host(name: &str) -> Result<String, String> {
    if name.contains('/') || name.contains(':') {
        return Err(format!(
            "{name} is no network: write 192.168.10.0/24, fd00::/8 or [fd00::/8]:443"
        ));
    }
    if name.contains('*') {
        return Err(format!("{name} has a *: write each host name in full"));
    }
    if is_disguised_address(name) {
        return Err(format!(
            "{name} is no address: write four numbers, as 10.0.0.5"
        ));
    }
    let host = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if !is_host_name(&host) {
        return Err(format!(
            "{name} is no host name: write letters, digits, - and _ with dots between, \
             names in other alphabets in their xn-- form"
        ));
    }
    Ok(host)
}

/// Whether a text is a host name that can be looked up: parts of 1 to 63 letters, digits, `-`
/// and `_` (which names on a LAN have), 253 bytes in all.
pub fn is_host_name(host: &str) -> bool {
    let is_part = |part: &str| {
        (1..=LABEL_BYTES_MAX).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= HOST_BYTES_MAX && host.split('.').all(is_part)
}

fn parse_ports(ports: &str) -> Result<Vec<u16>, String> {
    let parse = |port: &str| {
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(number) if digits && number > 0 => Ok(number),
            _ => Err(format!(
                "\"{port}\" is no port: write 1 to 65535, several with commas between, as \
                 10.0.0.5:443,8080"
            )),
        }
    };
    ports.split(',').map(str::trim).map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_read() {
        let check = |text: &str, expected: &str| {
            let entry = EgressEntry::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            let what = match entry.what {
                EgressName::Net(net) => format!("net {net}"),
                EgressName::Host(name) => format!("host {name}"),
            };
            assert_eq!(format!("{what} {:?}", entry.ports), expected, "{text}");
        };
        check("192.168.10.0/24", "net 192.168.10.0/24 []");
        check(" 10.0.0.5 ", "net 10.0.0.5/32 []");
        check("10.0.0.5:443,8080", "net 10.0.0.5/32 [443, 8080]");
        check("10.0.0.5:443, 8080", "net 10.0.0.5/32 [443, 8080]");
        check("192.168.10.0/24:443", "net 192.168.10.0/24 [443]");
        check("0.0.0.0/0", "net 0.0.0.0/0 []");
        check("fd00::/8", "net fd00::/8 []");
        check("fd00::1", "net fd00::1/128 []");
        check("::1", "net ::1/128 []");
        check("[fd00::/8]:443", "net fd00::/8 [443]");
        check("[fd00::1]", "net fd00::1/128 []");
        check("[::1]:1,65535", "net ::1/128 [1, 65535]");
        check("crm.lan", "host crm.lan []");
        check("CRM.Lan.:8080", "host crm.lan [8080]");
        check("my_nas", "host my_nas []");
        check("xn--bcher-kva.example", "host xn--bcher-kva.example []");
    }

    #[test]
    fn lines_that_are_refused_say_what_is_wrong() {
        let check = |text: &str, expected: &str| {
            let why = EgressEntry::parse(text).expect_err(text);
            assert!(why.contains(expected), "{text}: {why}");
        };
        check("", "is missing");
        check("  ", "is missing");
        check(":443", "is missing");
        check("192.168.10.5/24", "write 192.168.10.0/24 for the network");
        check("192.168.10.5/24", "or 192.168.10.5 for the address");
        check("fd00::1/8", "write fd00::/8 for the network");
        check("192.168.10.0/33", "is no network");
        check("192.168.10/24", "is no network");
        check("crm.lan/24", "is no network");
        check("http://crm.lan", "\"//crm.lan\" is no port");
        check("10.0.0.5:0", "\"0\" is no port");
        check("10.0.0.5:65536", "\"65536\" is no port");
        check("10.0.0.5:+80", "\"+80\" is no port");
        check("10.0.0.5:", "\"\" is no port");
        check("10.0.0.5:80,", "\"\" is no port");
        check("10.0.0.5:80-90", "\"80-90\" is no port");
        check("10.0.0.5:80:90", "is no network");
        check("[fd00::1", "closing bracket");
        check("[fd00::1]443", "is not :port");
        check("[10.0.0.5]:443", "brackets are for those only");
        check("[crm.lan]", "brackets are for those only");
        check("::ffff:10.0.0.0/104", "stands for IPv4 addresses");
        check("::ffff:10.0.0.5", "stands for IPv4 addresses");
        check("10.0.0", "is no address");
        check("10.0.0.256", "is no address");
        check("010.0.0.1", "is no address");
        check("8080", "is no address");
        check("0x7f.1", "is no address");
        check("*.lan", "each host name in full");
        check("crm lan", "is no host name");
        check("crm..lan", "is no host name");
        check(".lan", "is no host name");
        check("bücher.example", "xn-- form");
        check(&format!("{}.lan", "a".repeat(64)), "is no host name");
        check(&"a.".repeat(130), "is no host name");
    }

    #[test]
    fn disguised_addresses() {
        let check = |host: &str, expected: bool| {
            assert_eq!(is_disguised_address(host), expected, "{host}");
        };
        for host in [
            "127.1",
            "2130706433",
            "0x7f.1",
            "0X7F.0.0.1",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "127.0.0.1.",
            "127.000.000.001",
            "127.0.0.01",
            "1.2.3.4.5",
            "256.1.1.1",
            "a.0x",
            "a.1",
            "crm.lan.5",
            "crm.0x1f",
            "[::ffff:127.0.0.1]",
            "::ffff:127.0.0.1",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
        ] {
            check(host, true);
        }
        for host in [
            "127.0.0.1",
            "8.8.8.8",
            "0.0.0.0",
            "[::1]",
            "[fd00::1]",
            "[2001:db8::1]",
            "localhost",
            "crm.example.fr",
            "crm.example.fr.",
            "1.example",
            "0x7f.example",
            "4you.com",
            "1a",
            "a.0xg",
            "x0",
            "",
        ] {
            check(host, false);
        }
    }
}
