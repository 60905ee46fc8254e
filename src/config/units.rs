//! Durations and sizes as people write them: `15s`, `64KiB`. Reads text only.

const DURATIONS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZES: [(&str, u64); 6] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// Milliseconds of `500ms`, `15s`, `5m`, `2h`, `30d`. The error says what to write instead.
pub fn milliseconds(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    if unit.is_empty() && !number.is_empty() {
        return Err(format!(
            "has no unit: write {number}s, {number}m or {number}h"
        ));
    }
    scaled(number, unit, &DURATIONS).ok_or_else(|| "write it like 500ms, 15s, 5m, 2h or 30d".into())
}

/// Bytes of `64KiB`, `1MiB`, `1GiB`, or of a plain number.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = if unit.is_empty() { "B" } else { unit };
    scaled(number, unit, &SIZES).ok_or_else(|| "write it like 64KiB, 1MiB or 1GiB".into())
}

/// The shortest exact spelling of a duration: `90000` is `90s`, `60000` is `1m`.
pub fn spell_milliseconds(ms: u64) -> String {
    spell(ms, &DURATIONS)
}

/// The shortest exact spelling of a size.
pub fn spell_bytes(bytes: u64) -> String {
    spell(bytes, &SIZES)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn scaled(number: &str, unit: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn spell(amount: u64, units: &[(&str, u64)]) -> String {
    let (name, factor) = units
        .iter()
        .rev()
        .find(|(_, factor)| amount != 0 && amount.is_multiple_of(*factor))
        .unwrap_or(&units[usize::from(units[0].0 == "ms")]);
    format!("{}{name}", amount / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(milliseconds(text).ok(), expected, "{text}");
        };
        check("500ms", Some(500));
        check("15s", Some(15_000));
        check("5m", Some(300_000));
        check("2h", Some(7_200_000));
        check("30d", Some(2_592_000_000));
        check(" 15 s ", Some(15_000));
        check("15", None);
        check("1.5s", None);
        check("-1s", None);
        check("15sec", None);
        check("s", None);
        check("", None);
        check("99999999999999999999d", None);
        assert_eq!(
            milliseconds("15").unwrap_err(),
            "has no unit: write 15s, 15m or 15h"
        );
    }

    #[test]
    fn sizes() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(bytes(text).ok(), expected, "{text}");
        };
        check("64KiB", Some(65_536));
        check("1MiB", Some(1_048_576));
        check("1GiB", Some(1_073_741_824));
        check("4096", Some(4_096));
        check("10B", Some(10));
        check("1MB", None);
        check("1kib", None);
        check("", None);
    }

    #[test]
    fn spelled_as_they_are_read() {
        for ms in [0, 1, 999, 1_000, 90_000, 3_600_000, 86_400_000] {
            assert_eq!(milliseconds(&spell_milliseconds(ms)), Ok(ms));
        }
        for size in [0, 1, 1_024, 24 << 20, 3 << 30] {
            assert_eq!(bytes(&spell_bytes(size)), Ok(size));
        }
        assert_eq!(spell_milliseconds(0), "0s");
        assert_eq!(spell_milliseconds(90_000), "90s");
        assert_eq!(spell_bytes(24 << 20), "24MiB");
    }
}
