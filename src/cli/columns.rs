//! Aligned columns. Widths count characters, not escape sequences.

use anstyle::Style;

use super::console::{DIM, paint};

/// A cell: its text and its colour.
pub type Cell = (String, Style);

/// Lines with aligned columns below a heading. A heading that begins with `>` aligns its column
/// to the right. The last column is not padded.
pub fn columns(headings: &[&str], rows: &[Vec<Cell>]) -> Vec<String> {
    let names: Vec<_> = headings.iter().map(|h| h.trim_start_matches('>')).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let longest = cells.map(|(text, _)| text.chars().count()).max();
        longest.unwrap_or(0).max(names[column].chars().count())
    };
    let widths: Vec<_> = (0..names.len()).map(width).collect();
    let line = |cells: &[Cell]| {
        let mut line = String::new();
        for (column, (text, style)) in cells.iter().enumerate() {
            let gap = " ".repeat(widths[column] - text.chars().count());
            let is_last = column + 1 == cells.len();
            match (headings[column].starts_with('>'), is_last) {
                (true, _) => line.push_str(&format!("{gap}{}", paint(*style, text))),
                (false, true) if text.is_empty() => {}
                (false, true) => line.push_str(&paint(*style, text)),
                (false, false) => line.push_str(&format!("{}{gap}", paint(*style, text))),
            }
            if !is_last {
                line.push_str("  ");
            }
        }
        // An empty last column leaves no trail.
        line.truncate(line.trim_end().len());
        line
    };
    let heading: Vec<_> = names.iter().map(|name| (name.to_string(), DIM)).collect();
    let mut lines = vec![line(&heading)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::{GOOD, PLAIN};

    #[test]
    fn columns_are_aligned_by_characters() {
        let row = |title: &str, waiting: &str| {
            vec![
                (title.to_owned(), GOOD),
                (waiting.to_owned(), PLAIN),
                ("ep_1".to_owned(), PLAIN),
            ]
        };
        let lines = columns(
            &["TITLE", ">WAITING", "ID"],
            &[row("Été", "0"), row("Sheet (n8n)", "512")],
        );
        let plain: Vec<_> = lines
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(
            plain,
            [
                "TITLE        WAITING  ID",
                "Été                0  ep_1",
                "Sheet (n8n)      512  ep_1",
            ]
        );
    }
}
