//! Reads several events at once, one on each line (NDJSON): all of them, or what is wrong with
//! each line that is wrong.

use super::{Unreadable, read};
use crate::domain::endpoint::FieldError;
use crate::domain::event::{Incoming, Origin};

/// The most events that come at once.
pub const LINES_MAX: usize = 1_000;

/// Why lines are not accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnreadableLines {
    /// There is not one line: 400.
    Empty,
    /// There are more than `LINES_MAX`: 422.
    TooMany,
    /// What is wrong with each of these lines, which are counted from 0.
    Wrong(Vec<(usize, Unreadable)>),
}

/// Reads a body of lines, each as `read` reads a body of its own. A line ends with a line feed,
/// which may be missing behind the last one. A line may have `bytes_max` bytes.
pub fn read_lines(
    body: &[u8],
    bytes_max: usize,
    origin: Origin,
) -> Result<Vec<Incoming>, UnreadableLines> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    if body.is_empty() {
        return Err(UnreadableLines::Empty);
    }
    // Counted before anything is read: what is too much should cost little.
    if body.iter().filter(|byte| **byte == b'\n').count() >= LINES_MAX {
        return Err(UnreadableLines::TooMany);
    }
    let mut events = Vec::new();
    let mut wrong = Vec::new();
    for (place, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let event = if line.len() > bytes_max {
            Err(too_long(bytes_max))
        } else {
            read(line, None, origin)
        };
        match event {
            Ok(event) => events.push(event),
            Err(why) => wrong.push((place, why)),
        }
    }
    if wrong.is_empty() {
        Ok(events)
    } else {
        Err(UnreadableLines::Wrong(wrong))
    }
}

fn too_long(bytes_max: usize) -> Unreadable {
    let message = format!("an event may have {bytes_max} bytes (http.body_bytes_max)");
    Unreadable::Unacceptable(vec![FieldError::new("", "too_long", message)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are wrong, and whether each is malformed; how many there are, when none is.
    fn told(body: &[u8], bytes_max: usize) -> Result<usize, Vec<(usize, bool)>> {
        match read_lines(body, bytes_max, Origin::Own) {
            Ok(events) => Ok(events.len()),
            Err(UnreadableLines::Wrong(wrong)) => {
                let told = |(place, why): (usize, Unreadable)| {
                    (place, matches!(why, Unreadable::Malformed { .. }))
                };
                Err(wrong.into_iter().map(told).collect())
            }
            Err(UnreadableLines::Empty | UnreadableLines::TooMany) => Err(Vec::new()),
        }
    }

    #[test]
    fn lines_and_what_is_wrong_with_them() {
        const GOOD: &str = r#"{"event":"pbx:own","data":{"x":1}}"#;
        const NO_ID: &str = r#"{"event":"call:missed","data":{}}"#;
        let check = |lines: &[&str], expected: Result<usize, Vec<(usize, bool)>>| {
            assert_eq!(told(lines.concat().as_bytes(), 60), expected, "{lines:?}");
        };
        check(&[GOOD], Ok(1));
        check(&[GOOD, "\n"], Ok(1));
        check(&[GOOD, "\r\n", GOOD, "\r\n"], Ok(2));
        check(&[GOOD, "\n\n", GOOD], Err(vec![(1, true)]));
        check(&[GOOD, "\n\n"], Err(vec![(1, true)]));
        check(&["\n", GOOD], Err(vec![(0, true)]));
        check(&[GOOD, "\n", " \n"], Err(vec![(1, true)]));
        check(&[NO_ID, "\n[]\n", GOOD], Err(vec![(0, false), (1, true)]));
        check(&[GOOD, GOOD], Err(vec![(0, false)]));
        check(
            &[&GOOD[..20], "\n", &GOOD[20..]],
            Err(vec![(0, true), (1, true)]),
        );
        check(&[""], Err(vec![]));
        check(&["\n"], Err(vec![]));
    }

    #[test]
    fn so_many_lines_and_no_more() {
        let line = b"{\"event\":\"pbx:own\",\"data\":{}}\n";
        assert_eq!(told(&line.repeat(LINES_MAX), 100), Ok(LINES_MAX));
        assert_eq!(told(&line.repeat(LINES_MAX + 1), 100), Err(vec![]));
        let read = read_lines(&line.repeat(LINES_MAX + 1), 100, Origin::Own);
        assert!(matches!(read, Err(UnreadableLines::TooMany)));
    }
}
