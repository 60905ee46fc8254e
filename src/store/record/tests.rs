//! The bytes of every version of every record, as they were released. They never change: when
//! a form must, it gets the next version, and its bytes are added here.

use super::*;
use crate::domain::change::Numbers;
use crate::domain::endpoint::Tls;
use crate::domain::event::{EventType, Origin};
use crate::domain::id::{AttemptNumber, EndpointNumber, Epoch, Epochs, EventNumber, TokenNumber};
use crate::domain::time::Tick;
use crate::store::tests::samples::{self, AT};

/// Any place will do.
fn place() -> Place {
    Place::new("table", b"key")
}

/// The record is these bytes, they read back as the same, and one wrong bit is noticed.
fn check<T>(
    golden: &str,
    value: &T,
    write: impl Fn(Place, &T, &mut Vec<u8>),
    read: impl Fn(Place, &[u8]) -> Result<T, Broken>,
) where
    T: std::fmt::Debug,
{
    let mut bytes = b"left over".to_vec();
    write(place(), value, &mut bytes);
    assert_eq!(hex::encode(&bytes), golden);
    let back = read(place(), &bytes).unwrap();
    assert_eq!(format!("{back:?}"), format!("{value:?}"));

    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read(place(), &bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..bytes.len() {
        assert!(read(place(), &bytes[..length]).is_err(), "{length} bytes");
    }
    let elsewhere = Place::new("table", b"kez");
    assert_eq!(read(elsewhere, &bytes).unwrap_err(), Broken::Checksum);
    bytes[0] = 0xee;
    let length = bytes.len();
    close_envelope(place(), 0xee, &mut bytes);
    assert_eq!(read(place(), &bytes).unwrap_err(), Broken::Version(0xee));
    // The right checksum over bytes that are not the form: more, or fewer, or none.
    bytes.push(0xff);
    close_envelope(place(), 1, &mut bytes);
    assert_eq!(read(place(), &bytes).unwrap_err(), Broken::Form);
    assert_eq!(length + 1, bytes.len());
}

#[test]
fn meta() {
    check(
        "014b08190f01",
        &1u32,
        |place, format, buffer| write_format(place, *format, buffer),
        read_format,
    );
    let epoch = |first: u32| Epoch {
        first_event: EventNumber(u64::from(first)),
        first_endpoint: EndpointNumber(first),
        first_token: TokenNumber(first),
        salt: *b"salt\0\xffpz",
    };
    let epochs = Epochs::new(vec![epoch(1), epoch(300)]).unwrap();
    check(
        "0191ab201c0201010173616c7400ff707aac02ac02ac0273616c7400ff707a",
        &epochs,
        write_epochs,
        read_epochs,
    );
    let numbers = Numbers {
        event: EventNumber(1 << 40),
        endpoint: EndpointNumber(2),
        token: TokenNumber(3),
        attempt: AttemptNumber(4),
        newest: Tick(AT.0),
    };
    check(
        "0182d06441808080808020020304fb8e8885ab33",
        &numbers,
        write_numbers,
        read_numbers,
    );
}

#[test]
fn endpoints_and_tokens() {
    let number = EndpointNumber(7);
    check(
        "02e9106a5f090343524d1c68747470733a2f2f63726d2e6578616d706c652e66722f686f6f6b\
        730102000000000001050e7062783a71756575655f6c65667402056163632d31056163632d32\
        01062b333320312a042b33333101010000000000002540000105582d456e760470726f640101\
        98750104000101dbe38b85ab333277687365635f415145424151454241514542415145424151\
        454241514542415145424151454241514542415145424151453d013277687365635f41674943\
        4167494341674943416749434167494341674943416749434167494341674943416749434167\
        493d01036f6c64fb8e8885ab3301fb8e8885ab33000102fb8e8885ab3301fb8e8885ab33fb8e\
        8885ab33fc8e8885ab3301026361010370696e0106636c69656e740101000000000000044002\
        0107",
        &samples::endpoint(7),
        write_endpoint,
        |place, bytes| read_endpoint(place, number, bytes),
    );
    check(
        "012bb5f4b4037062780009090909090909090909090909090909090909090909090909090909\
        09090909fb8e8885ab3300",
        &samples::token(7),
        write_token,
        |place, bytes| read_token(place, TokenNumber(7), bytes),
    );
}

#[test]
fn heads() {
    check(
        "01b22f2f07fb8e8885ab33808f8885ab3301000301080706050403020101ffffffffffffffff\
        0001010000000000000001000102030405060708090a0b0c0d0e0f0000000000000000000000\
        0000000080800802",
        &samples::head(),
        write_head,
        read_head,
    );
    let mut head = samples::head();
    head.kind = EventType::parse("pbx:queue_left").unwrap();
    head.origin = Origin::Socket(1000);
    head.call = None;
    head.idempotency_key = None;
    check(
        "01affe71b0fb8e8885ab33808f8885ab33050e7062783a71756575655f6c65667401e8070001\
        ffffffffffffffff000101000000000000000000000000000000000000000000000080800802",
        &head,
        write_head,
        read_head,
    );
}

#[test]
fn open_rows() {
    let row = crate::store::OpenRow {
        call: Some(0x0102_0304_0506_0708),
        kind: EventType::CallRinging,
        expires_at: Some(Tick(AT.0)),
        open: vec![samples::open(1), samples::open(70_000)],
    };
    check(
        "01e6d16a760108070605040302010001fb8e8885ab3301858f8885ab33020000f0a204858f88\
        85ab33020000",
        &row,
        |place, row, buffer| {
            write_open(
                place,
                row.call,
                &row.kind,
                row.expires_at,
                &row.open,
                buffer,
            );
        },
        read_open,
    );
}

#[test]
fn closed_rows() {
    let ended = vec![samples::ended(1), samples::ended(70_000)];
    let golden = "01d69932c3010101010bf7039875828f8885ab33f0a2040101010bf7039875828f8885ab33";
    check(
        golden,
        &ended,
        |place, ended, buffer| write_ended(place, ended, buffer),
        read_ended,
    );
    check(
        golden,
        &ended,
        |place, ended, buffer| {
            let mut first = Vec::new();
            write_ended(place, &ended[..1], &mut first);
            add_ended(place, &first, &ended[1..], buffer).unwrap();
        },
        read_ended,
    );
}

#[test]
fn attempts() {
    check(
        "0119396d0d0907014d07014d0203fb8e8885ab33b70112687474703a2f2f3139322e302e322e\
        312f68010a776562686f6f6b2d6964056576745f31077b2261223a317d987500c80101065365\
        727665720178026f6b000001020001aa0100000000",
        &samples::attempt(7, 9),
        write_attempt,
        read_attempt,
    );
    check(
        "01d3ea1972090700858080808080808080010203fb8e8885ab33b70112687474703a2f2f3139\
        322e302e322e312f68010a776562686f6f6b2d6964056576745f31077b2261223a317d987501\
        0405116e6f20616e7377657220696e20313520730001020001aa0100000401fb8e8885ab33",
        &samples::failed_attempt(7, 9),
        write_attempt,
        read_attempt,
    );
    let recent = vec![samples::recent(1), samples::recent(300)];
    check(
        "01ffb5336afb8e8885ab3301f4030109fb8e8885ab3301f403ac0209",
        &recent,
        |place, recent, buffer| write_recent(place, recent, buffer),
        read_recent,
    );
}

#[test]
fn a_body_is_kept_as_it_is() {
    let write = |body: &[u8]| {
        let mut bytes = Vec::new();
        write_body(place(), body, &mut bytes);
        bytes
    };
    let bytes = write(b"{\"id\":1}");
    assert_eq!(hex::encode(&bytes), "0138b063bf7b226964223a317d");
    assert_eq!(&*read_body(place(), &bytes).unwrap(), b"{\"id\":1}");
    assert_eq!(&*read_body(place(), &write(b"")).unwrap(), b"");
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read_body(place(), &bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn of_long_bodies_the_history_keeps_the_beginning() {
    let mut attempt = samples::attempt(1, 1);
    attempt.exchange.request.body = vec![b'x'; 1 << 20].into();
    let mut bytes = Vec::new();
    write_attempt(place(), &attempt, &mut bytes);
    let kept = read_attempt(place(), &bytes).unwrap().exchange.request.body;
    assert_eq!(kept.len(), crate::domain::attempt::BODY_KEPT_BYTES);
}

#[test]
fn an_endpoint_of_version_1_has_what_was_there_then() {
    let golden = "01c4d8e4c0090343524d1c68747470733a2f2f63726d2e6578616d706c652e66722f686f6f6b\
        730102000000000001050e7062783a71756575655f6c65667402056163632d31056163632d32\
        01062b333320312a042b33333101010000000000002540000105582d456e760470726f640101\
        98750104000101dbe38b85ab333277687365635f415145424151454241514542415145424151\
        454241514542415145424151454241514542415145424151453d013277687365635f41674943\
        4167494341674943416749434167494341674943416749434167494341674943416749434167\
        493d01036f6c64fb8e8885ab3301fb8e8885ab33000102fb8e8885ab3301fb8e8885ab33fb8e\
        8885ab33fc8e8885ab33";
    let bytes = hex::decode(golden).unwrap();
    let found = read_endpoint(place(), EndpointNumber(7), &bytes).unwrap();
    let mut expected = samples::endpoint(7);
    expected.spec.policy.tls = Tls::default();
    expected.spec.policy.rate_per_s = None;
    expected.health.notices = 0;
    expected.health.recovering = false;
    expected.health.catch_ups = 0;
    assert_eq!(found, expected);
    assert!(read_endpoint(place(), EndpointNumber(7), &bytes[..bytes.len() - 1]).is_err());
}
