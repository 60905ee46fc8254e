//! The one table of routes: method, path, who may, and which handler. Nothing else decides
//! what exists.

use crate::domain::token::Role::{self, Admin, Ingest, Read};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its method.
    pub verb: Verb,
    /// Its path, with `{id}` for the id, or `{*id}` for all that follows.
    pub path: &'static str,
    /// Who may; None: everybody, without a token.
    pub role: Option<Role>,
    /// What answers.
    pub operation: Operation,
}

/// The methods that routes have. HEAD is GET without its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// GET, and HEAD.
    Get,
    /// POST
    Post,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Verb {
    /// As it is written in `Allow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What answers a route; one for each row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    EventPost,
    EventBatch,
    EventList,
    EventRead,
    EventReplay,
    EndpointList,
    EndpointAdd,
    EndpointCheck,
    EndpointRead,
    EndpointEdit,
    EndpointRemove,
    EndpointPause,
    EndpointResume,
    EndpointEnable,
    EndpointDisable,
    KeyRead,
    KeyChange,
    Test,
    AttemptList,
    ReplayStart,
    ReplayList,
    ReplayRead,
    ReplayStop,
    DeliveryList,
    DeliveryRead,
    DeliveryRetry,
    DeliveryCancel,
    FilterPreview,
    EventTypeList,
    TokenList,
    TokenAdd,
    TokenRemove,
    SignIn,
    SessionRead,
    SignOut,
    SignInCode,
    TestReceiver,
    Status,
    Stream,
    Config,
    PageIndex,
    PageAsset,
    Healthy,
    Ready,
}

impl Operation {
    /// What shows or makes secrets. A session must have been opened a short while ago for it, so
    /// that a browser that is left alone gives none away.
    pub const fn needs_fresh_sign_in(self) -> bool {
        matches!(self, Self::KeyRead | Self::KeyChange | Self::TokenAdd)
    }
}

/// Where one signs in: the one path of the API that is open to all.
pub const SESSION: &str = "/v1/session";

const fn route(verb: Verb, path: &'static str, role: Option<Role>, operation: Operation) -> Route {
    Route {
        verb,
        path,
        role,
        operation,
    }
}

/// Every route.
#[rustfmt::skip]
pub const ROUTES: &[Route] = {
    use Operation as O;
    use Verb::{Delete, Get, Patch, Post};
    &[
        route(Post,   "/v1/events",                 Some(Ingest), O::EventPost),
        route(Post,   "/v1/events/batch",           Some(Ingest), O::EventBatch),
        route(Get,    "/v1/events",                 Some(Read),   O::EventList),
        route(Get,    "/v1/events/{id}",            Some(Read),   O::EventRead),
        route(Post,   "/v1/events/{id}/replay",     Some(Admin),  O::EventReplay),
        route(Get,    "/v1/endpoints",              Some(Read),   O::EndpointList),
        route(Post,   "/v1/endpoints",              Some(Admin),  O::EndpointAdd),
        route(Post,   "/v1/endpoints/check",        Some(Admin),  O::EndpointCheck),
        route(Get,    "/v1/endpoints/{id}",         Some(Read),   O::EndpointRead),
        route(Patch,  "/v1/endpoints/{id}",         Some(Admin),  O::EndpointEdit),
        route(Delete, "/v1/endpoints/{id}",         Some(Admin),  O::EndpointRemove),
        route(Post,   "/v1/endpoints/{id}/pause",   Some(Admin),  O::EndpointPause),
        route(Post,   "/v1/endpoints/{id}/resume",  Some(Admin),  O::EndpointResume),
        route(Post,   "/v1/endpoints/{id}/enable",  Some(Admin),  O::EndpointEnable),
        route(Post,   "/v1/endpoints/{id}/disable", Some(Admin),  O::EndpointDisable),
        route(Get,    "/v1/endpoints/{id}/key",     Some(Admin),  O::KeyRead),
        route(Post,   "/v1/endpoints/{id}/key",     Some(Admin),  O::KeyChange),
        route(Post,   "/v1/endpoints/{id}/test",    Some(Admin),  O::Test),
        route(Get,    "/v1/endpoints/{id}/attempts", Some(Read),  O::AttemptList),
        route(Post,   "/v1/endpoints/{id}/replay",  Some(Admin),  O::ReplayStart),
        route(Get,    "/v1/replays",                Some(Admin),  O::ReplayList),
        route(Get,    "/v1/replays/{id}",           Some(Admin),  O::ReplayRead),
        route(Delete, "/v1/replays/{id}",           Some(Admin),  O::ReplayStop),
        route(Get,    "/v1/deliveries",             Some(Read),   O::DeliveryList),
        route(Get,    "/v1/deliveries/{id}",        Some(Read),   O::DeliveryRead),
        route(Post,   "/v1/deliveries/{id}/retry",  Some(Admin),  O::DeliveryRetry),
        route(Post,   "/v1/deliveries/{id}/cancel", Some(Admin),  O::DeliveryCancel),
        route(Post,   "/v1/filters/preview",        Some(Read),   O::FilterPreview),
        route(Get,    "/v1/event-types",            Some(Read),   O::EventTypeList),
        route(Get,    "/v1/tokens",                 Some(Admin),  O::TokenList),
        route(Post,   "/v1/tokens",                 Some(Admin),  O::TokenAdd),
        route(Delete, "/v1/tokens/{id}",            Some(Admin),  O::TokenRemove),
        route(Post,   SESSION,                      None,         O::SignIn),
        route(Get,    SESSION,                      None,         O::SessionRead),
        route(Delete, SESSION,                      None,         O::SignOut),
        route(Post,   "/v1/test-receiver",          Some(Admin),  O::TestReceiver),
        route(Post,   "/v1/session/code",           Some(Admin),  O::SignInCode),
        route(Get,    "/v1/status",                 Some(Read),   O::Status),
        route(Get,    "/v1/stream",                 Some(Read),   O::Stream),
        route(Get,    "/v1/config",                 Some(Read),   O::Config),
        route(Get,    "/",                          None,         O::PageIndex),
        route(Get,    "/assets/{*id}",              None,         O::PageAsset),
        route(Get,    "/healthz",                   None,         O::Healthy),
        route(Get,    "/readyz",                    None,         O::Ready),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_v1_path_needs_a_role_and_every_row_is_its_own() {
        for (place, row) in ROUTES.iter().enumerate() {
            let is_closed = row.path.starts_with("/v1/") && row.path != SESSION;
            assert_eq!(row.role.is_some(), is_closed, "{row:?}");
            for other in &ROUTES[place + 1..] {
                let same = row.path == other.path && row.verb == other.verb;
                assert!(
                    !same && row.operation != other.operation,
                    "{row:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn what_shows_secrets_or_changes_things_needs_an_administrator() {
        for row in ROUTES.iter().filter(|row| row.path != SESSION) {
            let ingests = matches!(row.operation, Operation::EventPost | Operation::EventBatch);
            let asks = row.operation == Operation::FilterPreview;
            let changes = row.verb != Verb::Get && !ingests && !asks;
            let secret = row.path.ends_with("/key") || row.path.starts_with("/v1/tokens");
            let replays = row.path.starts_with("/v1/replays");
            let admin = changes || secret || replays;
            assert_eq!(row.role == Some(Admin), admin, "{row:?}");
        }
    }
}
