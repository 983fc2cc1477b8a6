//! Log lines on standard error; no text that was checked is ever part of one.
//!
//! Which are written: `RUST_LOG`, else the level of a flag or the environment, else that of the settings' file. The level
//! can be changed while the program runs, by `POST /v1/log-level`, or, where the file decides, in the file and with SIGHUP.

use std::{
    env,
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use portcullis_api::log::{LogControl, LogLevel};
use tokio::signal::unix::{self, SignalKind};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    fmt,
    layer::{Filter, SubscriberExt as _},
    reload,
    util::SubscriberInitExt as _,
};

use super::{
    compose::StartError,
    otlp::Otlp,
    settings::{File, LogFormat},
};

/// The log, and what is exported besides. The level is that of a flag or the environment. Must be called within a tokio
/// runtime.
pub fn init(
    program: &'static str,
    file: &File,
    format: LogFormat,
    level: Option<LogLevel>,
) -> Result<(LogControl, Otlp), StartError> {
    let fixed = fixed(env::var(EnvFilter::DEFAULT_ENV).ok(), level);
    let wanted = fixed.clone().unwrap_or_else(|| file.log.level.unwrap_or_default().directives());
    let filter = parse(&wanted).map_err(|why| StartError::Other(format!("RUST_LOG: {why}")))?;
    let (filter, handle) = reload::Layer::new(filter);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let otlp = Otlp::start(program, &file.telemetry)?;
    // Our own spans, and no lines: those are the log's.
    let spans = otlp.tracer().map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        let layer = layer.with_location(false).with_threads(false).with_target(false).with_context_activation(false);
        // Its clock would run with each poll.
        let layer = layer.with_tracked_inactivity(false);
        layer.with_filter(filter_fn(is_own_span).with_max_level_hint(OWN_SPANS)).boxed()
    });
    let set = registry(lines, filter, spans).try_init();
    // Somebody else's subscriber is in place: in tests.
    drop(set);
    let control = LogControl::new(wanted, move |text| {
        handle.reload(parse(text)?).map_err(|_| "the log's filter is not in place".to_owned())
    });
    Ok((control.fixed(fixed), otlp))
}

/// What is written whatever the settings' file says, now or later: what `RUST_LOG` says, else a flag or the environment.
fn fixed(rust_log: Option<String>, level: Option<LogLevel>) -> Option<String> {
    rust_log.filter(|text| !text.trim().is_empty()).or_else(|| level.map(LogLevel::directives))
}

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// A list and not one layer on the other: beside a layer that is not there, what its filter turned away would not be turned away at
/// once. Each span of the HTTP/2 library would be made, for nobody, at several for each call.
fn registry(
    lines: Boxed,
    filter: impl Filter<Registry> + Send + Sync + 'static,
    spans: Option<Boxed>,
) -> impl Subscriber + Send + Sync {
    let news = filter_fn(is_news).with_max_level_hint(LevelFilter::TRACE);
    let lines = lines.with_filter(filter.and(news)).boxed();
    tracing_subscriber::registry().with(std::iter::once(lines).chain(spans).collect::<Vec<_>>())
}

const OWN_SPANS: LevelFilter = LevelFilter::DEBUG;

fn is_own_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && LogLevel::is_own(metadata.target())
}

/// The exporter's library says of every batch that it could not be sent, and how it is tried again: here it is told once
/// when that begins and once when it ends. That a collector takes a part of a batch, nobody else says.
fn is_news(metadata: &Metadata<'_>) -> bool {
    metadata.target() != "opentelemetry-otlp" || !metadata.name().starts_with("Export.")
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| error.to_string())
}

/// At each SIGHUP the level is what the settings say then: `RUST_LOG`, a flag or the environment, or else their file. A file
/// that cannot be read changes nothing. Listens from now on: without it the signal would end the program.
pub fn follow(control: LogControl, file: Option<PathBuf>) -> Result<(), StartError> {
    let signal = unix::signal(SignalKind::hangup());
    let mut signal = signal.map_err(|error| StartError::Other(format!("signals: {error}")))?;
    tokio::spawn(async move {
        while signal.recv().await.is_some() {
            let named = file.clone();
            let read = tokio::task::spawn_blocking(move || File::read(named.as_deref())).await;
            let set = match read {
                Ok(Ok(file)) => control.read_anew(file.log.level.unwrap_or_default()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match set {
                Ok(()) => tracing::warn!(filter = control.filter(), "the log's level was read anew"),
                Err(why) => tracing::error!(why, "the settings cannot be read; the log's level stays as it is"),
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_changes_no_level_that_a_flag_the_environment_or_rust_log_names() {
        let rust_log = || Some("warn,h2=debug".to_owned());
        for (rust_log, level, anew) in [
            (rust_log(), None, "warn,h2=debug"),
            (rust_log(), Some(LogLevel::Info), "warn,h2=debug"),
            (None, Some(LogLevel::Info), "info"),
            (Some(" ".to_owned()), Some(LogLevel::Info), "info"),
            (None, None, "error"),
        ] {
            let control = LogControl::new("warn".to_owned(), |_| Ok(())).fixed(fixed(rust_log, level));
            control.read_anew(LogLevel::Error).unwrap();
            assert_eq!(control.filter(), anew);
        }
    }

    #[test]
    fn what_no_layer_wants_is_not_made() {
        let registry = registry(fmt::layer().with_writer(io::sink).boxed(), parse("info").unwrap(), None);
        assert_eq!(registry.max_level_hint(), Some(LevelFilter::INFO));
        tracing::subscriber::with_default(registry, || {
            assert!(tracing::span_enabled!(target: "h2", Level::INFO));
            assert!(!tracing::span_enabled!(target: "h2", Level::DEBUG));
        });
    }
}
