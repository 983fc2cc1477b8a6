//! A check that nobody waits for to its end: its caller's time is over, or the caller is gone.

use std::{thread, time::Instant};

use uuid::Uuid;

use crate::{
    domain::exchange::Direction,
    telemetry::{self, CheckEnded, CheckFailure, Source},
};

/// Dropped with its check before that is over, it tells that: nobody else could. Costs a check a flag.
#[derive(Debug)]
pub(super) struct Unfinished {
    request_id: Uuid,
    source: Source,
    direction: Direction,
    begun: Instant,
    is_over: bool,
}

impl Unfinished {
    pub(super) const fn new(request_id: Uuid, source: Source, direction: Direction, begun: Instant) -> Self {
        Self { request_id, source, direction, begun, is_over: false }
    }

    /// The check has an outcome, which is told with all that belongs to it.
    pub(super) fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let Self { request_id, source, direction, begun, .. } = *self;
        let reason = if thread::panicking() { CheckFailure::Internal } else { CheckFailure::Abandoned };
        let elapsed = begun.elapsed();
        telemetry::emit(CheckEnded { request_id, source, direction, elapsed, timings: None, outcome: Err(reason) });
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures_util::FutureExt as _;

    use super::{super::*, *};
    use crate::{domain::exchange::Payload, policy::load::Loader, session::Limits};

    fn abandoned() -> u64 {
        let page = telemetry::metrics().render(None);
        let series = r#"portcullis_check_failures_total{reason="abandoned"} "#;
        page.lines().find_map(|line| line.strip_prefix(series)?.parse().ok()).unwrap()
    }

    #[tokio::test]
    async fn a_check_whose_caller_is_gone_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (_, generation) = Loader::new(folder.path().join("policies")).unwrap();
        let log = Arc::new(Log::open(&folder.path().join("data")).unwrap());
        let sessions = Arc::new(Sessions::new(Limits::default()));
        let guardrail = Guardrail::new(Arc::new(Live::new(generation)), log, [0; 32], sessions);
        let check = Check {
            request_id: Uuid::now_v7(),
            operation: Operation::Validate,
            // Judged on another thread, so that there is somebody to wait for.
            payloads: Payloads::Request(Payload::Text("and so on ".repeat(LARGE / 8))),
            side: None,
            context: CallContext::default(),
            policies: Vec::new(),
            recording: Recording::Never,
            status: 200,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        let before = abandoned();
        assert!(guardrail.check(check).now_or_never().is_none());
        assert!(abandoned() > before);
    }
}
