//! Notices: events of ringhook's own about its endpoints. When one is given is not decided here.

use super::endpoint::Endpoint;
use super::event::{EventType, Facts};
use super::id::PublicId;
use super::time::Timestamp;

/// What a notice says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The endpoint has been failing for a while.
    Failing,
    /// It is paused.
    Paused,
    /// It takes deliveries again.
    Resumed,
}

impl Notice {
    /// `endpoint:failing`, `endpoint:paused`, `endpoint:resumed`
    pub fn kind(self) -> EventType {
        let code = match self {
            Self::Failing => "endpoint:failing",
            Self::Paused => "endpoint:paused",
            Self::Resumed => "endpoint:resumed",
        };
        EventType::Own(code.into())
    }

    /// What filters and order read of it: notices about one endpoint go in their order.
    pub fn facts(id: PublicId) -> Facts {
        Facts {
            id: Some(id.to_string()),
            ..Facts::default()
        }
    }

    /// The `data` of the event: the endpoint as it is with the change that the notice is about.
    pub fn data(self, id: PublicId, endpoint: &Endpoint, waiting: u32, now: Timestamp) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let (reason, since) = match self {
            Self::Resumed => ("deliveries are sent again".to_owned(), now),
            Self::Failing | Self::Paused => (
                endpoint.reason().unwrap_or_default(),
                endpoint.since().unwrap_or(now),
            ),
        };
        let title = text(&endpoint.spec.title);
        let url = text(&endpoint.spec.url);
        let state = endpoint.state().as_str();
        let reason = text(&reason);
        [
            format!(r#"{{"id":"{id}","title":{title},"url":{url},"state":"{state}","#),
            format!(r#""reason":{reason},"since":"{since}","waiting":{waiting}}}"#),
        ]
        .concat()
    }
}
