//! Addresses at both ends of every range, lines of configuration, and disguised spellings.

use super::*;

mod own;

fn rule(private: bool, allow: &[&str], deny: &[&str], own: &[&str]) -> EgressRule {
    let read = |lines: &[&str]| {
        let parse = |line: &&str| EgressEntry::parse(line).unwrap();
        lines.iter().map(parse).collect()
    };
    EgressRule {
        private,
        allow: read(allow),
        deny: read(deny),
        own: own.iter().map(|own| own.parse().unwrap()).collect(),
    }
}

/// The machine of these tests, besides its loopback addresses.
const HERE: [&str; 3] = ["192.168.1.5", "93.184.216.34", "fd00::5"];

fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback()
        || HERE
            .iter()
            .any(|here| ip == here.parse::<IpAddr>().unwrap())
}

/// The answer in one word.
fn word(rule: &EgressRule, host: &str, ip: &str, port: u16) -> &'static str {
    let address = SocketAddr::new(ip.parse().unwrap(), port);
    match rule.check(host, address, is_here) {
        Ok(()) => "open",
        Err(Closed::Never(..)) => "never",
        Err(Closed::Private(_)) => "private",
        Err(Closed::Denied(_) | Closed::DeniedName(_)) => "denied",
        Err(Closed::Own(_)) => "own",
    }
}

/// Without `egress.private`; with it; and with everything allowed that can be.
fn check_class(expected: [&str; 3], addresses: &[&str]) {
    let everything = ["0.0.0.0/0", "::/0"];
    let rules = [
        rule(false, &[], &[], &[]),
        rule(true, &[], &[], &[]),
        rule(false, &everything, &[], &[]),
    ];
    for address in addresses {
        let got = [0, 1, 2].map(|nth| word(&rules[nth], "a.example", address, 443));
        assert_eq!(got, expected, "{address}");
    }
}

#[test]
fn metadata_services_are_never_open() {
    check_class(
        ["never"; 3],
        &[
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "::ffff:168.63.129.16",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::6464:64c8",
            "64:ff9b::a83f:8110",
        ],
    );
}

#[test]
fn ranges_of_ipv4_that_are_never_open() {
    check_class(
        ["never"; 3],
        &[
            "0.0.0.0",
            "0.0.0.1",
            "0.255.255.255",
            "169.254.0.0",
            "169.254.0.1",
            "169.254.255.255",
            "192.0.2.0",
            "192.0.2.255",
            "198.51.100.0",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.255",
            "192.88.99.0",
            "192.88.99.1",
            "192.88.99.255",
            "224.0.0.0",
            "224.0.0.251",
            "239.255.255.255",
            "240.0.0.0",
            "254.1.2.3",
            "255.255.255.254",
            "255.255.255.255",
        ],
    );
}

#[test]
fn ranges_of_ipv6_that_are_never_open() {
    check_class(
        ["never"; 3],
        &[
            "::",
            "::2",
            "::7f00:1",
            "::10.0.0.1",
            "::ffff:0:127.0.0.1",
            "::ffff:0:8.8.8.8",
            "64:ff9a::1",
            "64:ff9b:0:0:0:1:808:808",
            "64:ff9b:1::",
            "64:ff9b:1::7f00:1",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            "64:ff9b:2::1",
            "100::",
            "100::1",
            "100::ffff:ffff:ffff:ffff",
            "100:0:0:1::1",
            "100:0:0:2::1",
            "200::1",
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001::",
            "2001::1",
            "2001:0:7f00:1::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::",
            "2001:db8::1",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2002::",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2002:ffff::1",
            "2620:4f:8000::",
            "2620:4f:8000:ffff::1",
            "3fff::",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::",
            "4000::1",
            "5f00::",
            "5f00::1",
            "5f00:ffff::1",
            "8000::1",
            "c000::1",
            "fbff:ffff::1",
            "fe00::1",
            "fe7f::1",
            "fe80::",
            "fe80::1",
            "febf:ffff::1",
            "fec0::1",
            "feff:ffff::1",
            "ff00::",
            "ff02::1",
            "ff05::2",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ],
    );
}

#[test]
fn private_ranges() {
    check_class(
        ["private", "open", "open"],
        &[
            "10.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.0",
            "172.20.1.2",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.1.10",
            "192.168.255.255",
            "100.64.0.0",
            "100.100.100.199",
            "100.127.255.255",
            "127.0.0.0",
            "127.0.0.1",
            "127.1.2.3",
            "127.255.255.255",
            "192.0.0.0",
            "192.0.0.8",
            "192.0.0.255",
            "198.18.0.0",
            "198.19.255.255",
        ],
    );
    // Of an IPv6 address that stands for an IPv4 address, the second one counts.
    check_class(
        ["private", "open", "open"],
        &[
            "::1",
            "fc00::",
            "fc00::1",
            "fd00::1",
            "fd12:3456:789a::1",
            "fd00:ec2::253",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:192.168.1.1",
            "::ffff:7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::c0a8:101",
        ],
    );
}

