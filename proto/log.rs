//! How much a program says of itself, and how that is changed while it runs.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

/// What is said, with all that is graver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be `error`, `warn`, `info`, `debug` or `trace`")]
pub struct UnknownLevel;

impl LogLevel {
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Crates whose lines are known to hold nothing that was checked and no credential. The libraries' own lines below
    /// `info` may: those of HTTP/2 show headers. So a level never opens them; `RUST_LOG` can.
    const OWN: [&str; 6] =
        ["core_service", "http_adapter", "portcullis", "portcullis_api", "portcullis_core", "portcullis_decision"];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// Whether this target of a line or a span is one of our own.
    pub fn is_own(target: &str) -> bool {
        Self::OWN.contains(&target.split("::").next().unwrap_or(target))
    }

    /// As a filter in the form of `RUST_LOG`.
    pub fn directives(self) -> String {
        match self {
            Self::Error | Self::Warn | Self::Info => self.as_str().to_owned(),
            Self::Debug | Self::Trace => {
                let own = Self::OWN.map(|name| format!("{name}={}", self.as_str()));
                format!("info,{}", own.join(","))
            }
        }
    }
}

impl FromStr for LogLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|level| text.eq_ignore_ascii_case(level.as_str())).ok_or(UnknownLevel)
    }
}

type Apply = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// The level of this process's log.
#[derive(Clone)]
pub struct LogControl {
    filter: Arc<RwLock<String>>,
    apply: Arc<Apply>,
    /// Wins over the settings' file.
    fixed: Option<Arc<str>>,
}

impl LogControl {
    /// `filter` is what is in force, in the form of `RUST_LOG`; `apply` brings another into force.
    pub fn new(filter: String, apply: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { filter: Arc::new(RwLock::new(filter)), apply: Arc::new(apply), fixed: None }
    }

    /// With what wins over the settings' file, in the form of `RUST_LOG`: that variable, or a level that a flag or the
    /// environment names.
    #[must_use]
    pub fn fixed(self, filter: Option<String>) -> Self {
        Self { fixed: filter.map(Arc::from), ..self }
    }

    /// What is in force, in the form of `RUST_LOG`.
    pub fn filter(&self) -> String {
        self.filter.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, level: LogLevel) -> Result<(), String> {
        self.set_filter(level.directives())
    }

    /// What the settings say is in force again, whatever a caller chose since; their file names this level now.
    pub fn read_anew(&self, file: LogLevel) -> Result<(), String> {
        self.set_filter(self.fixed.as_deref().map_or_else(|| file.directives(), str::to_owned))
    }

    /// Of the operator's own making: only a level is open to callers.
    pub fn set_filter(&self, filter: String) -> Result<(), String> {
        let mut current = self.filter.write().unwrap_or_else(PoisonError::into_inner);
        (self.apply)(&filter)?;
        *current = filter;
        Ok(())
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogControl({})", self.filter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_opens_our_own_crates_and_never_the_libraries() {
        assert_eq!(LogLevel::Warn.directives(), "warn");
        for level in [LogLevel::Debug, LogLevel::Trace] {
            let directives = level.directives();
            assert!(directives.starts_with("info,core_service="), "{directives}");
            assert!(directives.split(',').skip(1).all(|one| one.ends_with(level.as_str())), "{directives}");
        }
        assert_eq!("DEBUG".parse(), Ok(LogLevel::Debug));
        assert_eq!("h2=trace".parse::<LogLevel>(), Err(UnknownLevel));
    }

    #[test]
    fn what_cannot_be_applied_leaves_what_was() {
        let control = LogControl::new("info".to_owned(), |filter| match filter {
            "warn" => Ok(()),
            _ => Err("no".to_owned()),
        });
        assert!(control.set(LogLevel::Error).is_err());
        assert_eq!(control.filter(), "info");
        control.set(LogLevel::Warn).unwrap();
        assert_eq!(control.filter(), "warn");
    }

    #[test]
    fn what_is_fixed_comes_back_and_else_the_files_level_is_taken() {
        let control = LogControl::new("info".to_owned(), |_| Ok(()));
        for (fixed, anew) in [(None, "error"), (Some("warn,h2=info".to_owned()), "warn,h2=info")] {
            let control = control.clone().fixed(fixed);
            control.set(LogLevel::Warn).unwrap();
            control.read_anew(LogLevel::Error).unwrap();
            assert_eq!(control.filter(), anew);
        }
    }
}
