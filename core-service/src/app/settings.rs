//! Settings: defaults, then `portcullis.toml`, then the environment, then flags. Both programs read the same file.

mod access;
mod command;
mod delivery;
mod kafka;
mod limits;
mod log;
mod store;
mod telemetry;
mod tls;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use portcullis_api::{
    access::{Access, InvalidCredential},
    log::LogLevel,
    serve::Connections,
    tls::{Tls, TlsError},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use self::{
    access::{AccessFile, AccessOverrides, AuthMode},
    command::{DataArgs, EngineArgs, PolicyArgs},
    delivery::{DeliveryFile, DeliveryOverrides, DeliverySettings, FileFile, IngestFile, OtlpFile},
    kafka::{KafkaFile, KafkaOverrides},
    limits::LimitsFile,
    log::{KeyOverrides, LogFile, LogOverrides, keys},
    store::{StoreFile, StoreOverrides},
    telemetry::TelemetryFile,
    tls::{TlsFile, TlsOverrides},
};
use crate::{
    classify::second::Choice, grpc::Revealers, postgres::PostgresSettings, record::LogSettings, search::SearchMode,
    session::Limits,
};

/// Read from the working folder when no other is named.
const DEFAULT_FILE: &str = "portcullis.toml";

/// A text that no `Debug` shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "unset" } else { "set" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader's own error would repeat what stands there.
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("a text is expected"))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What the environment and flags say. Each flag has the environment name that stands beside it.
#[derive(Debug, Clone, Default, Args)]
pub struct Overrides {
    /// Settings file; `portcullis.toml` in the working folder when not given.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// gRPC address.
    #[arg(long, env = "PORTCULLIS_GRPC_LISTEN", value_name = "ADDRESS")]
    pub grpc_listen: Option<SocketAddr>,
    /// Folder of the log.
    #[arg(long, env = "PORTCULLIS_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Folder of the policy files.
    #[arg(long, env = "PORTCULLIS_POLICIES_DIR", value_name = "FOLDER")]
    pub policies_dir: Option<PathBuf>,
    #[command(flatten)]
    pub access: AccessOverrides,
    #[command(flatten)]
    pub tls: TlsOverrides,
    #[command(flatten)]
    pub delivery: DeliveryOverrides,
    #[command(flatten)]
    pub kafka: KafkaOverrides,
    #[command(flatten)]
    pub store: StoreOverrides,
    /// Bytes of one payload, and of an HTTP body.
    #[arg(long, env = "PORTCULLIS_BODY_BYTES", value_name = "BYTES")]
    pub body_bytes: Option<usize>,
    /// Milliseconds from the signal to stop, in which `/readyz` answers 503 and calls are still taken.
    #[arg(long, env = "PORTCULLIS_DRAIN_NOTICE_MS", value_name = "MILLISECONDS")]
    pub drain_notice_ms: Option<u64>,
    /// What masks of the style `hash` depend on, at least 16 bytes; drawn at each start when not given.
    #[arg(long, env = "PORTCULLIS_MASK_KEY", value_name = "KEY", hide_env_values = true)]
    pub mask_key: Option<Secret>,
    /// To whom payloads are shown as they were recorded: `true` (whoever may call), `false`, or names of callers; to others
    /// only masked.
    #[arg(long, env = "PORTCULLIS_REVEAL", value_name = "WHO")]
    pub reveal: Option<Revealers>,
    /// The model that reads what the classifiers are unsure of: `built-in`, `off`, or a folder with `model.onnx` and
    /// `tokenizer.json`.
    #[arg(long, env = "PORTCULLIS_SECOND_STAGE", value_name = "CHOICE")]
    pub second_stage: Option<Choice>,
    /// `human` or `json`.
    #[arg(long, env = "PORTCULLIS_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    #[command(flatten)]
    pub log: LogOverrides,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Human,
    Json,
}

