//! The certificate of both ports.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis_api::tls::Tls;
use serde::Deserialize;

use super::SettingsError;

#[derive(Debug, Clone, Default, Args)]
pub struct TlsOverrides {
    /// Certificate chain of both ports, PEM; read again when it changes.
    #[arg(long, env = "PORTCULLIS_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, env = "PORTCULLIS_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsFile {
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

pub(super) fn tls(overrides: &TlsOverrides, file: &TlsFile) -> Result<Option<Tls>, SettingsError> {
    let certificate = given(overrides.tls_cert.as_ref(), file.cert.as_ref());
    match (certificate, given(overrides.tls_key.as_ref(), file.key.as_ref())) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Tls::load(certificate, key)?)),
        // In the clear is not what was asked for.
        _ => {
            let message = "a certificate and its key are given together, or neither is".to_owned();
            Err(SettingsError::Invalid { name: "tls", message })
        }
    }
}

fn given<'a>(flag: Option<&'a PathBuf>, file: Option<&'a PathBuf>) -> Option<&'a Path> {
    [flag, file].into_iter().flatten().map(PathBuf::as_path).find(|path| !path.as_os_str().is_empty())
}
