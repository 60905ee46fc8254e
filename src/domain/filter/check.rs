//! What a subscription may ask for.

use super::{Filter, Subscription, Wants};
use crate::domain::endpoint::FieldError;
use crate::domain::intake::ID_CHARS_MAX;

/// The most accounts in one filter.
pub const ACCOUNTS_MAX: usize = 1_000;

/// The most numbers in one filter.
pub const NUMBERS_MAX: usize = 1_000;

impl Subscription {
    /// Everything that is wrong with it, each with its field; `field_path` is its own path,
    /// such as `events[0]`. Empty when it may be kept.
    pub fn check(&self, field_path: &str) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.check_duration(&format!("{field_path}.duration"), &mut errors);
        self.filter
            .check_accounts(&format!("{field_path}.accounts"), &mut errors);
        let numbers = self.filter.numbers.len();
        check_count(
            numbers,
            NUMBERS_MAX,
            &format!("{field_path}.numbers"),
            &mut errors,
        );
        errors
    }

    fn check_duration(&self, field: &str, errors: &mut Vec<FieldError>) {
        let (min, max) = (self.filter.duration_min, self.filter.duration_max);
        if min.is_none() && max.is_none() {
            return;
        }
        let allowed = match &self.wants {
            Wants::All => false,
            Wants::Type(kind) => kind.may_filter_duration(),
        };
        if !allowed {
            let message = format!(
                "{} has no duration to filter by; only call:completed and own types may have one",
                self.wants.as_str()
            );
            errors.push(FieldError::new(field, "not_allowed", message));
            return;
        }
        for (name, bound) in [("min", min), ("max", max)] {
            if let Some(bound) = bound.filter(|bound| !bound.is_finite() || *bound < 0.0) {
                let message = format!("{bound} is not a number of seconds from 0 up");
                errors.push(FieldError::new(
                    format!("{field}.{name}"),
                    "out_of_range",
                    message,
                ));
            }
        }
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let message = format!("min {min} s is above max {max} s: nothing would match");
            errors.push(FieldError::new(field, "out_of_range", message));
        }
    }
}

impl Filter {
    fn check_accounts(&self, field: &str, errors: &mut Vec<FieldError>) {
        check_count(self.accounts.len(), ACCOUNTS_MAX, field, errors);
        for (place, id) in self.accounts.iter().enumerate().take(ACCOUNTS_MAX) {
            if id.is_empty() || id.chars().nth(ID_CHARS_MAX).is_some() {
                let message = format!("must have 1 to {ID_CHARS_MAX} characters");
                errors.push(FieldError::new(
                    format!("{field}[{place}]"),
                    "out_of_range",
                    message,
                ));
            }
        }
    }
}

fn check_count(count: usize, max: usize, field: &str, errors: &mut Vec<FieldError>) {
    if count > max {
        let message = format!("has {count} entries, at most {max} are allowed");
        errors.push(FieldError::new(field, "out_of_range", message));
    }
}
