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
    DeliveryList,
    DeliveryRead,
    DeliveryRetry,
    DeliveryCancel,
    EventTypeList,
    TokenList,
    TokenAdd,
    TokenRemove,
    Status,
    TestReceiver,
    Stats,
    Stream,
    Config,
    PageIndex,
    PageAsset,
    Healthy,
    Ready,
}

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
        route(Get,    "/v1/deliveries",             Some(Read),   O::DeliveryList),
        route(Get,    "/v1/deliveries/{id}",        Some(Read),   O::DeliveryRead),
        route(Post,   "/v1/deliveries/{id}/retry",  Some(Admin),  O::DeliveryRetry),
        route(Post,   "/v1/deliveries/{id}/cancel", Some(Admin),  O::DeliveryCancel),
        route(Get,    "/v1/event-types",            Some(Read),   O::EventTypeList),
        route(Get,    "/v1/tokens",                 Some(Admin),  O::TokenList),
        route(Post,   "/v1/tokens",                 Some(Admin),  O::TokenAdd),
        route(Delete, "/v1/tokens/{id}",            Some(Admin),  O::TokenRemove),
        route(Get,    "/v1/status",                 Some(Read),   O::Status),
        route(Post,   "/v1/test-receiver",          Some(Admin),  O::TestReceiver),
        route(Get,    "/v1/stats",                  Some(Read),   O::Stats),
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
            assert_eq!(row.role.is_some(), row.path.starts_with("/v1/"), "{row:?}");
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
        for row in ROUTES {
            let ingests = matches!(row.operation, Operation::EventPost | Operation::EventBatch);
            let changes = row.verb != Verb::Get && !ingests;
            let secret = row.path.ends_with("/key") || row.path.starts_with("/v1/tokens");
            assert_eq!(row.role == Some(Admin), changes || secret, "{row:?}");
        }
    }
}
