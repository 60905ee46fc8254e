//! `retry` and `cancel`: what a person does to deliveries, one after the other.

use clap::Args;

use super::super::Context;
use super::super::console::{DIM, paint};
use super::super::document::{Document, text};
use super::super::failure::{Exit, Failure};
use super::super::input::query_value;

/// `retry` or `cancel`
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Ids of deliveries
    #[arg(value_name = "ID", required = true)]
    deliveries: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  ringhook deliveries --endpoint CRM --state failed
  ringhook deliveries --endpoint CRM --state failed --quiet | xargs ringhook retry
  ringhook cancel dlv_01kaqz9c2h…";

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A waiting one goes out now; an ended one gets a new round.
    Retry,
    /// A waiting one ends.
    Cancel,
}

impl Action {
    const fn path(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
        }
    }
}

/// Does it to each. One that can't be done keeps no other from being done; the exit code is that
/// of the first that could not.
pub fn act(action: Action, arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let mut exit = Exit::Done;
    for id in &arguments.deliveries {
        let path = format!("/v1/deliveries/{}/{}", query_value(id), action.path());
        match client.post_empty(&path) {
            Ok(done) => {
                if !context.console.machine(&done)? {
                    context.console.line(said(action, id, &done))?;
                }
            }
            // Nobody there means that the others can't be done either.
            Err(failure) if failure.exit() == Exit::Unreachable => return Err(failure),
            Err(failure) => {
                let failed = failure.why(format!("Delivery {id}.")).print();
                if exit == Exit::Done {
                    exit = failed;
                }
            }
        }
    }
    Ok(exit)
}

/// What became of it. Another id in the answer is that of a new round.
fn said(action: Action, id: &str, done: &Document) -> String {
    let now = text(done.value(), "/id");
    let what = match action {
        Action::Cancel => "cancelled".to_owned(),
        Action::Retry if now.is_empty() || now == id => "goes out now".to_owned(),
        Action::Retry => format!("goes out again as {now}"),
    };
    format!("{}  {what}", paint(DIM, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said() {
        let check = |action: Action, answer: &str, expected: &str| {
            let answer = Document::new(answer.to_owned()).unwrap();
            let said = said(action, "dlv_1", &answer);
            assert_eq!(anstream::adapter::strip_str(&said).to_string(), expected);
        };
        check(Action::Retry, r#"{"id":"dlv_1"}"#, "dlv_1  goes out now");
        let again = "dlv_1  goes out again as dlv_2";
        check(Action::Retry, r#"{"id":"dlv_2"}"#, again);
        check(Action::Cancel, r#"{"id":"dlv_1"}"#, "dlv_1  cancelled");
        check(Action::Retry, "", "dlv_1  goes out now");
    }
}
