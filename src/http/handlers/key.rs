//! The keys of an endpoint: the one place that shows them, and how they change.

use http::StatusCode;

use crate::domain::id::EndpointNumber;
use crate::domain::key::SignatureKey;
use crate::engine::handle::Command;

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::json::{self, Object, Value};
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::wire::endpoint::KeysJson;
use super::super::wire::endpoint_read::import_key;
use super::{endpoints, random_bytes};

/// Shows them; every time is a line in the log.
pub async fn read(edge: &Edge, call: Call<'_>) -> Result<Answer, Problem> {
    let view = edge.endpoint(call.id).await?;
    audit(edge, call.caller, "read the key of", &call.id);
    let shown = KeysJson::new(&view.endpoint.keys);
    Ok(answer::json(StatusCode::OK, &shown))
}

/// `{"action":"next"|"promote"|"replace","key":"…"?}`: a rotation in two steps, or at once. A key
/// can be brought along to be the next or the current one.
pub async fn change(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let number = edge.endpoint_number(call.id)?;
    let action = action(json::object(&body)?)?;
    let done = action.done();
    let command = action.command(number)?;
    let view = endpoints::written(edge.write(command).await?)?;
    audit(edge, call.caller, done, &call.id);
    let shown = KeysJson::new(&view.endpoint.keys);
    Ok(answer::json(StatusCode::OK, &shown))
}

/// What is to become of the keys, with the key that was brought along.
#[derive(Debug)]
enum Action {
    Next(Option<SignatureKey>),
    Promote,
    Replace(Option<SignatureKey>),
}

impl Action {
    /// What the log says of it.
    const fn done(&self) -> &'static str {
        match self {
            Self::Next(_) => "made a next key for",
            Self::Promote => "switched to the next key of",
            Self::Replace(_) => "replaced the key of",
        }
    }

    fn command(self, number: EndpointNumber) -> Result<Command, Problem> {
        Ok(match self {
            Self::Next(key) => Command::NextKey(number, brought_or_new(key)?),
            Self::Promote => Command::PromoteKey(number),
            Self::Replace(key) => Command::ReplaceKey(number, brought_or_new(key)?),
        })
    }
}

fn brought_or_new(key: Option<SignatureKey>) -> Result<SignatureKey, Problem> {
    match key {
        Some(key) => Ok(key),
        None => Ok(SignatureKey::from_random(random_bytes()?)),
    }
}

fn action(mut body: Object<'_>) -> Result<Action, Problem> {
    let action = body.require("action")?;
    let key = body.take("key").and_then(Value::non_null);
    body.finish()?;
    let name = action.string()?;
    let mut errors = Vec::new();
    let brought = match &key {
        Some(value) => import_key(value, &mut errors)?,
        None => None,
    };
    if !errors.is_empty() {
        return Err(Problem::not_acceptable(errors));
    }
    match name.as_str() {
        "next" => Ok(Action::Next(brought)),
        "replace" => Ok(Action::Replace(brought)),
        "promote" if key.is_some() => {
            let message = "is not for promote, which switches to the next key: bring it with \
                           \"next\" or \"replace\"";
            Err(Problem::field("key", "not_allowed", message))
        }
        "promote" => Ok(Action::Promote),
        _ => {
            let message = format!("{name:?} is not one of next, promote, replace");
            Err(Problem::field("action", "invalid", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        let shown = |action: &Action| match action {
            Action::Next(key) => ("next", key.as_ref().map(|key| key.reveal().to_owned())),
            Action::Promote => ("promote", None),
            Action::Replace(key) => ("replace", key.as_ref().map(|key| key.reveal().to_owned())),
        };
        let check = |body: &str, expected: Result<(&str, Option<&str>), u16>| {
            let got = json::object(body.as_bytes()).and_then(action);
            let got = got.as_ref().map(shown);
            let got = got.as_ref().map(|(name, key)| (*name, key.as_deref()));
            let got = got.map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{body}");
        };
        check(r#"{"action":"replace"}"#, Ok(("replace", None)));
        check(r#"{"action":"replace","key":null}"#, Ok(("replace", None)));
        let mine = r#"{"action":"replace","key":"mine"}"#;
        check(mine, Ok(("replace", Some("mine"))));
        check(r#"{"action":"next"}"#, Ok(("next", None)));
        check(
            r#"{"action":"next","key":"mine"}"#,
            Ok(("next", Some("mine"))),
        );
        check(r#"{"action":"promote"}"#, Ok(("promote", None)));
        check(r#"{"action":"promote","key":null}"#, Ok(("promote", None)));
        check(r#"{"action":"promote","key":"mine"}"#, Err(422));
        check(r#"{"action":"replace","key":""}"#, Err(422));
        check(r#"{"action":"next","key":"two words"}"#, Err(422));
        check(r#"{"action":"odd"}"#, Err(422));
        check(r#"{"key":"mine"}"#, Err(400));
        check(r#"{"action":1}"#, Err(400));
        check(r#"{"action":"replace","odd":1}"#, Err(400));
    }
}
