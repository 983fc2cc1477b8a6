//! `portcullis-core deliver …`: the deliveries of a data folder whose service is stopped. A running one is asked over
//! gRPC (`DeliveryService`).

use std::{
    io::{self, Write},
    time::Duration,
};

use tokio::time::Instant;

use super::{compose::StartError, settings::DataArgs};
use crate::{
    deliver::DeliveryFailure,
    record::{DeliveryChange, Log, LogError, SinkRow, UndeliveredState},
};

/// Dead letters that are read at a time.
const PAGE: usize = 500;

#[derive(Debug, clap::Args)]
pub struct DeliverArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: DeliverCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeliverCommand {
    /// Tells how far each sink is. Exit status 1 when one has dead letters.
    Status,
    /// Lists what a sink refused for good, oldest first: sequence, reason, attempts, time of the last one.
    Dead { sink: String },
    /// Has dead letters tried again at the next start.
    Redrive {
        sink: String,
        /// Only those with this reason.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Ok is whether all is well.
pub fn run(args: &DeliverArgs, out: &mut impl Write) -> Result<bool, StartError> {
    let data_dir = args.data.folder()?;
    if !data_dir.join("portcullis.db").exists() {
        // To look at what is not there must not make it.
        return Err(StartError::Other(format!("{}: no log is there", data_dir.display())));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let log = Log::open_for_command(&data_dir).map_err(|error| match error {
        LogError::InUse { .. } => StartError::Other(format!(
            "{error}: ask it, as in `grpcurl ADDRESS portcullis.v1.DeliveryService/ListSinks`"
        )),
        error => StartError::Log(error),
    })?;
    runtime.block_on(async {
        let done = command(&args.command, &log, out).await;
        log.close().await;
        done
    })
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> StartError {
    StartError::Other(error.to_string())
}

async fn command(command: &DeliverCommand, log: &Log, out: &mut impl Write) -> Result<bool, StartError> {
    let sinks = log.sinks().await?;
    let known = |name: &str| {
        let known = sinks.iter().any(|sink| sink.name == name);
        if known { Ok(()) } else { Err(StartError::Other(format!("the log knows no sink `{name}`"))) }
    };
    match command {
        DeliverCommand::Status => {
            let tip = *log.tip().borrow();
            for SinkRow { name, cursor, held, dead, redrive } in &sinks {
                let ahead = tip.saturating_sub(*cursor);
                writeln!(out, "{name}: cursor {cursor}, {ahead} ahead, {held} held, {dead} dead, {redrive} to redrive")
                    .map_err(failed)?;
            }
            Ok(sinks.iter().all(|sink| sink.dead == 0))
        }
        DeliverCommand::Dead { sink } => {
            known(sink)?;
            let mut after = 0;
            loop {
                let page = log.dead_letters(sink, after, PAGE).await?;
                for one in &page {
                    let redrive = if one.state == UndeliveredState::Redrive { " (to redrive)" } else { "" };
                    let (sequence, reason, attempts) = (one.sequence, one.reason.as_str(), one.attempts);
                    writeln!(out, "{sequence} {reason} {attempts} {:.6}{redrive}", one.time).map_err(failed)?;
                }
                match page.last() {
                    Some(last) => after = last.sequence,
                    None => return Ok(true),
                }
            }
        }
        DeliverCommand::Redrive { sink, reason } => {
            known(sink)?;
            let reason = reason.as_deref().map(|word| {
                let words = || DeliveryFailure::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ");
                DeliveryFailure::of(word).ok_or_else(|| StartError::Other(format!("`{word}` is none of {}", words())))
            });
            let change = DeliveryChange::Redrive { sink: sink.as_str().into(), reason: reason.transpose()? };
            let records = log.deliver(change, Instant::now() + Duration::from_secs(60)).await?;
            writeln!(out, "{records} to redrive").map_err(failed)?;
            Ok(true)
        }
    }
}