#[test]
fn public_addresses() {
    check_class(
        ["open"; 3],
        &[
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.31.196.1",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2000::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700:4700::1111",
            "2620:4f:7fff::1",
            "2620:4f:8001::1",
            "2a00:1450:4007::1",
            "3ffe:ffff::1",
            "3fff:1000::1",
        ],
    );
}

#[test]
fn the_lists_and_their_order() {
    let check = |rule: &EgressRule, host: &str, ip: &str, port: u16, expected: &str| {
        assert_eq!(word(rule, host, ip, port), expected, "{host} {ip} {port}");
    };
    let allowed = rule(
        false,
        &["192.168.10.0/24:443,8080", "[fd00::/16]:443"],
        &[],
        &[],
    );
    check(&allowed, "a", "192.168.10.5", 443, "open");
    check(&allowed, "a", "192.168.10.5", 8080, "open");
    check(&allowed, "a", "192.168.10.5", 80, "private");
    check(&allowed, "a", "192.168.11.5", 443, "private");
    check(&allowed, "a", "::ffff:192.168.10.5", 443, "open");
    check(&allowed, "a", "fd00::5", 443, "open");
    check(&allowed, "a", "fd00:ec2::254", 443, "never");
    check(&allowed, "a", "127.0.0.1", 443, "private");

    let denied = rule(
        true,
        &["10.0.0.0/8", "8.8.8.8"],
        &["10.1.0.0/16", "8.8.8.8:53"],
        &[],
    );
    check(&denied, "a", "10.0.0.1", 443, "open");
    check(&denied, "a", "10.1.0.1", 443, "denied");
    check(&denied, "a", "::ffff:10.1.0.1", 443, "denied");
    check(&denied, "a", "64:ff9b::10.1.0.1", 443, "denied");
    check(&denied, "a", "8.8.8.8", 53, "denied");
    check(&denied, "a", "8.8.8.8", 443, "open");
    check(&denied, "a", "169.254.1.1", 443, "never");

    let translated = rule(true, &[], &["64:ff9b::/96"], &[]);
    check(&translated, "a", "64:ff9b::808:808", 443, "denied");
    check(&translated, "a", "8.8.8.8", 443, "open");
    let nothing_opened = rule(false, &["64:ff9b::/96"], &[], &[]);
    check(&nothing_opened, "a", "64:ff9b::10.0.0.1", 443, "private");
}

#[test]
fn a_name_opens_its_own_private_addresses_only() {
    let check = |host: &str, ip: &str, port: u16, expected: &str| {
        let rule = rule(false, &["crm.lan:8080"], &["evil.example"], &[]);
        assert_eq!(word(&rule, host, ip, port), expected, "{host} {ip} {port}");
    };
    check("crm.lan", "192.168.10.5", 8080, "open");
    check("CRM.LAN", "127.0.0.1", 8080, "open");
    check("crm.lan.", "fd00::1", 8080, "open");
    check("crm.lan", "192.168.10.5", 80, "private");
    check("other.lan", "192.168.10.5", 8080, "private");
    check("a.crm.lan", "192.168.10.5", 8080, "private");
    check("crm.lan", "169.254.169.254", 8080, "never");
    check("crm.lan", "fe80::1", 8080, "never");
    check("evil.example", "8.8.8.8", 443, "denied");
    check("Evil.Example.", "8.8.8.8", 443, "denied");
    check("not-evil.example", "8.8.8.8", 443, "open");
}

#[test]
fn a_closed_address_says_why() {
    let check = |rule: &EgressRule, address: &str, expected: &str| {
        let got = rule
            .check("a", address.parse().unwrap(), is_here)
            .unwrap_err();
        assert_eq!(got.to_string(), expected);
    };
    let strict = rule(false, &[], &["8.8.8.8"], &["127.0.0.1:7464"]);
    check(
        &strict,
        "169.254.169.254:80",
        "169.254.169.254 is in the range of a cloud's metadata service, to which \
         ringhook never connects",
    );
    check(
        &strict,
        "[::ffff:10.0.0.1]:80",
        "::ffff:10.0.0.1 is a private address; open it with egress.private or egress.allow",
    );
    check(&strict, "8.8.8.8:80", "8.8.8.8 is closed by egress.deny");
    check(
        &strict,
        "127.0.0.1:7464",
        "127.0.0.1:7464 is ringhook's own address",
    );
}
