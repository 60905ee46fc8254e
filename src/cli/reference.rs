//! REF: an id, an unambiguous beginning of one, or a title.

use serde_json::Value;

use super::client::Client;
use super::document::{Document, text};
use super::failure::{Exit, Failure, code};

/// Letters of an id after its prefix.
const LETTERS: usize = 26;

/// The endpoint that REF means, as the API shows it.
pub fn endpoint(client: &Client, reference: &str) -> Result<Document, Failure> {
    let id = if is_whole_id(reference, "ep_") {
        reference.to_owned()
    } else {
        find(
            &client.all("/v1/endpoints")?,
            reference,
            "/title",
            "endpoint",
        )?
    };
    client.get(&format!("/v1/endpoints/{id}"))
}

/// The id of the token that REF means.
pub fn token(client: &Client, reference: &str) -> Result<(String, String), Failure> {
    let tokens = client.all("/v1/tokens")?;
    let id = find(&tokens, reference, "/name", "token")?;
    let token = tokens.iter().find(|token| text(token, "/id") == id);
    Ok((id, token.map(|t| text(t, "/name")).unwrap_or_default()))
}

/// The id of the event that REF means: a whole id, or the beginning of one of the newest 500.
pub fn event(client: &Client, reference: &str) -> Result<String, Failure> {
    if is_whole_id(reference, "evt_") {
        return Ok(reference.to_owned());
    }
    let newest = client.get("/v1/events?limit=500")?;
    find(newest.items(), reference, "/id", "event")
}

fn is_whole_id(reference: &str, prefix: &str) -> bool {
    reference.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == LETTERS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The id of the one item that is meant: its whole id, its name, its name in other case, or the
/// beginning of its id, in this order.
fn find(items: &[Value], reference: &str, name: &str, noun: &str) -> Result<String, Failure> {
    let field = |item: &Value, pointer: &str| {
        let value = item.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let lower = reference.to_lowercase();
    let rules: [&dyn Fn(&Value) -> bool; 4] = [
        &|item| field(item, "/id") == reference,
        &|item| field(item, name) == reference,
        &|item| field(item, name).to_lowercase() == lower,
        &|item| reference.contains('_') && field(item, "/id").starts_with(reference),
    ];
    for rule in rules {
        let found: Vec<_> = items.iter().filter(|item| rule(item)).collect();
        match found[..] {
            [] => {}
            [one] => return Ok(field(one, "/id")),
            _ => return Err(ambiguous(&found, reference, name, noun)),
        }
    }
    let what = format!("there is no {noun} `{reference}`");
    Err(Failure::new(Exit::NotFound, code::NOT_FOUND, what).try_this(list_command(noun)))
}

fn ambiguous(found: &[&Value], reference: &str, name: &str, noun: &str) -> Failure {
    let what = format!("`{reference}` may mean {} {noun}s", found.len());
    let failure = Failure::new(Exit::Usage, code::AMBIGUOUS, what);
    found
        .iter()
        .take(5)
        .fold(failure, |failure, item| {
            failure.why(format!("{}  {}", text(item, "/id"), text(item, name)))
        })
        .try_this("the whole id, or more of it")
}

fn list_command(noun: &str) -> &'static str {
    match noun {
        "endpoint" => "ringhook endpoint list",
        "token" => "ringhook token list",
        _ => "ringhook events",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_reference_means() {
        let items = [
            json!({"id": "ep_0001a", "title": "CRM"}),
            json!({"id": "ep_0001b", "title": "crm"}),
            json!({"id": "ep_0002c", "title": "Dialer"}),
            json!({"id": "ep_0003d", "title": "Twin"}),
            json!({"id": "ep_0004e", "title": "Twin"}),
        ];
        let check = |reference: &str, expected: Result<&str, Exit>| {
            let got = find(&items, reference, "/title", "endpoint");
            let got = got.as_deref().map_err(Failure::exit);
            assert_eq!(got, expected, "{reference}");
        };
        check("ep_0001a", Ok("ep_0001a"));
        check("CRM", Ok("ep_0001a"));
        check("crm", Ok("ep_0001b"));
        check("dialer", Ok("ep_0002c"));
        check("ep_0002", Ok("ep_0002c"));
        check("ep_0001", Err(Exit::Usage));
        check("Twin", Err(Exit::Usage));
        check("Crm", Err(Exit::Usage));
        check("Nobody", Err(Exit::NotFound));
        check("ep_9", Err(Exit::NotFound));
        check("", Err(Exit::NotFound));
    }

    #[test]
    fn only_whole_ids_are_asked_for_directly() {
        assert!(is_whole_id("evt_0000000000006s3kq0vh7m2n4d", "evt_"));
        assert!(!is_whole_id("evt_0000000000006", "evt_"));
        assert!(!is_whole_id("evt_0000000000006s3kq0vh7m2n/x", "evt_"));
    }
}
