//! `ringhook bench` runs from end to end and prints what a program can read. Its figures mean
//! nothing here: the build is not optimized, and other tests run beside it.

use serde_json::Value;

use crate::support::daemon::command;

#[test]
fn a_quick_bench_prints_a_line_for_each_figure_and_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let output = command()
        .args(["bench", "--quick", "--json", "--only", "start", "fan-out"])
        .args(["hanging", "page", "--data"])
        .arg(place.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named = |name: &str| {
        let found = figures.iter().find(|figure| figure["name"] == name);
        found.unwrap_or_else(|| panic!("no figure {name} in {lines}"))
    };
    assert_eq!(named("start, empty database")["unit"], "ms");
    let fan_out = named("fan-out of one to 10");
    for field in ["value", "limit", "ratio"] {
        assert!(fan_out[field].as_f64().unwrap() > 0.0, "{fan_out}");
    }
    assert!(fan_out["met"].is_boolean(), "{fan_out}");
    assert!(named("page: endpoints")["ratio"].as_f64().unwrap() > 0.0);
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let output = command()
        .args(["bench", "--quick", "--data", "/nowhere/at/all"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("/nowhere/at/all"), "{told}");
}
