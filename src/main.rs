//! The program `ringhook`: hands its arguments to the library and its exit code to the system.

/// Pages of the database and buffers of requests are of sizes for which the C library's allocator
/// takes its slow way: an event costs a tenth less of the processor with this one.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    ringhook::cli::run(std::env::args_os())
}
