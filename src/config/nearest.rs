//! The nearest known word to a misspelt one.

/// The candidate that differs least from `word`, when it differs little enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let tolerated = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to add, drop or change (Levenshtein 1965).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_enough_to_be_meant() {
        let check = |word: &str, expected: Option<&str>| {
            let keys = ["timeout", "threads", "threads_max", "retry_plan", "life"];
            assert_eq!(nearest(word, keys), expected, "{word}");
        };
        check("timout", Some("timeout"));
        check("Timeout", Some("timeout"));
        check("thread", Some("threads"));
        check("threadsmax", Some("threads_max"));
        check("retryplan", Some("retry_plan"));
        check("lif", Some("life"));
        check("colour", None);
        check("", None);
    }
}
