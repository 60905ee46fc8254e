//! Times, amounts and lists in words. Times are those of the machine's own zone.

use jiff::tz::TimeZone;

/// `1 endpoint`, `2 endpoints`, `3 deliveries`.
pub fn plural(n: u64, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {noun}s"),
    }
}

/// `141 bytes`, `1.1 kB`, `84 MB`: decimal, as disks and networks are sold.
pub fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    match UNITS.into_iter().find(|(unit, _)| n >= *unit) {
        None => plural(n, "byte"),
        Some((unit, name)) => format!("{} {name}", short(n, unit)),
    }
}

/// `183 ms`, `9.8 s`, `12 min`, `5 h`, `3 d`.
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", short(ms, 1_000)),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

/// One decimal below ten, none above.
fn short(n: u64, unit: u64) -> String {
    let tenths = n / (unit / 10);
    match (tenths / 10, tenths % 10) {
        (whole @ 0..10, tenth @ 1..) => format!("{whole}.{tenth}"),
        (whole, _) => whole.to_string(),
    }
}

/// An RFC 3339 time as a watch here shows it: `14:02:11.204`, and with its date where that is
/// not today. What is no time stays as it is.
pub fn time(text: &str, now_ms: u64) -> String {
    time_in(text, now_ms, &TimeZone::system())
}

fn time_in(text: &str, now_ms: u64, zone: &TimeZone) -> String {
    let Ok(at) = text.parse::<jiff::Timestamp>() else {
        return text.to_owned();
    };
    let at = at.to_zoned(zone.clone());
    let now = i64::try_from(now_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let today = now.map(|now| now.to_zoned(zone.clone()).date());
    let form = if today == Some(at.date()) {
        "%H:%M:%S%.3f"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    at.strftime(form).to_string()
}

/// The first line of a text, cut to so many characters.
pub fn first(text: &str, characters: usize) -> String {
    let cut: String = text.chars().take(characters).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(plural(1, "delivery"), "1 delivery");
        assert_eq!(plural(0, "delivery"), "0 deliveries");
        assert_eq!(plural(2, "endpoint"), "2 endpoints");
        for (n, expected) in [
            (141, "141 bytes"),
            (1_134, "1.1 kB"),
            (84_200_000, "84 MB"),
            (11_000_000_000, "11 GB"),
        ] {
            assert_eq!(bytes(n), expected);
        }
        for (ms, expected) in [
            (0, "0 ms"),
            (183, "183 ms"),
            (9_840, "9.8 s"),
            (15_000, "15 s"),
            (720_000, "12 min"),
            (1_036_800_000, "12 d"),
        ] {
            assert_eq!(span(ms), expected);
        }
    }

    #[test]
    fn times_of_today_need_no_date() {
        let now = 1_772_654_400_000;
        let check = |text: &str, expected: &str| {
            assert_eq!(time_in(text, now, &TimeZone::UTC), expected);
        };
        check("2026-03-04T09:08:22.114Z", "09:08:22.114");
        check("2026-03-03T09:08:22.114Z", "2026-03-03 09:08:22");
        check("soon", "soon");
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(first("abc", 3), "abc");
        assert_eq!(first("éééé", 3), "ééé…");
    }
}
