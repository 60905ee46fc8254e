//! `POST /v1/events`: the hot path. It allocates what the event needs and nothing else.

use std::io::Write as _;

use http::{HeaderMap, StatusCode};

use crate::domain::id::PublicId;
use crate::domain::intake;
use crate::engine::handle::Accepted;

use super::super::answer::{self, Answer};
use super::super::edge::{Edge, ask};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;

/// Takes one event; the answer comes when it is on disk.
pub async fn post(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    if let Some(query) = call.head.uri.query() {
        Query::parse(Some(query), &[])?;
    }
    let headers = &call.head.headers;
    let body = call.body.json(headers, edge.bodies).await?;
    let key = idempotency_key(headers)?;
    let incoming = intake::read(&body, key, call.caller.origin())?;
    drop(body);
    let accepted = ask(|reply| edge.handle().submit(incoming, reply)).await??;
    let mut json = Vec::with_capacity(ITEM_BYTES);
    write_item(&mut json, edge.epochs().event_id(accepted.event), accepted);
    Ok(answer::bytes(StatusCode::ACCEPTED, json))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    const NAME: &str = "idempotency-key";
    let Some(value) = headers.get(NAME) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| {
        let message = "must be visible ASCII characters";
        Problem::malformed("Idempotency-Key", "invalid", message, None)
    })?;
    Ok(Some(text))
}

/// What the answer to one event takes, rather too much.
pub const ITEM_BYTES: usize = 96;

/// Three values whose texts need no escapes.
pub fn write_item(json: &mut Vec<u8>, id: PublicId, accepted: Accepted) {
    let Accepted {
        matched, duplicate, ..
    } = accepted;
    write!(
        json,
        r#"{{"id":"{id}","matched":{matched},"duplicate":{duplicate}}}"#
    )
    .expect("a Vec takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{Epoch, Epochs, EventNumber};

    #[test]
    fn the_answer_is_json() {
        let epochs = Epochs::new(vec![Epoch {
            first_event: EventNumber(1),
            first_endpoint: Default::default(),
            first_token: Default::default(),
            salt: [1; 8],
        }])
        .unwrap();
        let accepted = Accepted {
            event: EventNumber(7),
            matched: 2,
            duplicate: false,
        };
        let id = epochs.event_id(accepted.event);
        let mut json = Vec::new();
        write_item(&mut json, id, accepted);
        let got: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let expected = serde_json::json!({"id": id.as_str(), "matched": 2, "duplicate": false});
        assert_eq!(got, expected);
    }

    #[test]
    fn a_key_that_is_not_text_is_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(idempotency_key(&headers).unwrap(), None);
        headers.insert("Idempotency-Key", "k1".parse().unwrap());
        assert_eq!(idempotency_key(&headers).unwrap(), Some("k1"));
        let bytes = http::HeaderValue::from_bytes(b"\xff").unwrap();
        headers.insert("Idempotency-Key", bytes);
        assert!(idempotency_key(&headers).is_err());
    }
}
