//! The program `ringhook`: hands its arguments to the library and its exit code to the system.

fn main() -> std::process::ExitCode {
    ringhook::cli::run(std::env::args_os())
}
