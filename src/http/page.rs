//! The embedded page: which file is where, and the headers that it comes with.
//!
//! The page is packed by `page/build.rs`. It knows no user: every file is for everybody, and
//! all that is worth protecting comes over the API.

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY,
};
use http::{Response, StatusCode};

use super::answer::{Answer, AnswerBody};

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// One file of the page in both forms.
#[derive(Debug)]
pub struct Asset {
    /// Below `/assets/`.
    pub path: &'static str,
    /// Of the whole page: files change together.
    pub etag: &'static str,
    /// As it was written.
    pub plain: &'static [u8],
    /// The same, gzipped.
    pub gzipped: &'static [u8],
}

/// Where the page comes from.
#[derive(Clone, Debug, Default)]
pub enum Page {
    /// From this program.
    #[default]
    Embedded,
    /// From a folder, read again for every request, to work on the page. Only a debug build has
    /// a flag for it.
    Folder(std::path::PathBuf),
}

/// The page may load only what comes with it, be framed by nobody, and make no markup from text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// A file is at its address for ever: another page has other addresses.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// What is at a constant address is asked for again each time.
const ASK_AGAIN: &str = "no-cache";

/// What every file of the page comes with, besides `nosniff` of all answers.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The file below `/assets/`, if the page has it.
pub fn find(path: &str) -> Option<&'static Asset> {
    let place = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(place)
}

/// What is at `/`.
pub fn index(headers: &HeaderMap) -> Answer {
    with_headers(embedded(&INDEX, headers), INDEX.path, ASK_AGAIN)
}

/// A file below `/assets/`.
pub fn asset(asset: &'static Asset, headers: &HeaderMap) -> Answer {
    with_headers(embedded(asset, headers), asset.path, FOR_EVER)
}

/// A file that was read from the folder. What index.html names is below `/assets/`, as the
/// build script does it.
pub fn from_folder(path: &str, bytes: Vec<u8>) -> Answer {
    let bytes = match (path, String::from_utf8(bytes)) {
        ("index.html", Ok(text)) => below_assets(text).into_bytes(),
        (_, Ok(text)) => text.into_bytes(),
        (_, Err(error)) => error.into_bytes(),
    };
    let answer = Response::new(AnswerBody::whole(bytes));
    with_headers(answer, path, ASK_AGAIN)
}

fn below_assets(mut text: String) -> String {
    for attribute in [" href=\"", " src=\""] {
        let parts: Vec<_> = text.split(attribute).collect();
        let moved = parts[1..]
            .iter()
            .map(|rest| match rest.starts_with(['#', '/']) {
                true => format!("{attribute}{rest}"),
                false => format!("{attribute}/assets/{rest}"),
            });
        text = parts[0].to_owned() + &moved.collect::<String>();
    }
    text
}

/// The form that the caller reads; 304 where it has it already.
fn embedded(asset: &'static Asset, headers: &HeaderMap) -> Answer {
    let is_gzipped = takes_gzip(headers);
    let (body, form) = match is_gzipped {
        true => (asset.gzipped, "-gzip"),
        false => (asset.plain, ""),
    };
    let etag = format!("\"{}{form}\"", asset.etag);
    let is_known = has_already(headers, &etag);
    let body = if is_known { &[] } else { body };
    let mut answer = Response::new(AnswerBody::whole(body));
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else if is_gzipped {
        let value = HeaderValue::from_static("gzip");
        answer.headers_mut().insert(CONTENT_ENCODING, value);
    }
    let etag = HeaderValue::try_from(etag).expect("a hash is plain text");
    answer.headers_mut().insert(ETAG, etag);
    let varies = HeaderValue::from_static("accept-encoding");
    answer.headers_mut().insert(VARY, varies);
    answer
}

fn with_headers(mut answer: Answer, path: &str, caching: &'static str) -> Answer {
    let headers = answer.headers_mut();
    for (name, value) in &HEADERS {
        headers.insert(name.clone(), value.clone());
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    let media_type = HeaderValue::from_static(media_type(path));
    headers.insert(CONTENT_TYPE, media_type);
    answer
}

/// By the ending. Whatever has none of these is not shown by a browser.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Whether the caller reads gzip (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(ACCEPT_ENCODING).iter();
    let mut codings = listed
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0))
        });
        is_gzip && !refused
    })
}

/// Whether the caller names this form among those that it has (RFC 9110, 13.1.2).
fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let listed = headers.get_all(IF_NONE_MATCH).iter();
    listed
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn who_reads_gzip() {
        let check = |value: &str, expected: bool| {
            let got = takes_gzip(&headers("accept-encoding", value));
            assert_eq!(got, expected, "{value}");
        };
        check("gzip", true);
        check("br, GZIP;q=0.5", true);
        check("br,gzip ; q=1.0", true);
        check("gzip;q=0", false);
        check("gzip;q=0.0, br", false);
        check("x-gzip", false);
        check("", false);
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn who_has_it_already() {
        let check = |value: &str, expected: bool| {
            let got = has_already(&headers("if-none-match", value), "\"12\"");
            assert_eq!(got, expected, "{value}");
        };
        check("\"12\"", true);
        check("W/\"12\"", true);
        check("\"1\", \"12\"", true);
        check("*", true);
        check("\"123\"", false);
        check("12", false);
    }
}
