//! Which page a request comes from: only our own may use a session.
//!
//! A browser adds the cookie by itself, also to a request that a foreign page made on the same
//! host (another port is the same site). It says truly where the request comes from, in
//! `Sec-Fetch-Site`, or, where it trusts the connection less, in `Origin`.

use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Uri};

/// The origin under which people reach ringhook besides the one they ask for.
#[derive(Debug)]
pub struct OriginRule {
    /// `https://hooks.example.fr`, in lower case.
    public: Option<String>,
}

/// What a request says about the page that it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Site {
    /// Ours.
    Own,
    /// None: typed, or from a bookmark.
    Typed,
    /// Another's.
    Foreign,
    /// It says nothing. Browsers always do with what they write.
    Silent,
}

impl OriginRule {
    /// `public_url`: a proxy there may ask under another host name.
    pub fn new(public_url: &str) -> Self {
        let url: Option<Uri> = public_url.parse().ok();
        let origin = |url: &Uri| {
            let (scheme, authority) = (url.scheme_str()?, url.authority()?);
            Some(format!("{scheme}://{authority}").to_ascii_lowercase())
        };
        Self {
            public: url.as_ref().and_then(origin),
        }
    }

    /// Whether the session of its cookie may answer for this request: a write must come from our
    /// page, a read must not come from a foreign one.
    pub fn may_use_session(&self, head: &Parts) -> bool {
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        match self.site(head) {
            Site::Own => true,
            Site::Typed | Site::Silent => reads,
            Site::Foreign => false,
        }
    }

    /// Whether this request may sign in or out: also from a command line, never from a foreign
    /// page, which could sign somebody in as somebody else.
    pub fn may_sign_in(&self, head: &Parts) -> bool {
        self.site(head) != Site::Foreign
    }

    fn site(&self, head: &Parts) -> Site {
        let headers: &HeaderMap = &head.headers;
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            Some(b"same-origin") => return Site::Own,
            Some(b"none") => return Site::Typed,
            Some(_) => return Site::Foreign,
            None => {}
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return Site::Silent;
        };
        let is_own = origin.to_str().is_ok_and(|text| self.is_own(text, head));
        if is_own { Site::Own } else { Site::Foreign }
    }

    /// The host that was asked for is ours, which `host` has seen to; its port must be the same.
    fn is_own(&self, origin: &str, head: &Parts) -> bool {
        let origin = origin.to_ascii_lowercase();
        if self.public.as_ref() == Some(&origin) {
            return true;
        }
        let asked = match head.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => head.headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        let from = origin.split_once("://").map(|(_, authority)| authority);
        asked.is_some_and(|asked| from.is_some_and(|from| from.eq_ignore_ascii_case(asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// May it write, read, sign in?
    fn check(headers: &[(&str, &str)], expected: [bool; 3]) {
        let rule = OriginRule::new("https://Hooks.example.fr/");
        let head = |method: Method| {
            let mut request = http::Request::builder().method(method).uri("/v1/x");
            request = request.header("host", "pbx.example:7464");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.body(()).unwrap().into_parts().0
        };
        let got = [
            rule.may_use_session(&head(Method::POST)),
            rule.may_use_session(&head(Method::GET)),
            rule.may_sign_in(&head(Method::POST)),
        ];
        assert_eq!(got, expected, "{headers:?}");
        let by_delete = rule.may_use_session(&head(Method::DELETE));
        assert_eq!(by_delete, expected[0], "{headers:?}");
    }

    #[test]
    fn who_may_use_a_session() {
        let own = [true, true, true];
        let foreign = [false, false, false];
        let read_only = [false, true, true];
        check(&[("sec-fetch-site", "same-origin")], own);
        check(&[("sec-fetch-site", "none")], read_only);
        check(&[("sec-fetch-site", "same-site")], foreign);
        check(&[("sec-fetch-site", "cross-site")], foreign);
        check(&[("sec-fetch-site", "odd")], foreign);
        check(&[("origin", "http://pbx.example:7464")], own);
        check(&[("origin", "http://PBX.example:7464")], own);
        check(&[("origin", "https://hooks.example.fr")], own);
        check(&[("origin", "http://hooks.example.fr")], foreign);
        check(&[("origin", "http://pbx.example")], foreign);
        check(&[("origin", "http://pbx.example:3000")], foreign);
        check(&[("origin", "https://evil.example")], foreign);
        check(
            &[("origin", "http://pbx.example:7464.evil.example")],
            foreign,
        );
        check(&[("origin", "null")], foreign);
        check(&[("origin", "\u{e9}")], foreign);
        check(&[], read_only);
        // What a browser says of itself is worth more than the origin, which a proxy may change.
        let both = |site| [("sec-fetch-site", site), ("origin", "http://10.0.0.9")];
        check(&both("same-origin"), own);
        check(&both("cross-site"), foreign);
    }

    #[test]
    fn without_a_public_url_there_is_only_the_host_that_was_asked_for() {
        let rule = OriginRule::new("");
        assert_eq!(rule.public, None);
    }
}
