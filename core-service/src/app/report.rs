//! The block that a start prints: what runs, where, under which policies, and what is off.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
};

use portcullis_api::{access::Access, tls::Tls};

use super::settings::AuthMode;
use crate::{deliver::SinkStatus, policy::live::PolicyStatus, record::LogSettings};

/// Lines of a name and a value, in their order.
#[derive(Debug, Default)]
pub struct Report(String);

impl Report {
    pub fn new(program: &str) -> Self {
        Self(format!("{program} {}\n", env!("CARGO_PKG_VERSION")))
    }

    #[must_use]
    pub fn line(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "  {name:<10} {value}");
        self
    }

    #[must_use]
    pub fn policies(mut self, folder: &Path, policies: &[PolicyStatus]) -> Self {
        let exists = if folder.is_dir() { "" } else { " (no such folder)" };
        self = self.line("policies", format_args!("{}{exists}", folder.display()));
        for PolicyStatus { name, file, state, problems } in policies {
            let file = if file.is_empty() { "built in" } else { file };
            let name = if name.is_empty() { "-" } else { name };
            match state.loaded() {
                Some(loaded) => {
                    self = self.line("", format_args!("{name} ({file}), {} rules", loaded.policy.rules.len()));
                }
                None => {
                    self = self.line("", format_args!("{name} ({file}): NOT LOADED"));
                }
            }
            for problem in problems {
                self = self.line("", format_args!("  {problem}"));
            }
        }
        self
    }

    #[must_use]
    pub fn access(self, access: &Access, mode: AuthMode, addresses: &[SocketAddr]) -> Self {
        let open = addresses.iter().all(|address| address.ip().is_loopback());
        match (access.is_open(), mode, open) {
            (false, _, _) => self.line("access", format_args!("credentials required: {access}")),
            (true, AuthMode::None, false) => {
                self.line("access", "OPEN to whoever reaches the ports (auth.mode = \"none\")")
            }
            (true, _, _) => self.line("access", "open, from this machine only"),
        }
    }

    /// Whether what the log keeps of payloads can be read by whoever has its file.
    #[must_use]
    pub fn payloads(self, log: &LogSettings) -> Self {
        self.line("payloads", if log.keys.is_some() { "encrypted" } else { "in the clear: no master key is given" })
    }

    /// Whose certificate both ports show, where they show one.
    #[must_use]
    pub fn tls(self, tls: Option<&Tls>) -> Self {
        match tls {
            Some(tls) => self.line("tls", format_args!("{tls}, on every port")),
            None => self,
        }
    }

    /// Where records go, one line a sink.
    #[must_use]
    pub fn sinks(mut self, sinks: &[SinkStatus]) -> Self {
        if sinks.is_empty() {
            return self.line("delivery", "off: records stay in the log");
        }
        let mut name = "delivery";
        for sink in sinks {
            self = self.line(name, format_args!("{} to {}", sink.name, sink.about));
            name = "";
        }
        self
    }

    /// To standard output, whole.
    pub fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(self.0.as_bytes())?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::MasterKeys;

    #[test]
    fn a_start_says_whether_payloads_are_encrypted() {
        let told = |keys| Report::new("portcullis").payloads(&LogSettings { keys, ..LogSettings::default() }).0;
        assert!(told(None).contains("  payloads   in the clear"));
        assert!(told(MasterKeys::parse(&"ab".repeat(32)).ok()).contains("  payloads   encrypted"));
    }
}
