//! `cargo bench --bench pipeline`: the whole way of an event, by `ringhook bench`, which users
//! have as well. Arguments go on to it: `cargo bench --bench pipeline -- --quick --json`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let is_for_us = |argument: &String| argument != "--bench";
    let status = Command::new(env!("CARGO_BIN_EXE_ringhook"))
        .arg("bench")
        .args(std::env::args().skip(1).filter(is_for_us))
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ringhook can't be started: {error}");
            ExitCode::FAILURE
        }
    }
}
