//! The daemon's own listeners, and what a proxy is not asked for.

use super::*;

#[test]
fn own_listeners_are_never_open() {
    let check = |own: &str, ip: &str, port: u16, expected: &str| {
        let rule = rule(true, &["0.0.0.0/0", "::/0"], &[], &[own]);
        assert_eq!(word(&rule, "a", ip, port), expected, "{own}: {ip} {port}");
    };
    check("127.0.0.1:7464", "127.0.0.1", 7464, "own");
    check("127.0.0.1:7464", "::ffff:127.0.0.1", 7464, "own");
    check("127.0.0.1:7464", "127.0.0.1", 7465, "open");
    check("127.0.0.1:7464", "127.0.0.2", 7464, "open");
    check("127.0.0.1:7464", "192.168.1.5", 7464, "open");
    check("[::ffff:127.0.0.1]:7464", "127.0.0.1", 7464, "own");
    check("93.184.216.34:7464", "93.184.216.34", 7464, "own");
    check("[::1]:7464", "::1", 7464, "own");
    check("[::1]:7464", "127.0.0.1", 7464, "open");
    for wildcard in ["0.0.0.0:7464", "[::]:7464", "[::ffff:0.0.0.0]:7464"] {
        check(wildcard, "127.0.0.1", 7464, "own");
        check(wildcard, "127.9.9.9", 7464, "own");
        check(wildcard, "192.168.1.5", 7464, "own");
        check(wildcard, "::1", 7464, "own");
        check(wildcard, "fd00::5", 7464, "own");
        check(wildcard, "64:ff9b::7f00:1", 7464, "own");
        check(wildcard, "127.0.0.1", 7465, "open");
        check(wildcard, "93.184.216.34", 7464, "own");
        // Other machines may listen on the same port.
        check(wildcard, "93.184.216.35", 7464, "open");
        check(wildcard, "192.168.1.6", 7464, "open");
        check(wildcard, "::ffff:192.168.1.5", 7464, "own");
        check(wildcard, "0.0.0.0", 7464, "never");
    }
}

#[test]
fn through_a_proxy_only_literals_and_denied_names_are_closed() {
    let check = |host: &str, port: u16, expected: &str| {
        let rule = rule(
            false,
            &["10.1.0.0/16"],
            &["evil.example", "9.9.9.9"],
            &["0.0.0.0:7464"],
        );
        let got = match rule.check_through_proxy(host, port, is_here) {
            Ok(()) => "open",
            Err(Closed::Never(..)) => "never",
            Err(Closed::Private(_)) => "private",
            Err(Closed::Denied(_) | Closed::DeniedName(_)) => "denied",
            Err(Closed::Own(_)) => "own",
        };
        assert_eq!(got, expected, "{host}:{port}");
    };
    check("crm.example", 443, "open");
    check("crm.lan", 443, "open");
    check("evil.example", 443, "denied");
    check("Evil.Example.", 443, "denied");
    check("8.8.8.8", 443, "open");
    check("9.9.9.9", 443, "denied");
    check("10.0.0.1", 443, "private");
    check("10.1.0.1", 443, "open");
    check("169.254.169.254", 80, "never");
    check("::ffff:169.254.169.254", 80, "never");
    check("127.0.0.1", 80, "private");
    check("localhost", 80, "private");
    check("a.LocalHost.", 80, "private");
    check("localhost", 7464, "own");
    check("localhost.example", 7464, "open");
}
