//! What the URL of an endpoint has to be. Whether its address may be reached is asked at each
//! connect, by the egress rule, and not here.

use std::net::Ipv6Addr;

use http::Uri;

use super::FieldError;
use crate::domain::address::{HOST_BYTES_MAX, is_disguised_address, is_host_name};

/// The longest URL of an endpoint, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// The first thing that is wrong with a URL; the others depend on it.
pub fn check(url: &str) -> Option<FieldError> {
    check_text(url)
        .and_then(|()| check_parts(url))
        .err()
        .map(|(code, message)| FieldError::new("url", code, message))
}

type Wrong = (&'static str, String);

/// What can be seen in the text alone. The parser drops a fragment without a word and lets
/// some characters pass that clients read in different ways, so they are looked for here.
fn check_text(url: &str) -> Result<(), Wrong> {
    if url.is_empty() {
        return Err((
            "required",
            "is missing: give the https:// address of the receiver".to_owned(),
        ));
    }
    if url.len() > URL_BYTES_MAX {
        return Err((
            "too_long",
            format!("has {} bytes; {URL_BYTES_MAX} are allowed", url.len()),
        ));
    }
    if let Some(wrong) = url.chars().find(|c| !c.is_ascii_graphic() || *c == '\\') {
        return Err((
            "invalid",
            format!(
                "contains {wrong:?}: write it percent-encoded, and a host name in another \
                 alphabet in its xn-- form"
            ),
        ));
    }
    if url.contains('#') {
        return Err((
            "not_allowed",
            "has a fragment (#…), which is never sent to a receiver: remove it".to_owned(),
        ));
    }
    Ok(())
}

fn check_parts(url: &str) -> Result<(), Wrong> {
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if !is_web {
        return Err((
            "invalid",
            format!("{url} must begin with https:// or http://"),
        ));
    }
    let uri: Uri = url
        .parse()
        .map_err(|error| ("invalid", format!("{url} is not a URL: {error}")))?;
    let authority = uri
        .authority()
        .ok_or_else(|| ("invalid", format!("{url} has no host")))?;
    if authority.as_str().contains('@') {
        // The text is not repeated: it may hold a password.
        return Err((
            "not_allowed",
            "contains a user name or password: send it as a header of the endpoint instead, \
             such as Authorization"
                .to_owned(),
        ));
    }
    check_host(authority.host())?;
    let port = authority.as_str().strip_prefix(authority.host());
    check_port(port.unwrap_or_default())
}

fn check_host(host: &str) -> Result<(), Wrong> {
    if host.is_empty() {
        return Err(("invalid", "has no host".to_owned()));
    }
    if host.len() > HOST_BYTES_MAX {
        return Err((
            "too_long",
            format!(
                "has a host of {} bytes; {HOST_BYTES_MAX} are allowed",
                host.len()
            ),
        ));
    }
    if is_disguised_address(host) {
        return Err((
            "invalid",
            format!(
                "has {host} for a host, which only some programs read as an address: write it \
                 as four numbers, such as 192.168.10.5"
            ),
        ));
    }
    let brackets = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let readable = match brackets {
        Some(inside) => inside.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host.strip_suffix('.').unwrap_or(host)),
    };
    if readable {
        Ok(())
    } else {
        Err(("invalid", format!("has {host} for a host, which is none")))
    }
}

/// `text` is what follows the host: nothing, or `:` and the port.
fn check_port(text: &str) -> Result<(), Wrong> {
    let Some(port) = text.strip_prefix(':') else {
        return Ok(());
    };
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok(()),
        _ => Err((
            "out_of_range",
            format!("has \"{port}\" for a port: give 1 to 65535, or none"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(url: &str) -> Option<&'static str> {
        check(url).map(|error| {
            assert_eq!(error.field, "url");
            error.code
        })
    }

    #[test]
    fn urls_that_are_kept() {
        let longest = format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX - 18));
        let long_host = format!("https://{}.example/", vec!["a".repeat(60); 4].join("."));
        for url in [
            "https://crm.example.fr/hooks/calls",
            "https://crm.example.fr",
            "http://crm.example.fr:8080/a?b=c&d=%20e",
            "HTTPS://CRM.EXAMPLE.FR/",
            "http://localhost:3000/",
            "http://192.168.10.5/",
            "http://[::1]:3000/",
            "http://[fd00::1]/",
            "https://crm.example.fr./",
            "https://crm.example.fr:65535/",
            "https://my_nas/hook",
            "https://xn--bcher-kva.example/",
            "https://crm.example.fr/a@b:c",
            "https://crm.example.fr?x=1",
            &longest,
            &long_host,
        ] {
            assert_eq!(code(url), None, "{url}");
        }
    }

    #[test]
    fn urls_that_are_refused() {
        let check = |url: &str, expected: &str| {
            assert_eq!(code(url), Some(expected), "{url}");
        };
        check("", "required");
        check(
            &format!("https://a.example/{}", "x".repeat(2_031)),
            "too_long",
        );
        check(
            &format!("https://{}.fr/", "a.".repeat(126) + "b"),
            "too_long",
        );
        check("crm.example.fr/hooks", "invalid");
        check("/hooks", "invalid");
        check("ftp://crm.example.fr/", "invalid");
        check("https:/crm.example.fr/", "invalid");
        check("https:crm.example.fr", "invalid");
        check("unix:/run/x.sock", "invalid");
        check("httpss://crm.example.fr/", "invalid");
        check("https://", "invalid");
        check("https:///hooks", "invalid");
        check("https://:443/", "invalid");
        check("https://crm.example.fr/#top", "not_allowed");
        check("https://crm.example.fr#", "not_allowed");
        check("https://user@crm.example.fr/", "not_allowed");
        check("https://user:secret@crm.example.fr/", "not_allowed");
        check("https://@crm.example.fr/", "not_allowed");
        check("https://crm.example.fr/ a", "invalid");
        check(" https://crm.example.fr/", "invalid");
        check("https://crm.example.fr/\n", "invalid");
        check("https://crm.example.fr/\u{0}", "invalid");
        check("https://crm.example.fr/\u{7f}", "invalid");
        check("https://crm.example.fr/é", "invalid");
        check("https://bücher.example/", "invalid");
        check("https://evil.example\\@crm.example.fr/", "invalid");
        check("https://crm..example.fr/", "invalid");
        check("https://.example.fr/", "invalid");
        check("https://crm!example/", "invalid");
        check("https://crm%2eexample/", "invalid");
        check(&format!("https://{}.fr/", "a".repeat(64)), "invalid");
        check("http://127.1/", "invalid");
        check("http://2130706433/", "invalid");
        check("http://0x7f.1/", "invalid");
        check("http://0177.0.0.1:80/", "invalid");
        check("http://[::ffff:127.0.0.1]/", "invalid");
        check("http://[::1/", "invalid");
        check("http://[crm.example.fr]/", "invalid");
        check("http://[fe80::1%25eth0]/", "invalid");
        check("http://::1/", "invalid");
        check("https://crm.example.fr:/", "out_of_range");
        check("https://crm.example.fr:0/", "out_of_range");
        check("https://crm.example.fr:65536/", "out_of_range");
        check("https://crm.example.fr:99999/", "out_of_range");
        check("https://crm.example.fr:8a/", "out_of_range");
    }

    #[test]
    fn a_password_is_not_repeated() {
        let error = check("https://user:hunter2@crm.example.fr/").unwrap();
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }
}
