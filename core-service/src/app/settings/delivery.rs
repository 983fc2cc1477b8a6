//! Where records go, and how.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use portcullis_api::tls;
use serde::Deserialize;

use super::{File, Overrides, Secret, SettingsError, set};
use crate::deliver::{Account, Begin, HttpForm, HttpSettings, KafkaSettings, Place, Plan, RecordKind, Retry};

#[derive(Debug, Clone, Default, Args)]
pub struct DeliveryOverrides {
    /// Akto's mini-runtime, or another HTTP endpoint that takes records; none without.
    #[arg(long, env = "PORTCULLIS_INGEST_URL", value_name = "URL")]
    pub ingest_url: Option<String>,
    /// What it is shown, as a bearer token.
    #[arg(long, env = "PORTCULLIS_INGEST_BEARER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub ingest_bearer_token: Option<Secret>,
    /// Certificates that the endpoint's has to come from, PEM; the system's when not given.
    #[arg(long, env = "PORTCULLIS_INGEST_CA", value_name = "FILE")]
    pub ingest_ca: Option<PathBuf>,
    /// A collector that takes OTLP over HTTP, for records as log records (JSON); none without.
    #[arg(long, env = "PORTCULLIS_OTLP_LOGS_URL", value_name = "URL")]
    pub otlp_logs_url: Option<String>,
    /// A file that records are appended to as JSON lines; `-` is standard output.
    #[arg(long, env = "PORTCULLIS_FILE_PATH", value_name = "FILE")]
    pub file_path: Option<PathBuf>,
    /// Akto's name for the URL, which counts when the switch beside it is `true`.
    #[arg(long, env = "TRAFFIC_INGEST_URL", hide = true)]
    pub traffic_ingest_url: Option<String>,
    #[arg(long, env = "USE_HTTP_INGEST", hide = true)]
    pub use_http_ingest: Option<String>,
}

