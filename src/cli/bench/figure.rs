//! A figure: what was measured, beside its limit of the same run and the goal that it has.

use serde_json::{Value, json};

use crate::cli::columns::{Cell, columns};
use crate::cli::console::{BAD, DIM, GOOD, PLAIN};

/// What is expected of a figure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Goal {
    /// Nothing: it is stated.
    None,
    /// At least this share of its limit.
    ShareAtLeast(f64),
    /// At most that many times its limit.
    TimesAtMost(f64),
    /// At most its limit and this much more.
    BeyondAtMost(f64),
    /// At most that many times its limit, or its limit and this much more: what is more.
    TimesOrBeyondAtMost(f64, f64),
    /// At most this.
    AtMost(f64),
}

/// One line of the result.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// `ingest, 64 connections`
    pub name: String,
    /// `/s`, `ms`, `MiB`, `µs`, `%`
    pub unit: &'static str,
    /// What was measured.
    pub value: f64,
    /// The limit, and what it is.
    pub limit: Option<(f64, &'static str)>,
    /// What is expected.
    pub goal: Goal,
}

impl Figure {
    /// One that has neither limit nor goal yet.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            unit,
            value,
            limit: None,
            goal: Goal::None,
        }
    }

    /// With the limit of the same run.
    pub fn beside(mut self, limit: f64, what: &'static str) -> Self {
        self.limit = Some((limit, what));
        self
    }

    /// With a goal.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// Value over limit.
    fn ratio(&self) -> Option<f64> {
        let (limit, _) = self.limit?;
        (limit > 0.0).then(|| self.value / limit)
    }

    /// Whether the goal is met; None where there is none.
    pub fn is_met(&self) -> Option<bool> {
        let limit = self.limit.map(|(limit, _)| limit);
        match self.goal {
            Goal::None => None,
            Goal::ShareAtLeast(share) => Some(self.ratio()? >= share),
            Goal::TimesAtMost(times) => Some(self.ratio()? <= times),
            Goal::BeyondAtMost(more) => Some(self.value <= limit? + more),
            Goal::TimesOrBeyondAtMost(times, more) => {
                let limit = limit?;
                Some(self.value <= (limit * times).max(limit + more))
            }
            Goal::AtMost(most) => Some(self.value <= most),
        }
    }

    fn goal_text(&self) -> String {
        let unit = self.unit;
        match self.goal {
            Goal::None => String::new(),
            Goal::ShareAtLeast(share) => format!("≥ {share} × limit"),
            Goal::TimesAtMost(times) => format!("≤ {times} × limit"),
            Goal::BeyondAtMost(more) => format!("≤ limit + {more} {unit}"),
            Goal::TimesOrBeyondAtMost(times, more) => {
                format!("≤ {times} × limit or + {more} {unit}")
            }
            Goal::AtMost(most) => format!("≤ {most} {unit}"),
        }
    }

    /// As a program reads it.
    pub fn json(&self) -> Value {
        let goal = self.goal_text();
        json!({
            "name": self.name,
            "unit": self.unit,
            "value": rounded(self.value),
            "limit": self.limit.map(|(limit, _)| rounded(limit)),
            "limit_is": self.limit.map(|(_, what)| what),
            "ratio": self.ratio().map(rounded),
            "goal": (!goal.is_empty()).then_some(goal),
            "met": self.is_met(),
        })
    }

    fn row(&self) -> Vec<Cell> {
        let limit = self.limit.map(|(limit, _)| text(limit));
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}"));
        let (met, style) = match self.is_met() {
            Some(true) => ("met", GOOD),
            Some(false) => ("missed", BAD),
            None => ("", PLAIN),
        };
        vec![
            (self.name.clone(), PLAIN),
            (format!("{} {}", text(self.value), self.unit), PLAIN),
            (limit.unwrap_or_default(), DIM),
            (ratio.unwrap_or_default(), PLAIN),
            (self.goal_text(), DIM),
            (met.to_owned(), style),
            (self.limit.map_or("", |(_, what)| what).to_owned(), DIM),
        ]
    }
}

/// All figures for people.
pub fn table(figures: &[Figure]) -> Vec<String> {
    let rows: Vec<_> = figures.iter().map(Figure::row).collect();
    let headings = [
        "figure",
        ">value",
        ">limit",
        ">ratio",
        "goal",
        "",
        "the limit",
    ];
    columns(&headings, &rows)
}

/// Of the same figures from several runs, the middle value and the middle limit of each.
pub fn medians(runs: &[Vec<Figure>]) -> Vec<Figure> {
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    let of = |figure: &Figure| {
        let same = || {
            let all = runs.iter().flatten();
            all.filter(|other| other.name == figure.name)
        };
        let mut median = figure.clone();
        median.value = middle(same().map(|other| other.value).collect());
        let limits = same().filter_map(|other| Some(other.limit?.0)).collect();
        median.limit = figure.limit.map(|(_, what)| (middle(limits), what));
        median
    };
    first.iter().map(of).collect()
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn text(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_goal_is_met() {
        let check = |value, limit: f64, goal, expected| {
            let figure = Figure::new("f", value, "ms").beside(limit, "l").goal(goal);
            assert_eq!(figure.is_met(), expected, "{figure:?}");
        };
        check(4.0, 10.0, Goal::ShareAtLeast(0.4), Some(true));
        check(3.9, 10.0, Goal::ShareAtLeast(0.4), Some(false));
        check(20.0, 10.0, Goal::TimesAtMost(2.0), Some(true));
        check(20.1, 10.0, Goal::TimesAtMost(2.0), Some(false));
        check(12.1, 10.0, Goal::BeyondAtMost(2.0), Some(false));
        check(16.0, 1.0, Goal::AtMost(16.0), Some(true));
        check(16.0, 0.0, Goal::ShareAtLeast(0.4), None);
        check(16.0, 1.0, Goal::None, None);
    }

    #[test]
    fn the_middle_of_several_runs() {
        let run = |value, limit| vec![Figure::new("f", value, "/s").beside(limit, "l")];
        let got = medians(&[run(1.0, 9.0), run(3.0, 7.0), run(2.0, 8.0)]);
        assert_eq!(got, run(2.0, 8.0));
        assert_eq!(got[0].json()["ratio"], 0.25);
    }
}
