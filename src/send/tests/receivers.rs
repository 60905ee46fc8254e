//! Receivers that behave: what they get, and how connections are kept.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::super::Transport;
use super::super::http::HttpTransport;
use super::super::names::{Names, TIMES};
use super::super::tls::Tls;
use super::{OK, Server, answer_all, client, hang, options, read_request, request, send};
use crate::domain::attempt::{ErrorKind, Phase};

#[test]
fn a_request_arrives_as_it_was_built() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |stream, _| {
        tell.send(read_request(stream).unwrap()).unwrap();
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let sent = send(&client(), &server.url(), 2000);
    let reply = sent.result.unwrap();
    assert_eq!(
        (reply.status, &*reply.body, reply.truncated),
        (200, &b"ok"[..], false)
    );
    assert_eq!(
        reply.headers,
        [("content-length".to_owned(), "2".to_owned())]
    );

    let text = told.recv().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "{\"data\":{}}");
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /hook?token=hidden HTTP/1.1");
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "Content-Type: application/json",
            "User-Agent: ringhook/1",
            "X-CALLTRACKING-SIGNATURE: 59ba45",
            "content-length: 11",
            &format!("host: {}", server.address),
            "webhook-id: evt_1",
        ]
    );
}

#[test]
fn phases_that_did_not_happen_have_no_time() {
    let server = Server::start(|stream, _| answer_all(stream, OK));
    let client = client();
    let url = format!("http://crm.example:{}/", server.address.port());
    let first = send(&client, &url, 2000);
    assert!(first.result.is_ok(), "{first:?}");
    assert!(first.timings.resolve_ms.is_some() && first.timings.connect_ms.is_some());
    assert!(first.timings.tls_ms.is_none() && first.timings.wait_ms.is_some());
    let second = send(&client, &url, 2000);
    assert!(second.timings.resolve_ms.is_none() && second.timings.connect_ms.is_none());
    assert!(second.timings.wait_ms.is_some() && second.timings.read_ms.is_some());
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    for answer in [
        OK,
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n",
    ] {
        let server = Server::start(move |stream, _| answer_all(stream, answer));
        let client = client();
        for _ in 0..200 {
            assert!(send(&client, &server.url(), 2000).result.is_ok());
        }
        assert_eq!(server.connections(), 1, "{answer}");
    }
}

#[test]
fn senders_side_by_side_keep_their_connections() {
    let server = Server::start(|stream, _| answer_all(stream, OK));
    let client = Arc::new(client());
    let begin = Arc::new(Barrier::new(4));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (client, url, begin) = (Arc::clone(&client), server.url(), Arc::clone(&begin));
            thread::spawn(move || {
                begin.wait();
                (0..100).for_each(|_| assert!(send(&client, &url, 2000).result.is_ok()));
            })
        })
        .collect();
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    assert!(server.connections() <= 4, "{}", server.connections());
}

#[test]
fn a_large_body_goes_out_whole() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |stream, _| {
        tell.send(read_request(stream).unwrap().len()).unwrap();
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let mut large = request(&server.url(), 5000);
    large.body = vec![b'x'; 300_000].into();
    large.headers.push(("X-Long".into(), "y".repeat(7_900)));
    assert_eq!(client().send(&large, 4).result.unwrap().status, 200);
    assert!(told.recv().unwrap() > 307_900);
}

#[test]
fn a_kept_connection_that_died_is_replaced_once() {
    // The second request of a connection is read, and the connection closed without an answer.
    let server = Server::start(|stream, _| {
        read_request(stream);
        stream.write_all(OK.as_bytes()).unwrap();
        read_request(stream);
    });
    let client = client();
    for expected in 1..=3 {
        let sent = send(&client, &server.url(), 2000);
        assert_eq!(sent.result.unwrap().status, 200);
        assert_eq!(server.connections(), expected);
    }
    // A fresh connection that is closed is not replaced.
    let rude = Server::start(|stream, _| drop(read_request(stream)));
    let error = send(&client, &rude.url(), 2000).result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Closed);
    assert_eq!(rude.connections(), 1);
}

#[test]
fn a_server_that_closes_after_each_answer_loses_nothing() {
    // Without announcing it: the end is seen before the next request, or races with it.
    let server = Server::start(|stream, _| {
        read_request(stream);
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let client = client();
    for _ in 0..300 {
        assert_eq!(
            send(&client, &server.url(), 2000).result.unwrap().status,
            200
        );
    }
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |stream, _| {
            let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: /other\r\n");
            answer_all(stream, &format!("{head}content-length: 2\r\n\r\nno"));
        });
        let reply = send(&client(), &server.url(), 2000).result.unwrap();
        assert_eq!((reply.status, server.connections()), (status, 1));
        assert!(
            reply
                .headers
                .contains(&("location".into(), "/other".into()))
        );
    }
}

#[test]
fn a_refused_connection_names_the_address() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = send(&client(), &format!("http://{address}/?key=1"), 2000)
        .result
        .unwrap_err();
    assert_eq!(
        (error.kind, error.phase),
        (ErrorKind::Connect, Phase::Connect)
    );
    assert_eq!(error.message, format!("connection refused by {address}"));
}

#[test]
fn the_next_address_is_tried_when_the_first_refuses() {
    let server = Server::start(|stream, _| answer_all(stream, OK));
    let two = |_: &str| {
        Ok(vec![
            [127, 0, 0, 2].into(),
            IpAddr::from(Ipv4Addr::LOCALHOST),
        ])
    };
    let client = HttpTransport::with(options(), Names::with(TIMES, two), Tls::new(None).unwrap());
    let url = format!("http://pbx.lan:{}/", server.address.port());
    assert_eq!(send(&client, &url, 2000).result.unwrap().status, 200);
}

#[test]
fn closed_addresses_are_never_connected_to() {
    let server = Server::start(|stream, _| answer_all(stream, OK));
    let mut closed = options();
    closed.egress.private = false;
    let here = |_: &str| Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let client = HttpTransport::with(closed, Names::with(TIMES, here), Tls::new(None).unwrap());
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "crm.example",
        "[::1]",
        "169.254.169.254",
    ] {
        let error = send(&client, &format!("http://{host}:{port}/"), 2000)
            .result
            .unwrap_err();
        assert_eq!(
            (error.kind, error.phase),
            (ErrorKind::Blocked, Phase::Resolve),
            "{host}"
        );
        assert!(
            error.message.starts_with("not allowed: "),
            "{}",
            error.message
        );
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_stop_cuts_what_hangs_and_refuses_what_comes_later() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |stream, _| {
        read_request(stream);
        tell.send(()).unwrap();
        hang(stream);
    });
    let client = Arc::new(client());
    let (sender, url) = (Arc::clone(&client), server.url());
    let hanging = thread::spawn(move || send(&sender, &url, 60_000));
    told.recv().unwrap();
    let begun = Instant::now();
    client.shut_down();
    assert!(hanging.join().unwrap().result.is_err());
    assert!(begun.elapsed() < Duration::from_secs(5));
    let error = send(&client, &server.url(), 60_000).result.unwrap_err();
    assert_eq!(error.message, "ringhook is stopping");
    assert_eq!(error.kind, ErrorKind::Internal);
    assert_eq!(server.connections(), 1);
}
