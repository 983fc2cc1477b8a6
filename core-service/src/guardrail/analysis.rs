//! Background analysis: a state of the record, not of a task. What is pending is read from the log, so what a
//! crash interrupted and what just came take the same way.

use std::{
    collections::BTreeSet,
    iter,
    num::NonZero,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
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
        exchange::Direction,
        timing::{Durations, Timings, micros},
    },
    foreground,
    policy::{live::Live, set::PolicySet},
    record::{Finished, Judged, Log, LogError, PendingRecord, is_full},
    session::Sessions,
    telemetry::{self, Analysed, Verdict},
};

/// Records that are read at a time.
const BATCH: usize = 512;
/// For one record: a background analysis hurries nobody, but ends.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two tries after the log failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until it is told to stop; what is not done by then stays pending. While a batch is analysed, the next is read and the
/// verdicts of the last are written.
pub async fn run(log: Arc<Log>, policies: Arc<Live>, sessions: Arc<Sessions>, stop: CancellationToken) {
    let arrived = log.pending_notify();
    note_locked(&log).await;
    let unstored = Arc::new(Unstored::default());
    let (mut after, mut ahead, mut writing) = (0, None, None::<JoinHandle<Result<(), LogError>>>);
    while !stop.is_cancelled() {
        let analysed = batch(&log, &policies, &sessions, &unstored, after, &mut ahead).await;
        let written = match writing.take() {
            Some(writing) => writing.await.unwrap_or(Err(LogError::Closed)),
            None => Ok(()),
        };
        let failed = match (analysed, written) {
            (Ok(Some(Batch { sequences, finished })), Ok(())) => {
                after = sequences.last().copied().unwrap_or(after);
                let (log, unstored) = (Arc::clone(&log), Arc::clone(&unstored));
                let deadline = (Instant::now() + LIMIT).into();
                writing = Some(tokio::spawn(async move {
                    let written = log.complete_all(finished, deadline).await;
                    if written.is_ok() {
                        unstored.stored(&sequences);
                    }
                    written
                }));
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
        // What was read ahead may have been judged by the time that somebody looks at it.
        ahead = None;
        log.set_analysis_behind(false);
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

/// Once: what no key opens is the same until the next start. It stays pending, because who ends it unread ends it for good,
/// and takes its payloads with it where not all of them are kept.
async fn note_locked(log: &Log) {
    // A log that cannot be read says so when it is asked for what is pending.
    if let Ok(records @ 1..) = log.locked().await {
        tracing::error!(
            records,
            "records wait for their analysis under a master key that is not given: they are kept until it is, or until \
             their tenants are erased"
        );
    }
}

/// Of the record: its id tells when it was made.
fn age(record: &PendingRecord) -> Duration {
    let made = record.request_id.get_timestamp().map(|made| made.to_unix());
    let made = made.map(|(seconds, nanoseconds)| UNIX_EPOCH + Duration::new(seconds, nanoseconds));
    made.and_then(|made| made.elapsed().ok()).unwrap_or_default()
}

/// What waits behind a sequence, as it is read.
struct Ahead {
    after: u64,
    reading: JoinHandle<Result<Vec<PendingRecord>, LogError>>,
}

/// What was analysed and is not written yet.
struct Batch {
    /// Of its records, the oldest first; there is one.
    sequences: Vec<u64>,
    finished: Vec<Finished>,
}

/// Records whose verdict was told and is not stored. While the log cannot be written the same records come again and again:
/// each is logged, counted and held against its session once. They are those of two batches at most, and what a deadline
/// or a removal left among them goes when the oldest that waits is behind it.
#[derive(Debug, Default)]
struct Unstored(Mutex<BTreeSet<u64>>);

impl Unstored {
    fn sequences(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, sequence: u64) -> bool {
        self.sequences().contains(&sequence)
    }

    fn told(&self, sequence: u64) {
        self.sequences().insert(sequence);
    }

    fn stored(&self, stored: &[u64]) {
        let mut sequences = self.sequences();
        for sequence in stored {
            sequences.remove(sequence);
        }
    }

    /// Nothing before this one waits any more.
    fn begin_at(&self, first: u64) {
        let mut sequences = self.sequences();
        *sequences = sequences.split_off(&first);
    }
}

/// The oldest that wait behind a sequence; None: none does.
async fn batch(
    log: &Arc<Log>,
    policies: &Live,
    sessions: &Arc<Sessions>,
    unstored: &Arc<Unstored>,
    after: u64,
    ahead: &mut Option<Ahead>,
) -> Result<Option<Batch>, LogError> {
    let pending = match ahead.take() {
        Some(ahead) if ahead.after == after => ahead.reading.await.unwrap_or(Err(LogError::Closed))?,
        _ => log.pending(after, BATCH).await?,
    };
    let sequences: Vec<u64> = pending.iter().map(|record| record.sequence).collect();
    let is_full = is_full(&pending, BATCH);
    log.set_analysis_behind(is_full);
    if let (true, Some(&after)) = (is_full, sequences.last()) {
        let log = Arc::clone(log);
        *ahead = Some(Ahead { after, reading: tokio::spawn(async move { log.pending(after, BATCH).await }) });
    }
    if after == 0 {
        unstored.begin_at(sequences.first().copied().unwrap_or(u64::MAX));
    }
    let behind = pending.first().map_or(Duration::ZERO, age);
    telemetry::metrics().analysis_age(behind);
    if pending.is_empty() {
        return Ok(None);
    }
    let (view, sessions, on, unstored) = (policies.view(), Arc::clone(sessions), Arc::clone(log), Arc::clone(unstored));
    let work = move |record: &PendingRecord| {
        let begun = Instant::now();
        let finished = finish(&on, &view.set, &sessions, &unstored, record);
        foreground::give_way(begun.elapsed(), behind);
        finished
    };
    // A record that makes the analysis panic must not come back for ever: it is done, and not checked.
    let failed = |sequence| log.finish_unread(sequence, unreadable("the analysis failed".to_owned(), 0));
    let finished = spread(pending, &Arc::new(work), failed).await?;
    Ok(Some(Batch { sequences, finished }))
}

/// Works the records on several threads; each takes the next when it is done with one, so that none is idle while another is
/// behind. `failed` is for a record whose work panics, and for that one alone: what a panic left undone or undid is worked
/// again record by record.
async fn spread<T, W>(
    records: Vec<PendingRecord>,
    work: &Arc<W>,
    failed: impl Fn(u64) -> Result<T, LogError> + Send,
) -> Result<Vec<T>, LogError>
where
    T: Send + 'static,
    W: Fn(&PendingRecord) -> Result<T, LogError> + Send + Sync + 'static,
{
    let (records, next) = (Arc::new(records), Arc::new(AtomicUsize::new(0)));
    // Half of the cores is for those who wait, when somebody does.
    let half = (*CORES / 2).max(1);
    let workers = if foreground::is_idle() { *CORES } else { half };
    let hands = (0..workers.min(records.len())).map(|hand| {
        let next = Arc::clone(&next);
        let take = move || (hand < half || foreground::is_idle()).then(|| next.fetch_add(1, Ordering::Relaxed));
        begin(&records, work, iter::from_fn(take))
    });
    let mut done: Vec<Option<T>> = records.iter().map(|_| None).collect();
    for hand in hands.collect::<Vec<_>>() {
        // Of one that panicked nothing is known.
        for (place, one) in hand.await.unwrap_or(Ok(Vec::new()))? {
            done[place] = Some(one);
        }
    }
    for (place, one) in done.iter_mut().enumerate().filter(|(_, one)| one.is_none()) {
        let again = match begin(&records, work, iter::once(place)).await {
            Ok(again) => again?.pop().map(|(_, again)| again),
            Err(error) if error.is_panic() => {
                let sequence = records[place].sequence;
                tracing::error!(sequence, "a background analysis failed");
                Some(failed(sequence)?)
            }
            // This process ends. What is not done stays pending.
            Err(_) => None,
        };
        *one = again;
    }
    done.into_iter().collect::<Option<_>>().ok_or(LogError::Closed)
}

/// Works the records at these places, up to the first place where none is.
fn begin<T, W>(
    records: &Arc<Vec<PendingRecord>>,
    work: &Arc<W>,
    places: impl Iterator<Item = usize> + Send + 'static,
) -> JoinHandle<Result<Vec<(usize, T)>, LogError>>
where
    T: Send + 'static,
    W: Fn(&PendingRecord) -> Result<T, LogError> + Send + Sync + 'static,
{
    let (records, work) = (Arc::clone(records), Arc::clone(work));
    tokio::task::spawn_blocking(move || {
        let waiting = places.map_while(|place| Some((place, records.get(place)?)));
        waiting.map(|(place, record)| Ok((place, work(record)?))).collect()
    })
}

/// To ask for their number reads several files.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

fn finish(
    log: &Log,
    set: &PolicySet,
    sessions: &Sessions,
    unstored: &Unstored,
    record: &PendingRecord,
) -> Result<Finished, LogError> {
    let is_new = !unstored.has(record.sequence);
    let _entered = is_new.then(|| span(record).entered());
    let begun = Instant::now();
    let (judged, timings) = analyse(set, is_new.then_some(sessions), record);
    if is_new {
        let verdict = Verdict { decision: &judged.decision, coverage: &judged.coverage };
        let (request_id, elapsed) = (record.request_id, begun.elapsed());
        telemetry::emit(Analysed { request_id, elapsed, timings: timings.as_ref(), verdict });
        unstored.told(record.sequence);
    }
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

/// `sessions` are none where the record's own bears its verdict already.
fn analyse(set: &PolicySet, sessions: Option<&Sessions>, record: &PendingRecord) -> (Judged, Option<Timings>) {
    let begun = Instant::now();
    let PendingRecord { context, policies, payloads, .. } = record;
    let payloads = match payloads {
        Ok(payloads) => payloads,
        Err(fault) => return (unreadable(fault.to_string(), micros(begun.elapsed())), None),
    };
    let judged = |side| judge::judge(set, policies, payloads, side, context, Some(begun + LIMIT));
    let whole = judged(None);
    // Where one side cannot be read, the other is judged all the same: whoever breaks one must not hide both.
    let half = match &whole {
        Err(error @ JudgeError::Unreadable { direction, .. }) => {
            let other = match direction {
                Direction::Request => Direction::Response,
                Direction::Response => Direction::Request,
            };
            let judgement = payloads.get(other).and_then(|_| judged(Some(other)).ok());
            // Of which nothing was checked there is nothing to say but why the first could not be read.
            let checked = judgement.filter(|judgement| judgement.coverage.status != CoverageStatus::NotChecked);
            checked.map(|mut judgement| {
                judgement.coverage.leave_out(&reason(error));
                judgement
            })
        }
        Ok(_) | Err(JudgeError::UnknownPolicy(_)) => None,
    };
    match half.map_or(whole, Ok) {
        Ok(judgement) => {
            if let Some(sessions) = sessions
                && let Some(key) = sessions.key(context)
            {
                for bound in set.policies() {
                    judge::quarantine_for_late(Memory { sessions, key }, bound, &judgement.blocking);
                }
            }
            let Judgement { decision, coverage, timings, .. } = judgement;
            let (duration_us, durations) = (micros(begun.elapsed()), timings.durations());
            (Judged { decision, coverage, duration_us, durations }, Some(timings))
        }
        Err(error) => (unreadable(reason(&error), micros(begun.elapsed())), None),
    }
}

fn reason(error: &JudgeError) -> String {
    let pointer = match error {
        JudgeError::Unreadable { cause, .. } => cause.pointer.as_str(),
        JudgeError::UnknownPolicy(_) => "",
    };
    format!("{error} {pointer}").trim_end().to_owned()
}

fn unreadable(reason: String, duration_us: u32) -> Judged {
    Judged {
        decision: Decision::undecided(),
        coverage: Coverage::none(CoverageStatus::NotChecked, reason),
        duration_us,
        durations: Durations::default(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{
            decision::Action,
            exchange::{CallContext, Payload, Payloads},
        },
        policy::{compile, load::Loader},
        record::PayloadFault,
        session::Limits,
    };

    fn waiting(sequence: u64) -> PendingRecord {
        PendingRecord {
            sequence,
            request_id: Uuid::nil(),
            context: CallContext::default(),
            policies: Vec::new(),
            payloads: Err(PayloadFault::Erased),
        }
    }

    #[tokio::test]
    async fn a_panic_costs_one_record_its_analysis_and_no_other() {
        let panics = [3, 100];
        let work = move |record: &PendingRecord| {
            assert!(!panics.contains(&record.sequence), "as a fault in a detector");
            Ok((record.sequence, true))
        };
        let records: Vec<_> = (1..=BATCH as u64).map(waiting).collect();
        let done = spread(records, &Arc::new(work), |sequence| Ok((sequence, false))).await.unwrap();
        let expected: Vec<_> = (1..=BATCH as u64).map(|sequence| (sequence, !panics.contains(&sequence))).collect();
        assert_eq!(done, expected);
        let fails = |record: &PendingRecord| match record.sequence {
            2 => Err(LogError::Closed),
            sequence => Ok(sequence),
        };
        let refused = spread(vec![waiting(1), waiting(2)], &Arc::new(fails), Ok).await;
        assert_eq!(refused, Err(LogError::Closed), "what the log says is no panic");
    }

    #[test]
    fn of_two_sides_the_one_that_can_be_read_is_judged() {
        const POLICY: &str = "
            name: strict
            rules: [{name: nut, detector: keywords, words: [almond], action: block}]";
        let set = PolicySet::new(vec![Arc::new(compile::compile(POLICY).unwrap())]).unwrap();
        let (said, broken) = (Payload::Text("an almond".to_owned()), Payload::Json("{\"messages\": 5".into()));
        let analysed = |request: &Payload, response: &Payload| {
            let payloads = Ok(Payloads::Both { request: request.clone(), response: response.clone() });
            let record = PendingRecord { payloads, policies: vec!["strict".to_owned()], ..waiting(7) };
            let (Judged { decision, coverage, .. }, _) = analyse(&set, None, &record);
            (decision.action, coverage.status, coverage.reason)
        };
        for (request, response, side) in [(&said, &broken, "response: "), (&broken, &said, "request: ")] {
            let (action, status, reason) = analysed(request, response);
            assert_eq!((action, status), (Action::Block, CoverageStatus::Partial), "{reason}");
            assert!(reason.starts_with(side), "{reason}");
        }
        assert_eq!(analysed(&broken, &broken).1, CoverageStatus::NotChecked);
        assert_eq!(analysed(&said, &said).1, CoverageStatus::Complete);
    }

    #[test]
    fn where_the_side_that_can_be_read_is_nobodys_the_other_is_told() {
        const POLICY: &str = "
            name: answers
            targets: {directions: [response]}
            rules: [{name: nut, detector: keywords, words: [almond], action: block}]";
        let set = PolicySet::new(vec![Arc::new(compile::compile(POLICY).unwrap())]).unwrap();
        let (request, response) = (Payload::Text("hello".to_owned()), Payload::Json("{\"choices\": 5".into()));
        let payloads = Ok(Payloads::Both { request, response });
        let record = PendingRecord { payloads, policies: vec!["answers".to_owned()], ..waiting(7) };
        let (Judged { coverage, .. }, _) = analyse(&set, None, &record);
        assert_eq!(coverage.status, CoverageStatus::NotChecked);
        assert!(coverage.reason.starts_with("response: "), "{}", coverage.reason);
    }

    #[test]
    fn what_cannot_be_stored_is_told_and_borne_once() {
        const POLICY: &str = "
            name: strict
            session: {quarantine: {minutes: 60, on: [late]}}
            rules: [{name: nut, detector: keywords, words: [almond], action: block, directions: [response]}]";
        let folder = tempfile::tempdir().unwrap();
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies).unwrap();
        std::fs::write(policies.join("strict.yaml"), POLICY).unwrap();
        let (_, generation) = Loader::new(policies).unwrap();
        let log = Log::open(&folder.path().join("data")).unwrap();
        let context =
            CallContext { metadata: [("session_id".to_owned(), "s".to_owned())].into(), ..CallContext::default() };
        let payloads = Ok(Payloads::Response(Payload::Text("an almond".to_owned())));
        let record = PendingRecord { context, payloads, policies: vec!["strict".to_owned()], ..waiting(7) };
        let unstored = Unstored::default();
        // Sessions of its own each time: whether they bear it now, and not whether they did.
        let bears = || {
            let sessions = Sessions::new(Limits::default());
            finish(&log, &generation.set, &sessions, &unstored, &record).unwrap();
            sessions.quarantined(sessions.key(&record.context).unwrap()).is_some()
        };
        assert!(bears() && unstored.has(7));
        assert!(!bears(), "it comes again: its verdict could not be written");
        unstored.stored(&[7]);
        assert!(!unstored.has(7));
        assert!(bears(), "it is new");
        unstored.begin_at(7);
        assert!(unstored.has(7));
        unstored.begin_at(8);
        assert!(!unstored.has(7), "nothing so old waits any more");
    }
}
