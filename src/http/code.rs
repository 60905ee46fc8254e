//! The codes of the edge, each with its status and title: the one table of what it can say.
//!
//! `RH-00xx` are the configuration's, `RH-01xx` the command line's, `RH-03xx` these.

/// What the edge can say no with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// Not JSON, wrong shape, unknown field or parameter.
    Malformed,
    /// No `Host`, or more than one.
    HostMissing,
    /// The idempotency keys of header and body differ.
    KeysDiffer,
    /// No token, or nobody's.
    TokenMissing,
    /// The token's role is too low.
    RoleTooLow,
    /// The sign-in code is nobody's.
    SignInWrong,
    /// Too many wrong sign-ins.
    TriesUsed,
    /// The sign-in is too long ago for secrets.
    SignInStale,
    /// A session is used by a foreign page.
    CrossSite,
    /// Well formed, not acceptable.
    NotAcceptable,
    /// No such path.
    NoPath,
    /// No such object.
    NoObject,
    /// The path has no such method.
    Method,
    /// The body did not arrive in time.
    BodySlow,
    /// The body is too large.
    BodyTooLarge,
    /// The path and its query are too long.
    UriTooLong,
    /// The body is not declared as JSON.
    MediaType,
    /// A host name that is not ours: DNS rebinding looks like this.
    Misdirected,
    /// The idempotency key was used for another event.
    KeyReused,
    /// A test of this endpoint is already running.
    TestRunning,
    /// A replay of this endpoint is already running.
    ReplayRunning,
    /// There is no next key.
    NoNextKey,
    /// As many objects as there may be.
    TooMany,
    /// Changed by someone else again and again.
    Changed,
    /// The delivery is in flight.
    InFlight,
    /// An earlier event of the call goes first.
    HeldByOrder,
    /// The endpoint of the delivery is disabled.
    Disabled,
    /// The endpoint of the delivery was deleted.
    EndpointGone,
    /// The delivery has ended in a way that leaves nothing to do.
    Ended,
    /// A queue is full.
    Busy,
    /// The database can't be written or read at the moment.
    StoreAway,
    /// The daemon is stopping, or not yet ready.
    Stopping,
    /// Too many connections.
    Connections,
    /// The disk is almost full.
    DiskLow,
    /// Our own fault.
    Internal,
}

impl Code {
    /// All codes, for tests of the table.
    #[cfg(test)]
    pub const ALL: [Self; 35] = [
        Self::Malformed,
        Self::HostMissing,
        Self::KeysDiffer,
        Self::TokenMissing,
        Self::RoleTooLow,
        Self::SignInWrong,
        Self::TriesUsed,
        Self::SignInStale,
        Self::CrossSite,
        Self::NotAcceptable,
        Self::NoPath,
        Self::NoObject,
        Self::Method,
        Self::BodySlow,
        Self::BodyTooLarge,
        Self::UriTooLong,
        Self::MediaType,
        Self::Misdirected,
        Self::KeyReused,
        Self::TestRunning,
        Self::ReplayRunning,
        Self::NoNextKey,
        Self::TooMany,
        Self::Changed,
        Self::InFlight,
        Self::HeldByOrder,
        Self::Disabled,
        Self::EndpointGone,
        Self::Ended,
        Self::Busy,
        Self::StoreAway,
        Self::Stopping,
        Self::Connections,
        Self::DiskLow,
        Self::Internal,
    ];

    /// Code, HTTP status and title: the one table of what the edge can say.
    pub const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => ("RH-0301", 400, "The request is malformed"),
            Self::HostMissing => ("RH-0302", 400, "The request names no host"),
            Self::KeysDiffer => ("RH-0303", 400, "Two different idempotency keys"),
            Self::TokenMissing => ("RH-0304", 401, "A token is needed"),
            Self::RoleTooLow => ("RH-0305", 403, "This token may not do that"),
            Self::SignInWrong => ("RH-0306", 401, "The sign-in code is not valid"),
            Self::TriesUsed => ("RH-0307", 429, "Too many wrong sign-ins"),
            Self::SignInStale => ("RH-0308", 403, "Sign in again for this"),
            Self::CrossSite => ("RH-0309", 403, "The request comes from a foreign page"),
            Self::NotAcceptable => ("RH-0312", 422, "The request can't be accepted"),
            Self::NoPath => ("RH-0320", 404, "There is no such path"),
            Self::NoObject => ("RH-0321", 404, "There is no such object"),
            Self::Method => ("RH-0322", 405, "This path has no such method"),
            Self::BodySlow => ("RH-0330", 408, "The body came too slowly"),
            Self::BodyTooLarge => ("RH-0331", 413, "The body is too large"),
            Self::UriTooLong => ("RH-0332", 414, "The path is too long"),
            Self::MediaType => ("RH-0333", 415, "The body is of another type"),
            Self::Misdirected => ("RH-0334", 421, "This is not the host that was asked for"),
            Self::KeyReused => ("RH-0340", 409, "The idempotency key is already used"),
            Self::TestRunning => ("RH-0341", 409, "A test is already running"),
            Self::ReplayRunning => ("RH-0360", 409, "A replay is already running"),
            Self::NoNextKey => ("RH-0342", 409, "There is no next key"),
            Self::TooMany => ("RH-0343", 409, "There are too many"),
            Self::Changed => ("RH-0344", 409, "Changed by someone else meanwhile"),
            Self::InFlight => ("RH-0345", 409, "The delivery is in flight"),
            Self::HeldByOrder => ("RH-0346", 409, "Another event of the call goes first"),
            Self::Disabled => ("RH-0347", 409, "The endpoint is disabled"),
            Self::EndpointGone => ("RH-0348", 409, "The endpoint was deleted"),
            Self::Ended => ("RH-0349", 409, "The delivery has ended"),
            Self::Busy => ("RH-0350", 503, "Too much is waiting"),
            Self::StoreAway => ("RH-0351", 503, "The database is away"),
            Self::Stopping => ("RH-0352", 503, "ringhook is stopping or not yet ready"),
            Self::Connections => ("RH-0353", 503, "Too many connections"),
            Self::DiskLow => ("RH-0354", 507, "The disk is almost full"),
            Self::Internal => ("RH-0390", 500, "A fault of ringhook"),
        }
    }

    /// `RH-0312`
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// When it is worth asking again, in seconds.
    pub const fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::Busy | Self::Connections => Some(1),
            Self::StoreAway => Some(2),
            Self::Stopping => Some(5),
            Self::TriesUsed => Some(60),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_and_who_is_to_wait_is_told_how_long() {
        let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            let is_to_wait = matches!(code.row().1, 429 | 503);
            assert_eq!(code.retry_after_s().is_some(), is_to_wait, "{code:?}");
        }
    }
}
