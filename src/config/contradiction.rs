//! Settings that are fine each for itself and wrong together. Pure.

use super::Settings;
use super::mistake::{CONTRADICTION, Mistake, Place};
use super::resolve::Values;

/// The longest path that a Unix socket can have: `sun_path` is 108 bytes with its final zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Everything in `settings` that does not go together. Rules whose settings were already found
/// wrong are left out: they would only say it twice.
pub fn contradictions(settings: &Settings, values: &Values) -> Vec<Mistake> {
    [
        threads(settings, values),
        plain(settings, values),
        socket(settings, values),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The place of the first of these settings that was written somewhere.
fn place(values: &Values, names: &[&str]) -> Option<Place> {
    names.iter().find_map(|name| values.place(name))
}

fn mistake(values: &Values, names: &[&str], what: String, advice: &str) -> Option<Mistake> {
    values.hold(names).then(|| Mistake {
        code: CONTRADICTION,
        what,
        place: place(values, names),
        advice: advice.to_owned(),
    })
}

/// A default gives way to what was written, so only two that were written can be wrong.
fn threads(settings: &Settings, values: &Values) -> Option<Mistake> {
    let (threads, most) = (settings.delivery.threads, settings.delivery.threads_max);
    let names = ["delivery.threads", "delivery.threads_max"];
    if threads <= most || names.iter().any(|name| values.place(name).is_none()) {
        return None;
    }
    let what = format!("delivery.threads: {threads} is more than delivery.threads_max, {most}");
    let advice = "Raise delivery.threads_max, or lower delivery.threads.";
    mistake(values, &names, what, advice)
}

fn plain(settings: &Settings, values: &Values) -> Option<Mistake> {
    let listen = settings.http.listen;
    if listen.ip().is_loopback() || settings.http.plain {
        return None;
    }
    let what = format!(
        "http.listen: {listen} is not a loopback address, and tokens and call data would cross \
         the network unencrypted"
    );
    let advice = "Listen on 127.0.0.1 behind a reverse proxy with TLS, or set http.plain = true \
                  where the network itself is trusted.";
    mistake(values, &["http.listen", "http.plain"], what, advice)
}

fn socket(settings: &Settings, values: &Values) -> Option<Mistake> {
    let socket = &settings.http.socket;
    if socket.as_os_str().is_empty() {
        // There is no place for it, which is said elsewhere.
        return None;
    }
    let (what, advice) = if *socket == settings.store.path {
        (
            format!("http.socket: {} is also store.path", socket.display()),
            "Give them different paths.",
        )
    } else if socket.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
        (
            format!(
                "http.socket: {} has {} bytes, and a Unix socket can have {SOCKET_PATH_BYTES_MAX}",
                socket.display(),
                socket.as_os_str().len()
            ),
            "Choose a shorter path with --socket or http.socket.",
        )
    } else {
        return None;
    };
    mistake(values, &["http.socket", "store.path"], what, advice)
}
