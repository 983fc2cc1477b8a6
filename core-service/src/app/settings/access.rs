//! Who may call, as the environment, flags and the file say it.

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};
use portcullis_api::access::{Access, Credential, Credentials, InvalidCredential, Jwt, JwtSettings};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{Secret, SettingsError, set};

#[derive(Debug, Clone, Default, Args)]
pub struct AccessOverrides {
    /// Tokens that open both ports, comma separated.
    #[arg(long, env = "PORTCULLIS_AUTH_BEARER_TOKENS", value_name = "TOKENS", hide_env_values = true)]
    pub auth_bearer_tokens: Option<Secret>,
    /// Basic credentials that open both ports: user:password, comma separated.
    #[arg(long, env = "PORTCULLIS_AUTH_BASIC", value_name = "PAIRS", hide_env_values = true)]
    pub auth_basic: Option<Secret>,
    /// Headers that open both ports: `name: value`, comma separated.
    #[arg(long, env = "PORTCULLIS_AUTH_HEADER", value_name = "HEADERS", hide_env_values = true)]
    pub auth_header: Option<Secret>,
    /// Public keys of signed tokens (RS256, ES256): PEM, or base64 of the same DER.
    #[arg(long, env = "PORTCULLIS_AUTH_JWT_PUBLIC_KEY", value_name = "KEY", hide_env_values = true)]
    pub auth_jwt_public_key: Option<Secret>,
    /// A file of the same.
    #[arg(long, env = "PORTCULLIS_AUTH_JWT_PUBLIC_KEY_FILE", value_name = "FILE")]
    pub auth_jwt_public_key_file: Option<PathBuf>,
    /// The `iss` that signed tokens must have.
    #[arg(long, env = "PORTCULLIS_AUTH_JWT_ISSUER", value_name = "ISSUER")]
    pub auth_jwt_issuer: Option<String>,
    /// The `aud` that signed tokens must have.
    #[arg(long, env = "PORTCULLIS_AUTH_JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub auth_jwt_audience: Option<String>,
    /// The public key under the name that Akto's services give it; any other setting of a key wins.
    #[arg(long, env = "RSA_PUBLIC_KEY", value_name = "KEY", hide = true)]
    pub rsa_public_key: Option<Secret>,
    /// `none` serves other addresses than loopback without credentials.
    #[arg(long, env = "PORTCULLIS_AUTH_MODE", value_name = "MODE")]
    pub auth_mode: Option<AuthMode>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Credentials, or loopback only.
    #[default]
    Required,
    /// Whoever reaches the port may call.
    None,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessFile {
    pub mode: Option<AuthMode>,
    pub bearer_tokens: CredentialList,
    pub basic: CredentialList,
    pub headers: CredentialList,
    pub jwt: JwtFile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JwtFile {
    pub public_key: Option<Secret>,
    pub public_key_file: Option<PathBuf>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    /// Says whose token it is; `accountId` when not given.
    pub claim: Option<String>,
}

/// Texts, or `{ name = "…", value = "…" }` for those whose holder has a name.
#[derive(Debug, Clone, Default)]
pub struct CredentialList(Vec<Item>);

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Item {
    Bare(Secret),
    Named { name: String, value: Secret },
}

impl<'de> Deserialize<'de> for CredentialList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader's own error would repeat what stands there.
        Vec::deserialize(deserializer)
            .map(Self)
            .map_err(|_| D::Error::custom("a list of texts, or of tables of a name and a value, is expected"))
    }
}

impl CredentialList {
    pub fn first(&self) -> Option<&Secret> {
        match self.0.first()? {
            Item::Bare(value) | Item::Named { value, .. } => Some(value),
        }
    }

    /// What is set elsewhere takes the place of the whole list.
    fn or(&self, elsewhere: Option<&Secret>) -> Result<Vec<Credential>, InvalidCredential> {
        match elsewhere.map(Secret::expose).filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(Credential::list(text)),
            None => self.0.iter().map(Item::credential).collect(),
        }
    }
}

impl Item {
    fn credential(&self) -> Result<Credential, InvalidCredential> {
        match self {
            Self::Bare(value) => Ok(Credential::new(value.expose())),
            Self::Named { name, value } => Credential::named(name, value.expose()),
        }
    }
}

pub(super) fn access(overrides: &AccessOverrides, file: &AccessFile) -> Result<Access, SettingsError> {
    let credentials = Credentials {
        bearer: file.bearer_tokens.or(overrides.auth_bearer_tokens.as_ref())?,
        basic: file.basic.or(overrides.auth_basic.as_ref())?,
        headers: file.headers.or(overrides.auth_header.as_ref())?,
        jwt: jwt(overrides, &file.jwt)?,
    };
    Ok(Access::new(&credentials)?)
}

fn jwt(overrides: &AccessOverrides, file: &JwtFile) -> Result<Option<Jwt>, SettingsError> {
    let Some(public_keys) = public_keys(overrides, file)? else { return Ok(None) };
    let settings = JwtSettings {
        public_keys,
        claim: file.claim.clone().unwrap_or_default(),
        issuer: set(overrides.auth_jwt_issuer.as_ref()).or(set(file.issuer.as_ref())).cloned(),
        audience: set(overrides.auth_jwt_audience.as_ref()).or(set(file.audience.as_ref())).cloned(),
    };
    let invalid = |error: portcullis_api::access::InvalidJwtKey| SettingsError::Invalid {
        name: "auth.jwt.public_key",
        message: error.to_string(),
    };
    Jwt::new(&settings).map(Some).map_err(invalid)
}

fn public_keys(overrides: &AccessOverrides, file: &JwtFile) -> Result<Option<String>, SettingsError> {
    let sources = [
        (&overrides.auth_jwt_public_key, &overrides.auth_jwt_public_key_file),
        (&file.public_key, &file.public_key_file),
        (&overrides.rsa_public_key, &None),
    ];
    for (key, path) in sources {
        let key = key.as_ref().map(Secret::expose).filter(|key| !key.trim().is_empty());
        let path = path.as_ref().filter(|path| !path.as_os_str().is_empty());
        match (key, path) {
            (None, None) => {}
            (Some(key), None) => return Ok(Some(key.to_owned())),
            (None, Some(path)) => {
                let read = |source| SettingsError::Read { file: path.clone(), source };
                return fs::read_to_string(path).map(Some).map_err(read);
            }
            (Some(_), Some(_)) => {
                let message = "the key and a file of it are both given".to_owned();
                return Err(SettingsError::Invalid { name: "auth.jwt.public_key", message });
            }
        }
    }
    Ok(None)
}
