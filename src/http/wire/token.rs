//! Tokens as they are shown and created. Their text is shown once, by whoever made it.

use serde::Serialize;

use crate::domain::endpoint::FieldError;
use crate::domain::id::{Epochs, PublicId};
use crate::domain::time::Timestamp;
use crate::domain::token::{Role, Token};

use super::super::json::Object;
use super::super::problem::Problem;
use super::Text;

/// `Token` of the contract.
#[derive(Serialize)]
pub struct TokenJson<'a> {
    id: Text<PublicId>,
    name: &'a str,
    role: &'static str,
    created_at: Text<Timestamp>,
    last_used_at: Option<Text<Timestamp>>,
    /// In clear, in the answer to its creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> TokenJson<'a> {
    /// A token; `text` only when it was made just now.
    pub fn new(token: &'a Token, epochs: &Epochs, text: Option<&'a str>) -> Self {
        Self {
            id: Text(epochs.token_id(token.number)),
            name: &token.name,
            role: token.role.as_str(),
            created_at: Text(token.created_at),
            last_used_at: token.last_used_at.map(Text),
            token: text,
        }
    }
}

/// `{"name":"pbx","role":"ingest"}`
pub fn create(mut body: Object<'_>) -> Result<(String, Role), Problem> {
    let name = body.require("name")?.string()?;
    let role = body.require("role")?.string()?;
    body.finish()?;
    let mut errors = Vec::new();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = "must have 1 to 100 characters, none of them a control character";
        errors.push(FieldError::new("name", "invalid", message));
    }
    let found = Role::parse(&role);
    if found.is_none() {
        let message = format!("{role:?} is not one of ingest, read, admin");
        errors.push(FieldError::new("role", "invalid", message));
    }
    match found {
        Some(role) if errors.is_empty() => Ok((name, role)),
        _ => Err(Problem::not_acceptable(errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json;

    #[test]
    fn what_a_token_is_made_from() {
        let check = |body: &str, expected: Result<Role, u16>| {
            let made = json::object(body.as_bytes()).and_then(create);
            let got = made
                .map(|(_, role)| role)
                .map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{body}");
        };
        check(r#"{"name":"pbx","role":"ingest"}"#, Ok(Role::Ingest));
        check(r#"{"name":"","role":"ingest"}"#, Err(422));
        check(r#"{"name":"pbx","role":"root"}"#, Err(422));
        check(r#"{"name":"a\nb","role":"read"}"#, Err(422));
        check(r#"{"role":"read"}"#, Err(400));
        check(r#"{"name":"x","role":"read","hash":"y"}"#, Err(400));
    }
}
