//! The bytes of every version of every record, as they were released. They never change: when
//! a form must, it gets the next version, and its bytes are added here.

use super::*;
use crate::domain::change::Numbers;
use crate::domain::event::{EventType, Origin};
use crate::domain::id::{AttemptNumber, EndpointNumber, Epoch, Epochs, EventNumber, TokenNumber};
use crate::domain::time::Tick;
use crate::store::tests::samples::{self, AT};

/// The record is these bytes, they read back as the same, and one wrong bit is noticed.
fn check<T>(
    golden: &str,
    value: &T,
    write: impl Fn(&T, &mut Vec<u8>),
    read: impl Fn(&[u8]) -> Result<T, Broken>,
) where
    T: std::fmt::Debug,
{
    let mut bytes = b"left over".to_vec();
    write(value, &mut bytes);
    assert_eq!(hex::encode(&bytes), golden);
    let back = read(&bytes).unwrap();
    assert_eq!(format!("{back:?}"), format!("{value:?}"));

    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} bytes");
    }
    bytes[0] = 0xee;
    let length = bytes.len();
    close_envelope(0xee, &mut bytes);
    assert_eq!(read(&bytes).unwrap_err(), Broken::Version(0xee));
    // The right checksum over bytes that are not the form: more, or fewer, or none.
    bytes.push(0xff);
    close_envelope(1, &mut bytes);
    assert_eq!(read(&bytes).unwrap_err(), Broken::Form);
    assert_eq!(length + 1, bytes.len());
}

#[test]
fn meta() {
    check(
        "01a66ca81001",
        &1u32,
        |format, buffer| write_format(*format, buffer),
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
        "01ea16c4150201010173616c7400ff707aac02ac02ac0273616c7400ff707a",
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
        "01c8f14199808080808020020304fb8e8885ab33",
        &numbers,
        write_numbers,
        read_numbers,
    );
}

#[test]
fn endpoints_and_tokens() {
    let number = EndpointNumber(7);
    check(
        "01f04cbd1b090343524d1c68747470733a2f2f63726d2e6578616d706c652e66722f686f6f6b\
        730102000000000001050e7062783a71756575655f6c65667402056163632d31056163632d32\
        01062b333320312a042b33333101010000000000002540000105582d456e760470726f640101\
        98750104000101dbe38b85ab333277687365635f415145424151454241514542415145424151\
        454241514542415145424151454241514542415145424151453d013277687365635f41674943\
        4167494341674943416749434167494341674943416749434167494341674943416749434167\
        493d01036f6c64fb8e8885ab3301fb8e8885ab33000102fb8e8885ab3301fb8e8885ab33fb8e\
        8885ab33fc8e8885ab33",
        &samples::endpoint(7),
        write_endpoint,
        |bytes| read_endpoint(number, bytes),
    );
    check(
        "01fe2bbcdb037062780009090909090909090909090909090909090909090909090909090909\
        09090909fb8e8885ab3300",
        &samples::token(7),
        write_token,
        |bytes| read_token(TokenNumber(7), bytes),
    );
}

#[test]
fn heads() {
    check(
        "012f8f3a4afb8e8885ab33808f8885ab3301000301080706050403020101ffffffffffffffff\
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
        "01cb9890ddfb8e8885ab33808f8885ab33050e7062783a71756575655f6c65667401e8070001\
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
        "0115d8a5c10108070605040302010001fb8e8885ab3301858f8885ab33020000f0a204858f88\
        85ab33020000",
        &row,
        |row, buffer| write_open(row.call, &row.kind, row.expires_at, &row.open, buffer),
        read_open,
    );
}

#[test]
fn closed_rows() {
    let ended = vec![samples::ended(1), samples::ended(70_000)];
    let golden = "0105f37ef3010101010bf7039875828f8885ab33f0a2040101010bf7039875828f8885ab33";
    check(
        golden,
        &ended,
        |ended, buffer| write_ended(ended, buffer),
        read_ended,
    );
    check(
        golden,
        &ended,
        |ended, buffer| {
            let mut first = Vec::new();
            write_ended(&ended[..1], &mut first);
            add_ended(&first, &ended[1..], buffer).unwrap();
        },
        read_ended,
    );
}

#[test]
fn attempts() {
    check(
        "0124fa28920907014d07014d0203fb8e8885ab33b70112687474703a2f2f3139322e302e322e\
        312f68010a776562686f6f6b2d6964056576745f31077b2261223a317d987500c80101065365\
        727665720178026f6b000001020001aa0100000000",
        &samples::attempt(7, 9),
        write_attempt,
        read_attempt,
    );
    check(
        "011a50aca6090700858080808080808080010203fb8e8885ab33b70112687474703a2f2f3139\
        322e302e322e312f68010a776562686f6f6b2d6964056576745f31077b2261223a317d987501\
        0405116e6f20616e7377657220696e20313520730001020001aa0100000401fb8e8885ab33",
        &samples::failed_attempt(7, 9),
        write_attempt,
        read_attempt,
    );
    let recent = vec![samples::recent(1), samples::recent(300)];
    check(
        "017fb0af3efb8e8885ab3301f4030109fb8e8885ab3301f403ac0209",
        &recent,
        |recent, buffer| write_recent(recent, buffer),
        read_recent,
    );
}

#[test]
fn a_body_is_kept_as_it_is() {
    let write = |body: &[u8]| {
        let mut bytes = vec![0; body_bytes(body)];
        fill_body(body, &mut bytes);
        bytes
    };
    let bytes = write(b"{\"id\":1}");
    assert_eq!(hex::encode(&bytes), "01355033737b226964223a317d");
    assert_eq!(&*read_body(&bytes).unwrap(), b"{\"id\":1}");
    assert_eq!(&*read_body(&write(b"")).unwrap(), b"");
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read_body(&bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn of_long_bodies_the_history_keeps_the_beginning() {
    let mut attempt = samples::attempt(1, 1);
    attempt.exchange.request.body = vec![b'x'; 1 << 20].into();
    let mut bytes = Vec::new();
    write_attempt(&attempt, &mut bytes);
    let kept = read_attempt(&bytes).unwrap().exchange.request.body;
    assert_eq!(kept.len(), crate::domain::attempt::BODY_KEPT_BYTES);
}
