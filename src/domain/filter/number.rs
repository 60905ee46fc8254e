//! Phone numbers as filters see them. They are compared, never changed or completed: no country
//! is guessed, because a wrong guess would send a call to the wrong receiver.

/// A phone number, or the beginning of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberPattern {
    /// As the person wrote it, with the trailing `*` of a prefix.
    pub written: String,
    /// In its comparable form, without the `*`.
    pub comparable: String,
    /// Whether what follows does not matter.
    pub prefix: bool,
}

/// The most digits of a number: E.164 has 15, and a PBX may put codes before them.
pub const DIGITS_MAX: usize = 32;

/// The most characters of a pattern as it is written.
pub const WRITTEN_CHARS_MAX: usize = 64;

impl NumberPattern {
    /// Reads `+33 9 88 77 66 55`, `0988776655` or the prefix `+3318*`. The error says in words
    /// what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written = text.trim();
        if written.chars().count() > WRITTEN_CHARS_MAX {
            return Err(format!("must have at most {WRITTEN_CHARS_MAX} characters"));
        }
        let (stem, prefix) = match written.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (written, false),
        };
        let comparable = comparable(stem);
        if comparable.is_empty() {
            return Err("must be a number; leave the list empty to want all numbers".to_owned());
        }
        if stem.contains('*') {
            return Err(format!(
                "{written:?}: one * may stand at the end, nowhere else"
            ));
        }
        // Every international number begins with `+`: as a prefix it is enough.
        let usable = is_number(&comparable) || (prefix && comparable == "+");
        if !usable {
            return Err(format!(
                "{written:?} must be up to {DIGITS_MAX} digits, with a + before them or not, and \
                 a * at the end for every number that begins so"
            ));
        }
        Ok(Self {
            written: written.to_owned(),
            comparable,
            prefix,
        })
    }

    /// Whether `number`, in its comparable form, is this number or begins with it.
    pub fn covers(&self, number: &str) -> bool {
        if self.prefix {
            number.starts_with(&self.comparable)
        } else {
            number == self.comparable
        }
    }
}

/// A number in the form in which numbers are compared: white space and `. - / ( )` removed,
/// a leading `00` written `+`. Nothing else is guessed.
pub fn comparable(number: &str) -> String {
    let mut kept = String::with_capacity(number.len());
    kept.extend(number.chars().filter(|c| !is_separator(*c)));
    if kept.starts_with("00") {
        kept.replace_range(..2, "+");
    }
    kept
}

/// Whether a comparable form is a number at all: an optional `+`, then 1 to 32 digits. Letters,
/// SIP addresses and codes with `*` or `#` are none.
pub fn is_number(comparable: &str) -> bool {
    let digits = comparable.strip_prefix('+').unwrap_or(comparable);
    (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// White space includes the no-break spaces of French typography.
fn is_separator(c: char) -> bool {
    matches!(c, '.' | '-' | '/' | '(' | ')') || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared() {
        let check = |input: &str, expected: &str| assert_eq!(comparable(input), expected);
        check("+33988776655", "+33988776655");
        check("+33 9 88 77 66 55", "+33988776655");
        check("+33\u{a0}9\u{202f}88.77-66/55", "+33988776655");
        check("0033 (9) 88776655", "+33988776655");
        check("(00)33988776655", "+33988776655");
        check("0 0 33", "+33");
        check("0988776655", "0988776655");
        check("+00", "+00");
        check("00", "+");
        check("000", "+0");
        check("101", "101");
        check(" .-/() ", "");
        check("", "");
        check("Anonymous", "Anonymous");
        check("sip:101@pbx.lan", "sip:101@pbxlan");
        check("+33988776655;ext=2", "+33988776655;ext=2");
    }

    #[test]
    fn what_is_a_number() {
        let check = |input: &str, expected: bool| assert_eq!(is_number(input), expected, "{input}");
        check("+33988776655", true);
        check("112", true);
        check("0", true);
        check(&"9".repeat(32), true);
        check(&format!("+{}", "9".repeat(32)), true);
        check(&"9".repeat(33), false);
        check("", false);
        check("+", false);
        check("++33", false);
        check("33+", false);
        check("*31#", false);
        check("anonymous", false);
        check("٣٣", false);
    }

    #[test]
    fn what_a_pattern_may_be() {
        let check = |input: &str, expected: Option<(&str, bool)>| {
            let got = NumberPattern::parse(input).ok();
            let got = got
                .as_ref()
                .map(|one| (one.comparable.as_str(), one.prefix));
            assert_eq!(got, expected, "{input}");
        };
        check("+33988776655", Some(("+33988776655", false)));
        check(" 00 33 1 8* ", Some(("+3318", true)));
        check("+3318 *", Some(("+3318", true)));
        check("+*", Some(("+", true)));
        check("00*", Some(("+", true)));
        check("0*", Some(("0", true)));
        check("", None);
        check("  ", None);
        check("*", None);
        check("-*", None);
        check("**", None);
        check("+33*8", None);
        check("+33**", None);
        check("*33", None);
        check("+", None);
        check("sales", None);
        check("+33x*", None);
        check(&"1".repeat(33), None);
        check(&format!("1{}", " 1".repeat(32)), None);
    }

    #[test]
    fn what_a_pattern_covers() {
        let check = |pattern: &str, number: &str, expected: bool| {
            let pattern = NumberPattern::parse(pattern).unwrap();
            assert_eq!(
                pattern.covers(&comparable(number)),
                expected,
                "{pattern:?} {number}"
            );
        };
        check("+33988776655", "00 33 9 88 77 66 55", true);
        check("0033988776655", "+33988776655", true);
        check("+33988776655", "0988776655", false);
        check("+33988776655", "+339887766550", false);
        check("+3318*", "+33181", true);
        check("+3318*", "+3318", true);
        check("+3318*", "+3319", false);
        check("+*", "0033", true);
        check("0*", "0033", false);
        check("0*", "0988776655", true);
    }

    #[test]
    fn a_refused_pattern_says_why() {
        let check = |input: &str, expected: &str| {
            let error = NumberPattern::parse(input).unwrap_err();
            assert!(error.contains(expected), "{input}: {error}");
        };
        check("*", "leave the list empty");
        check("+33*8", "nowhere else");
        check("sales", "digits");
    }
}
