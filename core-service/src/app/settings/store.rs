//! The event store that many nodes share.

use std::path::PathBuf;

use clap::Args;
use portcullis_api::tls;
use serde::Deserialize;

use super::{Secret, SettingsError};
use crate::{
    postgres::{PostgresSettings, Sealing},
    record::{KeepPayloads, LogSettings},
};

#[derive(Debug, Clone, Default, Args)]
pub struct StoreOverrides {
    /// PostgreSQL as the event store of many nodes, `postgres://user:password@host/database`; the log's own without.
    #[arg(long, env = "PORTCULLIS_STORE_URL", value_name = "URL", hide_env_values = true)]
    pub store_url: Option<Secret>,
    /// Certificates that the server's has to come from, PEM; the system's when not given.
    #[arg(long, env = "PORTCULLIS_STORE_CA", value_name = "FILE")]
    pub store_ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreFile {
    pub url: Option<Secret>,
    pub ca: Option<PathBuf>,
}

/// None when no URL is given. What it may hold, and for how long, is the log's choice.
pub(super) fn store(
    overrides: &StoreOverrides,
    file: &StoreFile,
    log: &LogSettings,
) -> Result<Option<PostgresSettings>, SettingsError> {
    let url = [&overrides.store_url, &file.url];
    let url = url.into_iter().flatten().map(Secret::expose).find(|url| !url.trim().is_empty());
    let Some(url) = url else { return Ok(None) };
    let settings = PostgresSettings::new(url);
    let mut settings =
        settings.map_err(|error| SettingsError::Invalid { name: "store.url", message: error.to_string() })?;
    let roots = overrides.store_ca.as_ref().or(file.ca.as_ref()).filter(|path| !path.as_os_str().is_empty());
    settings.roots = roots.map(|path| tls::certificates(path)).transpose()?;
    settings.keep = log.retention.keep;
    settings.sealing = Sealing { encrypted: log.keys.is_some(), reduced: log.payloads != KeepPayloads::Full };
    Ok(Some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, log: &LogSettings) -> Result<Option<PostgresSettings>, SettingsError> {
        store(&StoreOverrides::default(), &toml::from_str(toml).unwrap(), log)
    }

    #[test]
    fn the_log_says_what_goes_there() {
        assert!(read("", &LogSettings::default()).unwrap().is_none());
        let masked = LogSettings { payloads: KeepPayloads::Masked, ..LogSettings::default() };
        let settings = read("url = 'postgres://ann:hunter2@db/events'", &masked).unwrap().unwrap();
        assert_eq!(settings.sealing, Sealing { encrypted: false, reduced: true });
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn a_url_that_cannot_be_is_named_and_not_repeated() {
        let error = read("url = 'mysql://ann:hunter2@db'", &LogSettings::default()).unwrap_err();
        assert!(matches!(error, SettingsError::Invalid { name: "store.url", .. }));
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
