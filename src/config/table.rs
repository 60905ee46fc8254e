//! The one table of settings. Defaults, names of environment variables, ranges, suggestions and
//! the commented file all come from it, so they can't drift.

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// `http`, `store` …
    pub section: &'static str,
    /// The key within its section.
    pub key: &'static str,
    /// Its default as the file would spell it; an empty path is worked out from who runs it.
    pub default: &'static str,
    /// How its value is read.
    pub kind: Kind,
    /// A line for people.
    pub doc: &'static str,
}

/// How a value is read, and its range. Bounds are inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `127.0.0.1:7464`
    Address,
    /// An absolute path, or empty for the usual place.
    Path,
    /// Empty, or an http or https URL.
    Url,
    /// A list of host names.
    Hosts,
    /// `true` or `false`
    Switch,
    /// `64KiB`, or plain bytes.
    Bytes(u64, u64),
    /// `15s`, kept in milliseconds.
    Milliseconds(u64, u64),
    /// A plain number.
    Count(u64, u64),
    /// A list of delays.
    Plan,
    /// Event types, each with a duration.
    Lives,
    /// A list of networks and host names with optional ports.
    Egress,
    /// Empty, or the URL of a proxy.
    Proxy,
    /// A log level.
    Level,
    /// A log format.
    Format,
}

impl Setting {
    /// `http.listen`
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// Whether a running daemon takes a new value over when it reads its file again. The rest
    /// is bound, opened or sized at the start.
    pub fn is_reloadable(&self) -> bool {
        match self.section {
            "delivery" => !matches!(self.key, "threads" | "threads_max" | "connect_timeout"),
            "egress" => matches!(self.key, "private" | "allow" | "deny"),
            "log" => self.key == "level",
            _ => false,
        }
    }

    /// `RINGHOOK_HTTP_LISTEN`
    pub fn environment_name(&self) -> String {
        format!("RINGHOOK_{}_{}", self.section, self.key).to_uppercase()
    }
}

/// The setting of that section and key.
pub fn find(section: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS
        .iter()
        .find(|setting| setting.section == section && setting.key == key)
}

/// The sections, each once, in the order of the table.
pub fn sections() -> Vec<&'static str> {
    let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.section).collect();
    names.dedup();
    names
}

/// A delay of the retry plan: with its jitter it stays below the 24 hours to which a due time
/// found in the database is cut.
pub const DELAY_MS: (u64, u64) = (10, 20 * HOUR);
/// Delays in the plan: an endpoint may have 25 attempts.
pub const DELAYS_MAX: usize = 24;
/// The life of an event type.
pub const LIFE_MS: (u64, u64) = (SECOND, 30 * DAY);

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1_024;
const MIB: u64 = 1_024 * KIB;
const GIB: u64 = 1_024 * MIB;
const PIB: u64 = 1_024 * 1_024 * GIB;

const fn setting(
    section: &'static str,
    key: &'static str,
    default: &'static str,
    kind: Kind,
    doc: &'static str,
) -> Setting {
    Setting {
        section,
        key,
        default,
        kind,
        doc,
    }
}

