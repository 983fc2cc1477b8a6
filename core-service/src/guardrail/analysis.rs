//! Background analysis: a state of the record, not of a task. What is pending is read from the log, so what a
//! crash interrupted and what just came take the same way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    judge::{self, JudgeError, Memory},
    service::micros,
};
use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::Decision,
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

async fn turn(
    log: &Log,
    policies: &Live,
    sessions: &Arc<Sessions>,
    stop: &CancellationToken,
) -> Result<usize, crate::record::LogError> {
    let pending = log.pending(BATCH).await?;
    let count = pending.len();
    if count == 0 || stop.is_cancelled() {
        return Ok(0);
    }
    let view = policies.view();
    let sequences: Vec<u64> = pending.iter().map(|record| record.sequence).collect();
    let sessions = Arc::clone(sessions);
    let analysed = tokio::task::spawn_blocking(move || {
        let analyse = |record: PendingRecord| {
            let begun = Instant::now();
            let judged = analyse(&view.set, &sessions, &record);
            let verdict = Verdict { decision: &judged.decision, coverage: &judged.coverage };
            telemetry::emit(Analysed { request_id: record.request_id, elapsed: begun.elapsed(), verdict });
            (record.sequence, judged)
        };
        pending.into_iter().map(analyse).collect::<Vec<_>>()
    });
    // A record that makes the analysis panic must not come back for ever: it is done, and not checked.
    let results: Vec<(u64, Judged)> = analysed.await.unwrap_or_else(|_| {
        tracing::error!(first = sequences[0], count, "a background analysis failed");
        sequences.into_iter().map(|sequence| (sequence, unreadable("the analysis failed".to_owned(), 0))).collect()
    });
    log.complete(results, (Instant::now() + LIMIT).into()).await?;
    Ok(count)
}

fn analyse(set: &PolicySet, sessions: &Sessions, record: &PendingRecord) -> Judged {
    let begun = Instant::now();
    let PendingRecord { context, policies, payloads, .. } = record;
    match judge::judge(set, policies, payloads, None, context, Some(begun + LIMIT)) {
        Ok(judgement) => {
            if let Some(key) = sessions.key(context) {
                let violations = &judgement.decision.violations;
                for bound in set.policies() {
                    judge::quarantine_for_late(Memory { sessions, key }, bound, violations);
                }
            }
            Judged { decision: judgement.decision, coverage: judgement.coverage, duration_us: micros(begun.elapsed()) }
        }
        Err(error) => {
            let pointer = match &error {
                JudgeError::Unreadable { cause, .. } => cause.pointer.as_str(),
                JudgeError::UnknownPolicy(_) => "",
            };
            unreadable(format!("{error} {pointer}").trim_end().to_owned(), micros(begun.elapsed()))
        }
    }
}

fn unreadable(reason: String, duration_us: u32) -> Judged {
    Judged {
        decision: Decision::undecided(),
        coverage: Coverage::none(CoverageStatus::NotChecked, reason),
        duration_us,
    }
}
