//! The gateways' HTTP, with the core in the same process or, by `--core`, elsewhere.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    time::Duration,
};

use axum::{Router, response::Response};
use clap::Parser;
use core_service::{
    app::{
        canary::{self, CanaryOverrides},
        compose::{self, Core as Engine, Signals, StartError},
        otlp::Otlp,
        report::Report,
        settings::{CoreSettings, File, Overrides, Secret, SettingsError},
        telemetry,
    },
    telemetry::{CallRefused, Via, emit, metrics},
};
use http_adapter::{AdapterSettings, Contract, Metrics, OnResponse, UnknownWord, router};
use portcullis_api::{
    body::BodyLimits,
    client::Client,
    log::LogControl,
    refused,
    serve::{self, Connections, Protocol},
    tls::{self, TlsError},
};
use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;

/// Requests are read on one thread and freed on another, when they are on disk: the system's allocator pays for that
/// with a lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Guardrail and ingestion service for LLM gateways.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version)]
struct Cli {
    /// HTTP address.
    #[arg(long, env = "PORTCULLIS_HTTP_LISTEN", value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
    /// A core elsewhere, http://host:port or https://host:port: this program then keeps no record and opens no gRPC port.
    #[arg(long = "core", env = "PORTCULLIS_CORE_URL", value_name = "URL")]
    core_url: Option<String>,
    /// What this program shows a core elsewhere that asks for credentials.
    #[arg(long, env = "PORTCULLIS_CORE_BEARER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    core_bearer_token: Option<Secret>,
    /// Certificates that the certificate of a core elsewhere has to come from, PEM; the system's when not given.
    #[arg(long, env = "PORTCULLIS_CORE_CA", value_name = "FILE")]
    core_ca: Option<PathBuf>,
    /// How a block is answered when a call does not choose.
    #[arg(long, env = "PORTCULLIS_CONTRACT", value_name = "CONTRACT")]
    contract: Option<Contract>,
    /// What is done with a model's answer when a call does not choose.
    #[arg(long, env = "PORTCULLIS_ON_RESPONSE", value_name = "ACTION")]
    on_response: Option<OnResponse>,
    /// Whether a call with capture=true is kept in memory, for GET /v1/captures. Needs credentials.
    #[arg(long, env = "PORTCULLIS_CAPTURE", value_name = "BOOL")]
    capture: Option<bool>,
    #[command(flatten)]
    shared: Overrides,
    #[command(flatten)]
    canary: CanaryOverrides,
    /// Seconds from one canary run to the next; 0 is never.
    #[arg(long, env = "PORTCULLIS_CANARY_EVERY_S", value_name = "SECONDS")]
    canary_every_s: Option<u64>,
}

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "portcullis: {error}");
            ExitCode::from(2)
        }
    }
}

