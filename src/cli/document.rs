//! A JSON document of the API: its text unchanged, and its fields for printing.

use serde_json::Value;

use super::failure::{Exit, Failure, code};

/// A document as it came.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    value: Value,
}

impl Document {
    /// Reads an answer's body; an empty one is null.
    pub fn new(text: String) -> Result<Self, Failure> {
        let value = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).map_err(|error| {
                let what = format!("the answer is not JSON: {error}");
                Failure::new(Exit::Bug, code::ANSWER, what)
                    .try_this("check the address: is this a ringhook?")
            })?
        };
        Ok(Self { text, value })
    }

    /// The text, as it came.
    pub fn as_text(&self) -> &str {
        self.text.trim_end()
    }

    /// The fields.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The items of a list, none where there is no list.
    pub fn items(&self) -> &[Value] {
        self.value["items"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The id of the document, or those of its items.
    pub fn ids(&self) -> Vec<String> {
        match self.value["id"].as_str() {
            Some(id) => vec![clean(id)],
            None => self.items().iter().map(|item| text(item, "/id")).collect(),
        }
    }
}

/// A field by its JSON pointer, as text for a terminal; empty where it is null or not there.
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => clean(text),
        None | Some(Value::Null) => String::new(),
        Some(other) => clean(&other.to_string()),
    }
}

/// A whole number by its JSON pointer.
pub fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

/// A list by its JSON pointer, empty where there is none.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// Text of others, safe for a terminal: control characters could move its cursor or worse.
pub fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}
