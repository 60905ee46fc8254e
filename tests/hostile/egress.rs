//! Addresses that must not be reached, in every spelling, through the real client: by literal,
//! by name, by a name that changes its mind, and on a connection that is already open.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ringhook::cli::receiver::{Receiver, Script, Step};
use ringhook::domain::attempt::ErrorKind::{Blocked, Dns, Internal};
use ringhook::send::Transport as _;
use ringhook::send::http::HttpTransport;

use crate::world::{client, options, receiver, receiver_at, request, rule};

/// Of each closed range of IPv4 some addresses.
const CLOSED_V4: [&str; 24] = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.254",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.251",
    "255.255.255.255",
];

/// And of IPv6.
const CLOSED_V6: [&str; 24] = [
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "ff02::1",
    "ff05::2",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:20::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::1",
    "4000::1",
];

/// The spellings of an IPv4 address that one resolver or the other reads.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let (high, low) = (number >> 16, number & 0xffff);
    vec![
        format!("{address}"),
        format!("{number}"),
        format!("{number:#x}"),
        format!("0X{number:08X}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a}.{b}.{low}"),
        format!("{a:#x}.{b}.0{low:o}"),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:FFFF:{high:X}:{low:X}]"),
        format!("[64:ff9b::{high:x}:{low:x}]"),
        format!("[64:ff9b::{address}]"),
        format!("user@{address}"),
        format!("8.8.8.8@{address}"),
    ]
}

/// A client that opens nothing inside.
fn strict(allow: &[&str]) -> ringhook::send::http::HttpOptions {
    let mut strict = options();
    strict.egress = rule(false, allow);
    strict
}

/// A receiver that nobody may reach: whatever comes to it is seen.
fn forbidden() -> Receiver {
    receiver(Script::always(Step::status(200)), None)
}

#[test]
fn three_hundred_spellings_of_what_is_closed_lead_nowhere() {
    let forbidden = forbidden();
    let port = forbidden.address().port();
    let four = CLOSED_V4
        .iter()
        .flat_map(|text| spellings(text.parse().unwrap()));
    let six = CLOSED_V6.iter().map(|text| format!("[{text}]"));
    let hosts: BTreeSet<String> = four.chain(six).collect();
    assert!(hosts.len() >= 300, "{} spellings", hosts.len());
    // The system reads the spellings, as it would for anybody else on the machine.
    let client = HttpTransport::new(strict(&[])).unwrap();
    for host in &hosts {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let error = client.send(&request(&url, None), 4).result.unwrap_err();
            // Read as an address and closed, or not read at all; never tried.
            let closed = [Blocked, Dns, Internal].contains(&error.kind);
            assert!(closed, "{url}: {:?} {}", error.kind, error.message);
        }
    }
    assert_eq!(forbidden.connections(), 0);
    forbidden.stop();
}

#[test]
fn a_name_that_means_a_closed_address_leads_nowhere() {
    let forbidden = forbidden();
    let port = forbidden.address().port();
    let all: Vec<IpAddr> = CLOSED_V4
        .iter()
        .chain(&CLOSED_V6)
        .map(|text| text.parse().unwrap())
        .collect();
    let addresses = all.clone();
    let client = HttpTransport::with_look_up(strict(&[]), move |name| {
        let number = name
            .strip_prefix('n')
            .and_then(|rest| rest.split('.').next());
        Ok(
            match number.and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => vec![addresses[number]],
                None => addresses.clone(),
            },
        )
    })
    .unwrap();
    let one = (0..all.len()).map(|number| format!("n{number}.example"));
    for host in one.chain(["all.example".to_owned(), "localhost".to_owned()]) {
        let url = format!("http://{host}:{port}/");
        let error = client.send(&request(&url, None), 4).result.unwrap_err();
        assert_eq!(error.kind, Blocked, "{host}: {}", error.message);
    }
    assert_eq!(forbidden.connections(), 0);
    forbidden.stop();
}

