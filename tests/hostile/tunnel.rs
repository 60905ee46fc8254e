//! A whole delivery over https through a proxy that makes tunnels.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use ringhook::cli::receiver::{Script, Step};
use ringhook::domain::address::Proxy;
use ringhook::send::Transport as _;

use crate::certificates::{GOOD, server};
use crate::world::{arrives_in_the_end, client, options, receiver, request};

/// Connects each that asks to `port` of this machine, whatever it asked for.
fn tunnels_to(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let (mut near, mut head) = (near, Vec::new());
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    near.read_exact(&mut byte).unwrap();
                    head.push(byte[0]);
                }
                assert!(head.starts_with(b"CONNECT crm.example:443 HTTP/1.1\r\n"));
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                near.write_all(b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n")
                    .unwrap();
                let (back, forth) = (far.try_clone().unwrap(), near.try_clone().unwrap());
                thread::spawn(move || pass(back, near));
                pass(forth, far);
            });
        }
    });
    own
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_delivery_goes_through_the_tunnel_and_the_next_one_too() {
    let receiver = receiver(Script::always(Step::status(200)), Some(server(GOOD)));
    let port = tunnels_to(receiver.address().port());
    let mut options = options();
    options.proxy = Some(Proxy::parse(&format!("http://127.0.0.1:{port}")).unwrap());
    let client = client(options);
    let url = "https://crm.example/hook";
    arrives_in_the_end(&client, url);
    let before = receiver.connections();
    for _ in 0..3 {
        let sent = client.send(&request(url, None), 4);
        assert_eq!(sent.result.unwrap().status, 200);
        assert_eq!(sent.timings.tls_ms, None, "the tunnel is still there");
    }
    assert_eq!(receiver.connections(), before);
    receiver.stop();
}
