//! What kind of address an address is: never, private or public.
//!
//! The tables are our own, from the IANA registries of special-purpose addresses (RFC 6890 and
//! its successors) and from the clouds' documentation. They hold no policy: `EgressRule` does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The kind of an address, with the name of its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Never connected to.
    Never(&'static str),
    /// The LAN, the machine itself.
    Private,
    /// Everything else.
    Public,
}

type Range = (IpNet, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8, name: &'static str) -> Range {
    let net = Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length);
    (IpNet::V4(net), name)
}

const fn v6(groups: [u16; 8], length: u8, name: &'static str) -> Range {
    let [a, b, c, d, e, f, g, h] = groups;
    let net = Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length);
    (IpNet::V6(net), name)
}

const METADATA: &str = "the range of a cloud's metadata service";
const DOCUMENTATION: &str = "a range for documentation";

/// Metadata services hand out credentials of the machine to whoever asks from it. Several lie
/// within ranges that are otherwise private or public, so they are looked at first.
const METADATA_ADDRESSES: [Range; 8] = [
    v4(169, 254, 169, 254, 32, METADATA), // nearly all clouds
    v4(169, 254, 170, 2, 32, METADATA),   // Amazon ECS
    v4(169, 254, 170, 23, 32, METADATA),  // Amazon EKS
    v4(100, 100, 100, 200, 32, METADATA), // Alibaba
    v4(192, 0, 0, 192, 32, METADATA),     // Oracle
    v4(168, 63, 129, 16, 32, METADATA),   // Azure; looks public
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, METADATA), // Amazon
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, METADATA), // Google
];

/// Open by `egress.private` or `egress.allow`.
const PRIVATE: [IpNet; 9] = [
    v4(10, 0, 0, 0, 8, "").0,
    v4(172, 16, 0, 0, 12, "").0,
    v4(192, 168, 0, 0, 16, "").0,
    v4(100, 64, 0, 0, 10, "").0,
    v4(127, 0, 0, 0, 8, "").0,
    v4(192, 0, 0, 0, 24, "").0,
    v4(198, 18, 0, 0, 15, "").0,
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "").0,
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "").0,
];

/// Never open.
const NEVER: [Range; 25] = [
    v4(0, 0, 0, 0, 8, "\"this network\""),
    v4(224, 0, 0, 0, 4, "a multicast range"),
    v4(255, 255, 255, 255, 32, "broadcast"),
    v4(240, 0, 0, 0, 4, "a reserved range"),
    v4(192, 0, 2, 0, 24, DOCUMENTATION),
    v4(198, 51, 100, 0, 24, DOCUMENTATION),
    v4(203, 0, 113, 0, 24, DOCUMENTATION),
    v4(192, 88, 99, 0, 24, "the old 6to4 relay range"),
    v4(169, 254, 0, 0, 16, "the link-local range"),
    v6([0; 8], 128, "the unspecified address"),
    v6([0; 8], 96, "the old IPv4-compatible range"),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "the SIIT range"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "a local NAT64 range"),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "the discard range"),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "the dummy range"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "the Teredo range"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "an IETF protocol range"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, DOCUMENTATION),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "the 6to4 range"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, DOCUMENTATION),
    v6(
        [0x5f00, 0, 0, 0, 0, 0, 0, 0],
        16,
        "the segment-routing range",
    ),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "the link-local range"),
    v6(
        [0xfec0, 0, 0, 0, 0, 0, 0, 0],
        10,
        "the old site-local range",
    ),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast range"),
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "the AS112 range"),
];

/// Where public IPv6 addresses are given out; outside of it everything is closed.
const GLOBAL_UNICAST: IpNet = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "").0;

/// The kind of an address that is already `unwrapped`.
pub(super) fn class(address: IpAddr) -> Class {
    let named = |ranges: &[Range]| {
        let found = ranges.iter().find(|(net, _)| net.contains(&address));
        found.map(|(_, name)| *name)
    };
    if let Some(name) = named(&METADATA_ADDRESSES) {
        Class::Never(name)
    } else if PRIVATE.iter().any(|net| net.contains(&address)) {
        Class::Private
    } else if let Some(name) = named(&NEVER) {
        Class::Never(name)
    } else if address.is_ipv6() && !GLOBAL_UNICAST.contains(&address) {
        Class::Never("a reserved range")
    } else {
        Class::Public
    }
}

/// The IPv4 address that an IPv6 address stands for: one mapped into `::ffff:0:0/96` reaches it
/// directly, one in `64:ff9b::/96` through NAT64. Others stay as they are.
pub(super) fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    if let Some(mapped) = six.to_ipv4_mapped() {
        return IpAddr::V4(mapped);
    }
    let [.., a, b, c, d] = six.octets();
    match six.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        _ => address,
    }
}
