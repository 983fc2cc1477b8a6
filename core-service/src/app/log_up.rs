//! Whether the log is up, as the metrics tell it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::record::HealthStatus;

/// The last that was told.
#[derive(Debug)]
pub(super) struct LogUp(AtomicBool);

impl LogUp {
    /// Of a log that was opened.
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    /// A log that was closed because the program stops is told as it was found before: the last push of metrics comes after
    /// that, and would raise the alert on a log that is down at every planned stop.
    pub(super) fn tell(&self, status: HealthStatus, is_stopping: bool) -> bool {
        if is_stopping && status == HealthStatus::Closed {
            return self.0.load(Ordering::Relaxed);
        }
        let up = status == HealthStatus::Ok;
        self.0.store(up, Ordering::Relaxed);
        up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{
            compose::Core,
            settings::{CoreSettings, File, Overrides},
        },
        record::{StorageFault, samples::folder},
    };

    #[test]
    fn a_log_that_is_closed_by_a_stop_is_as_it_was_before_and_one_that_broke_is_down() {
        let up = LogUp::new();
        assert!(up.tell(HealthStatus::Closed, true), "it was never found otherwise");
        assert!(!up.tell(HealthStatus::Closed, false), "its writer is gone, and nobody asked for that");
        assert!(!up.tell(HealthStatus::Closed, true));
        assert!(up.tell(HealthStatus::Ok, false) && up.tell(HealthStatus::Closed, true));
        assert!(!up.tell(HealthStatus::Failing(StorageFault::DiskFull), true));
        assert!(!up.tell(HealthStatus::Closed, true));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_planned_stop_is_no_log_that_is_down() {
        let dir = folder();
        let overrides = Overrides {
            data_dir: Some(dir.path().join("data")),
            policies_dir: Some(dir.path().join("policies")),
            ..Overrides::default()
        };
        let settings = CoreSettings::new(&overrides, &File::default()).unwrap();
        let core = Core::start(&settings).await.unwrap();
        let page = core.metrics();
        let says = |line: &str| page().lines().any(|found| found == line);
        assert!(says("portcullis_log_up 1"));
        core.finish().await;
        assert!(says("portcullis_log_up 1"));
    }
}