fn start(cli: &Cli) -> Result<(), StartError> {
    let file = File::read(cli.shared.config.as_deref())?;
    let shared = CoreSettings::new(&cli.shared, &file)?;
    let runtime = tokio::runtime::Runtime::new().map_err(other)?;
    let done = runtime.block_on(async {
        let (control, mut otlp) = telemetry::init("portcullis", &file, shared.log_format, shared.log_level)?;
        let done = run(cli, &file, shared, control, &mut otlp).await;
        otlp.close().await;
        done
    });
    // What blocks for ever, as a write to a pipe that nobody reads, must not keep the program.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

fn other(error: impl std::fmt::Display) -> StartError {
    StartError::Other(error.to_string())
}

async fn run(
    cli: &Cli,
    file: &File,
    shared: CoreSettings,
    control: LogControl,
    otlp: &mut Otlp,
) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    telemetry::follow(control.clone(), cli.shared.config.clone())?;
    let http_listen = cli.http_listen.or(file.http.listen).unwrap_or((Ipv4Addr::LOCALHOST, 8080).into());
    shared.must_be_guarded("HTTP", http_listen)?;
    let url = cli.core_url.clone().or_else(|| file.core.url.clone()).filter(|url| !url.is_empty());
    let reveals = reveals(cli, file, url.is_some())?;
    let loopback = http_listen.ip().is_loopback();
    let settings = AdapterSettings { log: Some(control), loopback, ..adapter(cli, file, &shared)? };
    let connections =
        Connections { tls: shared.tls.clone(), max: shared.connections, ..Connections::new(Protocol::Http) };
    let listener = compose::bind("HTTP", http_listen).await?;
    let address = listener.local_addr().map_err(other)?;
    let scheme = if shared.tls.is_some() { "https" } else { "http" };
    if let Some(tls) = shared.tls.clone() {
        tokio::spawn(tls.keep_current());
    }
    let report = Report::new("portcullis").line("http", format_args!("{scheme}://{address}"));
    let contract = match settings.contract {
        Contract::Status => "status: a block answers 400",
        Contract::Verdict => "verdict: a block answers 200 with verdict false",
    };
    let responses = match settings.on_response {
        OnResponse::Monitor => "monitor: judged behind, and let pass",
        OnResponse::Enforce => "enforce: judged before they pass",
    };
    let stop = CancellationToken::new();
    if let Some(every) = canary::period(cli.canary_every_s, &file.canary)? {
        let tokens = canary::tokens(cli.shared.access.auth_bearer_tokens.as_ref(), &file.auth);
        let own = canary::Own { http: address, tls: shared.tls.is_some(), tokens };
        let plan = cli.canary.plan(&file.canary, &own)?;
        tokio::spawn(canary::repeat(plan, every, stop.clone()));
    }
    if let Some(url) = url {
        let token = core_token(cli, file);
        let roots = cli.core_ca.as_ref().or(file.core.ca.as_ref()).filter(|path| !path.as_os_str().is_empty());
        let roots = roots.map(|path| tls::certificates(path)).transpose()?;
        let core = Client::remote(&url, token, roots.as_deref()).map_err(|error| {
            StartError::Settings(SettingsError::Invalid { name: "core.url", message: error.to_string() })
        })?;
        let leaving = CancellationToken::new();
        let core = core.ready_until(leaving.clone());
        let report = report.line("core", &url).line("contract", contract).line("responses", responses);
        let report = reveals.into_iter().fold(report, |report, warning| report.line("reveal", warning));
        let report = report.line("traces", otlp.about_traces()).tls(shared.tls.as_ref());
        let report = report.access(&shared.access, shared.auth_mode, &[address]);
        report.print().map_err(other)?;
        otlp.push_metrics(|| metrics().render(None));
        let settings = AdapterSettings { metrics: Some(Metrics::new(|| metrics().render(None))), ..settings };
        let drain = async {
            leaving.cancel();
            sleep(shared.drain_notice).await;
        };
        return serve(listener, router(core, settings), connections, stop, signals, drain).await;
    }
    shared.must_be_guarded("gRPC", shared.grpc_listen)?;
    let grpc = compose::bind("gRPC", shared.grpc_listen).await?;
    let grpc_address = grpc.local_addr().map_err(other)?;
    let started = signals.unless_interrupted(Box::pin(Engine::start(&shared))).await;
    let Some(engine) = started.transpose()? else {
        stop.cancel();
        return Ok(());
    };
    otlp.push_metrics(engine.metrics());
    let serving = engine.serve(grpc, stop.clone())?;
    let core = Client::embedded(engine.embedded()?);
    let settings = AdapterSettings { metrics: Some(Metrics::new(engine.metrics())), ..settings };
    let report = report
        .line("grpc", grpc_address)
        .line("core", "in this process")
        .line("contract", contract)
        .line("responses", responses)
        .policies(&shared.policies_dir, &engine.policies())
        .line("data", format_args!("{} (node {})", shared.data_dir.display(), engine.node()))
        .payloads(&shared.log)
        .sinks(&engine.sinks())
        .line("traces", otlp.about_traces())
        .tls(shared.tls.as_ref())
        .access(&shared.access, shared.auth_mode, &[address, grpc_address]);
    report.print().map_err(other)?;
    let router = router(core, settings);
    let served = serve(listener, router, connections, stop, signals, engine.begin_drain(shared.drain_notice)).await;
    let _ = serving.await;
    engine.finish().await;
    served
}

