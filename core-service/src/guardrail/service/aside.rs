//! Large payloads, read where nobody else waits for it.

use std::{sync::Arc, time::Instant};

use super::{Guardrail, GuardrailError, LARGE};
use crate::telemetry;

impl Guardrail {
    /// Work on payloads of so many bytes: what is small is done here and now.
    pub(in crate::guardrail) async fn aside_if_large<T: Send + 'static>(
        &self,
        bytes: usize,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GuardrailError> {
        if bytes < LARGE { Ok(work()) } else { self.aside(deadline, work).await }
    }

    /// Work on large payloads, off the runtime's own threads: as much at a time as there are cores.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GuardrailError> {
        let waiting = telemetry::metrics().large_waits();
        let permit = tokio::time::timeout_at(deadline.into(), Arc::clone(&self.large).acquire_owned()).await;
        let permit = permit.map_err(|_| GuardrailError::Overloaded)?.map_err(|_| GuardrailError::Failed)?;
        drop(waiting);
        let task = tokio::task::spawn_blocking(move || {
            // Held here and not by the caller: a caller that goes away does not end the work.
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| GuardrailError::Failed)
    }
}
