//! Receivers written with others' code accept what ringhook signs: the `standardwebhooks`
//! package and the snippets that are handed to users, each in its own language.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::receiver::{Received, Receiver};

const STANDARDWEBHOOKS: &str = "import sys\nfrom standardwebhooks.webhooks import Webhook\n\
    key, id, at, _, signature = sys.argv[1:]\nbody = sys.stdin.buffer.read()\n\
    try:\n    Webhook(key).verify(body, {'webhook-id': id, 'webhook-timestamp': at,\n\
    'webhook-signature': signature})\n    print('accepted')\n\
    except Exception as error:\n    print('refused')\n";

/// What a receiver with the `standardwebhooks` package and that key says.
fn standardwebhooks(got: &Received, key: &str, body: &[u8]) -> String {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/receivers/bin/python");
    ask(&python, &["-c", STANDARDWEBHOOKS], got, key, body)
}

/// One delivery of the real daemon, and its key.
fn delivered() -> (Received, String) {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let answer = daemon
        .api("GET", &format!("/v1/endpoints/{endpoint}/key"), None)
        .expect(200);
    daemon.post(
        "call:completed",
        &json!({"id": "call-1", "note": "répondu ✓ \u{1F600}"}),
    );
    (
        receiver.wait_for(1).remove(0),
        answer.json()["key"].as_str().unwrap().to_owned(),
    )
}

/// Runs a program with key, id, timestamp and both signatures as arguments and the body on its
/// standard input; what it prints.
fn ask(program: &Path, code: &[&str], got: &Received, key: &str, body: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(code)
        .args([
            key,
            got.header("webhook-id"),
            got.header("webhook-timestamp"),
        ])
        .args([
            got.header("X-CALLTRACKING-SIGNATURE"),
            got.header("webhook-signature"),
        ])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/snippets"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", program.display()));
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_standardwebhooks_package_accepts_it() {
    let (got, key) = delivered();
    assert_eq!(standardwebhooks(&got, &key, &got.body), "accepted");
    let tampered = [got.body.as_slice(), b" "].concat();
    assert_eq!(standardwebhooks(&got, &key, &tampered), "refused");
}

#[test]
fn the_standardwebhooks_package_accepts_either_key_throughout_a_rotation() {
    let (daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    let path = format!("/v1/endpoints/{endpoint}/key");
    let read = |field: &str| {
        let keys = daemon.api("GET", &path, None).expect(200).json();
        keys[field].as_str().unwrap().to_owned()
    };
    let act = |action: &str| {
        daemon
            .api("POST", &path, Some(&json!({"action": action})))
            .expect(200);
    };
    let sent = |count: usize| {
        daemon.post("call:missed", &json!({"id": format!("call-{count}")}));
        receiver.wait_for(count).remove(count - 1)
    };
    let old = read("key");
    act("next");
    let new = read("next");
    let check = |got: &Received, expected: [&str; 2]| {
        let said = [&old, &new].map(|key| standardwebhooks(got, key, &got.body));
        assert_eq!(said, expected);
    };
    check(&sent(1), ["accepted", "accepted"]);
    act("promote");
    check(&sent(2), ["accepted", "accepted"]);
    act("replace");
    check(&sent(3), ["refused", "refused"]);
    let got = receiver.received().remove(2);
    assert_eq!(standardwebhooks(&got, &read("key"), &got.body), "accepted");
}

#[test]
fn the_snippets_for_users_accept_it() {
    const PYTHON: &str = "import sys\nsys.path.insert(0, '.')\nsys.dont_write_bytecode = True\n\
        from verify import *\nk, i, t, l, s = sys.argv[1:]\nb = sys.stdin.buffer.read()\n\
        h = {'webhook-id': i, 'webhook-timestamp': t, 'webhook-signature': s}\n\
        print(str(verify_calltracking(b, l, [k]) and verify_standard(b, h, [k])).lower())";
    const NODE: &str = "import {readFileSync} from 'node:fs';\
        import {verifyCalltracking as c, verifyStandard as s} from './verify.mjs';\
        const [k, i, t, l, g] = process.argv.slice(1); const b = readFileSync(0);\
        console.log(c(b, l, [k]) && s(b, {'webhook-id': i, 'webhook-timestamp': t,\
        'webhook-signature': g}, [k]))";
    const PHP: &str = "require 'verify.php'; [$x, $k, $i, $t, $l, $s] = $argv;\
        $b = stream_get_contents(STDIN); $first = ringhook_verify_calltracking($b, $l, [$k]);\
        echo json_encode($first && ringhook_verify_standard($b, ['webhook-id' => $i,\
        'webhook-timestamp' => $t, 'webhook-signature' => $s], [$k]));";
    const RUBY: &str = "k, i, t, l, s = ARGV; b = STDIN.binmode.read; \
        h = {'webhook-id' => i, 'webhook-timestamp' => t, 'webhook-signature' => s}; \
        puts RinghookVerify.calltracking(b, l, [k]) && RinghookVerify.standard(b, h, [k])";
    let languages: [(&str, &[&str]); 4] = [
        ("python3", &["-c", PYTHON]),
        ("node", &["--input-type=module", "-e", NODE]),
        ("php", &["-r", PHP, "--"]),
        ("ruby", &["-I.", "-rverify", "-e", RUBY]),
    ];
    let (got, key) = delivered();
    let tampered = [got.body.as_slice(), b" "].concat();
    for (program, code) in languages {
        let program = PathBuf::from(program);
        assert_eq!(
            ask(&program, code, &got, &key, &got.body),
            "true",
            "{program:?}"
        );
        assert_eq!(
            ask(&program, code, &got, &key, &tampered),
            "false",
            "{program:?}"
        );
    }
}