/// Until a signal; `drain` runs before the doors close, so that balancers can go elsewhere while calls are still taken. A
/// second signal waits for nothing: see [`Signals::interrupted`].
async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Connections,
    stop: CancellationToken,
    signals: Signals,
    drain: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let serving = serve::serve(listener, refused::shown(router, count), stop.clone(), &connections);
    let stopping = async {
        signals.interrupted().await;
        drain.await;
    };
    both(serving, stopping, &stop).await?;
    Ok(())
}

/// A port that cannot be served ends it at once, and all that goes on until `stop`: whoever waits for that would wait for
/// ever.
async fn both(
    serving: impl Future<Output = Result<(), TlsError>>,
    stopping: impl Future<Output = ()>,
    stop: &CancellationToken,
) -> Result<(), TlsError> {
    let _stop = stop.clone().drop_guard();
    let stopping = async {
        stopping.await;
        stop.cancel();
        Ok(())
    };
    tokio::try_join!(serving, stopping).map(drop)
}

/// Of a core in this process too: what it refuses leaves here, and is counted nowhere else.
fn count(answer: Response) -> Response {
    if let Some(error) = refused::code(&answer) {
        emit(CallRefused { via: Via::Http, error });
    }
    answer
}

/// What is shown to a core elsewhere. A variable that is set to nothing is none, and leaves the file in force: an empty token
/// would be refused by every core, call by call.
fn core_token<'a>(cli: &'a Cli, file: &'a File) -> Option<&'a str> {
    let tokens = [&cli.core_bearer_token, &file.core.bearer_token];
    tokens.into_iter().flatten().map(Secret::expose).find(|token| !token.trim().is_empty())
}

/// To whom payloads are shown is for the core to say. Told to a program whose core is elsewhere it would hide nothing, from
/// an operator who thinks that it does. A file may be one that both read: of that, what there is to warn of.
fn reveals(cli: &Cli, file: &File, remote: bool) -> Result<Option<&'static str>, SettingsError> {
    if remote && cli.shared.reveal.is_some() {
        let message = "is for the core to say, which is elsewhere: set it there, and not here".to_owned();
        return Err(SettingsError::Invalid { name: "reveal", message });
    }
    let ignored = "NOT DECIDED HERE: the core decides, and what the file says counts for a core that reads it";
    Ok((remote && file.reveal.is_some()).then_some(ignored))
}

fn adapter(cli: &Cli, file: &File, shared: &CoreSettings) -> Result<AdapterSettings, SettingsError> {
    let defaults = AdapterSettings::default();
    let capture = cli.capture.or(file.capture).unwrap_or_default();
    if capture && shared.access.is_open() {
        let message = "a capture is what users wrote: it needs credentials".to_owned();
        return Err(SettingsError::Invalid { name: "capture", message });
    }
    let (body, call) = (file.limits.body_timeout_ms, file.limits.call_timeout_ms);
    Ok(AdapterSettings {
        bodies: BodyLimits {
            bytes: shared.body_bytes,
            timeout: millis(body, defaults.bodies.timeout, &BODY_MS, "limits.body_timeout_ms")?,
            budget: file.limits.body_budget_bytes.unwrap_or(defaults.bodies.budget).max(shared.body_bytes),
        },
        call_deadline: millis(call, defaults.call_deadline, &CALL_MS, "limits.call_timeout_ms")?,
        contract: word(cli.contract, file.contract.as_deref(), "contract")?,
        on_response: word(cli.on_response, file.on_response.as_deref(), "on_response")?,
        capture,
        access: shared.access.clone(),
        ..defaults
    })
}

/// Milliseconds. Of 0 every call would be refused: whatever it waits for comes too late.
const BODY_MS: RangeInclusive<u64> = 100..=600_000;
/// A gateway has given up by then.
const CALL_MS: RangeInclusive<u64> = 10..=60_000;

fn millis(
    set: Option<u64>,
    default: Duration,
    bounds: &RangeInclusive<u64>,
    name: &'static str,
) -> Result<Duration, SettingsError> {
    match set {
        None => Ok(default),
        Some(millis) if bounds.contains(&millis) => Ok(Duration::from_millis(millis)),
        Some(_) => Err(SettingsError::Invalid { name, message: format!("{} to {}", bounds.start(), bounds.end()) }),
    }
}