/// `portcullis.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The adapter's words: it knows them, and this crate does not.
    pub contract: Option<String>,
    pub on_response: Option<String>,
    pub capture: Option<bool>,
    pub reveal: Option<Revealers>,
    pub second_stage: Option<String>,
    pub http: ListenFile,
    pub grpc: ListenFile,
    pub data: FolderFile,
    pub policies: FolderFile,
    pub core: CoreFile,
    pub auth: AccessFile,
    pub tls: TlsFile,
    pub kafka: KafkaFile,
    pub limits: LimitsFile,
    pub mask: MaskFile,
    pub sessions: SessionsFile,
    pub log: LogFile,
    pub delivery: DeliveryFile,
    pub ingest: IngestFile,
    pub otlp: OtlpFile,
    pub file: FileFile,
    pub telemetry: TelemetryFile,
    pub store: StoreFile,
    pub canary: CanaryFile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenFile {
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FolderFile {
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CoreFile {
    pub url: Option<String>,
    pub bearer_token: Option<Secret>,
    /// Certificates that the core's has to come from, PEM; the system's when not given.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskFile {
    pub key: Option<Secret>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsFile {
    /// Remembered at the same time; 0 remembers none.
    pub max: Option<usize>,
    /// After which a session that was not heard of is forgotten.
    pub idle_minutes: Option<u32>,
}

/// The probe of the gateway: see [`super::canary`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CanaryFile {
    pub url: Option<String>,
    pub model: Option<String>,
    pub authorization: Option<Secret>,
    pub headers: BTreeMap<String, Secret>,
    pub endpoint: Option<String>,
    pub endpoint_authorization: Option<Secret>,
    pub attack: Option<String>,
    pub good: Option<String>,
    /// Milliseconds for each call.
    pub timeout_ms: Option<u64>,
    /// Seconds from one run of the service to the next; none without.
    pub every_s: Option<u64>,
}

/// What the core needs, with all sources merged.
#[derive(Debug, Clone)]
pub struct CoreSettings {
    pub grpc_listen: SocketAddr,
    pub data_dir: PathBuf,
    pub policies_dir: PathBuf,
    pub access: Access,
    pub auth_mode: AuthMode,
    pub tls: Option<Tls>,
    pub body_bytes: usize,
    /// Of each port.
    pub connections: usize,
    /// From the signal to stop, to the ports' closing.
    pub drain_notice: Duration,
    /// Clean texts that are known again.
    pub known_texts: usize,
    mask_key: Option<Secret>,
    pub sessions: Limits,
    /// To whom payloads are shown as they were recorded.
    pub reveal: Revealers,
    pub second_stage: Choice,
    pub log_format: LogFormat,
    /// Of a flag or the environment: it holds whatever the file says, now or later.
    pub log_level: Option<LogLevel>,
    pub log: LogSettings,
    pub search: SearchMode,
    pub delivery: DeliverySettings,
    /// The event store of many nodes; none: the log's own.
    pub store: Option<PostgresSettings>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}: {message}", file.display())]
    Parse { file: PathBuf, message: String },
    #[error("auth: {0}")]
    Credential(#[from] InvalidCredential),
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    #[error(
        "{what} {address} is reachable from other machines, and there are no credentials: set \
         PORTCULLIS_AUTH_BEARER_TOKENS or another PORTCULLIS_AUTH_ setting, or say auth.mode = \"none\" (PORTCULLIS_AUTH_MODE=none)"
    )]
    OpenDoor { what: &'static str, address: SocketAddr },
    #[error("{name}: {message}")]
    Invalid { name: &'static str, message: String },
}

impl File {
    /// The named file, or the default one when it is there.
    pub fn read(named: Option<&Path>) -> Result<Self, SettingsError> {
        let file = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(SettingsError::Read { file: file.to_owned(), source }),
        };
        toml::from_str(&text).map_err(|error| {
            // Without the line itself, which may hold a credential.
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            let message = format!("line {line}: {}", error.message());
            SettingsError::Parse { file: file.to_owned(), message }
        })
    }
}

impl CoreSettings {
    pub fn new(overrides: &Overrides, file: &File) -> Result<Self, SettingsError> {
        let log = log::log(&overrides.log, &file.log)?;
        let settings = Self {
            store: store::store(&overrides.store, &file.store, &log)?,
            grpc_listen: overrides.grpc_listen.or(file.grpc.listen).unwrap_or((Ipv4Addr::LOCALHOST, 50051).into()),
            data_dir: command::data_dir(overrides.data_dir.as_ref(), file),
            policies_dir: command::policies_dir(overrides.policies_dir.as_ref(), file),
            access: access::access(&overrides.access, &file.auth)?,
            auth_mode: overrides.access.auth_mode.or(file.auth.mode).unwrap_or_default(),
            tls: tls::tls(&overrides.tls, &file.tls)?,
            body_bytes: overrides.body_bytes.or(file.limits.body_bytes).unwrap_or(8 << 20),
            connections: file.limits.connections.unwrap_or(Connections::MAX),
            drain_notice: limits::drain_notice(overrides.drain_notice_ms, &file.limits)?,
            known_texts: limits::known_texts(&file.limits)?,
            mask_key: overrides.mask_key.clone().or_else(|| file.mask.key.clone()),
            sessions: sessions(&file.sessions)?,
            reveal: overrides.reveal.clone().or_else(|| file.reveal.clone()).unwrap_or_default(),
            second_stage: command::second_stage(overrides.second_stage.as_ref(), file),
            log_format: overrides.log_format.or(file.log.format).unwrap_or_default(),
            log_level: overrides.log.log_level,
            log,
            search: overrides.log.log_search.or(file.log.search).unwrap_or_default(),
            delivery: DeliverySettings::new(overrides, file)?,
        };
        if !(1024..=1 << 30).contains(&settings.body_bytes) {
            return Err(SettingsError::Invalid { name: "limits.body_bytes", message: "1024 to 1073741824".to_owned() });
        }
        if settings.connections == 0 {
            return Err(SettingsError::Invalid { name: "limits.connections", message: "at least 1".to_owned() });
        }
        if settings.mask_key.as_ref().is_some_and(|key| key.expose().len() < 16) {
            return Err(SettingsError::Invalid { name: "mask.key", message: "at least 16 bytes".to_owned() });
        }
        Ok(settings)
    }

    pub fn mask_key(&self) -> [u8; 32] {
        match &self.mask_key {
            Some(key) => Sha256::digest(key.expose().as_bytes()).into(),
            // 244 random bits.
            None => Sha256::digest([Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat()).into(),
        }
    }

    /// Whether this address may be served with these credentials.
    pub fn must_be_guarded(&self, what: &'static str, address: SocketAddr) -> Result<(), SettingsError> {
        if address.ip().is_loopback() || !self.access.is_open() || self.auth_mode == AuthMode::None {
            Ok(())
        } else {
            Err(SettingsError::OpenDoor { what, address })
        }
    }
}

fn sessions(file: &SessionsFile) -> Result<Limits, SettingsError> {
    let invalid = |name, message: &str| SettingsError::Invalid { name, message: message.to_owned() };
    let default = Limits::default();
    let sessions = file.max.unwrap_or(default.sessions);
    if sessions > 10_000_000 {
        return Err(invalid("sessions.max", "at most 10000000"));
    }
    let idle = match file.idle_minutes {
        None => default.idle,
        Some(minutes @ 1..=10_080) => Duration::from_secs(60 * u64::from(minutes)),
        Some(_) => return Err(invalid("sessions.idle_minutes", "1 to 10080")),
    };
    Ok(Limits { sessions, idle })
}

/// A text that says something: an empty environment variable is none.
fn set(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str, overrides: &Overrides) -> CoreSettings {
        CoreSettings::new(overrides, &toml::from_str(toml).unwrap()).unwrap()
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "[grpc]\nlisten = '127.0.0.1:1'\n[data]\ndir = '/file'";
        let overrides = Overrides { data_dir: Some("/flag".into()), ..Overrides::default() };
        let merged = settings(file, &overrides);
        assert_eq!(merged.grpc_listen.port(), 1);
        assert_eq!(merged.data_dir, Path::new("/flag"));
        assert_eq!(merged.policies_dir, Path::new("./policies"));
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        assert!(toml::from_str::<File>("[limits]\nbody_byte = 1").is_err());
    }

    #[test]
    fn other_addresses_than_loopback_need_credentials_or_a_word() {
        let everywhere = "0.0.0.0:8080".parse().unwrap();
        let open = settings("", &Overrides::default());
        assert!(open.must_be_guarded("http", everywhere).is_err());
        assert!(open.must_be_guarded("http", "[::1]:8080".parse().unwrap()).is_ok());
        assert!(settings("auth.mode = 'none'", &Overrides::default()).must_be_guarded("http", everywhere).is_ok());
        assert!(
            settings("auth.bearer_tokens = ['t']", &Overrides::default()).must_be_guarded("http", everywhere).is_ok()
        );
    }

    #[test]
    fn any_kind_of_credential_is_one() {
        let key = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../proto/access/jwt/throwaway_rsa_test_key.pem");
        for (toml, kinds) in [
            ("auth.basic = ['ann:pass']", "1 basic"),
            ("auth.headers = ['x-api-key: k', { name = 'acme', value = 'x-key: v' }]", "1 x-api-key, 1 x-key"),
            ("[auth]\nbearer_tokens = ['a', { name = 'acme', value = 'b,c' }]", "2 bearer"),
            (&format!("auth.jwt.public_key = '{ES256}'"), "1 JWT key (ES256)"),
        ] {
            let settings = settings(toml, &Overrides::default());
            assert!(settings.must_be_guarded("http", "0.0.0.0:8080".parse().unwrap()).is_ok());
            assert_eq!(settings.access.to_string(), kinds);
        }
        let both = AccessOverrides {
            auth_jwt_public_key: Some(ES256.into()),
            auth_jwt_public_key_file: Some(key.clone()),
            ..AccessOverrides::default()
        };
        let akto = AccessOverrides { rsa_public_key: Some(ES256.into()), ..AccessOverrides::default() };
        let private = AccessOverrides { auth_jwt_public_key_file: Some(key), ..AccessOverrides::default() };
        let access = |access| CoreSettings::new(&Overrides { access, ..Overrides::default() }, &File::default());
        assert_eq!(access(akto).unwrap().access.to_string(), "1 JWT key (ES256)");
        for refused in [both, private] {
            assert!(matches!(access(refused), Err(SettingsError::Invalid { name: "auth.jwt.public_key", .. })));
        }
    }

    const ES256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfZJpuSQm2g8mrVleGzMnvztI/BMD8VE2ZtPn/WMev3DuxzEKCeKuDm87mf+wejtQYGGxvqV0SSrZS0n12OeJbQ==";

    #[test]
    fn what_is_set_to_nothing_leaves_the_file_in_force() {
        let access = AccessOverrides { auth_bearer_tokens: Some(" ".into()), ..AccessOverrides::default() };
        let overrides = Overrides { access, ..Overrides::default() };
        assert!(!settings("auth.bearer_tokens = ['t']", &overrides).access.is_open());
    }

    #[test]
    fn a_certificate_and_its_key_go_together() {
        for toml in ["tls.cert = 'a.pem'", "tls.key = 'a.pem'"] {
            let error = CoreSettings::new(&Overrides::default(), &toml::from_str(toml).unwrap()).unwrap_err();
            assert!(matches!(error, SettingsError::Invalid { name: "tls", .. }));
        }
        let missing = toml::from_str("tls.cert = 'no-such.pem'\ntls.key = 'no-such.pem'").unwrap();
        let error = CoreSettings::new(&Overrides::default(), &missing).unwrap_err();
        assert!(error.to_string().contains("no-such.pem"), "{error}");
    }

    #[test]
    fn an_error_in_the_file_repeats_no_credential() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portcullis.toml");
        for toml in [
            "auth.bearer_tokens = 'hunter2'",
            "auth.bearer_tokens = [[ 'hunter2' ]]",
            "auth.basic = [ { name = 'ann', password = 'hunter2' } ]",
            "auth.headers = { x-api-key = 'hunter2' }",
            "mask.key = [ 'hunter2' ]",
            "core.bearer_token = [ 'hunter2' ]",
            "ingest.bearer_token = [ 'hunter2' ]",
            "store.url = [ 'postgres://ann:hunter2@db/events' ]",
            "auth.jwt.public_key = [ 'hunter2' ]",
            "auth.bearer_tokens = [ 'hunter2 ]",
            "auth.bearer_tokens = [ hunter2 ]",
        ] {
            fs::write(&file, format!("\n{toml}")).unwrap();
            let error = File::read(Some(&file)).unwrap_err().to_string();
            assert!(error.contains("line 2: ") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_credential() {
        let overrides = Overrides {
            access: AccessOverrides { auth_basic: Some("ann:hunter2".into()), ..AccessOverrides::default() },
            ..Overrides::default()
        };
        let shown = format!("{overrides:?} {:?}", settings("[core]\nbearer_token = 'hunter2'", &overrides));
        assert!(!shown.contains("hunter2"));
    }
}
