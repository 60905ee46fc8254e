//! Signals for the verbs that run until they are told to end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::failure::Exit;

/// Sends `told` for each signal. The first one is to end the verb in good order; a second
/// Ctrl-C does not wait for that.
pub fn watch<T: Send + 'static>(sender: SyncSender<T>, told: fn() -> T) -> std::io::Result<()> {
    let ending = Arc::new(AtomicBool::new(false));
    let code = i32::from(Exit::Interrupted.code());
    signal_hook::flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&ending))?;
    signal_hook::flag::register(SIGINT, ending)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                // Full means that its reader is awake anyway, gone that it is ending.
                if sender.send(told()).is_err() {
                    break;
                }
            }
        })?;
    Ok(())
}