/// For all sinks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryFile {
    /// `oldest` or `newest`: where a sink begins that the log has not heard of.
    pub from: Option<Begin>,
    /// `exchange`, `decision`, `canary`.
    pub records: Option<Vec<Kind>>,
    pub batch_records: Option<usize>,
    pub batch_bytes: Option<usize>,
    /// Milliseconds that a batch which is not full waits for more.
    pub linger_ms: Option<u64>,
    /// Milliseconds: the bound of the first wait after a failure, and of the longest.
    pub retry_ms: Option<u64>,
    pub retry_max_ms: Option<u64>,
    /// Seconds that a record is waited for whose analysis is pending.
    pub analysis_wait_s: Option<u64>,
    /// `akto_account_id` of records that bring none.
    pub account_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Exchange,
    Decision,
    Canary,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IngestFile {
    pub url: Option<String>,
    pub form: Option<HttpForm>,
    pub bearer_token: Option<Secret>,
    pub ca: Option<PathBuf>,
    /// Milliseconds for one call.
    pub timeout_ms: Option<u64>,
    /// Calls at a time.
    pub parallel: Option<usize>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OtlpFile {
    pub url: Option<String>,
    pub bearer_token: Option<Secret>,
    pub ca: Option<PathBuf>,
    /// Milliseconds for one call.
    pub timeout_ms: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileFile {
    pub path: Option<PathBuf>,
}

/// A sink is named as its table.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    plan: Plan,
    pub ingest: Option<HttpSettings>,
    pub otlp: Option<HttpSettings>,
    pub kafka: Option<KafkaSettings>,
    /// Whose records they are to Akto.
    pub account: Account,
    pub file: Option<Place>,
}

impl DeliverySettings {
    /// Of every sink that is asked for.
    pub fn sinks(&self) -> Vec<Arc<str>> {
        [
            self.ingest.as_ref().map(|_| "ingest"),
            self.otlp.as_ref().map(|_| "otlp"),
            self.kafka.as_ref().map(|_| "kafka"),
            self.file.as_ref().map(|_| "file"),
        ]
        .into_iter()
        .flatten()
        .map(Arc::from)
        .collect()
    }

    pub(super) fn new(overrides: &Overrides, file: &File) -> Result<Self, SettingsError> {
        let File { delivery, ingest, otlp, kafka, file, .. } = file;
        let Overrides { delivery: overrides, kafka: kafka_overrides, .. } = overrides;
        let path = overrides.file_path.as_ref().or(file.path.as_ref()).filter(|path| !path.as_os_str().is_empty());
        let account = set(delivery.account_id.as_ref()).cloned();
        Ok(Self {
            plan: plan(delivery)?,
            ingest: self::ingest(overrides, ingest)?,
            otlp: self::otlp(overrides, otlp)?,
            kafka: super::kafka::kafka(kafka_overrides, kafka)?,
            account: account.map_or_else(Account::default, |id| Account { id }),
            file: path.map(|path| Place::of(path)),
        })
    }

    /// For the event store: every kind of record, from the oldest, and each with its verdict, since none follows. Analyses
    /// end; until then the store lags, and says so.
    pub fn store_plan(&self, about: String) -> Plan {
        let kinds = vec![RecordKind::Decision, RecordKind::Exchange, RecordKind::Canary, RecordKind::Log];
        let analysis_wait = self.plan.analysis_wait.max(Duration::from_secs(86_400));
        Plan { begin: Begin::Oldest, kinds, analysis_wait, ..self.plan("store", about) }
    }

    /// For the sink of this name.
    pub fn plan(&self, name: &str, about: String) -> Plan {
        Plan { name: name.into(), about, ..self.plan.clone() }
    }
}

fn invalid(name: &'static str, message: impl Into<String>) -> SettingsError {
    SettingsError::Invalid { name, message: message.into() }
}

fn plan(file: &DeliveryFile) -> Result<Plan, SettingsError> {
    let default = Plan::new("");
    let millis = |set: Option<u64>, default| set.map_or(default, Duration::from_millis);
    let kind = |kind: &Kind| match kind {
        Kind::Exchange => RecordKind::Exchange,
        Kind::Decision => RecordKind::Decision,
        Kind::Canary => RecordKind::Canary,
    };
    let plan = Plan {
        begin: file.from.unwrap_or_default(),
        kinds: file.records.as_ref().map_or(default.kinds, |kinds| kinds.iter().map(kind).collect()),
        batch_records: file.batch_records.unwrap_or(default.batch_records),
        batch_bytes: file.batch_bytes.unwrap_or(default.batch_bytes),
        linger: millis(file.linger_ms, default.linger),
        retry: Retry {
            base: millis(file.retry_ms, default.retry.base),
            ceiling: millis(file.retry_max_ms, default.retry.ceiling),
        },
        analysis_wait: file.analysis_wait_s.map_or(default.analysis_wait, Duration::from_secs),
        ..default
    };
    let within = |holds: bool, name, bounds| if holds { Ok(()) } else { Err(invalid(name, bounds)) };
    let longest = Duration::from_secs(3600);
    within(!plan.kinds.is_empty(), "delivery.records", "at least one of exchange, decision, canary")?;
    within((1..=10_000).contains(&plan.batch_records), "delivery.batch_records", "1 to 10000")?;
    within((1024..=64 << 20).contains(&plan.batch_bytes), "delivery.batch_bytes", "1024 to 67108864")?;
    within(plan.linger <= Duration::from_secs(60), "delivery.linger_ms", "at most 60000")?;
    within((1..=3_600_000).contains(&plan.retry.base.as_millis()), "delivery.retry_ms", "1 to 3600000")?;
    within(
        (plan.retry.base..=longest).contains(&plan.retry.ceiling),
        "delivery.retry_max_ms",
        "delivery.retry_ms to 3600000",
    )?;
    within(plan.analysis_wait <= Duration::from_secs(86_400), "delivery.analysis_wait_s", "at most 86400")?;
    Ok(plan)
}

/// None when no URL is given.
fn ingest(overrides: &DeliveryOverrides, file: &IngestFile) -> Result<Option<HttpSettings>, SettingsError> {
    let akto = match set(overrides.use_http_ingest.as_ref()).map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("true") => match set(overrides.traffic_ingest_url.as_ref()) {
            Some(url) => Some(url),
            None => return Err(invalid("USE_HTTP_INGEST", "TRAFFIC_INGEST_URL is not set beside it")),
        },
        _ => None,
    };
    let Some(url) = set(overrides.ingest_url.as_ref()).or(akto).or(set(file.url.as_ref())) else { return Ok(None) };
    let token = [&overrides.ingest_bearer_token, &file.bearer_token];
    let token = token.into_iter().flatten().map(Secret::expose).find(|token| !token.is_empty());
    let settings = HttpSettings::new(url, file.form.unwrap_or_default(), token);
    let mut settings = settings.map_err(|error| invalid("ingest.url", error.to_string()))?;
    let roots = overrides.ingest_ca.as_ref().or(file.ca.as_ref()).filter(|path| !path.as_os_str().is_empty());
    settings.roots = roots.map(|path| tls::certificates(path)).transpose()?;
    settings.timeout = timeout(file.timeout_ms, "ingest.timeout_ms")?.unwrap_or(settings.timeout);
    if let Some(parallel) = file.parallel {
        if !(1..=1000).contains(&parallel) {
            return Err(invalid("ingest.parallel", "1 to 1000"));
        }
        settings.parallel = parallel;
    }
    Ok(Some(settings))
}

