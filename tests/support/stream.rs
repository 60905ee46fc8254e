//! A reader of the live stream, by the letter of server-sent events.

use serde_json::Value;

use super::client::{Answer, Connection, request};

/// A stream that is open.
pub struct Stream {
    connection: Connection,
    unread: String,
    /// What it answered at first.
    pub head: Answer,
    /// The last id that was given.
    pub id: String,
    /// It came to a regular end.
    pub is_whole: bool,
}

/// One event of it.
#[derive(Debug)]
pub struct Told {
    /// `attempt`, `event` …
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Stream {
    /// Opens it, with headers of the caller's.
    pub fn open(mut connection: Connection, headers: &[(&str, &str)]) -> Self {
        assert!(connection.send(&request("GET", "/v1/stream", headers, None)));
        let head = connection.head().expect("an answer");
        Self {
            connection,
            unread: String::new(),
            head,
            id: String::new(),
            is_whole: false,
        }
    }

    /// The next event; None at the end of the stream. Comments and lone ids are passed over.
    pub fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(told) = self.read(&block) {
                    return Some(told);
                }
            }
            let chunk = self.connection.chunk()?;
            if chunk.is_empty() {
                self.is_whole = true;
                return None;
            }
            self.unread.push_str(&String::from_utf8(chunk).unwrap());
        }
    }

    /// The next event of that name; those before it are passed over.
    pub fn next_of(&mut self, name: &str) -> Value {
        loop {
            let told = self.next().expect("the stream goes on");
            if told.name == name {
                return told.data;
            }
        }
    }

    fn read(&mut self, block: &str) -> Option<Told> {
        let (mut name, mut data) = (String::new(), String::new());
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("data", value)) => data.push_str(value),
                Some(("id", value)) => value.clone_into(&mut self.id),
                Some(("retry", value)) => assert!(value.parse::<u32>().is_ok(), "{line}"),
                _ => assert!(line.starts_with(':'), "{line}"),
            }
        }
        (!data.is_empty()).then(|| Told {
            name,
            data: serde_json::from_str(&data).unwrap(),
        })
    }
}
