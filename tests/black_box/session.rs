//! Signing in to the page: codes and tokens, what a session may do and from where, and its end.

use serde_json::{Value, json};

use crate::support::client::{Answer, Connection};
use crate::support::daemon::{Daemon, command};

/// A browser as far as its headers go: our own page on the address that was asked for.
const OWN_PAGE: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

fn call(
    daemon: &Daemon,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Answer {
    let body = body.map(Value::to_string);
    Connection::tcp(daemon.address)
        .call(method, path, headers, body.as_deref())
        .unwrap_or_else(|| panic!("no answer to {method} {path}"))
}

fn sign_in(daemon: &Daemon, body: &Value) -> Answer {
    call(daemon, ("POST", "/v1/session"), &[OWN_PAGE], Some(body))
}

fn new_code(daemon: &Daemon) -> String {
    let made = daemon.api("POST", "/v1/session/code", None).expect(201);
    made.json()["code"].as_str().unwrap().to_owned()
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().unwrap().to_owned()
}

/// The status of a read with this cookie.
fn status_with(daemon: &Daemon, cookie: &str) -> u16 {
    let headers = [("Cookie", cookie), OWN_PAGE];
    call(daemon, ("GET", "/v1/status"), &headers, None).status
}

#[test]
fn a_code_signs_in_once_and_the_session_is_an_administrators() {
    let daemon = Daemon::start();
    let code = new_code(&daemon);
    let answer = sign_in(&daemon, &json!({"code": code.to_uppercase()})).expect(201);
    assert_eq!(answer.json()["role"], "admin");
    assert_eq!(answer.json()["by"], "code");
    let set = answer.header("set-cookie").unwrap();
    let flags = "; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800";
    assert!(set.starts_with("rh=") && set.ends_with(flags), "{set}");
    let again = sign_in(&daemon, &json!({"code": code})).expect(401);
    assert_eq!(again.json()["code"], "RH-0306");

    let cookie = cookie(&answer);
    let headers = [("Cookie", cookie.as_str()), OWN_PAGE];
    let shown = call(&daemon, ("GET", "/v1/session"), &headers, None).expect(200);
    // The times are told by the clock of the moment, and may differ by its rounding.
    for field in ["role", "by"] {
        assert_eq!(shown.json()[field], answer.json()[field]);
    }
    let new = json!({"name": "made on the page", "role": "read"});
    call(&daemon, ("POST", "/v1/tokens"), &headers, Some(&new)).expect(201);
    let out = call(&daemon, ("DELETE", "/v1/session"), &headers, None).expect(204);
    assert!(out.header("set-cookie").unwrap().starts_with("rh=; "));
    assert_eq!(status_with(&daemon, &cookie), 401);
    let nobody = call(&daemon, ("GET", "/v1/session"), &headers, None).expect(200);
    assert_eq!(nobody.text(), "null");
    call(&daemon, ("DELETE", "/v1/session"), &headers, None).expect(204);
}

#[test]
fn a_session_of_a_token_has_its_role_and_ends_with_it() {
    let daemon = Daemon::start();
    let token = daemon.token("read");
    let answer = sign_in(&daemon, &json!({"token": token})).expect(201);
    assert_eq!(answer.json()["role"], "read");
    let cookie = cookie(&answer);
    assert_eq!(status_with(&daemon, &cookie), 200);
    let headers = [("Cookie", cookie.as_str()), OWN_PAGE];
    let refused = call(&daemon, ("GET", "/v1/tokens"), &headers, None).expect(403);
    assert_eq!(refused.json()["code"], "RH-0305");
    let tokens = daemon.api("GET", "/v1/tokens", None).json();
    let id = tokens["items"][0]["id"].as_str().unwrap();
    daemon
        .api("DELETE", &format!("/v1/tokens/{id}"), None)
        .expect(204);
    assert_eq!(status_with(&daemon, &cookie), 401);

    let ingest = daemon.token("ingest");
    let refused = sign_in(&daemon, &json!({"token": ingest})).expect(403);
    assert_eq!(refused.json()["code"], "RH-0305");
    sign_in(&daemon, &json!({"token": "rh_unknown"})).expect(401);
    sign_in(&daemon, &json!({"password": "x"})).expect(400);
}

#[test]
fn the_sixth_wrong_one_within_a_minute_waits_even_if_it_is_right() {
    let daemon = Daemon::start();
    let code = new_code(&daemon);
    // Right ones do not count.
    for _ in 0..6 {
        sign_in(&daemon, &json!({"code": new_code(&daemon)})).expect(201);
    }
    for _ in 0..5 {
        sign_in(&daemon, &json!({"code": "aaaa-aaaa-aaaa"})).expect(401);
    }
    let refused = sign_in(&daemon, &json!({"code": code})).expect(429);
    assert_eq!(refused.json()["code"], "RH-0307");
    assert_eq!(refused.header("retry-after"), Some("60"));
    // Who is signed in already, or has a token, is not concerned.
    let token = format!("Bearer {}", daemon.token("read"));
    let headers = [("Authorization", token.as_str())];
    call(&daemon, ("GET", "/v1/status"), &headers, None).expect(200);
}

#[test]
fn a_foreign_page_may_not_use_the_session() {
    let daemon = Daemon::start();
    let cookie = cookie(&sign_in(&daemon, &json!({"code": new_code(&daemon)})));
    let own = format!("http://{}", daemon.address);
    let neighbour = format!("http://127.0.0.1:{}", daemon.address.port() ^ 1);
    let host = daemon.address.to_string();
    let check = |method: &str, header: (&str, &str), expected: u16| {
        let headers = [("Host", host.as_str()), ("Cookie", &cookie), header];
        let body = json!({"name": "x", "role": "read"});
        let body = Some(&body).filter(|_| method == "POST");
        let answer = call(&daemon, (method, "/v1/tokens"), &headers, body);
        assert_eq!(answer.status, expected, "{method} {header:?}");
        if expected == 403 {
            assert_eq!(answer.json()["code"], "RH-0309");
        }
    };
    check("POST", ("Origin", &own), 201);
    check("POST", ("Sec-Fetch-Site", "same-origin"), 201);
    check("POST", ("Origin", &neighbour), 403);
    check("POST", ("Origin", "null"), 403);
    check("POST", ("Sec-Fetch-Site", "same-site"), 403);
    check("POST", ("Sec-Fetch-Site", "none"), 403);
    check("POST", ("X-Nothing", "said"), 403);
    check("GET", ("Sec-Fetch-Site", "none"), 200);
    check("GET", ("Sec-Fetch-Site", "cross-site"), 403);
    check("GET", ("Origin", "https://evil.example"), 403);
    // Nor sign anybody in, or out.
    let foreign = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Cookie", cookie.as_str()),
    ];
    let body = json!({"code": new_code(&daemon)});
    call(&daemon, ("POST", "/v1/session"), &foreign, Some(&body)).expect(403);
    call(&daemon, ("DELETE", "/v1/session"), &foreign, None).expect(403);
    assert_eq!(status_with(&daemon, &cookie), 200);
    // And what is no JSON is not even looked at.
    let form = [OWN_PAGE, ("Content-Type", "text/plain")];
    call(&daemon, ("POST", "/v1/session"), &form, Some(&body)).expect(415);
}

