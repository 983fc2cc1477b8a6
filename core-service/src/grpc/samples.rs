//! What tests of the services stand on.

use std::{path::Path, sync::Arc};

use crate::{
    guardrail::service::Guardrail,
    policy::{live::Live, load::Loader},
    record::Log,
    session::{Limits, Sessions},
};

/// With the built-in policies, over a log of its own.
pub(super) fn guardrail(folder: &Path) -> (Arc<Guardrail>, Arc<Log>) {
    let (_, generation) = Loader::new(folder.join("policies")).unwrap();
    let log = Arc::new(Log::open(&folder.join("data")).unwrap());
    let sessions = Arc::new(Sessions::new(Limits::default()));
    let guardrail = Guardrail::new(Arc::new(Live::new(generation)), Arc::clone(&log), [0; 32], sessions);
    (Arc::new(guardrail), log)
}
