//! Background analysis: a state of the record, not of a task. What is pending is read from the log, so what a
//! crash interrupted and what just came take the same way.

use std::{
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use portcullis_api::trace::{self, TRACEPARENT, Traceparent};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::judge::{self, JudgeError, Judgement, Memory};
use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::Decision,
        timing::{Durations, Timings, micros},
    },
    foreground,
    policy::{live::Live, set::PolicySet},
    record::{Finished, Judged, Log, LogError, PendingRecord},
    session::Sessions,
    telemetry::{self, Analysed, Verdict},
};

/// Records that are read at a time.
const BATCH: usize = 128;
/// For one record: a background analysis hurries nobody, but ends.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two tries after the log failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until it is told to stop; what is not done by then stays pending. The verdicts of a batch are written while the
/// next is analysed.
pub async fn run(log: Arc<Log>, policies: Arc<Live>, sessions: Arc<Sessions>, stop: CancellationToken) {
    let arrived = log.pending_notify();
    let (mut after, mut writing) = (0, None::<JoinHandle<Result<(), LogError>>>);
    while !stop.is_cancelled() {
        let analysed = batch(&log, &policies, &sessions, after).await;
        let written = match writing.take() {
            Some(writing) => writing.await.unwrap_or(Err(LogError::Closed)),
            None => Ok(()),
        };
        let failed = match (analysed, written) {
            (Ok(Some(Batch { last, finished })), Ok(())) => {
                after = last;
                let log = Arc::clone(&log);
                let deadline = (Instant::now() + LIMIT).into();
                writing = Some(tokio::spawn(async move { log.complete_all(finished, deadline).await }));
                continue;
            }
            // Nothing may be left behind by an error that nobody saw.
            (Ok(None), Ok(())) if after > 0 => {
                after = 0;
                continue;
            }
            (Ok(None), Ok(())) => None,
            (Err(error), _) | (_, Err(error)) => Some(error),
        };
        let wait = async {
            let Some(error) = failed else { return arrived.notified().await };
            tracing::error!(%error, "background analysis cannot use the log; trying again");
            after = 0;
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = wait => {}
        }
    }
    if let Some(writing) = writing {
        drop(writing.await);
    }
}

/// Of the record: its id tells when it was made.
fn age(record: &PendingRecord) -> Duration {
    let made = record.request_id.get_timestamp().map(|made| made.to_unix());
    let made = made.map(|(seconds, nanoseconds)| UNIX_EPOCH + Duration::new(seconds, nanoseconds));
    made.and_then(|made| made.elapsed().ok()).unwrap_or_default()
}

/// What was analysed and is not written yet.
struct Batch {
    /// The sequence of the last of it.
    last: u64,
    finished: Vec<Finished>,
}

/// The oldest that wait behind a sequence; None: none does.
async fn batch(
    log: &Arc<Log>,
    policies: &Live,
    sessions: &Arc<Sessions>,
    after: u64,
) -> Result<Option<Batch>, LogError> {
    let pending = log.pending(after, BATCH).await?;
    let behind = pending.first().map_or(Duration::ZERO, age);
    telemetry::metrics().analysis_age(behind);
    let Some(last) = pending.last().map(|record| record.sequence) else { return Ok(None) };
    let view = policies.view();
    let mut finished = Vec::with_capacity(pending.len());
    let each = pending.len().div_ceil(*WORKERS);
    let mut pending = pending.into_iter();
    let mut parts = Vec::new();
    while pending.len() > 0 {
        let part: Vec<_> = pending.by_ref().take(each).collect();
        let sequences: Vec<u64> = part.iter().map(|record| record.sequence).collect();
        let (log, sessions, view) = (Arc::clone(log), Arc::clone(sessions), Arc::clone(&view));
        let work = move || {
            let finish = |record| {
                let begun = Instant::now();
                let finished = finish(&log, &view.set, &sessions, record);
                foreground::give_way(begun.elapsed(), behind);
                finished
            };
            part.iter().map(finish).collect::<Result<Vec<_>, _>>()
        };
        parts.push((sequences, tokio::task::spawn_blocking(work)));
    }
    for (sequences, part) in parts {
        if let Ok(part) = part.await {
            finished.extend(part?);
            continue;
        }
        // A record that makes the analysis panic must not come back for ever: it is done, and not checked.
        tracing::error!(first = sequences[0], count = sequences.len(), "a background analysis failed");
        for sequence in sequences {
            finished.push(log.finish_unread(sequence, unreadable("the analysis failed".to_owned(), 0))?);
        }
    }
    Ok(Some(Batch { last, finished }))
}

/// Half of the cores: the other half is for those who wait. To ask for their number reads several files.
static WORKERS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)));

fn finish(log: &Log, set: &PolicySet, sessions: &Sessions, record: &PendingRecord) -> Result<Finished, LogError> {
    let _entered = span(record).entered();
    let begun = Instant::now();
    let (judged, timings) = analyse(set, sessions, record);
    let verdict = Verdict { decision: &judged.decision, coverage: &judged.coverage };
    let (request_id, elapsed) = (record.request_id, begun.elapsed());
    telemetry::emit(Analysed { request_id, elapsed, timings: timings.as_ref(), verdict });
    log.finish(record, judged)
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
