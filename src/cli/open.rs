//! `open`: a link that signs in to the web page, once. The daemon makes it, over the socket only.

use std::process::{Command, Stdio};

use clap::Args;

use super::document::text;
use super::failure::{Exit, Failure, code};
use super::{Context, sources};

/// `open`
#[derive(Args)]
pub struct Arguments {
    /// Open it in this machine's browser as well
    #[arg(long)]
    browser: bool,
}

/// Prints the link; whoever has it is the administrator for one sign-in.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let made = context.client()?.post_empty("/v1/session/code")?;
    let url = text(made.value(), "/url");
    if context.console.is_json() {
        context.console.machine(&made)?;
    } else {
        // Also with --quiet: the link is all there is.
        context.console.line(&url)?;
        context.console.note("One use, valid 30 minutes.");
        if let Some(port) = loopback_port(&url) {
            context.console.note(format!(
                "No browser on this machine? From your computer, then open the link there:\n  \
                 ssh -L {port}:127.0.0.1:{port} you@{}",
                sources::host_name()
            ));
        }
    }
    if arguments.browser {
        browse(&url)?;
    }
    Ok(Exit::Done)
}

/// The port of a link that leads nowhere but to this machine.
fn loopback_port(url: &str) -> Option<u16> {
    let uri: http::Uri = url.split('#').next()?.parse().ok()?;
    let is_loopback = matches!(uri.host()?, "localhost" | "127.0.0.1" | "[::1]");
    is_loopback.then(|| uri.port_u16()).flatten()
}

fn browse(url: &str) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Unreachable, code::BROWSER, "cannot open a browser")
            .why(why)
            .try_this("open the link by hand")
    };
    let status = Command::new("xdg-open")
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("xdg-open: {status}"))),
        Err(error) => Err(failed(format!("xdg-open: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_to_this_machine_only() {
        let check = |url: &str, expected: Option<u16>| {
            assert_eq!(loopback_port(url), expected, "{url}");
        };
        check("http://127.0.0.1:7464/#/in/1-2", Some(7464));
        check("http://[::1]:80/#/in/1-2", Some(80));
        check("http://192.168.1.5:7464/#/in/1-2", None);
        check("https://hooks.example.fr/#/in/1-2", None);
    }
}