fn otlp(overrides: &DeliveryOverrides, file: &OtlpFile) -> Result<Option<HttpSettings>, SettingsError> {
    let Some(url) = set(overrides.otlp_logs_url.as_ref()).or(set(file.url.as_ref())) else { return Ok(None) };
    let token = file.bearer_token.as_ref().map(Secret::expose).filter(|token| !token.is_empty());
    let settings = HttpSettings::new(url, HttpForm::Otlp, token);
    let mut settings = settings.map_err(|error| invalid("otlp.url", error.to_string()))?;
    settings.roots = file.ca.as_ref().map(|path| tls::certificates(path)).transpose()?;
    settings.timeout = timeout(file.timeout_ms, "otlp.timeout_ms")?.unwrap_or(settings.timeout);
    Ok(Some(settings))
}

fn timeout(millis: Option<u64>, name: &'static str) -> Result<Option<Duration>, SettingsError> {
    match millis {
        None => Ok(None),
        Some(millis @ 10..=600_000) => Ok(Some(Duration::from_millis(millis))),
        Some(_) => Err(invalid(name, "10 to 600000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(overrides: &DeliveryOverrides, toml: &str) -> Result<DeliverySettings, SettingsError> {
        let overrides = Overrides { delivery: overrides.clone(), ..Overrides::default() };
        DeliverySettings::new(&overrides, &toml::from_str(toml).unwrap())
    }

    #[test]
    fn nothing_goes_anywhere_unless_it_is_said() {
        let settings = read(&DeliveryOverrides::default(), "").unwrap();
        assert!(settings.ingest.is_none() && settings.file.is_none());
        let empty = DeliveryOverrides { ingest_url: Some(" ".to_owned()), ..DeliveryOverrides::default() };
        assert!(read(&empty, "").unwrap().ingest.is_none());
    }

    #[test]
    fn aktos_names_count_together_and_ours_win() {
        let akto = |switch: &str| DeliveryOverrides {
            traffic_ingest_url: Some("http://theirs".to_owned()),
            use_http_ingest: Some(switch.to_owned()),
            ..DeliveryOverrides::default()
        };
        let about =
            |overrides: &DeliveryOverrides, toml| read(overrides, toml).unwrap().ingest.map(|http| http.about());
        assert_eq!(about(&akto("true"), "").unwrap(), "http://theirs/utility/ingestTraffic");
        assert_eq!(about(&akto("false"), ""), None);
        let both = DeliveryOverrides { ingest_url: Some("http://ours".to_owned()), ..akto("true") };
        assert_eq!(about(&both, "ingest.url = 'http://file'").unwrap(), "http://ours/utility/ingestTraffic");
        let alone = DeliveryOverrides { use_http_ingest: Some("TRUE".to_owned()), ..DeliveryOverrides::default() };
        assert!(matches!(read(&alone, ""), Err(SettingsError::Invalid { name: "USE_HTTP_INGEST", .. })));
    }

    #[test]
    fn the_file_says_how() {
        let toml = "
            [delivery]
            from = 'newest'
            records = ['exchange', 'decision']
            batch_records = 10
            retry_max_ms = 1000
            [ingest]
            url = 'http://h/lines'
            form = 'ndjson'
            parallel = 2
            [file]
            path = '-'";
        let settings = read(&DeliveryOverrides::default(), toml).unwrap();
        let plan = settings.plan("ingest", String::new());
        assert_eq!((plan.begin, plan.batch_records, &*plan.name), (Begin::Newest, 10, "ingest"));
        assert_eq!(plan.kinds, [RecordKind::Exchange, RecordKind::Decision]);
        assert_eq!(settings.ingest.unwrap().about(), "http://h/lines");
        assert_eq!(settings.file, Some(Place::Stdout));
    }

    #[test]
    fn what_cannot_be_is_an_error_that_names_the_setting() {
        for (toml, name) in [
            ("delivery.records = []", "delivery.records"),
            ("delivery.batch_records = 0", "delivery.batch_records"),
            ("delivery.batch_bytes = 1", "delivery.batch_bytes"),
            ("delivery.retry_ms = 0", "delivery.retry_ms"),
            ("delivery.retry_max_ms = 1", "delivery.retry_max_ms"),
            ("delivery.analysis_wait_s = 86401", "delivery.analysis_wait_s"),
            ("ingest.url = 'akto'", "ingest.url"),
            ("ingest.url = 'http://ann:hunter2@akto'", "ingest.url"),
            ("ingest = { url = 'http://h', timeout_ms = 1 }", "ingest.timeout_ms"),
            ("otlp.url = 'collector:4318'", "otlp.url"),
            ("otlp = { url = 'http://h', timeout_ms = 0 }", "otlp.timeout_ms"),
            ("ingest = { url = 'http://h', parallel = 0 }", "ingest.parallel"),
        ] {
            let error = read(&DeliveryOverrides::default(), toml).unwrap_err();
            assert!(matches!(error, SettingsError::Invalid { name: named, .. } if named == name), "{toml}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
