//! The canary as a command, and as a timer of the service.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{
    compose::StartError,
    settings::{AccessFile, CanaryFile, File, Secret, SettingsError},
};
use crate::{
    canary::{self, Endpoint, Gateway, InvalidUrl, Plan, Reply, Report},
    telemetry::{self, CanaryRan},
};

const TIMEOUT: Duration = Duration::from_secs(30);
/// A run is up to seven calls of the gateway and the service.
const SHORTEST_PERIOD: Duration = Duration::from_secs(10);

/// What is probed, and how. Each flag has the environment name that stands beside it.
#[derive(Debug, Clone, Default, Args)]
pub struct CanaryOverrides {
    /// The gateway's OpenAI-compatible URL: its base, or that of the chat completions.
    #[arg(long, env = "PORTCULLIS_CANARY_URL", value_name = "URL")]
    pub canary_url: Option<String>,
    /// The model that is asked for.
    #[arg(long, env = "PORTCULLIS_CANARY_MODEL", value_name = "MODEL")]
    pub canary_model: Option<String>,
    /// The `authorization` header that the gateway wants, for example `Bearer …`.
    #[arg(long, env = "PORTCULLIS_CANARY_AUTHORIZATION", value_name = "VALUE", hide_env_values = true)]
    pub canary_authorization: Option<Secret>,
    /// Further headers for the gateway: name=value, comma separated.
    #[arg(long, env = "PORTCULLIS_CANARY_HEADERS", value_name = "HEADERS", hide_env_values = true)]
    pub canary_headers: Option<Secret>,
    /// This service's own HTTP side, `http://host:port`; the HTTP address when not given.
    #[arg(long, env = "PORTCULLIS_CANARY_ENDPOINT", value_name = "URL")]
    pub canary_endpoint: Option<String>,
    /// The `authorization` header that the own endpoint wants; the first configured bearer token when not given.
    #[arg(long, env = "PORTCULLIS_CANARY_ENDPOINT_AUTHORIZATION", value_name = "VALUE", hide_env_values = true)]
    pub canary_endpoint_authorization: Option<Secret>,
    /// A text that the policies block.
    #[arg(long, env = "PORTCULLIS_CANARY_ATTACK", value_name = "TEXT")]
    pub canary_attack: Option<String>,
    /// A text that passes.
    #[arg(long, env = "PORTCULLIS_CANARY_GOOD", value_name = "TEXT")]
    pub canary_good: Option<String>,
    /// Milliseconds for each call.
    #[arg(long, env = "PORTCULLIS_CANARY_TIMEOUT_MS", value_name = "MS")]
    pub canary_timeout_ms: Option<u64>,
}

impl CanaryOverrides {
    /// `own` is the service's own endpoint.
    pub fn plan(&self, file: &CanaryFile, own: &Own<'_>) -> Result<Plan, SettingsError> {
        let text = |set: &Option<String>, file: &Option<String>| {
            set.clone().or_else(|| file.clone()).filter(|text| !text.is_empty())
        };
        let secret = |set: &Option<Secret>, file: &Option<Secret>| {
            let set = set.as_ref().or(file.as_ref()).map(|secret| secret.expose().to_owned());
            set.filter(|text| !text.is_empty())
        };
        let gateway = match text(&self.canary_url, &file.url) {
            None => None,
            Some(url) => {
                let model = text(&self.canary_model, &file.model).ok_or_else(|| SettingsError::Invalid {
                    name: "canary.model",
                    message: "the gateway needs one".to_owned(),
                })?;
                let authorization = secret(&self.canary_authorization, &file.authorization);
                let headers = self.headers(file)?;
                let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let headers = headers.chain(authorization.as_deref().map(|value| ("authorization", value)));
                Some(Gateway::new(&url, &model, headers).map_err(|error| invalid("canary.url", &error))?)
            }
        };
        let endpoint = match text(&self.canary_endpoint, &file.endpoint) {
            Some(url) => url,
            // Whom the certificate is for, its address does not say.
            None if own.tls => {
                let message = "the HTTP port speaks TLS: name this service by https:// and a name of its certificate";
                return Err(SettingsError::Invalid { name: "canary.endpoint", message: message.to_owned() });
            }
            None => format!("http://{}", near(own.http)),
        };
        let authorization = secret(&self.canary_endpoint_authorization, &file.endpoint_authorization).or_else(|| {
            let token = own.tokens.split(',').map(str::trim).find(|token| !token.is_empty())?;
            Some(format!("Bearer {token}"))
        });
        let endpoint = Endpoint::new(&endpoint, authorization.as_deref());
        let timeout = self.canary_timeout_ms.or(file.timeout_ms).map_or(TIMEOUT, Duration::from_millis);
        if timeout.is_zero() {
            return Err(SettingsError::Invalid { name: "canary.timeout_ms", message: "more than 0".to_owned() });
        }
        Ok(Plan {
            gateway,
            endpoint: endpoint.map_err(|error| invalid("canary.endpoint", &error))?,
            attack: text(&self.canary_attack, &file.attack),
            good: text(&self.canary_good, &file.good),
            timeout,
        })
    }

