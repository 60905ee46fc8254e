//! `POST …/test`: one signed request, answered with its attempt once it is over.

use http::StatusCode;

use crate::domain::event::EventType;
use crate::domain::id::EndpointNumber;
use crate::domain::intake;
use crate::domain::payload::{self, Draft};
use crate::engine::handle::TestRequest;

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::{Edge, ask};
use super::super::json::{self, Object, Value};
use super::super::problem::Problem;
use super::super::service::Call;
use super::super::wire::attempt::AttemptJson;

/// Sends it; 200 whatever the receiver said.
pub async fn send(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let endpoint = edge.endpoint_number(call.id)?;
    let test = request(endpoint, json::object(&body)?)?;
    audit(edge, call.caller, "tests", &call.id);
    let attempt = ask(|reply| edge.handle().test(test, reply)).await??;
    let shown = AttemptJson::new(&attempt, edge.epochs());
    Ok(answer::json(StatusCode::OK, &shown))
}

/// `{"event":"call:completed","data":{…}?,"key":"current"|"next"}`
fn request(endpoint: EndpointNumber, mut body: Object<'_>) -> Result<TestRequest, Problem> {
    let event = body.require("event")?.string()?;
    let data = body.take("data").and_then(Value::non_null);
    let key = body.take("key").and_then(Value::non_null);
    body.finish()?;
    let key = key.map(|value| value.string()).transpose()?;
    let next_key = match key.as_deref() {
        None | Some("current") => false,
        Some("next") => true,
        Some(other) => {
            let message = format!("{other:?} is not one of current, next");
            return Err(Problem::field("key", "invalid", message));
        }
    };
    let kind = EventType::parse(&event)
        .map_err(|error| Problem::field("event", "invalid", format!("{event:?} {error}")))?;
    let data = match data {
        Some(value) => {
            intake::read_data(&kind, value.raw()).map_err(Problem::not_acceptable)?;
            value.raw()
        }
        None => payload::sample(&kind),
    };
    Ok(TestRequest {
        endpoint,
        draft: Draft::render(&kind, data, None, true),
        kind,
        next_key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_is_made_from() {
        let check = |body: &str, expected: Result<(&str, bool), u16>| {
            let got = json::object(body.as_bytes())
                .and_then(|body| request(EndpointNumber(1), body))
                .map_err(|problem| problem.code().row().1);
            let got = got.as_ref().map(|test| (test.kind.as_str(), test.next_key));
            assert_eq!(got.map_err(|status| *status), expected, "{body}");
        };
        check(r#"{"event":"call:missed"}"#, Ok(("call:missed", false)));
        check(
            r#"{"event":"pbx:own","data":{"x": 1.0},"key":"next"}"#,
            Ok(("pbx:own", true)),
        );
        check(
            r#"{"event":"call:missed","data":null,"key":"current"}"#,
            Ok(("call:missed", false)),
        );
        check(r#"{"event":"call:missed","data":{}}"#, Err(422));
        check(r#"{"event":"call:missed","data":[]}"#, Err(422));
        check(r#"{"event":"Bad"}"#, Err(422));
        check(r#"{"event":"call:missed","key":"old"}"#, Err(422));
        check(r#"{}"#, Err(400));
        check(r#"{"event":"call:missed","odd":1}"#, Err(400));
    }
}
