//! Problem documents (RFC 9457): every answer that says no, with its code.
//!
//! What the caller reads and what the log reads are two fields; nothing of the second leaves
//! the house.

use std::fmt;

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::domain::endpoint::FieldError;
use crate::domain::intake::Unreadable;
use crate::engine::handle::Refusal;
use crate::store::ReadError;

use super::answer::{Answer, AnswerBody};
pub use super::code::Code;

/// One field of a request that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldProblem {
    /// Its path: `events[0].duration.min`; empty for the body as a whole.
    pub field: String,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Where in the body, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// An answer that says no. Boxed, because results on the hot path carry it and rarely hold it.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: String,
    log: Option<String>,
    errors: Vec<FieldProblem>,
    allow: Option<String>,
    closes: bool,
}

impl Problem {
    /// A problem with a sentence for the caller.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            log: None,
            errors: Vec::new(),
            allow: None,
            closes: false,
        }))
    }

    /// 400: one field, and where it stands.
    pub fn malformed(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
        offset: Option<usize>,
    ) -> Self {
        let (field, message) = (field.into(), message.into());
        let detail = match (field.as_str(), offset) {
            ("", None) => message.clone(),
            ("", Some(at)) => format!("at byte {at}: {message}"),
            (field, None) => format!("{field}: {message}"),
            (field, Some(at)) => format!("{field}, at byte {at}: {message}"),
        };
        let mut problem = Self::new(Code::Malformed, detail);
        problem.0.errors.push(FieldProblem {
            field,
            code,
            message,
            offset,
        });
        problem
    }

    /// 422: every error at once. There must be at least one.
    pub fn not_acceptable(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields can't be accepted, see errors", several.len()),
        };
        let mut problem = Self::new(Code::NotAcceptable, detail);
        let of = |error: FieldError| FieldProblem {
            field: error.field,
            code: error.code,
            message: error.message,
            offset: None,
        };
        problem.0.errors = errors.into_iter().map(of).collect();
        problem
    }

    /// 422 for one field.
    pub fn field(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::not_acceptable(vec![FieldError::new(field, code, message)])
    }

    /// The same, with the fields that are wrong.
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// 404 for an id that is nobody's.
    pub fn no_object(what: &str) -> Self {
        Self::new(Code::NoObject, format!("there is no {what} with this id"))
    }

    /// 405, with the methods that the path has.
    pub fn method(allow: String) -> Self {
        let mut problem = Self::new(Code::Method, format!("this path answers to {allow}"));
        problem.0.allow = Some(allow);
        problem
    }

    /// 403 for a foreign page.
    pub fn cross_site() -> Self {
        let detail = "a signed-in browser may write only from ringhook's own page; programs send \
                      a token instead of the cookie";
        Self::new(Code::CrossSite, detail)
    }

    /// 500. The cause goes to the log only.
    pub fn internal(log: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::Internal, "the cause is in the log of ringhook");
        problem.0.log = Some(log.into());
        problem
    }

    /// The same, and the connection ends with it.
    pub fn closing(mut self) -> Self {
        self.0.closes = true;
        self
    }

    /// What it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The document.
    pub fn document(&self) -> Vec<u8> {
        let (code, status, title) = self.0.code.row();
        let document = Document {
            kind: format_args!("urn:ringhook:{code}"),
            title,
            status,
            code,
            detail: &self.0.detail,
            errors: &self.0.errors,
        };
        serde_json::to_vec(&document).expect("texts and numbers are JSON")
    }

    /// The answer. What is for the log goes there now.
    pub fn into_answer(self) -> Answer {
        if let Some(log) = &self.0.log {
            log::error!(code = self.0.code.as_str(); "{}", log.escape_debug());
        }
        let document = self.document();
        let mut answer = Response::new(AnswerBody::whole(document));
        let status = self.0.code.row().1;
        *answer.status_mut() = StatusCode::from_u16(status).expect("the table has real statuses");
        let headers = answer.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == 401 {
            let value = HeaderValue::from_static("Bearer realm=\"ringhook\"");
            headers.insert(WWW_AUTHENTICATE, value);
        }
        if let Some(seconds) = self.0.code.retry_after_s() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.0.allow
            && let Ok(value) = HeaderValue::try_from(allow)
        {
            headers.insert(ALLOW, value);
        }
        if self.0.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: fmt::Arguments<'a>,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    errors: &'a [FieldProblem],
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Busy => Code::Busy,
            Refusal::DiskLow => Code::DiskLow,
            Refusal::StoreAway => Code::StoreAway,
            Refusal::Stopping => Code::Stopping,
            Refusal::KeyReused | Refusal::KeysReused(_) => Code::KeyReused,
            Refusal::InFlight => Code::InFlight,
            Refusal::HeldByOrder => Code::HeldByOrder,
            Refusal::Disabled => Code::Disabled,
            Refusal::EndpointGone => Code::EndpointGone,
            Refusal::RoundsUsed => Code::TooMany,
            Refusal::OwnNotice => Code::NotAcceptable,
            Refusal::Unknown => Code::NoObject,
            Refusal::Changed => Code::Changed,
            Refusal::TestRunning => Code::TestRunning,
            Refusal::ReplayRunning => Code::ReplayRunning,
            Refusal::NoNextKey => Code::NoNextKey,
            Refusal::TooMany(_) => Code::TooMany,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let text = error.to_string();
        match error {
            ReadError::Away => Self::new(Code::StoreAway, text),
            ReadError::Failed(_) => Self::internal(text),
        }
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Malformed {
                field,
                offset,
                code,
                message,
            } => Self::malformed(field, code, message, Some(offset)),
            Unreadable::Unacceptable(errors) => Self::not_acceptable(errors),
            Unreadable::KeysDiffer => Self::new(
                Code::KeysDiffer,
                "the header Idempotency-Key and the field idempotency_key differ: send one of them",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_document_has_the_fields_of_the_contract() {
        let problem = Problem::malformed("event", "wrong_type", "must be a string", Some(9));
        let got: Value = serde_json::from_slice(&problem.document()).unwrap();
        let expected = json!({"type": "urn:ringhook:RH-0301", "title": "The request is malformed",
            "status": 400, "code": "RH-0301", "detail": "event, at byte 9: must be a string",
            "errors": [{"field": "event", "code": "wrong_type", "message": "must be a string",
            "offset": 9}]});
        assert_eq!(got, expected);
        let document = Problem::internal("for us only").document();
        let text = String::from_utf8(document).unwrap();
        assert!(!text.contains("for us only"), "{text}");
    }

    #[test]
    fn several_errors_are_counted_and_one_is_told() {
        let errors = |n| vec![FieldError::new("url", "invalid", "must be http"); n];
        let detail = |n| Problem::not_acceptable(errors(n)).0.detail;
        assert_eq!(detail(1), "url: must be http");
        assert_eq!(detail(2), "2 fields can't be accepted, see errors");
    }

    #[test]
    fn a_405_names_the_methods_and_a_401_the_scheme() {
        let answer = Problem::method("GET, HEAD".into()).into_answer();
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
        let answer = Problem::new(Code::TokenMissing, "x")
            .closing()
            .into_answer();
        assert!(answer.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(answer.headers()[CONNECTION], "close");
    }
}