    fn headers(&self, file: &CanaryFile) -> Result<Vec<(String, String)>, SettingsError> {
        let Some(set) = self.canary_headers.as_ref().filter(|set| !set.expose().is_empty()) else {
            return Ok(file.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect());
        };
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let pairs: Option<Vec<_>> = set.expose().split(',').map(pair).collect();
        // Not repeated: it holds credentials.
        pairs.ok_or_else(|| SettingsError::Invalid { name: "canary.headers", message: "name=value pairs".to_owned() })
    }
}

/// The service's own endpoint, as far as it is known where a run is planned.
#[derive(Debug)]
pub struct Own<'a> {
    /// Where it listens.
    pub http: SocketAddr,
    pub tls: bool,
    /// What opens it, comma separated.
    pub tokens: &'a str,
}

fn invalid(name: &'static str, error: &InvalidUrl) -> SettingsError {
    SettingsError::Invalid { name, message: error.to_string() }
}

/// An address that is listened at, as one that can be called.
fn near(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => ([0, 0, 0, 0, 0, 0, 0, 1], v6.port()).into(),
        address => address,
    }
}

/// What opens the own endpoint, as far as it is a bearer token. A variable that is set to nothing leaves the file in force, as
/// it does where the service reads whom to let in.
pub fn tokens<'a>(set: Option<&'a Secret>, file: &'a AccessFile) -> &'a str {
    let tokens = set.filter(|set| !set.expose().trim().is_empty()).or(file.bearer_tokens.first());
    tokens.map_or("", Secret::expose)
}

/// How often the service runs it; None: never.
pub fn period(set: Option<u64>, file: &CanaryFile) -> Result<Option<Duration>, SettingsError> {
    match set.or(file.every_s) {
        None | Some(0) => Ok(None),
        Some(seconds) if Duration::from_secs(seconds) < SHORTEST_PERIOD => Err(SettingsError::Invalid {
            name: "canary.every_s",
            message: format!("0 for never, or at least {}", SHORTEST_PERIOD.as_secs()),
        }),
        Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
    }
}

/// Runs now and every so often, until it is told to stop. What a run finds is recorded by the endpoint; a run that the
/// endpoint cannot record is said and counted here.
pub async fn repeat(plan: Plan, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let runs = async {
        loop {
            ticks.tick().await;
            match canary::run(&plan).await {
                Ok(Report { event: Some(_), .. }) => {}
                Ok(Report { gateway, findings, .. }) => {
                    telemetry::emit(CanaryRan { gateway: &gateway, problems: &findings.problems });
                }
                Err(error) => {
                    tracing::error!(%error, "canary");
                    return;
                }
            }
        }
    };
    stop.run_until_cancelled(runs).await;
}

#[derive(Debug, Args)]
pub struct CanaryArgs {
    /// Settings file; `portcullis.toml` in the working folder when not given.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, env = "PORTCULLIS_HTTP_LISTEN", hide = true)]
    pub http_listen: Option<SocketAddr>,
    #[arg(long, env = "PORTCULLIS_AUTH_BEARER_TOKENS", hide = true, hide_env_values = true)]
    pub auth_bearer_tokens: Option<Secret>,
    #[arg(long, env = "PORTCULLIS_TLS_CERT", hide = true)]
    pub tls_cert: Option<PathBuf>,
    #[command(flatten)]
    pub probe: CanaryOverrides,
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Human,
    Json,
}

/// `portcullis-core canary`: Ok is whether all is as it should be.
pub fn command(args: &CanaryArgs, out: &mut impl Write) -> Result<bool, StartError> {
    let other = |error: &dyn std::fmt::Display| StartError::Other(error.to_string());
    let file = File::read(args.config.as_deref())?;
    let http = args.http_listen.or(file.http.listen).unwrap_or(([127, 0, 0, 1], 8080).into());
    let tls = args.tls_cert.as_ref().or(file.tls.cert.as_ref()).is_some_and(|path| !path.as_os_str().is_empty());
    let own = Own { http, tls, tokens: tokens(args.auth_bearer_tokens.as_ref(), &file.auth) };
    let plan = args.probe.plan(&file.canary, &own)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| other(&error))?;
    let report = runtime.block_on(canary::run(&plan)).map_err(|error| other(&error))?;
    let written = match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &report).map_err(io::Error::from).and_then(|()| writeln!(out))
        }
        Format::Human => write(&report, out),
    };
    written.and_then(|()| out.flush()).map_err(|error| other(&error))?;
    Ok(report.findings.problems.is_empty())
}

fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut line = |name: &str, value: &dyn std::fmt::Display| writeln!(out, "  {name:<10} {value}");
    let findings = &report.findings;
    if let Some(replies) = &report.replies {
        line("gateway", &format_args!("{} (model {})", report.gateway, report.model))?;
        line("good", &shown(replies.good.as_ref()))?;
        line("attack", &shown(replies.attack.as_ref()))?;
        let asked = findings.asked.map_or("unknown", |asked| if asked { "yes" } else { "NO" });
        line("asked", &format_args!("{asked}: whether the gateway called this service"))?;
        line("contract", &word(&findings.contract))?;
        line("on outage", &word(&findings.on_outage))?;
    } else {
        line("gateway", &"none is configured: set PORTCULLIS_CANARY_URL and PORTCULLIS_CANARY_MODEL")?;
    }
    match &report.own.why {
        Some(why) => line("endpoint", why)?,
        None => {
            let (attack, good) = (shown(report.own.attack.as_ref()), shown(report.own.good.as_ref()));
            line("endpoint", &format_args!("attack {attack}, good {good}"))?;
        }
    }
    line("event", &report.event.as_deref().unwrap_or("NOT RECORDED"))?;
    for problem in &findings.problems {
        line("PROBLEM", &problem.as_str())?;
    }
    for advice in &findings.advice {
        line("advice", advice)?;
    }
    line("result", &if findings.problems.is_empty() { "all is as it should be" } else { "not as it should be" })
}

fn shown(reply: Option<&Reply>) -> String {
    match reply {
        None => "not sent".to_owned(),
        Some(Reply::Passed { status }) => format!("passed ({status})"),
        Some(Reply::Blocked { status, kind, .. }) if kind.is_empty() => format!("blocked ({status})"),
        Some(Reply::Blocked { status, kind, .. }) => format!("blocked ({status} {kind})"),
        Some(Reply::Unusable { why, .. }) => format!("unusable: {why}"),
    }
}

/// A value by its name in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.replace('_', " "))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(toml: &str, set: &CanaryOverrides, tokens: &str) -> Result<Plan, SettingsError> {
        let file: File = toml::from_str(toml).unwrap();
        set.plan(&file.canary, &Own { http: "0.0.0.0:8080".parse().unwrap(), tls: file.tls.cert.is_some(), tokens })
    }

    #[test]
    fn the_file_is_enough_and_a_flag_wins() {
        let toml = "[canary]\nurl = 'https://gw/v1'\nmodel = 'm'\nauthorization = 'Bearer hunter2'\n\
                    [canary.headers]\nx-tfy-metadata = 'hunter2'";
        let made = plan(toml, &CanaryOverrides::default(), "hunter2,other").unwrap();
        assert_eq!(made.gateway.as_ref().unwrap().name(), "gw:443");
        let shown = format!("{made:?}");
        assert!(shown.contains("127.0.0.1") && !shown.contains("hunter2"), "{shown}");
        let set = CanaryOverrides { canary_model: Some("other".to_owned()), ..CanaryOverrides::default() };
        assert_eq!(plan(toml, &set, "").unwrap().gateway.unwrap().model(), "other");
        assert!(plan("", &CanaryOverrides::default(), "").unwrap().gateway.is_none());
        let secure = "tls.cert = 'a.pem'\n[canary]\nendpoint = 'https://guard.example'";
        assert!(plan(secure, &CanaryOverrides::default(), "").is_ok());
    }

    #[test]
    fn tokens_that_are_set_to_nothing_leave_the_file_in_force() {
        let file: File = toml::from_str("auth.bearer_tokens = ['of-the-file']").unwrap();
        for nothing in ["", " "] {
            assert_eq!(tokens(Some(&nothing.into()), &file.auth), "of-the-file");
        }
        assert_eq!(tokens(Some(&"set".into()), &file.auth), "set");
        assert_eq!(tokens(None, &AccessFile::default()), "");
        // Nor is one of spaces sent.
        let made = plan("", &CanaryOverrides::default(), " , ").unwrap();
        assert!(!format!("{made:?}").contains("Sensitive"), "{made:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_without_the_secret() {
        let headers = CanaryOverrides { canary_headers: Some("hunter2".into()), ..CanaryOverrides::default() };
        for (toml, set) in [
            ("canary.url = 'http://gw'", CanaryOverrides::default()),
            ("canary = { url = 'gw', model = 'm' }", CanaryOverrides::default()),
            ("canary = { url = 'http://a:hunter2@gw', model = 'm' }", CanaryOverrides::default()),
            ("canary.timeout_ms = 0", CanaryOverrides::default()),
            ("tls.cert = 'a.pem'", CanaryOverrides::default()),
            ("canary = { url = 'http://gw', model = 'm' }", headers),
        ] {
            let refused = plan(toml, &set, "").unwrap_err().to_string();
            assert!(refused.starts_with("canary.") && !refused.contains("hunter2"), "{refused}");
        }
        assert!(period(Some(9), &CanaryFile::default()).is_err());
        assert_eq!(period(Some(0), &CanaryFile::default()).unwrap(), None);
    }
}