fn word<T>(flag: Option<T>, file: Option<&str>, name: &'static str) -> Result<T, SettingsError>
where
    T: Default + FromStr<Err = UnknownWord>,
{
    let from_file = || file.map(str::parse).transpose();
    let read = flag.map_or_else(from_file, |flag| Ok(Some(flag)));
    read.map(Option::unwrap_or_default).map_err(|unknown| SettingsError::Invalid { name, message: unknown.to_string() })
}

#[cfg(test)]
mod tests {
    use core_service::app::settings::{CoreFile, LimitsFile};

    use super::*;

    #[test]
    fn a_token_for_the_core_that_is_set_to_nothing_is_none() {
        let file = |token: &str| File {
            core: CoreFile { bearer_token: Some(token.into()), ..CoreFile::default() },
            ..File::default()
        };
        let cli = |token: &str| Cli { core_bearer_token: Some(token.into()), ..Cli::parse_from(["portcullis"]) };
        for nothing in ["", " "] {
            assert_eq!(core_token(&cli(nothing), &File::default()), None);
            assert_eq!(core_token(&cli(nothing), &file(nothing)), None);
            assert_eq!(core_token(&cli(nothing), &file("of-the-file")), Some("of-the-file"));
        }
        assert_eq!(core_token(&cli("of-a-flag"), &file("of-the-file")), Some("of-a-flag"));
    }

    #[tokio::test]
    async fn a_port_that_cannot_be_served_stops_the_others() {
        let stop = CancellationToken::new();
        let other = tokio::spawn(stop.clone().cancelled_owned());
        let failed = std::future::ready(Err(TlsError::NoKey("key.pem".into())));
        both(failed, std::future::pending(), &stop).await.unwrap_err();
        other.await.unwrap();
        // And the stop that comes in time is waited for.
        let stop = CancellationToken::new();
        let serving = async {
            stop.cancelled().await;
            Ok(())
        };
        both(serving, std::future::ready(()), &stop).await.unwrap();
    }

    #[test]
    fn what_the_core_decides_is_not_set_where_there_is_none() {
        let [plain, set] = [&["portcullis"][..], &["portcullis", "--reveal", "false"]].map(Cli::parse_from);
        let from_file = File { reveal: Some("false".into()), ..File::default() };
        let error = reveals(&set, &File::default(), true).unwrap_err();
        assert!(matches!(error, SettingsError::Invalid { name: "reveal", .. }), "{error}");
        assert!(reveals(&plain, &from_file, true).unwrap().is_some());
        assert!(reveals(&plain, &File::default(), true).unwrap().is_none());
        // In one process with its core it is as good as any.
        assert!(reveals(&set, &from_file, false).unwrap().is_none());
    }

    #[test]
    fn times_within_which_nothing_can_be_answered_are_refused() {
        let cli = Cli::parse_from(["portcullis"]);
        let read = |body_timeout_ms, call_timeout_ms| {
            let limits = LimitsFile { body_timeout_ms, call_timeout_ms, ..LimitsFile::default() };
            let file = File { limits, ..File::default() };
            let shared = CoreSettings::new(&cli.shared, &file).unwrap();
            adapter(&cli, &file, &shared).map(|settings| (settings.bodies.timeout, settings.call_deadline))
        };
        for (body, call, name) in [
            (Some(0), None, "limits.body_timeout_ms"),
            (Some(99), None, "limits.body_timeout_ms"),
            (Some(600_001), None, "limits.body_timeout_ms"),
            (None, Some(0), "limits.call_timeout_ms"),
            (None, Some(9), "limits.call_timeout_ms"),
            (None, Some(60_001), "limits.call_timeout_ms"),
        ] {
            let error = read(body, call).unwrap_err();
            assert!(matches!(error, SettingsError::Invalid { name: named, .. } if named == name), "{error}");
        }
        let least = read(Some(100), Some(10)).unwrap();
        assert_eq!(least, (Duration::from_millis(100), Duration::from_millis(10)));
        assert_eq!(read(None, None).unwrap(), (Duration::from_secs(10), Duration::from_secs(5)));
    }
}
