//! The keys of an endpoint: the one place that shows them, and their replacement.

use http::StatusCode;

use crate::domain::key::SignatureKey;
use crate::engine::handle::{Command, Refusal};

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

/// `{"action":"replace","key":"…"?}`: at once, no overlap.
pub async fn change(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let number = edge.endpoint_number(call.id)?;
    let brought = action(json::object(&body)?)?;
    let key = match brought {
        Some(key) => key,
        None => SignatureKey::from_random(random_bytes()?),
    };
    let view = endpoints::written(edge.write(Command::ReplaceKey(number, key)).await?)?;
    audit(edge, call.caller, "replaced the key of", &call.id);
    let shown = KeysJson::new(&view.endpoint.keys);
    Ok(answer::json(StatusCode::OK, &shown))
}

/// The key that a replacement brings along, if any.
fn action(mut body: Object<'_>) -> Result<Option<SignatureKey>, Problem> {
    let action = body.require("action")?;
    let key = body.take("key").and_then(Value::non_null);
    body.finish()?;
    let name = action.string()?;
    match name.as_str() {
        "replace" => {}
        "promote" => return Err(Refusal::NoNextKey.into()),
        "next" => {
            let message = "\"next\" is not possible yet: a key is replaced at once";
            return Err(Problem::field("action", "not_enforced", message));
        }
        _ => {
            let message = format!("{name:?} is not one of replace, next, promote");
            return Err(Problem::field("action", "invalid", message));
        }
    }
    let Some(value) = key else {
        return Ok(None);
    };
    let mut errors = Vec::new();
    let imported = import_key(&value, &mut errors)?;
    if errors.is_empty() {
        Ok(imported)
    } else {
        Err(Problem::not_acceptable(errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        let check = |body: &str, expected: Result<Option<&str>, u16>| {
            let got = json::object(body.as_bytes()).and_then(action);
            let got = got
                .as_ref()
                .map(|key| key.as_ref().map(SignatureKey::reveal))
                .map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{body}");
        };
        check(r#"{"action":"replace"}"#, Ok(None));
        check(r#"{"action":"replace","key":null}"#, Ok(None));
        check(r#"{"action":"replace","key":"mine"}"#, Ok(Some("mine")));
        check(r#"{"action":"replace","key":""}"#, Err(422));
        check(r#"{"action":"replace","key":"two words"}"#, Err(422));
        check(r#"{"action":"promote"}"#, Err(409));
        check(r#"{"action":"next"}"#, Err(422));
        check(r#"{"action":"odd"}"#, Err(422));
        check(r#"{"key":"mine"}"#, Err(400));
        check(r#"{"action":"replace","odd":1}"#, Err(400));
    }
}