/// Every setting there is, section by section.
#[rustfmt::skip]
pub static SETTINGS: [Setting; 33] = [
    setting("http", "listen", r#""127.0.0.1:7464""#, Kind::Address,
        "address and port of the API"),
    setting("http", "socket", r#""""#, Kind::Path,
        "the Unix socket of the command line; empty: the usual place"),
    setting("http", "public_url", r#""""#, Kind::Url,
        "the URL under which people reach ringhook, where that is not the address above"),
    setting("http", "allowed_hosts", "[]", Kind::Hosts,
        "host names besides loopback, the listen address and public_url"),
    setting("http", "plain", "false", Kind::Switch,
        "allow plain HTTP on an address that is not loopback"),
    setting("http", "body_bytes_max", r#""1MiB""#, Kind::Bytes(KIB, 8 * MIB),
        "the largest event; beyond it 413"),
    setting("http", "batch_bytes_max", r#""16MiB""#, Kind::Bytes(KIB, 16 * MIB),
        "the largest batch of events, which is one commit; beyond it 413"),
    setting("http", "header_timeout", r#""10s""#, Kind::Milliseconds(SECOND, 5 * MINUTE),
        "how long a client may take for the head of a request"),
    setting("http", "body_timeout", r#""15s""#, Kind::Milliseconds(SECOND, 5 * MINUTE),
        "how long a client may take for the body of a request"),
    setting("http", "connections_max", "512", Kind::Count(1, 65_536),
        "connections at a time; beyond it 503"),
    setting("http", "streams_max", "32", Kind::Count(0, 4_096),
        "live streams (`GET /v1/stream`) at a time; beyond it 503"),
    setting("store", "path", r#""""#, Kind::Path,
        "the database; empty: ringhook.redb in the data directory"),
    setting("store", "cache_bytes", r#""24MiB""#, Kind::Bytes(MIB, 64 * GIB),
        "memory for pages of the database"),
    setting("store", "free_bytes_min", r#""256MiB""#, Kind::Bytes(0, PIB),
        "free space to leave on the disk; below it new events are answered 507"),
    setting("retention", "age", r#""30d""#, Kind::Milliseconds(SECOND, 3_650 * DAY),
        "how long an event is kept after its last delivery ended, and how long one may wait"),
    setting("retention", "bytes", r#""2GiB""#, Kind::Bytes(KIB, PIB),
        "bodies of events kept; beyond it the oldest delivered ones go first"),
    setting("delivery", "threads", "64", Kind::Count(1, 4_096),
        "delivery threads that are kept once they were needed"),
    setting("delivery", "threads_max", "512", Kind::Count(1, 4_096),
        "delivery threads while much waits for receivers, and not for the processor"),
    setting("delivery", "in_flight_max", "4", Kind::Count(1, 256),
        "requests at a time to an endpoint, where its policy says nothing else"),
    setting("delivery", "connect_timeout", r#""5s""#, Kind::Milliseconds(100, MINUTE),
        "how long connecting may take"),
    setting("delivery", "timeout", r#""15s""#, Kind::Milliseconds(SECOND, MINUTE),
        "how long an attempt may take in all, where the policy says nothing else"),
    setting("delivery", "retry_plan",
        r#"["5s", "30s", "2m", "10m", "30m", "1h", "2h", "4h", "8h", "12h"]"#, Kind::Plan,
        "delays after a failed attempt, each with a jitter of 20 %"),
    setting("delivery", "life", r#"{ "call:ringing" = "60s" }"#, Kind::Lives,
        "how long an event of a type is worth sending; other types live as long as the plan"),
    setting("delivery", "pause_after", r#""12h""#, Kind::Milliseconds(SECOND, 30 * DAY),
        "how long an endpoint fails until it is paused and only probed; keep it below the plan"),
    setting("delivery", "waiting_max", "200000", Kind::Count(1, 2_000_000),
        "deliveries waiting for one endpoint; beyond it they end as failed, backlog_full"),
    setting("delivery", "stop_timeout", r#""10s""#, Kind::Milliseconds(0, 5 * MINUTE),
        "how long a stop waits for requests in flight"),
    setting("egress", "private", "true", Kind::Switch,
        "whether private and loopback addresses may be connected to"),
    setting("egress", "allow", "[]", Kind::Egress,
        "networks or host names to open beyond that, with optional ports"),
    setting("egress", "deny", "[]", Kind::Egress,
        "networks or host names to close in any case"),
    setting("egress", "ca_file", r#""""#, Kind::Path,
        "a PEM file with certificates to trust beside the system's roots; empty: none"),
    setting("egress", "proxy", r#""""#, Kind::Proxy,
        "http://[user:password@]host:port for all requests; that of the environment is never used"),
    setting("log", "level", r#""info""#, Kind::Level,
        "off, error, warn, info, debug or trace"),
    setting("log", "format", r#""auto""#, Kind::Format,
        "auto, text or json; auto is the journal's form under systemd, text elsewhere"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_sections() {
        let mut names: Vec<_> = SETTINGS.iter().map(Setting::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
        let expected = ["http", "store", "retention", "delivery", "egress", "log"];
        assert_eq!(sections(), expected);
        let listen = find("http", "listen").unwrap();
        assert_eq!(listen.environment_name(), "RINGHOOK_HTTP_LISTEN");
    }
}