#[test]
fn signing_out_everywhere_ends_what_was_opened_in_the_same_way() {
    let daemon = Daemon::start();
    let with_code = || cookie(&sign_in(&daemon, &json!({"code": new_code(&daemon)})));
    let (here, there) = (with_code(), with_code());
    let token = daemon.token("read");
    let other = cookie(&sign_in(&daemon, &json!({"token": token})));
    let headers = [("Cookie", here.as_str()), OWN_PAGE];
    let path = "/v1/session?everywhere=true";
    call(&daemon, ("DELETE", path), &headers, None).expect(204);
    let statuses = [&here, &there, &other].map(|cookie| status_with(&daemon, cookie));
    assert_eq!(statuses, [401, 401, 200]);
    // Who signs in anew leaves no session behind.
    let headers = [("Cookie", other.as_str()), OWN_PAGE];
    let body = json!({"token": token});
    let newer = call(&daemon, ("POST", "/v1/session"), &headers, Some(&body)).expect(201);
    assert_eq!(status_with(&daemon, &other), 401);
    assert_eq!(status_with(&daemon, &cookie(&newer)), 200);
}

#[test]
fn a_code_is_given_out_over_the_socket_only() {
    let daemon = Daemon::start();
    let token = format!("Bearer {}", daemon.token("admin"));
    let headers = [("Authorization", token.as_str())];
    let refused = call(&daemon, ("POST", "/v1/session/code"), &headers, None).expect(403);
    assert!(
        refused.text().contains("ringhook open"),
        "{}",
        refused.text()
    );
}

#[test]
fn a_restart_signs_everybody_out() {
    let mut daemon = Daemon::start();
    let code = new_code(&daemon);
    let cookie = cookie(&sign_in(&daemon, &json!({"code": new_code(&daemon)})));
    daemon.stop();
    daemon.start_again();
    assert_eq!(status_with(&daemon, &cookie), 401);
    sign_in(&daemon, &json!({"code": code})).expect(401);
}

#[test]
fn behind_tls_the_cookie_is_for_tls_and_the_link_has_the_public_name() {
    let public = ("RINGHOOK_HTTP_PUBLIC_URL", "https://hooks.example.fr");
    let daemon = Daemon::start_with(&[public]);
    let made = daemon
        .api("POST", "/v1/session/code", None)
        .expect(201)
        .json();
    let code = made["code"].as_str().unwrap();
    assert_eq!(made["url"], format!("https://hooks.example.fr/#/in/{code}"));
    // The proxy asks under the name of the daemon's own address.
    let headers = [("Origin", "https://hooks.example.fr")];
    let body = json!({"code": code});
    let answer = call(&daemon, ("POST", "/v1/session"), &headers, Some(&body)).expect(201);
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.starts_with("__Host-rh=") && set.ends_with("; Secure"),
        "{set}"
    );
    assert_eq!(status_with(&daemon, &cookie(&answer)), 200);
}

#[test]
fn open_prints_a_link_that_works_and_opens_a_browser_on_demand() {
    let daemon = Daemon::start();
    let output = daemon.cli(&["open"]);
    assert_eq!(output.status.code(), Some(0));
    let link = String::from_utf8(output.stdout).unwrap();
    let base = format!("http://{}/#/in/", daemon.address);
    let code = link.trim().strip_prefix(&base).expect(&link);
    sign_in(&daemon, &json!({"code": code})).expect(201);
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(
        notes.contains("30 minutes") && notes.contains("ssh -L"),
        "{notes}"
    );
    let json = daemon.cli(&["open", "--json"]);
    let made: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(made["url"].as_str().unwrap().starts_with(&base), "{made}");

    let folder = tempfile::tempdir().unwrap();
    let opener = folder.path().join("xdg-open");
    let opened = folder.path().join("opened");
    let script = format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display());
    std::fs::write(&opener, script).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&opener, mode).unwrap();
    let mut open = command();
    open.args(["open", "--browser"])
        .env("RINGHOOK_SOCKET", daemon.socket())
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
    let output = open.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(std::fs::read(&opened).unwrap(), output.stdout);
    let empty = tempfile::tempdir().unwrap();
    let output = open.env("PATH", empty.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("RH-0111"));
}
