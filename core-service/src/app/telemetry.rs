//! Log lines on standard error. `RUST_LOG` chooses what is said; no text that was checked is ever part of it.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::settings::LogFormat;

pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let set = match format {
        LogFormat::Human => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // Somebody else's subscriber is in place: in tests.
    drop(set);
}
