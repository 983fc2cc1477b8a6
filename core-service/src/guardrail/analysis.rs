//! Background analysis: a state of the record, not of a task. What is pending is read from the log, so what a
//! crash interrupted and what just came take the same way.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use portcullis_api::trace::{self, TRACEPARENT, Traceparent};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::judge::{self, JudgeError, Judgement, Memory};
use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::Decision,
        timing::{Durations, Timings, micros},
    },
    policy::{live::Live, set::PolicySet},
    record::{Judged, Log, PendingRecord},
    session::Sessions,
    telemetry::{self, Analysed, Verdict},
};

/// Records of one turn.
const BATCH: usize = 128;
/// For one record: a background analysis hurries nobody, but ends.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two tries after the log failed.
const PAUSE: Duration = Duration::from_millis(500);
/// How far behind calls that somebody waits for: of a busy core it gets about a tenth.
const NICENESS: i32 = 10;

/// Runs until it is told to stop; what is not done by then stays pending.
pub async fn run(log: Arc<Log>, policies: Arc<Live>, sessions: Arc<Sessions>, stop: CancellationToken) {
    let arrived = log.pending_notify();
    loop {
        let turn = turn(&log, &policies, &sessions, &stop).await;
        let wait = async {
            match turn {
                Ok(0) => arrived.notified().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "background analysis cannot use the log; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait => {}
        }
    }
}

/// Of the record: its id tells when it was made.
fn age(record: &PendingRecord) -> Duration {
    let made = record.request_id.get_timestamp().map(|made| made.to_unix());
    let made = made.map(|(seconds, nanoseconds)| UNIX_EPOCH + Duration::new(seconds, nanoseconds));
    made.and_then(|made| made.elapsed().ok()).unwrap_or_default()
}

async fn turn(
    log: &Arc<Log>,
    policies: &Live,
    sessions: &Arc<Sessions>,
    stop: &CancellationToken,
) -> Result<usize, crate::record::LogError> {
    let pending = log.pending(BATCH).await?;
    let count = pending.len();
    telemetry::metrics().analysis_age(pending.first().map_or(Duration::ZERO, age));
    if count == 0 || stop.is_cancelled() {
        return Ok(0);
    }
    let view = policies.view();
    let sequences: Vec<u64> = pending.iter().map(|record| record.sequence).collect();
    let (sessions, finishing) = (Arc::clone(sessions), Arc::clone(log));
    let analysed = aside(move || {
        let analyse = |record: &PendingRecord| {
            let _entered = span(record).entered();
            let begun = Instant::now();
            let (judged, timings) = analyse(&view.set, &sessions, record);
            let verdict = Verdict { decision: &judged.decision, coverage: &judged.coverage };
            let (request_id, elapsed) = (record.request_id, begun.elapsed());
            telemetry::emit(Analysed { request_id, elapsed, timings: timings.as_ref(), verdict });
            finishing.finish(record, judged)
        };
        pending.iter().map(analyse).collect::<Result<Vec<_>, _>>()
    });
    let deadline = (Instant::now() + LIMIT).into();
    // A record that makes the analysis panic must not come back for ever: it is done, and not checked.
    match analysed.await {
        Ok(finished) => log.complete_all(finished?, deadline).await?,
        Err(Fault::NoThread(error)) => {
            tracing::error!(%error, "no thread for the background analysis; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        Err(Fault::Panicked) => {
            tracing::error!(first = sequences[0], count, "a background analysis failed");
            let failed = |sequence| (sequence, unreadable("the analysis failed".to_owned(), 0));
            log.complete(sequences.into_iter().map(failed).collect(), deadline).await?;
        }
    }
    Ok(count)
}

/// Why there is no result.
enum Fault {
    /// Nothing was begun.
    NoThread(std::io::Error),
    Panicked,
}

/// On a thread of its own, because the scheduler knows niceness by thread; a start costs little beside a batch.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let (done, result) = oneshot::channel();
    let begun = thread::Builder::new().name("analysis".to_owned()).spawn(move || {
        // Where it may not, the analysis is as quick as everything else.
        let _ = rustix::process::nice(NICENESS);
        drop(done.send(work()));
    });
    begun.map_err(Fault::NoThread)?;
    result.await.map_err(|_| Fault::Panicked)
}

/// Behind the call that was recorded, which ended long ago.
fn span(record: &PendingRecord) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    let span = tracing::debug_span!(parent: None, "analyse", request_id = %record.request_id);
    let recorded = record.context.metadata.get(TRACEPARENT).and_then(|word| Traceparent::parse(word));
    recorded.iter().for_each(|recorded| recorded.adopt(&span));
    span
}

fn analyse(set: &PolicySet, sessions: &Sessions, record: &PendingRecord) -> (Judged, Option<Timings>) {
    let begun = Instant::now();
    let PendingRecord { context, policies, payloads, .. } = record;
    let payloads = match payloads {
        Ok(payloads) => payloads,
        Err(fault) => return (unreadable(fault.to_string(), micros(begun.elapsed())), None),
    };
    match judge::judge(set, policies, payloads, None, context, Some(begun + LIMIT)) {
        Ok(judgement) => {
            if let Some(key) = sessions.key(context) {
                let violations = &judgement.decision.violations;
                for bound in set.policies() {
                    judge::quarantine_for_late(Memory { sessions, key }, bound, violations);
                }
            }
            let Judgement { decision, coverage, timings, .. } = judgement;
            let (duration_us, durations) = (micros(begun.elapsed()), timings.durations());
            (Judged { decision, coverage, duration_us, durations }, Some(timings))
        }
        Err(error) => {
            let pointer = match &error {
                JudgeError::Unreadable { cause, .. } => cause.pointer.as_str(),
                JudgeError::UnknownPolicy(_) => "",
            };
            (unreadable(format!("{error} {pointer}").trim_end().to_owned(), micros(begun.elapsed())), None)
        }
    }
}

fn unreadable(reason: String, duration_us: u32) -> Judged {
    Judged {
        decision: Decision::undecided(),
        coverage: Coverage::none(CoverageStatus::NotChecked, reason),
        duration_us,
        durations: Durations::default(),
    }
}
