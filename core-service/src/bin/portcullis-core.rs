//! The gRPC service alone, and the command line of its engine.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use core_service::app::{
    canary::{self, CanaryArgs},
    check::{self, CheckArgs},
    compose::{self, Core, Signals, StartError},
    deliver::{self, DeliverArgs},
    eval::{self, EvalArgs},
    lint::{self, PolicyCommand},
    log::{self, LogCommand},
    otlp::Otlp,
    report::Report,
    settings::{CoreSettings, File, Overrides},
    telemetry,
    train::{self, TrainArgs},
};
use tokio_util::sync::CancellationToken;

/// Requests are read on one thread and freed on another, when they are on disk: the system's allocator pays for that
/// with a lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "portcullis-core", version, about = "Guardrail and ingestion service for LLM gateways: the gRPC core")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves gRPC.
    Serve(Box<Overrides>),
    /// Judges texts or an exchange without a service; nothing is recorded.
    Check(CheckArgs),
    /// Probes a gateway and the service behind it: does a block block? Exit status 1 when not.
    Canary(Box<CanaryArgs>),
    /// Measures the detectors on labelled texts.
    Eval(EvalArgs),
    /// Makes the weights of the classifiers from labelled texts.
    Train(Box<TrainArgs>),
    /// How far the sinks are, and dead letters, while the service is stopped.
    Deliver(DeliverArgs),
    /// Looks at the log of records.
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Looks at policies.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(overrides) => serve(&overrides).map(|()| true),
        Command::Check(args) => check::run(&args, &mut io::BufWriter::new(io::stdout().lock())),
        Command::Canary(args) => canary::command(&args, &mut io::stdout().lock()),
        Command::Eval(args) => eval::run(&args, &mut io::BufWriter::new(io::stdout().lock())),
        Command::Train(args) => train::run(&args, &mut io::stdout().lock()),
        Command::Deliver(args) => deliver::run(&args, &mut io::stdout().lock()),
        Command::Log { command } => log::run(&command, &mut io::stdout().lock()),
        Command::Policy { command } => lint::run(&command, &mut io::stdout().lock()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "portcullis-core: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(overrides: &Overrides) -> Result<(), StartError> {
    let file = File::read(overrides.config.as_deref())?;
    let settings = CoreSettings::new(overrides, &file)?;
    settings.must_be_guarded("gRPC", settings.grpc_listen)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| StartError::Other(error.to_string()))?;
    let done = runtime.block_on(async {
        let (format, level) = (settings.log_format, settings.log_level);
        let (control, mut otlp) = telemetry::init("portcullis-core", &file, format, level)?;
        telemetry::follow(control, overrides.config.clone())?;
        let done = run(settings, &mut otlp).await;
        otlp.close().await;
        done
    });
    // What blocks for ever, as a write to a pipe that nobody reads, must not keep the program.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn run(settings: CoreSettings, otlp: &mut Otlp) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    let listener = compose::bind("gRPC", settings.grpc_listen).await?;
    let address = listener.local_addr().map_err(|error| StartError::Other(error.to_string()))?;
    if let Some(tls) = settings.tls.clone() {
        tokio::spawn(tls.keep_current());
    }
    let Some(core) = signals.unless_interrupted(Box::pin(Core::start(&settings))).await else { return Ok(()) };
    let core = core?;
    otlp.push_metrics(core.metrics());
    let stop = CancellationToken::new();
    let serving = core.serve(listener, stop.clone())?;
    let report = Report::new("portcullis-core")
        .line("grpc", address)
        .policies(&settings.policies_dir, &core.policies())
        .line("data", format_args!("{} (node {})", settings.data_dir.display(), core.node()))
        .payloads(&settings.log)
        .sinks(&core.sinks())
        .tls(settings.tls.as_ref())
        .line("traces", otlp.about_traces())
        .access(&settings.access, settings.auth_mode, &[address]);
    report.print().map_err(|error| StartError::Other(error.to_string()))?;
    signals.interrupted().await;
    core.begin_drain(settings.drain_notice).await;
    stop.cancel();
    let _ = serving.await;
    core.finish().await;
    Ok(())
}
