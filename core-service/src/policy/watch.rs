//! Follows the policies folder, the way editors and mounted volumes really change it.
//!
//! File events make a change quick to see; a look every two seconds makes it certain: network file systems
//! and a folder that is made later send no events. A look reads the files and compares their text, so
//! neither a touched file nor a swapped symbolic link is misjudged.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{RecursiveMode, Watcher as _};
use tokio::{sync::Notify, time};
use tokio_util::sync::CancellationToken;

use super::{
    live::{Generation, Live, PolicyStatus, State},
    load::Loader,
};
use crate::telemetry::{self, PoliciesLoaded, PoliciesRefused};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// An editor that saves makes several events; the last one counts.
const SETTLE: Duration = Duration::from_millis(50);

pub async fn watch(mut loader: Loader, folder: PathBuf, live: Arc<Live>, stop: CancellationToken) {
    let changed = Arc::new(Notify::new());
    let mut watcher = None;
    loop {
        if watcher.is_none() {
            watcher = events(&folder, &changed);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed.notified() => time::sleep(SETTLE).await,
            () = time::sleep(LOOK_EVERY) => {}
        }
        let looked = tokio::task::spawn_blocking(move || {
            let generation = loader.reload();
            (loader, generation)
        });
        let Ok((returned, generation)) = looked.await else {
            tracing::error!("the policy loader failed; the policies in force stay as they are");
            return;
        };
        loader = returned;
        match generation {
            None => {}
            Some(Ok(generation)) => {
                report(&generation);
                live.swap(generation);
                // The folder may be another one now: watch it anew.
                watcher = None;
            }
            Some(Err(why)) => telemetry::emit(PoliciesRefused { why: &why }),
        }
    }
}

fn events(folder: &Path, changed: &Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let changed = Arc::clone(changed);
    let notice = move |event: notify::Result<notify::Event>| {
        // A look at the files makes access events itself: to answer those would never end.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(notice).ok()?;
    watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

pub fn loaded(generation: &Generation, is_reload: bool) -> PoliciesLoaded {
    let mut told = PoliciesLoaded { active: 0, stale: 0, failed: 0, is_reload };
    for status in &generation.statuses {
        let count = match status.state {
            State::Active(_) => &mut told.active,
            State::Stale(_) => &mut told.stale,
            State::Failed => &mut told.failed,
        };
        *count += 1;
    }
    told
}

fn report(generation: &Generation) {
    telemetry::emit(loaded(generation, true));
    for PolicyStatus { name, file, state, problems } in
        generation.statuses.iter().filter(|status| !status.state.is_active())
    {
        let kept = state.loaded().is_some();
        for problem in problems {
            tracing::warn!(name, file, kept, %problem, "a policy file is broken");
        }
    }
}
