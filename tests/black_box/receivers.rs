//! Receivers written with others' code accept what ringhook signs: the `standardwebhooks`
//! package and the snippets that are handed to users, each in its own language.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::receiver::{Received, Receiver};

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
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/receivers/bin/python");
    let code = "import sys\nfrom standardwebhooks.webhooks import Webhook\n\
        key, id, at, _, signature = sys.argv[1:]\nbody = sys.stdin.buffer.read()\n\
        try:\n    Webhook(key).verify(body, {'webhook-id': id, 'webhook-timestamp': at,\n\
        'webhook-signature': signature})\n    print('accepted')\n\
        except Exception as error:\n    print('refused')\n";
    let (got, key) = delivered();
    assert_eq!(
        ask(&python, &["-c", code], &got, &key, &got.body),
        "accepted"
    );
    let tampered = [got.body.as_slice(), b" "].concat();
    assert_eq!(
        ask(&python, &["-c", code], &got, &key, &tampered),
        "refused"
    );
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