/// Of the addresses of this test 127.0.0.2 is open, as a public one would be.
#[test]
fn a_name_that_changes_its_mind_is_asked_about_each_time() {
    const OPEN: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let closes = || {
        let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let step = Step::after_request("200").say(answer);
        Script::always(step.then(ringhook::cli::receiver::Act::Close))
    };
    let open = receiver_at("127.0.0.2", closes(), None);
    let port = open.address().port();
    // The same port inside, so that the rebinding would arrive.
    let inside = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    inside.set_nonblocking(true).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let client = HttpTransport::with_look_up(strict(&["127.0.0.2"]), move |name| {
        let count = counter.fetch_add(1, Ordering::SeqCst);
        Ok(match (name, count) {
            ("both.example", _) => vec![IpAddr::from(Ipv4Addr::LOCALHOST), OPEN],
            (_, 0) => vec![OPEN],
            _ => vec![IpAddr::from(Ipv4Addr::LOCALHOST)],
        })
    })
    .unwrap();
    let url = format!("http://rebind.example:{port}/");
    let send = |url: &str| client.send(&request(url, None), 4).result;
    assert_eq!(send(&url).unwrap().status, 200);
    let begun = Instant::now();
    let closed = loop {
        match send(&url) {
            // Still what was looked up a blink ago.
            Ok(_) => assert!(begun.elapsed() < Duration::from_secs(30)),
            Err(error) => break error,
        }
    };
    assert_eq!(closed.kind, Blocked, "{}", closed.message);
    // Of two addresses only the open one is dialled, whichever comes first.
    let both = format!("http://both.example:{port}/");
    assert_eq!(send(&both).unwrap().status, 200);
    let came = inside.accept().map(|(_, from)| from);
    assert!(
        came.is_err(),
        "the closed address was connected to: {came:?}"
    );
    open.stop();
}

#[test]
fn a_rule_that_changes_holds_on_open_connections_too() {
    let receiver = receiver(Script::always(Step::status(200)), None);
    let client = client(options());
    let url = format!("http://crm.example:{}/", receiver.address().port());
    let send = || client.send(&request(&url, None), 4).result;
    for _ in 0..3 {
        assert_eq!(send().unwrap().status, 200);
    }
    assert_eq!(receiver.connections(), 1);
    client.set_egress(rule(false, &[]));
    assert_eq!(send().unwrap_err().kind, Blocked);
    client.set_egress(rule(true, &[]));
    assert_eq!(send().unwrap().status, 200);
    assert_eq!(receiver.connections(), 2, "on a fresh one");
    receiver.stop();
}

/// The address that this machine has in its network, if it has one. Nothing is sent for that.
fn address_of_the_machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[test]
fn the_daemons_own_listeners_are_never_a_target() {
    let own = receiver_at("0.0.0.0", Script::always(Step::status(200)), None);
    let port = own.address().port();
    let here = address_of_the_machine();
    let hosts = [
        "127.0.0.1",
        "127.0.0.2",
        "127.9.9.9",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "a.lan",
    ];
    let hosts = hosts.map(str::to_owned).into_iter();
    let hosts: Vec<_> = hosts.chain(here.map(|ip| ip.to_string())).collect();
    let is_of_network = |host: &str| here.is_some_and(|ip| ip.to_string() == host);
    for wildcard in [format!("0.0.0.0:{port}"), format!("[::]:{port}")] {
        let mut guarded = options();
        guarded.egress.own = vec![wildcard.parse().unwrap()];
        let client = client(guarded);
        for host in &hosts {
            let url = format!("http://{host}:{port}/");
            let error = client.send(&request(&url, None), 4).result.unwrap_err();
            assert_eq!(error.kind, Blocked, "{url}: {}", error.message);
            // An address of the machine may lie in a range that is closed in any case.
            let is_own = error.message.contains("own address");
            assert!(is_own || is_of_network(host), "{}", error.message);
        }
    }
    assert_eq!(own.connections(), 0);
    // Another port of this machine is somebody else.
    let mut guarded = options();
    guarded.egress.own = vec![SocketAddr::from(([0, 0, 0, 0], port + 1))];
    let client = client(guarded);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(
        client.send(&request(&url, None), 4).result.unwrap().status,
        200
    );
    own.stop();
}
